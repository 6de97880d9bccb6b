"""The other browser: the wall, and a stream in an ``<img>``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.cameras import Camera, Cameras, counting
from tests.browser.counting import PATTERN, READ
from tests.support.firefox import Firefox, program
from tests.support.process import Server, until
from tests.support.trail import PASSWORD

pytestmark = pytest.mark.skipif(program() is None, reason="no Firefox here (apt-get install firefox-esr)")

FRAMES = 5
NUMBER = 7


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    """With a profile of its own."""
    made = Firefox(tmp_path / "profile")
    yield made
    made.close()


@pytest.fixture
def logged_in(firefox: Firefox, server: Server, account: str) -> Iterator[Firefox]:
    """By the form, as a device named ``laptop``; one camera counts."""
    camera = Camera(server, account, PASSWORD, "porch", counting(NUMBER))
    running = Cameras([camera], 5)
    firefox.open(server.url)
    firefox.until("document.querySelector('input[type=password]')")
    texts = {"username": account, "current-password": PASSWORD}
    for kind, text in texts.items():
        firefox.run(f"document.querySelector('input[autocomplete={kind}]').value = {json.dumps(text)}")
    firefox.run("document.querySelector('form').requestSubmit()")
    firefox.until("document.querySelector('nav')")
    yield firefox
    running.stop()


def counts(firefox: Firefox, shown: str) -> list[int]:
    """The numbers of some pictures, one after the other, as they come."""
    found: list[int] = []

    def is_enough() -> bool:
        camera, high, low, pattern = firefox.run(f"({READ})({shown})")
        if pattern == PATTERN and [high << 8 | low] != found[-1:]:
            assert camera == NUMBER
            found.append(high << 8 | low)
        return len(found) >= FRAMES

    until(is_enough, f"{FRAMES} pictures of {shown}")
    return found


def test_the_wall_is_live(logged_in: Firefox) -> None:
    logged_in.until("document.querySelector('.screen[data-shows=picture] canvas')")
    found = counts(logged_in, "document.querySelector('article canvas')")
    assert found == sorted(set(found))
    protocols = logged_in.run(
        "performance.getEntriesByType('resource').filter((each) => !each.name.startsWith('blob:'))"
        ".map((each) => each.nextHopProtocol)"
    )
    assert set(protocols) - {""} == {"h2"}


def test_an_img_shows_a_stream(logged_in: Firefox) -> None:
    logged_in.run(
        "new Promise((good) => { const picture = document.createElement('img'); picture.id = 'stream';"
        " picture.src = 'stream.mjpg?device=porch'; document.body.append(picture); good(true); })"
    )
    logged_in.until("document.getElementById('stream').naturalWidth === 320")
    found = counts(logged_in, "document.getElementById('stream')")
    assert found == sorted(set(found))
