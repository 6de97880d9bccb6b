"""What every test under pytest may ask for: a real server, ended by its own process id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
