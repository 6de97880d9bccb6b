"""Sending a large body piece by piece, at the pace of the client."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from webcam.http.request import Request

STALL = 60.0
"""Seconds."""


class Source(Protocol):
    """Where the pieces of a body come from."""

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""

    async def read(self) -> bytes:
        """The next piece; never empty while some is left."""

    def forget(self) -> None:
        """The client makes us wait, maybe for long: whatever can be fetched again needs not be held."""


@implementer(IPushProducer)
class BodySender:
    """Writes a source to a response, piece by piece; the next one is read when the last one has left.

    A client that takes none for :data:`STALL` seconds is given up: its piece is held for nobody.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._ready = True
        self._stopped = False
        self._waiting: Deferred[None] | None = None

    async def send(self, source: Source) -> bool:
        """Whether all of it was written; the response is not finished by this. False when the client went."""
        if self._request.gone:
            return False
        self._request.notifyFinish().addErrback(lambda _: self.stopProducing())
        self._request.registerProducer(self, True)
        try:
            while source.left:
                if not self._ready:
                    source.forget()
                    await self._room()
                piece = b"" if self._stopped else await source.read()
                if self._stopped or self._request.gone:
                    return False
                self._request.write(piece)
            return not self._stopped
        finally:
            self._request.unregisterProducer()

    async def _room(self) -> None:
        self._waiting = Deferred()
        stalled = self._request.site.reactor.callLater(STALL, self.stopProducing)
        try:
            await self._waiting
        finally:
            if stalled.active():
                stalled.cancel()

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport is full."""
        self._ready = False

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more."""
        self._ready = True
        self._go_on()

    def stopProducing(self) -> None:  # noqa: N802
        """The client is gone, or has been given up."""
        self._stopped = True
        self._go_on()

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)
