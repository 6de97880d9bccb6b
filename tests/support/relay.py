"""The two ends of a stream for tests: a response that may be full, and an upload."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from webcam.relay.memory import Frame, FrameMemory
from webcam.relay.viewer import Viewer

MEMORY = FrameMemory(2**40)
"""More than tests could fill."""


def framed(data: bytes) -> Frame:
    """A frame that counts where nothing is ever too much."""
    return Frame(data, MEMORY.charge(1, "192.0.2.1"))


class FakeSink:
    """A viewer's response. It takes ``room`` bytes, then it is full until :meth:`drain`."""

    def __init__(self, room: float = float("inf")) -> None:
        self.room = room
        self.pieces: list[bytes] = []
        self.producer: Any = None
        self.events: list[str] = []

    @property
    def written(self) -> bytes:
        return b"".join(self.pieces)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming, "viewers push"
        assert self.producer is None, "one producer at a time"
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None
        self.events.append("unregistered")

    def write(self, data: bytes) -> None:
        assert self.room > 0, "written to while full"
        self.pieces.append(data)
        self.room -= len(data)
        if self.room <= 0:
            self.producer.pauseProducing()

    def finish(self) -> None:
        self.events.append("finished")

    def abort(self) -> None:
        self.events.append("aborted")

    def drain(self, room: float = float("inf")) -> None:
        """Take so many bytes more."""
        self.room = room
        self.producer.resumeProducing()


class FakePublisher:
    """An upload; says what it was told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def pause(self) -> None:
        self.events.append("pause")

    def resume(self) -> None:
        self.events.append("resume")

    def cut(self) -> None:
        self.events.append("cut")


def viewer_on(sink: FakeSink, clock: Clock | None = None, **options: Any) -> Viewer:
    """A viewer of a response."""
    return Viewer(sink, clock or Clock(), **options)
