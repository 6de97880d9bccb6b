"""A real server, a real Chromium, and what both may not do while they are tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import launch
from tests.browser.person import Person
from tests.support.chromium import PROGRAM
from tests.support.process import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Chromium there is nothing to see."""
    if PROGRAM is None:
        skip = pytest.mark.skip(reason="no chromium here (apt-get install chromium)")
        for item in items:
            if "chromium" in getattr(item, "fixturenames", ()):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One for all tests; each has contexts of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def account(server: Server) -> str:
    """One that no other test uses; its password is that of tests."""
    return server.new_account()


@pytest.fixture
def someone(chromium: Browser, server: Server, account: str) -> Iterator[Callable[..., Person]]:
    """Makes people with a browser of their own: ``someone("laptop")`` is logged in as a device of that name.

    What went wrong in any of their pages, be it an exception or something that the policy forbids, fails the test.
    """
    people: list[Person] = []

    def make(device: str, log_in: bool = True, **context: object) -> Person:
        person = Person(chromium, server.url, account, device, **context)
        people.append(person)
        if log_in:
            person.log_in()
        return person

    yield make
    for person in people:
        person.leave()
    assert [wrong for person in people for wrong in person.wrongs] == []
