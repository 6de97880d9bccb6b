"""What the console costs, in a real Chromium: a wall of cameras, a slow link, the first sight of it on a phone.

    python -m tests.benchmarks.console [--seconds 10] [--only wall,slow,first,gallery]

wall     16 cameras of 640x480 at 15 frames a second on one wall: pictures a second that each tile shows, the share of a
         core that the server takes, connections that the browser's own log names.
slow     a camera of 25 frames of 69 KB a second, watched over a link of 400 kB/s: the age of what is shown.
first    the page on a phone: a round trip of 150 ms, 1.6 Mbit/s, a CPU of a quarter (Lighthouse's "mobile"): the
         first paint, and bytes on the wire.
gallery  1,000 records, scrolled through: the requests for thumbnails, as the browser's log times them; once while they
         are made, and once when they are kept.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.benchmarks.link import narrow
from tests.benchmarks.processes import cpu_seconds
from tests.browser.cameras import Camera, Cameras
from tests.browser.chromium import launch
from tests.browser.counting import READ, jpeg, picture
from tests.browser.person import Person
from tests.support.process import Server
from tests.support.trail import PASSWORD

TILES, FPS = 16, 15.0
RECORDS = 1000
PHONE = {"width": 360, "height": 740}
WALL = {"width": 1600, "height": 1200}

COUNT = """
(() => {
  const shown = new Map();
  const note = (canvas) => shown.set(canvas, (shown.get(canvas) ?? 0) + 1);
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...all) { note(this.canvas); return draw.apply(this, all); };
  const transfer = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (...all) {
    note(this.canvas);
    return transfer.apply(this, all);
  };
  window.shownSoFar = () => [...shown].filter(([canvas]) => canvas.isConnected).map(([, count]) => count);
})();
"""
"""Counts what is drawn, canvas by canvas."""


def noisy(camera: int, size: int) -> Callable[[int], bytes]:
    """Counting pictures of 640x480, each about *size* bytes: a comment segment of noise makes up the rest."""
    noise = random.Random(camera).randbytes(size)

    def payload(count: int) -> bytes:
        small = picture(camera, count & 65535)
        with Image.open(io.BytesIO(small)) as image:
            large = jpeg(image.resize((640, 480), Image.Resampling.NEAREST))
        left = max(0, size - len(large) - 4)
        return large[:2] + b"\xff\xfe" + (left + 2).to_bytes(2, "big") + noise[:left] + large[2:]

    made: dict[int, bytes] = {}
    return lambda count: made.get(count % 64) or made.setdefault(count % 64, payload(count % 64))


class Log:
    """The browser's network log of a page, from now on."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.connections: set[tuple[str, int]] = set()
        self.bytes = 0
        self.took: dict[str, float] = {}
        self.session.on("Network.responseReceived", self._response)
        self.session.on("Network.loadingFinished", self._finished)
        self.session.send("Network.enable")

    def _response(self, event: dict[str, Any]) -> None:
        response = event["response"]
        if response["url"].startswith("https:") and not response.get("fromServiceWorker"):
            self.connections.add((response["protocol"], response["connectionId"]))
            timing = response.get("timing")
            if timing:
                self.took[response["url"]] = timing["receiveHeadersEnd"] - timing["sendStart"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]


@contextmanager
def somebody(browser: Browser, url: str, account: str, size: dict[str, int]) -> Iterator[Person]:
    """With a window of this size, in which what is drawn is counted."""
    person = Person(browser, url, account, "laptop", viewport=size, service_workers="block")
    try:
        person.page.add_init_script(COUNT)
        yield person
    finally:
        person.leave()


def wall(server: Server, browser: Browser, seconds: float) -> dict[str, float]:
    account = server.new_account()
    cameras = [Camera(server, account, PASSWORD, f"camera {n:02}", noisy(n, 40_000)) for n in range(TILES)]
    for each in cameras:
        for count in range(64):
            each.payloads(count)
    running = Cameras(cameras, FPS)
    try:
        with somebody(browser, server.url, account, WALL) as person:
            page, log = person.page, Log(person.page)
            person.log_in()
            person.until(lambda: len(page.evaluate("shownSoFar()")) >= TILES, "every tile is live")
            page.wait_for_timeout(2000)
            before, cpu, began = page.evaluate("shownSoFar()"), cpu_seconds(server.pid), time.monotonic()
            sent = [each.sent for each in cameras]
            page.wait_for_timeout(1000 * seconds)
            after, spent, took = page.evaluate("shownSoFar()"), cpu_seconds(server.pid) - cpu, time.monotonic() - began
            rates = sorted((late - early) / took for early, late in zip(before, after, strict=True))
            offered = min((each.sent - early) / took for each, early in zip(cameras, sent, strict=True))
            return {
                "sent a second, least": offered,
                "shown a second, least": rates[0],
                "shown a second, median": statistics.median(rates),
                "server, of a core": spent / took,
                "connections": len(log.connections),
            }
    finally:
        running.stop()


