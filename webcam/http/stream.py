"""One HTTP/2 stream: a request's channel."""

from __future__ import annotations

from collections import deque
from contextlib import AbstractContextManager
from typing import Any

import h2.errors
from twisted.web import _http2

from webcam.http.fieldblock import Field
from webcam.http.growth import Growth
from webcam.http.head import Head


class Stream(_http2.H2Stream):
    """Twisted's stream: paused uploads keep their end in order, and lengths are checked here, not by h2."""

    hasStreamingProducer = False  # noqa: N815
    growth: Growth | None = None
    """Of an upload that is trusted."""
    kept = 0
    """Bytes that wait while the upload is paused."""
    whole = False
    """Whether the body is over, whether or not it was consumed."""
    _received = 0
    _waiting: deque[tuple[bytes | None, int]] | None = None
    """They, and ``None`` for the end; made when there are some, as few streams ever have any."""

    def __init__(
        self,
        streamID: int,  # noqa: N803
        connection: Any,
        head: Head,
        requestFactory: Any,  # noqa: N803
        site: Any,
        factory: Any,
    ) -> None:
        """As Twisted's, of a head that was read already."""
        self.streamID = streamID
        self.site = site
        self.factory = factory
        self.producing = True
        self.producer = None
        self._producerProducing = False
        self._conn = connection
        self._head = head
        self.command = head.method
        self.path = head.path
        self._request = requestFactory(self, queued=False)
        self._request.take_head(head)

    def headersReceived(self) -> None:  # noqa: N802
        """The stream is registered with its connection: from here on the request may be answered."""
        request = self._request
        request.headersReceived(self.command, self.path, b"HTTP/2")
        if self._head.expects and not request.gone:
            self._conn._send100Continue(self.streamID)

    def receiveDataChunk(self, data: bytes, flowControlledLength: int) -> None:  # noqa: N802, N803
        """Bytes of the body; consumed now, or kept while the upload is paused (at most a window of them)."""
        if self.producing:
            if self.growth is not None:
                self._conn.measure(self, flowControlledLength)
            self._consume(data)
            self._conn.openStreamWindow(self.streamID, flowControlledLength)
        else:
            self.kept += len(data)
            self._wait(data, flowControlledLength)

    @property
    def live(self) -> bool:
        """Whether its upload may end short of its length."""
        return bool(self._request.live)

    def half_closed(self) -> None:
        """The client sends no more: the end of a body that has none, and a request that waits may wait no longer."""
        if not self.whole:
            self.requestComplete()
        self._request.half_closed()

    def requestComplete(self) -> None:  # noqa: N802
        """The body is over."""
        self.whole = True
        if not self.producing:
            self._wait(None, 0)
        elif self._short():
            self._conn.resetStream(self.streamID, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        else:
            self._request.requestReceived(self.command, self.path, b"HTTP/2")

    def _wait(self, data: bytes | None, size: int) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((data, size))

    def _consume(self, data: bytes) -> None:
        self._received += len(data)
        declared = self._request.declared
        if declared is not None and self._received > declared and not self._request.live:
            self._conn.resetStream(self.streamID, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        else:
            self._request.handleContentChunk(data)

    def _short(self) -> bool:
        """Whether the body is not what was declared. A live upload may end whenever it likes (RFC 9113, 8.1.1 aside:
        the field's cameras declare 20 GiB and stop)."""
        declared = self._request.declared
        return declared is not None and self._received != declared and not self._request.live

    def too_slow(self, now: float) -> bool:
        """Whether its body comes at less than a trickle."""
        return bool(self._request.too_slow(now))

    def widen_upload(self) -> None:
        """The upload is trusted with a larger window."""
        self.growth = Growth()
        self._conn.conn.widen(self.streamID, self.growth.window)

    def round_trip(self, now: float) -> None:
        """A PING that was sent for :meth:`receiveDataChunk` has come back."""
        if self.growth is not None and self.growth.measured(now, held=not self.producing):
            self._conn.conn.widen(self.streamID, self.growth.window)

    def pause_upload(self) -> None:
        """Consume no more: the stream's window stays shut."""
        self.producing = False

    def resume_upload(self) -> None:
        """Consume what was kept, and open the window again."""
        self.producing = True
        self._conn._guarded(self, self._drain)

    def _drain(self) -> None:
        consumed = 0
        while self.producing and self._waiting:
            data, size = self._waiting.popleft()
            if data is None:
                self.requestComplete()
            else:
                self.kept -= len(data)
                consumed += size
                self._consume(data)
        self._conn.openStreamWindow(self.streamID, consumed)

    def forget(self) -> None:
        """The stream is over: what was kept of its body goes."""
        self.kept = 0
        if self._waiting:
            self._waiting.clear()

    def corked(self) -> AbstractContextManager[None]:
        """What is written inside leaves as one piece behind it."""
        corked: AbstractContextManager[None] = self._conn.corked()
        return corked

    def limit_records(self) -> None:
        """Write this answer in small records of TLS."""
        self._conn.limit_records(self.streamID)

    def answer(self, fields: tuple[Field, ...], date: bytes, body: bytes) -> None:
        """The whole answer at once; *fields* begin with ``:status``."""
        self._conn.answer(self.streamID, fields, date, body)

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:  # noqa: N802
        """The head of the answer."""
        pairs = [(name, value) for name, values in headers.getAllRawHeaders() for value in values]
        self._conn.writeHeaders(version, code, reason, pairs, self.streamID)
