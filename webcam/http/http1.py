"""Twisted's HTTP/1.1 channel, with what a live server needs: early requests, early answers, silence allowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

from webcam.http.limits import HEADERS, TURN

LINGER = 5.0
"""Seconds for which the rest of a refused body is read and dropped, so that the client gets to read its answer: a close
with unread bytes resets the connection."""

SHORTEST, LONGEST = 1024, 65536
"""Bytes that are taken in one go: pipelined requests and chunks of a byte take longer than their number suggests."""

LENGTH_DIGITS = 19


class HTTP1Channel(http.HTTPChannel):
    """One connection."""

    transport: Any
    site: Any
    _wants_continue = False
    _draining = False
    _head_since: float | None = None
    _linger: IDelayedCall | None = None
    _next_turn: IDelayedCall | None = None
    _paused = False

    def __init__(self) -> None:
        super().__init__()
        self._later = bytearray()
        self._stride = 4 * SHORTEST

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """A line of a request's head."""
        if self._head_since is None:
            self._head_since = self.site.reactor.seconds()
        super().lineReceived(line)

    held = 0
    """An answer waits in its transport alone, an upload that is paused is not read: neither grows."""

    def look_after(self, now: float) -> str | None:
        """See :class:`webcam.http.connections.Peer`."""
        if self._head_since is not None:
            return "time for headers" if now - self._head_since > HEADERS else None
        if self.requests and self.requests[-1].too_slow(now):
            return "time for a body"
        return None

    def drain(self) -> None:
        """See :class:`webcam.http.connections.Peer`."""
        self.persistent = False
        if not self.requests and not self._draining:
            self._draining = True
            self.loseConnection()

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Tell the request before its body; the client's "may I send it?" is answered only if so."""
        persistent = self.persistent
        super().allHeadersReceived()
        self._head_since = None
        self.persistent = self.persistent and persistent
        request = self.requests[-1]
        request.headersReceived(self._command, self._path, self._version)
        wants_continue, self._wants_continue = self._wants_continue, False
        if request.gone:
            return
        if request.live:
            self._savedTimeOut = self.setTimeout(None)
        if wants_continue:
            super()._send100Continue()

    def _send100Continue(self) -> None:  # noqa: N802
        self._wants_continue = True

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:  # noqa: N802
        if header == b"Content-Length" and len(data) > LENGTH_DIGITS:
            return bool(self._failChooseTransferDecoder())
        return bool(super()._maybeChooseTransferDecoder(header, data))

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection, for so long as a turn is; the rest in later ones."""
        if self._later:
            self._later += data
        else:
            self._take_turn(data)

    def _take_turn(self, data: bytes) -> None:
        clock = self.site.reactor
        now = clock.seconds()
        end, at = now + TURN, 0
        while at < len(data) and not self._draining:
            size, began = self._stride, now
            super().dataReceived(data[at : at + size])
            at += size
            now = clock.seconds()
            slow = now - began > TURN
            self._stride = max(SHORTEST, size // 2) if slow else min(LONGEST, size * 2)
            if now > end and at < len(data):
                self._later += data[at:]
                self._networkProducer.pauseProducing()
                self._next_turn = clock.callLater(0, self._go_on)
                return

    def _go_on(self) -> None:
        self._next_turn = None
        data = bytes(self._later)
        self._later.clear()
        self._take_turn(data)
        if self._next_turn is None and not (self._paused or self._waitingForTransport):
            self._networkProducer.resumeProducing()

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of a body, or of requests that wait for the answer before them.

        Twisted bounds those only while the client takes that answer (``_optimisticEagerReadSize``).
        """
        if self._draining:
            return
        super().rawDataReceived(data)
        unread = self._handlingRequest and self._waitingForTransport
        if unread and sum(map(len, self._dataBuffer)) > self._optimisticEagerReadSize:
            self._networkProducer.pauseProducing()

    def allContentReceived(self) -> None:  # noqa: N802
        """The body is over, whether anybody still wants it or not."""
        if self._draining:
            self.setRawMode()
        else:
            super().allContentReceived()

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        """The connection's last answer; Twisted would go on reading until the transport has closed."""
        if not self._draining:
            self._draining = True
            super()._respondToBadRequestAndDisconnect()

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """As any bad request; Twisted's waits for its own producer to leave, so for ever."""
        self._respondToBadRequestAndDisconnect()

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: N802
        """As Twisted's; a producer that comes to a full transport is told so."""
        super().registerProducer(producer, streaming)
        if self._waitingForTransport and self._requestProducer is not None:
            self._requestProducer.pauseProducing()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:  # noqa: N802
        """An answer before the end of its body is the connection's last."""
        if isinstance(headers, Headers) and not (self._handlingRequest and self.persistent):
            headers.setRawHeaders(b"connection", [b"close"])
        super().writeHeaders(version, code, reason, headers)

    def requestDone(self, request: Any) -> None:  # noqa: N802
        """The answer is complete."""
        if self._handlingRequest:
            super().requestDone(request)
            if self._waitingForTransport and self.persistent:  # as long as it takes no answers, its requests wait
                self._networkProducer.pauseProducing()
            return
        self.requests.remove(request)
        self._draining = True
        self.setTimeout(None)
        self._linger = self.callLater(LINGER, self._lingered)

    def _lingered(self) -> None:
        self._linger = None
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """The connection is gone."""
        for call in (self._linger, self._next_turn):
            if call is not None:
                call.cancel()
        self._linger = self._next_turn = None
        self._later.clear()
        super().connectionLost(reason)
        self._transferDecoder = None  # it leads back to this

    @contextmanager
    def corked(self) -> Iterator[None]:
        """What is written inside may leave as one piece; here Twisted's transports see to that."""
        yield

    def abortConnection(self) -> None:  # noqa: N802
        """Drop the connection."""
        self.transport.abortConnection()

    def widen_upload(self) -> None:
        """TCP sees to it."""

    def pause_upload(self) -> None:
        """Read no more: TCP holds the client back."""
        self._paused = True
        self._networkProducer.pauseProducing()

    def resume_upload(self) -> None:
        """Read again."""
        self._paused = False
        self._networkProducer.resumeProducing()
