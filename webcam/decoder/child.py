"""The process in which pictures are decoded, as the server sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure as Failed
from zope.interface import implementer

from webcam.decoder.messages import READY, Answer, AnswerReader, BadAnswer, encode_size

STARTING = 60.0
"""Seconds after which a decoder that isn't ready is ended: it takes 0.2 here, and 5 on a small board."""

DECODING = 30.0
"""Seconds after which a decoder that doesn't answer is ended: the largest pictures take 2 here."""

Parts = Callable[[], AsyncIterator[bytes]]
"""The bytes of a picture, from the start."""

_log = Logger(namespace="webcam")


class Ended(Exception):
    """The process is gone."""


@implementer(IPullProducer)
class Child(ProcessProtocol):
    """One process. Its pipe asks for more when it is empty, so a part of a picture at a time is in memory."""

    transport: Any  # its pipes are in no interface

    def __init__(self, reactor: IReactorTime, on_end: Callable[[Child], None]) -> None:
        self._reactor = reactor
        self._on_end = on_end
        self._reader = AnswerReader()
        self._waiting: Deferred[Any] | None = None
        self._ends: list[Deferred[None]] = []
        self._reason: str | None = None
        self._is_ready = False
        self.is_fresh = True
        """Whether it has decoded nothing yet."""

    # What the decoder asks of it

    async def ready(self) -> None:
        """Wait until it has started. Raises :class:`Ended`."""
        if not self._is_ready:
            await self._wait(STARTING)

    async def ask(self, size: int, parts: Parts) -> Answer:
        """Send a picture. Raises :class:`Ended`, and what *parts* raises."""
        self.is_fresh = False
        await self._write(encode_size(size))
        async for part in parts():
            if part:
                await self._write(part)
        answer: Answer = await self._wait(DECODING)
        return answer

    def end(self) -> None:
        """Let it end once it is idle."""
        if self.transport is not None and 0 in self.transport.pipes:
            self.transport.pipes[0].unregisterProducer()  # a pipe that asks for more is never closed
            self.transport.closeStdin()

    def kill(self) -> None:
        """End it whatever it does."""
        if self._reason is None and self.transport is not None and self.transport.pid:
            self.transport.signalProcess("KILL")

    async def ended(self) -> None:
        """Wait until it has ended."""
        if self._reason is None:
            end: Deferred[None] = Deferred()
            self._ends.append(end)
            await end

    async def _write(self, data: bytes) -> None:
        if 0 in self.transport.pipes:  # otherwise it is about to end
            self.transport.writeToChild(0, data)
        await self._wait(DECODING)

    async def _wait(self, seconds: float) -> Any:
        """Wait for what comes next of it; after so many seconds it is ended. Raises :class:`Ended`."""
        if self._reason is not None:
            raise Ended(self._reason)
        waiting: Deferred[Any] = Deferred()
        self._waiting = waiting
        timer = self._reactor.callLater(seconds, self._take_too_long, seconds)
        try:
            return await waiting
        finally:
            self._waiting = None
            if timer.active():
                timer.cancel()

    def _take_too_long(self, seconds: float) -> None:
        _log.warn("the decoder of thumbnails took more than {seconds:.0f} s", seconds=seconds)
        self.kill()

    def _told(self, result: Any) -> None:
        if self._waiting is not None:
            self._waiting.callback(result)

    # What its process tells

    def connectionMade(self) -> None:  # noqa: N802
        self.transport.pipes[0].registerProducer(self, False)

    def resumeProducing(self) -> None:  # noqa: N802
        """All that was written is on its way."""
        if self._is_ready:
            self._told(None)

    def stopProducing(self) -> None:  # noqa: N802
        """It reads no more: it ends."""

    def outReceived(self, data: bytes) -> None:  # noqa: N802
        if not self._is_ready:
            self._is_ready, data = True, data[len(READY) :]
            self._told(None)
        try:
            answer = self._reader.feed(data)
        except BadAnswer:
            self.kill()
        else:
            if answer is not None:
                self._told(answer)

    def errReceived(self, data: bytes) -> None:  # noqa: N802
        _log.warn("the decoder of thumbnails says {text!r}", text=data[:1000].decode("utf-8", "replace"))

    def processEnded(self, reason: Failed) -> None:  # noqa: N802
        self._reason = reason.getErrorMessage()
        self._on_end(self)
        if self._waiting is not None:
            self._waiting.errback(Ended(self._reason))
        for end in self._ends:
            end.callback(None)
