"""A browser is a camera, and another one sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import Person
from tests.support.process import Server

Someone = Callable[..., Person]

NO_STREAMS = """
const Plain = window.Request;
window.Request = class extends Plain {
  constructor(url, options = {}) {
    if (options.body instanceof ReadableStream) throw new TypeError("no streaming bodies here");
    super(url, options);
  }
};
"""
"""What makes Chromium a browser that can't upload as it goes."""

MOVES = """
async (canvas) => {
  const small = new OffscreenCanvas(64, 48);
  const context = small.getContext("2d", { willReadFrequently: true });
  const seen = new Set();
  for (let turn = 0; turn < 100 && seen.size < 3; turn += 1) {
    context.drawImage(canvas, 0, 0, 64, 48);
    seen.add(context.getImageData(0, 0, 64, 48).data.join());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return seen.size;
}
"""


def go_live(page: Page) -> None:
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("You are live.")).to_be_visible()


@pytest.mark.parametrize("streams", [True, False])
def test_a_camera_of_one_browser_is_seen_in_another(someone: Someone, streams: bool) -> None:
    """By one streaming upload, and by one upload a picture where the browser has no streaming ones."""
    viewer = someone("laptop")
    phone = someone("phone", log_in=False, viewport={"width": 360, "height": 740})
    if not streams:
        phone.page.add_init_script(NO_STREAMS)
    uploads: list[str] = []
    phone.page.on("request", lambda request: "input.raw" in request.url and uploads.append(request.url))
    phone.log_in()
    phone.see("Camera")
    go_live(phone.page)
    tile = viewer.tile("phone")
    expect(tile.locator(".screen")).to_have_attribute("data-shows", "picture")
    assert tile.locator("canvas").evaluate(MOVES) == 3
    assert tile.locator("canvas").evaluate("(canvas) => [canvas.width, canvas.height]") == [640, 480]
    # What viewers see is what the phone's own page shows.
    expect(phone.page.get_by_role("img", name="What viewers see")).to_be_visible()
    assert phone.page.get_by_role("img", name="What viewers see").evaluate(MOVES) == 3
    assert len(uploads) == 1 if streams else len(uploads) > 3
    assert all(("keep=" in each) != streams for each in uploads)
    phone.page.get_by_role("button", name="Stop").click()
    expect(tile).to_contain_text("Not streaming")


def test_it_films_on_in_other_views_and_with_other_wishes(someone: Someone) -> None:
    viewer = someone("laptop")
    phone = someone("phone")
    phone.see("Camera")
    go_live(phone.page)
    phone.page.get_by_label("Resolution").select_option("320x240")
    canvas = viewer.tile("phone").locator("canvas")
    viewer.until(lambda: canvas.evaluate("(canvas) => canvas.width") == 320, "the other resolution")
    phone.page.get_by_label("Pictures a second").select_option("5")
    phone.see("Messages")
    assert canvas.evaluate(MOVES) == 3
    phone.see("Camera")
    expect(phone.page.get_by_text("You are live.")).to_be_visible()
    phone.page.get_by_role("button", name="Log out").click()
    expect(viewer.tile("phone")).to_contain_text("Last seen")


def test_dosnap_is_answered_by_a_record(someone: Someone) -> None:
    viewer = someone("laptop")
    phone = someone("phone")
    phone.see("Camera")
    go_live(phone.page)
    expect(viewer.tile("phone").locator(".screen")).to_have_attribute("data-shows", "picture")
    viewer.see("Messages")
    viewer.page.get_by_role("link", name="phone").click()
    viewer.page.get_by_label("Message", exact=True).fill("dosnap")
    viewer.page.get_by_role("button", name="Send").click()
    viewer.see("Records")
    viewer.page.get_by_role("button", name="Record of phone").click()
    picture = viewer.page.get_by_role("dialog").get_by_role("img")
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 640


def test_the_camera_comes_back_after_a_restart(someone: Someone, server: Server) -> None:
    viewer = someone("laptop")
    phone = someone("phone")
    phone.see("Camera")
    go_live(phone.page)
    expect(viewer.tile("phone")).to_have_attribute("data-state", "live")
    server.stop()
    server.start()
    expect(phone.page.get_by_text("You are live.")).to_be_visible()
    expect(viewer.tile("phone")).to_have_attribute("data-state", "live")


def test_a_camera_that_isnt_allowed_says_so(someone: Someone) -> None:
    person = someone("laptop")
    refusal = "() => Promise.reject(new DOMException('', 'NotAllowedError'))"
    person.page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refusal}; }}")
    person.see("Camera")
    person.page.get_by_role("button", name="Go live").click()
    expect(person.page.get_by_text("The browser was not allowed to use the camera.")).to_be_visible()
    expect(person.page.get_by_role("button", name="Go live")).to_be_enabled()
