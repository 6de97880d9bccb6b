"""A real server for the tests here, ended by its own process id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_twisted

from tests.support.agent import Treq
from tests.support.process import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It runs; its log holds nothing that no server should say."""
    made = Server(tmp_path_factory.mktemp("server"))
    try:
        made.start()
        yield made
    finally:
        made.stop()
    assert made.trouble() == []


@pytest_twisted.async_yield_fixture
async def treq(server: Server) -> AsyncIterator[Treq]:
    """A client whose connections are closed behind the test."""
    client = Treq(server)
    yield client
    await client.close()
