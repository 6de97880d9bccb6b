"""The wall: sixteen cameras that count, over one connection, and what becomes of them when something ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.browser.cameras import Camera, Cameras, Payloads, counting
from tests.browser.counting import picture
from tests.browser.person import Person
from tests.support.process import Server, until
from tests.support.trail import PASSWORD

FPS = 5
Start = Callable[..., Camera]


@pytest.fixture
def start(server: Server, account: str) -> Iterator[Start]:
    """``start(device, payloads)`` is a camera that streams until the test ends."""
    running: list[Cameras] = []

    def begin(device: str, payloads: Payloads, **about: object) -> Camera:
        camera = Camera(server, account, PASSWORD, device, payloads, **about)
        running.append(Cameras([camera], FPS))
        return camera

    yield begin
    for each in running:
        each.stop()


@pytest.fixture
def sixteen(server: Server, account: str) -> Iterator[list[Camera]]:
    """Sixteen of them."""
    cameras = [Camera(server, account, PASSWORD, f"camera-{n:02d}", counting(n)) for n in range(1, 17)]
    running = Cameras(cameras, FPS)
    yield cameras
    running.stop()


def is_counting(person: Person, camera: Camera, number: int) -> None:
    """The tile shows this camera's pictures, one after the other, none of them older than two seconds."""
    tile = person.tile(camera.device)
    expect(tile.locator(".screen")).to_have_attribute("data-shows", "picture")
    which, first = person.count_on(camera.device)
    assert which == number
    until(lambda: person.count_on(camera.device)[1] > first, f"{camera.device} goes on")
    until(lambda: camera.sent - person.count_on(camera.device)[1] <= 2 * FPS, f"{camera.device} is the present")


def device_of(request: Request) -> str:
    """Whose stream is asked for."""
    return str(request.post_data_json["device"])


def connections(person: Person) -> dict[str, set[str]]:
    """Fills with the ids of the connections that answered, by path; it has to be asked for before."""
    found: dict[str, set[str]] = {}
    session = person.context.new_cdp_session(person.page)
    session.send("Network.enable")

    def came(event: dict[str, Any]) -> None:
        response = event["response"]
        if response["url"].startswith("https:") and response.get("connectionId"):
            path = response["url"].split("/", 3)[3].split("?")[0]
            found.setdefault(str(response["connectionId"]), set()).add(path)

    session.on("Network.responseReceived", came)
    return found


def test_sixteen_cameras_count_over_one_connection(someone: Callable[..., Person], sixteen: list[Camera]) -> None:
    """Every tile reads back what its camera sends; streams, events, files and questions share one connection."""
    person = someone("laptop", log_in=False, viewport={"width": 1920, "height": 1080})
    used = connections(person)
    person.log_in()
    person.page.get_by_label("Size of the pictures").select_option("small")
    for number, camera in enumerate(sixteen, 1):
        is_counting(person, camera, number)
    expect(person.page.get_by_text("16 live")).to_be_visible()
    assert len(used) == 1, used
    (paths,) = used.values()
    assert {"", "console/app.js", "console/devices.json", "events", "output.raw"} <= paths


def test_it_tells_rate_and_age(someone: Callable[..., Person], start: Start) -> None:
    camera = start("garden", counting(7), meta={"place": "the garden"})
    person = someone("laptop")
    tile = person.tile("garden")
    expect(tile).to_have_attribute("data-state", "live")
    expect(tile).to_contain_text("place: the garden")
    numbers = tile.locator(".numbers")

    def rate() -> float:
        return float(numbers.inner_text().split()[0])

    until(lambda: FPS * 0.6 < rate() < FPS * 1.4, "the rate is true")
    camera.payloads = lambda count: picture(7, count) if count < 0 else b""  # it goes on, with nothing
    expect(tile).to_have_attribute("data-state", "broken")


def test_a_stream_that_stops_is_late(someone: Callable[..., Person], server: Server, account: str) -> None:
    camera = Camera(server, account, PASSWORD, "sleepy", counting(2), delta=200)
    camera.send()
    person = someone("laptop")
    tile = person.tile("sleepy")
    expect(tile.locator(".screen")).to_have_attribute("data-shows", "picture")
    expect(tile).to_have_attribute("data-state", "late")
    camera.close()
    expect(tile).to_have_attribute("data-state", "silent")
    camera.send()
    expect(tile).to_have_attribute("data-state", "live")
    camera.close()


@pytest.mark.parametrize("garbage", [b"", b"\xff\xd8\xff" + bytes(2000)])
def test_garbage_is_a_broken_tile_and_no_dead_page(
    someone: Callable[..., Person], start: Start, garbage: bytes
) -> None:
    """And it is whole again as soon as a picture comes."""
    broken = start("broken", lambda _: garbage)
    start("whole", counting(9))
    person = someone("laptop")
    expect(person.tile("broken").locator(".screen")).to_have_attribute("data-shows", "broken")
    expect(person.tile("broken")).to_contain_text("This is no picture")
    expect(person.tile("whole").locator(".screen")).to_have_attribute("data-shows", "picture")
    broken.payloads = counting(8)
    expect(person.tile("broken").locator(".screen")).to_have_attribute("data-shows", "picture")


