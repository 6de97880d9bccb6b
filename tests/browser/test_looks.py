"""For everybody: axe finds nothing in any view, nothing hangs over a small screen's edge, and the page is light."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.cameras import Camera, Cameras, counting
from tests.browser.counting import picture
from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD, used

Someone = Callable[..., Person]
VIEWS = ("Wall", "Camera", "Records", "Messages", "Settings")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}
KILOBYTES = 150
"""What all files of the page may have together on the wire."""

LONG = "a device whose name is rather long and-has-no-place-to-be-broken-anywhere-in-its-middle"


@pytest.fixture
def lively(server: Server, account: str) -> Iterator[None]:
    """An account in which there is something of everything."""
    about: list[tuple[str, Any, dict[str, Any]]] = [
        ("garden", counting(1), {"meta": {"place": "behind the house", "model": "a camera"}}),
        (LONG, counting(2), {"meta": LONG}),
        ("thermometer", lambda _: b'{"temperature": 21.5}', {"subproto": "RAW_JSON"}),
        ("broken", lambda _: b"no picture", {}),
        ("encoder", lambda _: bytes(100), {"subproto": "RAW_H264"}),
    ]
    cameras = [Camera(server, account, PASSWORD, name, payloads, **more) for name, payloads, more in about]
    with server.client() as client:
        silent = {"name": account, "pass": PASSWORD, "device": "silent"}
        token = client.post("/authorize.json", content=json.dumps(silent)).json()["shash"]
        for data in (picture(1, 1), b"just text", b"\0\0\0\x18ftypmp42" + bytes(50)):
            assert client.post(f"/addRecord.json?shash={token}", content=data).json() == {"result": "OK"}
        for name in ("hello", LONG):
            message = {"shash": token, "msg": name, "params": {"a": [1, 2, LONG]}}
            assert client.post("/addMsgs.json", content=json.dumps(message)).json() == {"result": "OK"}
    running = Cameras(cameras, 2)
    yield
    running.stop()


def check(page: Page, what: str) -> None:
    """By axe, and that nothing is wider than the window."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], what
    wide = (
        "document.scrollingElement.scrollWidth > innerWidth || document.querySelector('main').scrollWidth > innerWidth"
    )
    assert not page.evaluate(wide), f"{what} is too wide"


@pytest.mark.parametrize(("scheme", "size"), [("dark", PHONE), ("light", DESKTOP)], ids=["phone", "desktop"])
@pytest.mark.usefixtures("lively")
def test_axe_finds_nothing_in_any_view(someone: Someone, scheme: str, size: dict[str, int]) -> None:
    person = someone("laptop", log_in=False, color_scheme=scheme, viewport=size)
    page = person.page
    page.goto(person.url)
    page.get_by_label("Account").wait_for()
    check(page, "the login")
    person.log_in()
    for name, shows in (("garden", "picture"), ("broken", "broken"), ("thermometer", "text"), ("encoder", "other")):
        person.tile(name).scroll_into_view_if_needed()
        expect(person.tile(name).locator(".screen")).to_have_attribute("data-shows", shows)
    for view in VIEWS:
        person.see(view)
        page.wait_for_load_state("load")
        if view == "Records":
            expect(page.locator(".cell")).to_have_count(3)
            page.get_by_role("checkbox").first.check()
        check(page, view)
    page.goto(f"{person.url}/#messages/silent")
    expect(page.get_by_role("log").locator(".msg")).to_have_count(2)
    check(page, "a thread")
    page.get_by_text("Parameters").click()
    page.get_by_label("Parameters").fill("{")
    check(page, "a thread with parameters")
    person.see("Records")
    page.locator(".cell").first.get_by_role("button").click()
    check(page, "a record")
    page.get_by_role("button", name="Delete").click()
    check(page, "a question")


@pytest.mark.parametrize(("scheme", "size"), [("dark", PHONE), ("light", DESKTOP)], ids=["phone", "desktop"])
@pytest.mark.usefixtures("lively")
def test_the_page_of_a_link(someone: Someone, server: Server, account: str, scheme: str, size: dict[str, int]) -> None:
    """It looks like the console, its picture fits the window, and its time is the viewer's."""
    with server.client() as client:
        login = {"name": account, "pass": PASSWORD, "device": "laptop"}
        token = client.post("/authorize.json", content=json.dumps(login)).json()["shash"]
        made = [
            client.post(
                "/console/share.json", content=json.dumps({"shash": token, "device": device, "hours": 24})
            ).json()
            for device in ("garden", LONG, "silent")
        ]
    for each in made:
        used("token", each["path"].rpartition("/")[2])
    context = {"color_scheme": scheme, "viewport": size, "timezone_id": "Asia/Tokyo", "locale": "en-GB"}
    page = someone("nobody", log_in=False, **context).page
    for each in made[:2]:
        page.goto(f"{server.url}/{each['path']}")
        expect(page.get_by_role("img")).to_be_in_viewport(ratio=1)
        assert not page.evaluate("document.scrollingElement.scrollHeight > innerHeight")
        check(page, "a link")
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(15, 17, 19)" if scheme == "dark" else "rgb(245, 245, 242)")
    until = datetime.fromisoformat(made[1]["until"]).replace(tzinfo=timezone.utc).astimezone(ZoneInfo("Asia/Tokyo"))
    expect(page.locator("time")).to_have_text(
        re.compile(f"^{until:%A},? {until.day} {until:%B} {until:%Y}.* {until:%H:%M}$")
    )
    page.goto(f"{server.url}/{made[2]['path']}")
    expect(page.get_by_text("There is no picture at the moment.")).to_be_visible()
    check(page, "a link without a picture")
    page.goto(f"{server.url}/share/none")
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    check(page, "a link that has ended")


