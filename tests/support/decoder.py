"""Decoders for tests that need no process of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from webcam.decoder.child import Parts
from webcam.decoder.picture import thumbnail


class FakeDecoder:
    """Decodes what it is given at once, as :class:`webcam.decoder.supervisor.Decoder` does in another process."""

    async def thumbnail(self, size: int, parts: Parts) -> bytes:
        data = b"".join([part async for part in parts()])
        assert len(data) == size
        return thumbnail(data) or b""


class ControlledDecoder:
    """Its work ends when the test says so; holds every call that was made and has not ended."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []
        """Of every call so far."""
        self.running: list[Deferred[bytes]] = []

    async def thumbnail(self, size: int, parts: Parts) -> bytes:
        data = b"".join([part async for part in parts()])
        assert len(data) == size
        self.pictures.append(data)
        done: Deferred[bytes] = Deferred()
        self.running.append(done)
        return await done

    def finish(self, result: Any) -> None:
        """End the oldest call; with an exception it fails."""
        done = self.running.pop(0)
        if isinstance(result, Exception):
            done.errback(result)
        else:
            done.callback(result)
