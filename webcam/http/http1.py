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

from webcam.http import head1
from webcam.http.limits import HEADERS, TURN
from webcam.http.rounds import Place
from webcam.http.tls import hang_up, limit_records

LINGER = 5.0
"""Seconds for which the rest of a refused body is read and dropped, so that the client gets to read its answer: a close
with unread bytes resets the connection."""

SHORTEST, LONGEST = 1024, 65536
"""Bytes that are taken in one go: pipelined requests and chunks of a byte take longer than their number suggests."""

UNCOUNTED = 16384
"""Bytes at most, but of a body whose length was told: so many chunks of a byte are 10 ms."""

LEAVING = 60.0
"""Seconds in which a connection's last answer has to leave, and the client to close."""

BEHIND = 16384
"""Bytes behind a request that is being answered that are read, so that a client that leaves is noticed."""

LENGTH_DIGITS = 19


class HTTP1Channel(http.HTTPChannel):
    """One connection."""

    transport: Any
    site: Any
    _wants_continue = False
    _draining = False
    _hangs_up = False
    _head_since: float | None = None
    asked = 0
    """How often the head of a request was complete."""
    _linger: IDelayedCall | None = None
    _paused = False
    _taking = False
    _held_back = False
    _read_ended = False
    _in_head = False
    """Whether a request line has come, and not the end of its head."""
    _end = 0.0

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._later = bytearray()
        self._stride = 4 * SHORTEST

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """A line of a request's head."""
        if self._head_since is None:
            self._head_since = self.site.reactor.seconds()
        if not self._in_head and line:
            self._in_head = True
            line = head1.encoded_line(line)
            if b"\x7f" in line:
                self._respondToBadRequestAndDisconnect()
                return
        super().lineReceived(line)

    @property
    def held(self) -> int:
        """See :class:`webcam.http.connections.Peer`."""
        return len(self._later) + len(self._buffer) + sum(map(len, self._dataBuffer))

    @property
    def answering(self) -> bool:
        """See :class:`webcam.http.connections.Peer`."""
        return len(self.requests) > (self._head_since is not None)

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
        self._hangs_up = True
        if not self.requests and not self._draining:
            self._draining = True
            self.loseConnection()

    @property
    def full(self) -> bool:
        """Whether the transport takes no more."""
        return bool(self._waitingForTransport)

    def read_ended(self) -> None:
        """The client sends no more. What it asked for is answered, and what it only began to ask for is not."""
        self._read_ended = True
        self._tell_half_closed()
        self._end_if_over()

    def _tell_half_closed(self) -> None:
        """The request that is being answered; behind a connection's last one there is none."""
        if self._read_ended and self._handlingRequest and self.requests:
            self.requests[0].half_closed()

    def _end_if_over(self) -> None:
        """Close when the client sends no more, and all that it sent was taken and answered."""
        if not self._read_ended or self._later or self._taking:
            return
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
            self.loseConnection()
        elif not (self._draining or self._handlingRequest or self._paused):
            self._end_of_input()

    def _end_of_input(self) -> None:
        """Nothing more comes of the request that has begun, if any. It is the end of a live upload."""
        request = self.requests[-1] if self.requests else None
        if request is not None and self._head_since is None and request.live and not request.gone:
            self.persistent = False
            self.allContentReceived()
        elif request is not None or self._buffer:
            self._respondToBadRequestAndDisconnect()
        else:
            self.loseConnection()

    def allHeadersReceived(self) -> None:  # noqa: N802
        """Tell the request before its body; the client's "may I send it?" is answered only if so."""
        self._in_head = False
        request = self.requests[-1]
        if not head1.has_valid_host(request.requestHeaders.getRawHeaders(b"host"), self._version):
            self._respondToBadRequestAndDisconnect()
            return
        persistent = self.persistent
        self.asked += 1
        super().allHeadersReceived()
        self._head_since = None
        self.persistent = self.persistent and persistent
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
        coded = header == b"Transfer-Encoding"
        if coded and data.lower() != b"chunked":  # Twisted takes "identity", beside another one too
            return bool(self._failChooseTransferDecoder())
        chosen = bool(super()._maybeChooseTransferDecoder(header, data))
        if chosen and coded:
            self._transferDecoder = head1.Chunks(self.requests[-1].handleContentChunk, self._finishRequestBody)
        return chosen

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection. Whatever can't be taken now is taken later, in its order."""
        if self._later or self._taking or not self._ready or len(data) > self._most or self._place.crowded:
            self._later += data
            self._go_on()
        else:
            self._take_turn(data)

    @property
    def _ready(self) -> bool:
        """Whether more of a body, or the next request, may be taken: the answer before it is complete, and has left.

        Twisted goes on as long as it has bytes, and 64 KiB of requests may ask for gigabytes of answers.
        """
        return not (self._handlingRequest or self._waitingForTransport or self._paused or self._draining)

    @property
    def _most(self) -> int:
        """Bytes to take in one go."""
        return self._stride if self.length else min(self._stride, UNCOUNTED)

    def _take_turn(self, piece: bytes = b"") -> None:
        """Take *piece*, and what waits, for so long as a turn is."""
        clock = self.site.reactor
        now = since = clock.seconds()
        self._end = now + TURN
        self._taking = True
        try:
            while self._ready and now <= self._end and (piece or self._later):
                size, began = self._most, now
                super().dataReceived(piece or self._next_piece(size))
                piece, now = b"", clock.seconds()
                if self._buffer and self.line_mode and self._head_since is None and not self._handlingRequest:
                    self._head_since = now  # a request's first line has begun
                self._stride = max(SHORTEST, size // 2) if now - began > TURN else min(LONGEST, size * 2)
        finally:
            self._taking = False
        self._place.took(since)
        if self._draining:
            self._later.clear()
        elif self._later and self._ready:
            self._place.wait(self._take_turn)
        self._read_or_not()
        self._end_if_over()

    def _next_piece(self, size: int) -> bytes:
        with memoryview(self._later) as waiting:
            piece = bytes(waiting[:size])
        del self._later[:size]
        return piece

    def _go_on(self) -> None:
        """What kept this from taking or reading may be over."""
        if self._taking:
            return
        if self._later and not self._place.waiting:
            if self._place.crowded and self._ready:
                self._place.wait(self._take_turn)
            else:
                self._take_turn()
        self._read_or_not()
        self._end_if_over()

    def _read_or_not(self) -> None:
        """Twisted reads on where a transport takes answers again, or a request is done: it may be too early."""
        if self._holds:
            self._held_back = True
            self._networkProducer.pauseProducing()
        elif self._held_back:
            self._held_back = False
            self._networkProducer.resumeProducing()

    @property
    def _holds(self) -> bool:
        """Whether nothing may be read. Behind a request that is being answered some is: its client may leave."""
        if self._paused or self._place.waiting or len(self._later) > BEHIND:
            return True
        return self._waitingForTransport and not self._handlingRequest

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more of the answer."""
        super().resumeProducing()
        self._go_on()

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of a body."""
        if not self._draining:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802
        """The body is over, whether anybody still wants it or not."""
        if self._draining:
            self.setRawMode()
        else:
            super().allContentReceived()
            self._tell_half_closed()

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
        """The answer is complete. A body that was held back when it ended is over, too."""
        limit_records(self.transport, False)
        self._paused = False
        if self._handlingRequest:
            self._take_back()
            super().requestDone(request)
            self._go_on()
            return
        self.requests.remove(request)
        self._draining = True
        self.setTimeout(None)
        self._linger = self.callLater(LINGER, self._lingered)
        self._go_on()

    def _take_back(self) -> None:
        """What Twisted holds behind this request comes before all that waits here.

        It would go on with the rest of the piece, whether the answer has left or not, and whatever the time.
        """
        behind = b"".join(self._dataBuffer)
        self._dataBuffer = []
        if self._buffer and (self._waitingForTransport or self.site.reactor.seconds() > self._end):
            behind += self._buffer
            self._buffer = b""
        self._later[:0] = behind

    def loseConnection(self) -> None:  # noqa: N802
        """Take nothing more; close when what was written has left, or when that takes too long."""
        self._draining = True
        self._later.clear()
        super().loseConnection()
        self.setTimeout(LEAVING if self._abortingCall is None else None)
        if self._hangs_up:
            hang_up(self.transport)

    def _lingered(self) -> None:
        self._linger = None
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """The connection is gone."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._later.clear()
        super().connectionLost(reason)
        self._transferDecoder = None  # it leads back to this

    @contextmanager
    def corked(self) -> Iterator[None]:
        """What is written inside may leave as one piece; here Twisted's transports see to that."""
        yield

    def limit_records(self) -> None:
        """Write this answer in small records of TLS."""
        limit_records(self.transport, True)

    def abortConnection(self) -> None:  # noqa: N802
        """Drop the connection."""
        self.transport.abortConnection()

    def widen_upload(self) -> None:
        """TCP sees to it."""

    def pause_upload(self) -> None:
        """Read no more: TCP holds the client back."""
        self._paused = True
        self._read_or_not()

    def resume_upload(self) -> None:
        """Read again."""
        self._paused = False
        self._go_on()
