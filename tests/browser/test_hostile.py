"""Script planted in every field that the page shows never runs, and nothing that the policy forbids is tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.cameras import Camera, Cameras
from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD

PLANTED = [
    "<img src=x onerror=window.ran.push(1)>",
    "<script>window.ran.push(2)</script>",
    '"><svg onload=window.ran.push(3)>',
    "javascript:window.ran.push(4)",
    "{{constructor.constructor('window.ran.push(5)')()}}${window.ran.push(6)}",
    '</textarea></style></title><iframe srcdoc="<script>parent.ran.push(7)</script>">',
    "\u202e\u0000 ..\\../%2e%2e/#records/\u2028",
]
PAGE = (
    b"<!doctype html><script>(window.opener||parent).ran.push(8)</script>"
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='parent.ran.push(9)'/>"
)
VIEWS = ("Wall", "Camera", "Records", "Messages", "Settings")


def ask(client: httpx.Client, path: str, **parameters: Any) -> dict[str, Any]:
    answer = client.post(f"/{path}", content=json.dumps(parameters)).json()
    assert answer["result"] == "OK", path
    return dict(answer)


@pytest.fixture
def planted(server: Server, account: str) -> Iterator[list[Camera]]:
    """Devices, their metadata, their streams, messages, parameters, records, all of them with script in them."""
    cameras = []
    for number, text in enumerate(PLANTED):
        name = f"{number} {text}"
        meta = {text: text} if number % 2 else text
        sub = text if number % 2 else "RAW_TEXT"
        cameras.append(
            Camera(server, account, PASSWORD, name, lambda _, text=text: text.encode(), meta=meta, subproto=sub)
        )
    with server.client() as client:
        for camera, text in zip(cameras, PLANTED, strict=True):
            token = camera.token
            ask(client, "addMsgs.json", shash=token, msg=text, params={text: [text]})
            for body in (text.encode(), PAGE):
                answer = client.post(f"/addRecord.json?shash={quote(token)}&meta={quote(text)}", content=body).json()
                assert answer == {"result": "OK"}
    running = Cameras(cameras, 2)
    yield cameras
    running.stop()


def nothing_ran(page: Page) -> None:
    """Not in this window, and no window was opened."""
    assert page.evaluate("window.ran") == []
    assert len(page.context.pages) == 1


def test_nothing_planted_ever_runs(someone: Callable[..., Person], planted: list[Camera]) -> None:
    """The fixture behind ``someone`` fails the test for anything that the policy forbade."""
    person = someone("<b onmouseover=window.ran.push(10)>laptop", viewport={"width": 1920, "height": 1080})
    page = person.page
    expect(page.get_by_role("article")).to_have_count(len(planted))
    for text in PLANTED[::2]:
        expect(page.locator("article pre").filter(has_text=text)).to_be_visible()
    for view in VIEWS:
        person.see(view)
        page.wait_for_timeout(200)
        nothing_ran(page)
    person.see("Messages")
    for number, text in enumerate(PLANTED):
        page.locator(".people a").filter(has_text=re.compile(rf"^{number} ")).click()
        expect(page.get_by_role("log").locator(".msg")).to_have_text(text)
    nothing_ran(page)
    person.see("Records")
    cells = page.locator(".cell")
    expect(cells).to_have_count(2 * len(PLANTED))
    cells.first.get_by_role("button").click()
    for _ in range(2 * len(PLANTED)):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    nothing_ran(page)


def test_a_record_opened_by_itself_is_no_page(someone: Callable[..., Person], planted: list[Camera]) -> None:
    """Its address typed into the browser gives bytes, not a page of this site that could ask with the cookie."""
    person = someone("laptop")
    person.see("Records")
    expect(person.page.locator(".cell").first).to_have_attribute("data-rid", re.compile(r"\d+"))
    rid = person.page.locator(".cell").first.get_attribute("data-rid")
    answer = person.page.evaluate(f"fetch('console/record?rid={rid}').then((each) => [...each.headers])")
    headers = dict(answer)
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "application/octet-stream"


def test_what_is_planted_in_the_address_is_text(someone: Callable[..., Person]) -> None:
    person = someone("laptop")
    for text in PLANTED:
        for view in ("records", "messages"):
            person.page.goto(f"{person.url}/#{view}/{quote(text, safe='')}")
            expect(person.page.get_by_role("heading", level=1, name=view.title())).to_be_visible()
    nothing_ran(person.page)


ATTEMPTS = {
    "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran.push(1)>')": "TrustedHTML",
    "document.body.innerHTML = '<b>bold</b>'": "TrustedHTML",
    "document.createElement('script').src = 'https://example.com/x.js'": "TrustedScriptURL",
    "document.createElement('script').text = 'window.ran.push(1)'": "TrustedScript",
    "navigator.serviceWorker.register('console/app.js')": "TrustedScriptURL",
}


def test_the_policy_is_in_force(server: Server, chromium: Browser) -> None:
    """So that its silence in the other tests means something."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(server.url)
    for attempt, refusal in ATTEMPTS.items():
        with pytest.raises(Error, match=refusal):
            page.evaluate(attempt)
    context.close()
