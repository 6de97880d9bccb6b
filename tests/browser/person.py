"""Somebody with a browser: what they do on the page, and what they see."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.browser import counting
from tests.support.trail import PASSWORD, used

SECONDS = 1000
PATIENCE = 30 * SECONDS
"""In ms: for what should happen at once, on a machine that may be slow."""

expect.set_options(timeout=PATIENCE)

LISTEN = """
window.ran = [];
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
_EXPECTED = re.compile(r"^Failed to load resource|net::ERR_|^EventSource's response has a MIME type")
"""What the browser says of a server that is away, of a thumbnail that there is none of, and of a session that ended."""


class Person:
    """One context of the browser: cookies and storage of their own."""

    def __init__(self, browser: Browser, url: str, account: str, device: str, **context: Any) -> None:
        options: dict[str, Any] = {"ignore_https_errors": True, "viewport": {"width": 1280, "height": 800}, **context}
        self.context = browser.new_context(permissions=["camera", "clipboard-read", "clipboard-write"], **options)
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(LISTEN)
        self.url, self.account, self.device = url, account, device
        self.wrongs: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Another tab."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrongs.append(f"{self.device}: {error}"))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _EXPECTED.search(message.text):
            self.wrongs.append(f"{self.device}: {message.text}")

    def log_in(self, password: str = PASSWORD) -> None:
        """Open the page and log in."""
        page = self.page
        page.goto(self.url)
        page.get_by_label("Account").fill(self.account)
        page.get_by_label("Password").fill(password)
        page.get_by_label("Name of this device").fill(self.device)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("navigation").wait_for()
        self.remember_token()

    def remember_token(self) -> None:
        """What is in the cookie is a secret that no log may hold."""
        for cookie in self.context.cookies():
            used("token", cookie["value"])

    def see(self, view: str, rest: str = "") -> None:
        """Go to a view by its link."""
        self.page.get_by_role("navigation").get_by_role("link", name=view).click()
        expect(self.page.get_by_role("heading", level=1, name=view)).to_be_visible()

    def tile(self, device: str) -> Locator:
        """A device's tile on the wall."""
        return self.page.get_by_role("article", name=device, exact=True)

    def count_on(self, device: str) -> tuple[int, int]:
        """Which camera, and which of its pictures, a tile's canvas shows. Asserts that it is such a picture."""
        camera, high, low, pattern = self.tile(device).locator("canvas").evaluate(counting.READ)
        assert pattern == counting.PATTERN, f"{device} shows something else"
        return camera, high << 8 | low

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something that the page does, while what it tells comes in."""
        deadline = time.monotonic() + PATIENCE / SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not in time: {what}"
            self.page.wait_for_timeout(50)

    def leave(self) -> None:
        """Close the browser's windows, whatever is going on in them."""
        self.context.close()
