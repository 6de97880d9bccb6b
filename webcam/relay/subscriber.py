"""What viewers and followers share: each is a push producer on a response, and ends once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


class Sink(Protocol):
    """Where a subscriber's bytes go: a response."""

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: N802
        """As :class:`twisted.internet.interfaces.IConsumer` has it."""

    def unregisterProducer(self) -> None:  # noqa: N802
        """As :class:`twisted.internet.interfaces.IConsumer` has it."""

    def write(self, data: bytes | memoryview) -> None:
        """Take these bytes; may call the producer's ``pauseProducing`` before it returns."""

    def finish(self) -> None:
        """The response ends behind what was written."""

    def abort(self) -> None:
        """The response ends at once."""


def nothing() -> None:
    """There is nothing to be done."""


@implementer(IPushProducer)
class Subscriber:
    """``on_close`` is called when it has ended, whoever ended it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._ready = True
        self._closed = False
        self.on_close: Callable[[], None] = nothing

    def lost(self) -> None:
        """The client is gone, or its session ended."""
        self._close()

    def stop(self) -> None:
        """End the response now, orderly if its transport takes that: a client that takes none is not waited for."""
        self._close(self._sink.finish if self._ready else self._sink.abort)

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport is full."""
        self._ready = False

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more."""
        self._ready = True

    def stopProducing(self) -> None:  # noqa: N802
        """The transport is gone."""
        self.lost()

    def _close(self, how: Callable[[], None] | None = None) -> None:
        """End. The response ends by *how*, the sink's ``finish`` or ``abort``; without it, others see to that."""
        if self._closed:
            return
        self._closed = True
        self._let_go()
        self._sink.unregisterProducer()
        if how is not None:
            how()
        on_close, self.on_close = self.on_close, nothing  # it leads back to this
        on_close()

    def _let_go(self) -> None:
        """Of timers, and of whatever it is fed by."""