def slow(server: Server, browser: Browser, seconds: float) -> dict[str, float]:
    account = server.new_account()
    camera = Camera(server, account, PASSWORD, "camera", noisy(1, 69_000))
    for count in range(64):
        camera.payloads(count)
    ages = []
    running = Cameras([camera], 25.0)
    try:
        with (
            narrow(server.port, 400_000) as port,
            somebody(browser, f"https://127.0.0.1:{port}", account, WALL) as person,
        ):
            page = person.page
            person.log_in()
            person.until(lambda: page.evaluate("shownSoFar()"), "the tile is live")
            page.wait_for_timeout(3000)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                _, _, seen, _ = page.locator("canvas").first.evaluate(READ)
                ages.append(((camera.sent - seen) % 64) / 25.0)
                page.wait_for_timeout(100)
    finally:
        running.stop()
    return {"age, median s": statistics.median(ages), "age, most s": max(ages)}


def first(server: Server, browser: Browser, _: float) -> dict[str, float]:
    paints, sizes = [], []
    for _ in range(5):
        with somebody(browser, server.url, "nobody", PHONE) as person:
            page, log = person.page, Log(person.page)
            conditions = {"offline": False, "latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}
            log.session.send("Network.emulateNetworkConditions", conditions)
            log.session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            page.goto(f"{server.url}/")
            page.locator("input[type=password]").wait_for()
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            page.wait_for_load_state("networkidle")
            sizes.append(log.bytes)
    return {"first paint, ms": statistics.median(paints), "KB on the wire": statistics.median(sizes) / 1000}


def gallery(server: Server, browser: Browser, _: float) -> dict[str, float]:
    account = server.new_account()
    with server.client() as client:
        login = {"name": account, "pass": PASSWORD, "device": "camera"}
        token = client.post("/authorize.json", json=login).json()["shash"]
        most = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        client.post("/setConfig.json", json={"shash": token, "config": most}).raise_for_status()
        for number in range(RECORDS):
            if number % 150 == 0:  # requests of a session within a minute are bounded
                token = client.post("/authorize.json", json={**login, "device": f"camera {number}"}).json()["shash"]
            answer = client.post(f"/addRecord.json?shash={token}&meta=JPEG", content=picture(number & 255, number))
            assert answer.json() == {"result": "OK"}
    found = {}
    with somebody(browser, server.url, account, WALL) as person:
        page = person.page
        person.log_in()
        for name in ("made", "kept"):
            log = Log(page)
            log.session.send("Network.setCacheDisabled", {"cacheDisabled": True})
            page.goto(f"{server.url}/#wall")
            page.goto(f"{server.url}/#records")
            page.locator("h1").first.wait_for()
            for _ in range(150):
                page.mouse.wheel(0, 250)
                page.wait_for_timeout(50)
            page.wait_for_timeout(1000)
            took = sorted(each for url, each in log.took.items() if "thumbnail" in url)
            assert took, "no thumbnail was asked for"
            found[f"thumbnails {name}"] = float(len(took))
            found[f"{name}, median ms"] = statistics.median(took)
            found[f"{name}, p99 ms"] = took[int(0.99 * len(took))]
            found[f"{name}, most ms"] = took[-1]
            log.session.detach()
    return found


LOADS = {"wall": wall, "slow": slow, "first": first, "gallery": gallery}


def main() -> None:
    parser = argparse.ArgumentParser(description="What the console costs.")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a measurement [%(default)s]")
    parser.add_argument("--only", default=",".join(LOADS), help="loads, by commas [%(default)s]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).start()
        browser = launch(playwright)
        try:
            for name in options.only.split(","):
                print(name)
                for what, figure in LOADS[name](server, browser, options.seconds).items():
                    print(f"  {what:<30} {figure:>10.2f}")
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
