"""The sending half of an HTTP/2 connection: what streams write leaves in batches, as windows and the transport allow.

A producer is paused as soon as something of its stream has to wait, and resumed when all of it has left. See
:mod:`webcam.http.http2` for the other half and for why.
"""

from __future__ import annotations

from typing import Any

import h2.exceptions
from twisted.logger import Logger
from twisted.web import _http2

from webcam.http.connection import Buffer, Connection
from webcam.http.fieldblock import Field
from webcam.http.keepalive import Keepalive
from webcam.http.limits import UNSENT
from webcam.http.request import host_of
from webcam.http.sender import MAX_FRAME, SMALL, Sender
from webcam.http.stream import Stream
from webcam.http.tls import limit_records

BATCH = 64 * 1024
"""Bytes of frames that are handed to the transport in one write."""

AT_ONCE = 128 * 1024
"""Bytes that are written without a queue, when nothing waits."""

BLOCKED_BYTES = 64 * 1024
"""Bytes of control frames and headers that may pile up while the transport is full, before the peer is given up."""


class Cork:
    """The time for which a connection is corked. Every request has some: a generator would cost three times as much."""

    __slots__ = ("_outgoing",)

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def __enter__(self) -> None:
        self._outgoing.cork()

    def __exit__(self, *_: object) -> None:
        self._outgoing.uncork()