def test_text_is_text_and_the_rest_says_what_it_is(someone: Callable[..., Person], start: Start) -> None:
    reading = json.dumps({"temperature": 21.5, "note": "<img src=x onerror=window.ran.push(1)>"}).encode()
    start("thermometer", lambda _: reading, subproto="RAW_JSON")
    start("log", lambda count: f"line {count}".encode(), subproto="RAW_TEXT")
    start("encoder", lambda _: b"\0\0\0\1" + bytes(5000), subproto="RAW_H264")
    person = someone("laptop")
    expect(person.tile("thermometer").locator("pre")).to_contain_text('"temperature": 21.5')
    expect(person.tile("log").locator("pre")).to_contain_text("line ")
    expect(person.tile("encoder")).to_contain_text("RAW_H264: 5 kB that a browser can't show")
    assert person.page.evaluate("window.ran") == []


def test_paused_and_scrolled_away_tiles_cost_nothing(someone: Callable[..., Person], sixteen: list[Camera]) -> None:
    """The server has no viewer of them."""
    person = someone("laptop", viewport={"width": 360, "height": 740})
    page = person.page
    live: dict[Request, str] = {}
    page.on("request", lambda each: live.update({each: device_of(each)} if each.url.endswith("output.raw") else {}))
    page.on("requestfailed", lambda each: live.pop(each, None))
    page.reload()
    expect(person.tile("camera-01").locator(".screen")).to_have_attribute("data-shows", "picture")
    assert "camera-16" not in live.values()
    assert len(live) < 8
    person.tile("camera-16").scroll_into_view_if_needed()
    expect(person.tile("camera-16").locator(".screen")).to_have_attribute("data-shows", "picture")
    person.until(lambda: "camera-01" not in live.values(), "what was scrolled away is no more followed")
    page.get_by_role("button", name="Pause all").click()
    person.until(lambda: not live, "what is paused is no more followed")
    expect(person.tile("camera-01")).to_have_attribute("data-state", "paused")
    page.get_by_role("button", name="Resume all").click()
    expect(person.tile("camera-01")).to_have_attribute("data-state", "live")


def test_a_click_fills_the_window_and_a_snapshot_is_a_record(
    someone: Callable[..., Person], start: Start, server: Server
) -> None:
    start("garden", counting(7))
    person = someone("laptop")
    tile = person.tile("garden")
    expect(tile).to_have_attribute("data-state", "live")
    tile.locator(".screen").click()
    expect(tile).to_have_class("tile filling")
    expect(tile.locator("canvas")).to_be_in_viewport(ratio=0.99)
    _, before = person.count_on("garden")
    person.until(lambda: person.count_on("garden")[1] > before + 2, "it goes on")
    tile.get_by_role("button", name="Keep this picture").click()
    expect(person.page.get_by_text("The picture of garden is kept.")).to_be_visible()
    person.page.keyboard.press("f")
    expect(tile).to_have_class("tile")
    person.see("Records")
    person.page.get_by_role("button", name="Record of laptop").first.click()
    shown = person.page.get_by_role("dialog").get_by_role("img")
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 320
    expect(person.page.get_by_role("dialog")).to_contain_text("snapshot: garden")


def test_devices_come_and_go(someone: Callable[..., Person], server: Server, account: str) -> None:
    """Without anybody asking: the page follows the events."""
    person = someone("laptop")
    expect(person.page.get_by_text("Nothing is live right now.")).to_be_visible()
    person.page.wait_for_timeout(500)
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    camera = Camera(server, account, PASSWORD, "newcomer", counting(3))
    line = person.page.get_by_role("listitem").filter(has_text="newcomer")
    expect(line).to_contain_text("Online")
    camera.send()
    expect(person.tile("newcomer").locator(".screen")).to_have_attribute("data-shows", "picture")
    camera.close()
    expect(person.tile("newcomer")).to_contain_text("Not streaming")
    assert asked == ["output.raw"]


def test_a_restart_in_the_middle(someone: Callable[..., Person], sixteen: list[Camera], server: Server) -> None:
    """The session outlasts it, the wall comes back by itself, and goes on."""
    person = someone("laptop", viewport={"width": 1920, "height": 1080})
    person.page.get_by_label("Size of the pictures").select_option("small")
    is_counting(person, sixteen[0], 1)
    server.stop()
    expect(person.tile("camera-01")).not_to_have_attribute("data-state", "live")
    expect(person.page.get_by_text("The connection to the server is lost")).to_be_visible()
    server.start()
    for number, camera in enumerate(sixteen, 1):
        expect(person.tile(camera.device)).to_have_attribute("data-state", "live")
        is_counting(person, camera, number)
    expect(person.page.get_by_text("The connection to the server is lost")).to_be_hidden()
