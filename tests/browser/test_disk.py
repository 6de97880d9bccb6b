"""What the page says when the server's disk fills up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.support.process import Server
from tests.support.small_disk import NoDisk, SmallDisk, small_disk

MB = 1024 * 1024
FULL = "The server's disk is full: new records and messages are refused."


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """One that a server of this module has its data on."""
    folder = tmp_path_factory.mktemp("small") / "data"
    try:
        with small_disk(folder, 64 * MB) as made:
            yield made
    except NoDisk as problem:
        pytest.skip(str(problem))


@pytest.fixture
def server(disk: SmallDisk) -> Iterator[Server]:
    made = Server(disk.folder.parent)
    made.start()
    yield made
    made.stop()
    assert made.trouble() == []


def test_it_says_what_is_wrong_and_what_helps(someone: Callable[..., Person], disk: SmallDisk) -> None:
    """To who looks already, and to who comes then; it goes when there is space."""
    laptop = someone("laptop")
    told = laptop.page.locator(".disk")
    expect(told).to_be_hidden()
    disk.leave(2 * MB)
    expect(told).to_contain_text(FULL)
    expect(told).to_contain_text("Delete records, or free space on the disk.")
    tablet = someone("tablet")
    expect(tablet.page.locator(".disk")).to_contain_text(FULL)
    disk.empty()
    expect(told).to_be_hidden()
    expect(tablet.page.locator(".disk")).to_be_hidden()
