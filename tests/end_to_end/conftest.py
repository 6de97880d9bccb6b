"""A client for the tests here; the test of all that was logged is the last."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator

import pytest
import pytest_twisted

from tests.support.agent import Treq
from tests.support.process import Server
from tests.support.trail import VARIABLE

LAST = "test_secrets.py"


def pytest_configure() -> None:
    """A folder for what is logged here."""
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="webcam-trail-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ.pop(VARIABLE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What searches the logs comes when they are complete: its module behind all others."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest_twisted.async_yield_fixture
async def treq(server: Server) -> AsyncIterator[Treq]:
    """A client whose connections are closed behind the test."""
    client = Treq(server)
    yield client
    await client.close()