@pytest.mark.usefixtures("lively")
def test_german_fits_a_phone(someone: Someone) -> None:
    person = someone("laptop", viewport=PHONE)
    page = person.page
    person.see("Settings")
    page.get_by_label("Language").select_option("de")
    for view in ("Wand", "Kamera", "Aufnahmen", "Nachrichten", "Einstellungen"):
        person.see(view)
        check(page, view)


def test_the_keyboard_is_enough(someone: Someone, server: Server, account: str) -> None:
    """Log in, skip to the content, pause a tile and go to another view without a pointer."""
    camera = Camera(server, account, PASSWORD, "garden", counting(1))
    running = Cameras([camera], 5)
    person = someone("laptop", log_in=False)
    page = person.page
    page.goto(person.url)
    expect(page.get_by_label("Account")).to_be_focused()
    for text in (account, PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Wall")).to_be_focused()
    expect(person.tile("garden")).to_have_attribute("data-state", "live")
    for _ in range(3):  # pause all, size, then the tile's own
        page.keyboard.press("Tab")
    expect(person.tile("garden").get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("p")
    expect(person.tile("garden")).to_have_attribute("data-state", "paused")
    page.reload()
    page.keyboard.press("Shift+Tab")
    running.stop()


def test_the_page_is_light_and_soon_there(chromium: Browser, server: Server) -> None:
    """All of its files together, as they come over the wire; nothing from anywhere else."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    urls: list[str] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: urls.append(request.url))
    page.goto(server.url)
    page.get_by_label("Account").wait_for()
    page.evaluate("import('/console/text/de.js')")
    page.wait_for_load_state("networkidle")
    assert len(sizes) > 20
    assert sum(sizes) < KILOBYTES * 1000
    assert [each for each in urls if not each.startswith(server.url)] == []
    context.close()


def test_it_starts_without_a_network_and_says_so(someone: Someone) -> None:
    """What the service worker keeps is the page alone."""
    person = someone("laptop")
    page = person.page
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.reload()
    expect(page.get_by_role("navigation")).to_be_visible()
    kept = page.evaluate("caches.open('shell').then((each) => each.keys()).then((all) => all.map((each) => each.url))")
    paths = [each.removeprefix(person.url) for each in kept]
    assert {"/", "/console/app.js", "/console/style/base.css"} <= set(paths)
    assert [
        each for each in paths if not re.fullmatch(r"/(manifest\.webmanifest|console/[a-z/]+\.(js|css|svg|png))?", each)
    ] == []
    person.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("The server can't be reached.")).to_be_visible()
    person.context.set_offline(False)
    expect(page.get_by_role("heading", level=1, name="Wall")).to_be_visible()


def test_it_goes_on_when_the_server_is_there_again(someone: Someone, server: Server) -> None:
    """A browser says nothing of a server that comes back: the page asks again until it answers."""
    person = someone("laptop")
    page = person.page
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.reload()  # the worker keeps what it sees, and sees the second load
    expect(page.get_by_role("navigation")).to_be_visible()
    server.stop()
    try:
        page.reload()
        expect(page.get_by_text("The server can't be reached.")).to_be_visible()
    finally:
        server.start()
    expect(page.get_by_role("heading", level=1, name="Wall")).to_be_visible()


@pytest.mark.usefixtures("lively")
def test_records_that_are_not_there_yet_have_names(someone: Someone) -> None:
    """As somebody sees the gallery over a slow network: places without a record."""
    person = someone("laptop")
    page = person.page
    held: list[Route] | None = []

    def hold(route: Route) -> None:
        if held is None:
            route.continue_()
        else:
            held.append(route)

    page.route("**/records.json*", hold)
    person.see("Records")
    expect(page.locator(".cell")).to_have_count(3)
    check(page, "places without a record")
    waiting, held = held, None
    for each in waiting:
        each.continue_()
    person.until(lambda: all(page.locator(".cell").evaluate_all("(all) => all.map((one) => one.dataset.rid)")), "all")