class Outgoing(_http2.H2Connection):
    """A connection that sends; its subclass receives, and says what follows of an answer that is complete."""

    transport: Any
    conn: Connection
    _log = Logger()
    _keepalive: Keepalive

    def __init__(self, reactor: Any, connection: Connection) -> None:
        """In place of Twisted's, which makes a connection of h2, a tree of priorities and a loop that sends."""
        self._reactor = reactor
        self.conn = connection
        self.streams: dict[int, Stream] = {}
        self._sender = Sender(connection)
        self._paused: set[int] = set()
        self._blocked = False
        self._piled_up = 0
        self._corks = 0
        self._sending = False
        self._resuming = False
        self._closing = False

    def _answered(self, stream_id: int) -> None:
        """The answer on a stream is complete, and has left."""
        raise NotImplementedError

    def _quiet(self) -> None:
        """All that could leave has left."""
        raise NotImplementedError

    def _abort(self) -> None:
        """Give the peer up."""
        raise NotImplementedError

    def _met(self, limit: str) -> None:
        """The peer has met a limit."""
        raise NotImplementedError

    # What streams call

    def corked(self) -> Cork:
        """What is written inside leaves as one piece behind it."""
        return Cork(self)

    def cork(self) -> None:
        """From now on, what is written stays here."""
        self._corks += 1

    def uncork(self) -> None:
        """As often as it was corked: then it leaves."""
        self._corks -= 1
        self._send()
        self._pause_waiting()

    def writeHeaders(  # noqa: N802
        self,
        version: bytes,
        code: bytes,
        reason: bytes,
        headers: Any,
        streamID: int,  # noqa: N803
    ) -> None:
        """The head of an answer."""
        try:
            self.conn.write_head(streamID, [(b":status", code), *headers])
            self._began(streamID)
        except h2.exceptions.ProtocolError:
            return  # the stream is closed; whoever answers it will be told
        self._send()

    def answer(self, stream_id: int, fields: tuple[Field, ...], date: bytes, body: bytes) -> None:
        """A whole answer; a small one leaves before what other streams have queued."""
        try:
            self._began(stream_id)
            if len(body) <= SMALL and len(body) <= self.conn.send_window(stream_id) and not self._blocked:
                self.conn.write_answer(stream_id, fields, date, body)
                self._answered(stream_id)
            else:
                length = b"%d" % len(body)
                self.conn.write_head(stream_id, [*fields, (b"date", date), (b"content-length", length)])
                self._put(stream_id, body)
                self._sender.end(stream_id)
        except h2.exceptions.ProtocolError:
            return  # as above
        self._send()

    def limit_records(self, stream_id: int) -> None:
        """What is sent on this stream goes out in small records of TLS, and what shares them with it."""
        if stream_id in self.streams:
            self._sender.limited.add(stream_id)

    def _began(self, stream_id: int) -> None:
        self._sender.batch_is_limited = self._sender.batch_is_limited or stream_id in self._sender.limited

    def writeDataToStream(self, streamID: int, data: Buffer) -> None:  # noqa: N802, N803
        """A piece of an answer. The stream's producer is paused at once when it can't leave now."""
        if self._write_at_once(streamID, data):
            return
        self._put(streamID, data)
        self._send()
        stream = self.streams.get(streamID)
        # Under a cork a batch may pile up: a producer that is never told to stop would queue a whole record there.
        if stream is not None and self._sender.queued(streamID) > (BATCH if self._corks else 0):
            self._pause(stream)

    def _put(self, stream_id: int, data: Buffer) -> None:
        self._sender.put(stream_id, data)
        if self._sender.size > UNSENT:
            self._met("bytes of answers of a connection")
            self._abort()

    def _write_at_once(self, stream_id: int, data: Buffer) -> bool:
        """The common case of a relay: nothing waits, all of it fits, so there is no queue to go through."""
        conn = self.conn
        if self._corks or self._blocked or self._sending or self._closing or self._sender.holding or conn.waits:
            return False
        size = len(data)
        if not 0 < size <= min(AT_ONCE, conn.send_window(stream_id)) or stream_id not in self.streams:
            return False
        self._keepalive.wrote(self._reactor.seconds())
        self.transport.write(conn.framed(stream_id, data, min(conn.max_outbound_frame_size, MAX_FRAME)))
        return True

    def endRequest(self, streamID: int) -> None:  # noqa: N802, N803
        """The answer ends behind what was written."""
        self._sender.end(streamID)
        self._send()

    def _send(self) -> None:
        """Write all that windows and transport allow, then let producers go on that have sent all they had."""
        if self._sending or self._corks or self._closing:
            return
        self._sending = True
        try:
            while not self._blocked:
                ended = self._sender.batch(BATCH)
                self._write_out()
                for stream_id in ended:
                    self._answered(stream_id)
                if not self._sender.ready:
                    break
            else:
                self._write_out()
        finally:
            self._sending = False
        self._resume()
        self._quiet()

    def _send_rests(self) -> None:
        """A peer that opens its windows only when they are used up to the last byte must not wait for ever."""
        self._sender.in_steps = False
        self._sender.wake()
        self._send()
        self._sender.in_steps = True

    def _pause_waiting(self) -> None:
        """What was queued under a cork and could not leave."""
        if self._corks or not self._sender.holding:
            return
        for stream_id, stream in list(self.streams.items()):
            if self._sender.queued(stream_id):
                self._pause(stream)

    def _pause(self, stream: Stream) -> None:
        self._paused.add(stream.streamID)
        stream.flowControlBlocked()

    def _resume(self) -> None:
        if self._resuming:
            return
        self._resuming = True
        try:
            for stream_id in sorted(self._paused):
                stream = self.streams.get(stream_id)
                if self._blocked or stream is None:
                    continue
                if self.remainingOutboundWindow(stream_id) > 0:
                    self._paused.discard(stream_id)
                    stream.windowUpdated()
        finally:
            self._resuming = False

    def remainingOutboundWindow(self, streamID: int) -> int:  # noqa: N802, N803
        """Whether a producer may write: not while older bytes wait. A shut window is met with the next ones."""
        return 0 if self._sender.queued(streamID) else 1

    def openStreamWindow(self, streamID: int, increment: int) -> None:  # noqa: N802, N803
        """Bytes of a body were consumed."""
        self.conn.credit_stream(streamID, increment)
        self._send()

    def _send100Continue(self, streamID: int) -> None:  # noqa: N802, N803
        if self.conn.is_open(streamID):  # else it was reset in the read that brought it
            self.conn.write_head(streamID, [(b":status", b"100")])
            self._send()

    def _write_out(self) -> None:
        data = self.conn.data_to_send()
        if not data or self._closing:
            return
        self._keepalive.wrote(self._reactor.seconds())
        if self._blocked:
            self._piled_up += len(data)
            if self._piled_up > BLOCKED_BYTES:
                self._log.info("reads no answers: {peer}", peer=host_of(self.transport.getPeer()))
                self._abort()
                return
        limited, self._sender.batch_is_limited = self._sender.batch_is_limited, False
        if not limited:
            self.transport.write(data)
            return
        limit_records(self.transport, True)
        self.transport.write(data)
        limit_records(self.transport, False)

    # What the transport calls

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport is full: so is every stream."""
        self._blocked = True
        for stream in list(self.streams.values()):
            self._pause(stream)

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more."""
        self._blocked = False
        self._piled_up = 0
        self._send()

    def stopProducing(self) -> None:  # noqa: N802
        """The transport is gone; ``connectionLost`` follows."""
        self._blocked = True
