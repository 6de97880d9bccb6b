"""Twisted's HTTP/2 channel, with the parts replaced that a live server can't do with.

Stock, one stalled reader spins a core, and a reset, an exception or a late frame of one stream takes the connection
down with all others. docs/architecture.rst names what is replaced and why; tests/edge/test_http2_*.py hold each of it.
Built on private names of Twisted and h2: tests/unit/test_private_names.py fails when they change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h2.errors
import h2.events
import h2.exceptions
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IDelayedCall, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import _http2
from twisted.web.http_headers import InvalidHeaderName

from webcam.http.connection import Connection
from webcam.http.keepalive import Keepalive, Verdict
from webcam.http.limits import CONTROL_BURST, CONTROL_RATE, HEADERS, STREAMS, Bucket
from webcam.http.sender import Sender
from webcam.http.stream import Stream

CONNECTION_WINDOW = 1024 * 1024
"""Bytes that a peer may send ahead on all its streams together; a stream's window stays at HTTP/2's 65,535."""

BATCH = 64 * 1024
"""Bytes of frames that are handed to the transport in one write."""

BLOCKED_BYTES = 64 * 1024
"""Bytes of control frames and headers that may pile up while the transport is full, before the peer is given up."""

LATE_RESET = 1.0
"""Seconds between an answer that came before the end of its body and the RST_STREAM (NO_ERROR) that stops the body:
back to back, curl 7.88 fails instead of reading the answer."""

_Codes = h2.errors.ErrorCodes
_BLAME = (_Codes.REFUSED_STREAM, _Codes.PROTOCOL_ERROR)
"""Resets that the peer makes us send, as fast as it likes."""


class HTTP2Channel(_http2.H2Connection):
    """One connection. Its streams are :class:`webcam.http.stream.Stream`, by id in ``streams``."""

    abortTimeout = 5  # noqa: N815
    transport: Any
    conn: Connection
    requestFactory: Any  # noqa: N815
    site: Any
    factory: Any
    timeOut: Any  # noqa: N815
    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor)
        self.conn = Connection(self._charge)
        self._bucket = Bucket(CONTROL_BURST, CONTROL_RATE, self._reactor.seconds())
        self.streams: dict[int, Stream] = {}
        self._sender = Sender(self.conn)
        self._paused: set[int] = set()
        self._blocked = False
        self._piled_up = 0
        self._corks = 0
        self._sending = False
        self._resuming = False
        self._closing = False
        self._draining = False
        self._unfinished_since = self._reactor.seconds()
        self._timers: set[IDelayedCall] = set()
        self._handlers = {
            h2.events.RequestReceived: self._requestReceived,
            h2.events.DataReceived: self._requestDataReceived,
            h2.events.StreamEnded: self._requestEnded,
            h2.events.StreamReset: self._requestAborted,
            h2.events.WindowUpdated: self._handleWindowUpdate,
            h2.events.RemoteSettingsChanged: self._settings_changed,
            h2.events.ConnectionTerminated: self._peer_left,
        }

    def _sendPrioritisedData(self, *args: Any) -> None:  # noqa: N802
        """Twisted's sender loop; ours is :meth:`_send`."""

    def _charge(self) -> bool:
        paid = self._bucket.take(self._reactor.seconds())
        if not paid:
            self._met("frames that carry nothing")
        return paid

    def _met(self, limit: str) -> None:
        self.site.tally.count(limit, _peer(self), self._reactor.seconds())

    # The connection's life

    def connectionMade(self) -> None:  # noqa: N802
        """TLS has agreed on h2."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        idle = self.setTimeout(None)  # the keepalive is the only clock
        now = self._reactor.seconds()
        self._keepalive = Keepalive(idle=idle or 60.0, heard=now, sent=now)
        self.conn.initiate_connection()
        self.conn.increment_flow_control_window(CONNECTION_WINDOW - 65535)
        self._write_out()
        self._tick()

    def _tick(self) -> None:
        now = self._reactor.seconds()
        verdict, again = self._keepalive.decide(now, bool(self.streams), self._blocked)
        if verdict is Verdict.DEAD:
            self._log.info("gone silently: {peer}", peer=_peer(self))
            self._abort()
        elif verdict is Verdict.IDLE:
            self._go_away(_Codes.NO_ERROR, "idle")
        else:
            self._send_rests()
            if verdict is Verdict.PING:
                self.conn.ping(b"webcam..")
                self._write_out()
            self._later(again, self._tick)

    def _later(self, delay: float, function: Any, *args: Any) -> None:
        """Call once, unless the connection is gone by then."""

        def call() -> None:
            self._timers.discard(timer)
            function(*args)

        timer = self._reactor.callLater(delay, call)
        self._timers.add(timer)

    def look_after(self, now: float) -> str | None:
        """See :class:`webcam.http.connections.Peer`."""
        for stream in list(self.streams.values()):
            if stream.too_slow(now):
                self._met("time for a body")
                self.resetStream(stream.streamID, _Codes.CANCEL)
        if self.streams or not self.conn.unfinished:
            self._unfinished_since = now
        return "time for headers" if now - self._unfinished_since > HEADERS else None

    def drain(self) -> None:
        """Refuse new streams (GOAWAY says so), and close when those under way have ended."""
        if not self._draining and not self._closing:
            self._draining = True
            self.conn.announce_goaway()
            self._write_out()
            self._send()

    def _go_away(self, code: h2.errors.ErrorCodes, why: str) -> None:
        if not self._closing:
            try:
                self.conn.close_connection(error_code=code)
            except h2.exceptions.ProtocolError:
                pass  # the connection is closed already as far as h2 is concerned
            self._terminate(Failure(ConnectionLost(why)))

    def _terminate(self, reason: Failure) -> None:
        """Flush a GOAWAY, end every stream, and really close the transport."""
        if self._closing:
            return
        self._write_out()
        self._closing = True
        self._end_streams(reason)
        self.transport.unregisterProducer()  # as long as it has a producer, it waits for ever
        self.transport.loseConnection()
        self._later(self.abortTimeout, self.transport.abortConnection)

    def _abort(self) -> None:
        self._closing = True
        self.transport.abortConnection()

    def connectionLost(  # noqa: N802
        self,
        reason: Failure = connectionDone,
        _cancelTimeouts: bool = True,  # noqa: N803
    ) -> None:
        """The connection is gone, and with it every stream."""
        self._closing = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._end_streams(reason)

    def _end_streams(self, reason: Failure) -> None:
        for stream_id, stream in list(self.streams.items()):
            if stream_id in self.streams:
                self._requestDone(stream_id)
                self._guarded(stream, stream.connectionLost, reason)

    # What comes in

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection; all that they cause is written at once when they are done with."""
        if self._closing:
            return
        self._keepalive.received(self._reactor.seconds())
        with self.corked():
            try:
                events = self.conn.receive_data(data)
            except h2.exceptions.ProtocolError:
                self._terminate(Failure())
                return
            for event in events:
                handler = self._handlers.get(type(event))
                if handler is not None and not self._closing:
                    handler(event)

    def _requestReceived(self, event: Any) -> None:  # noqa: N802
        stream_id = event.stream_id
        if self._draining:
            self.resetStream(stream_id, _Codes.REFUSED_STREAM)
            return
        if len(self.streams) >= STREAMS:
            self._met("streams of a connection")
            self.resetStream(stream_id, _Codes.REFUSED_STREAM)
            return
        try:
            stream = Stream(stream_id, self, event.headers, self.requestFactory, self.site, self.factory)
        except (InvalidHeaderName, ValueError):  # h2 lets names pass that Twisted refuses
            self.resetStream(stream_id, _Codes.PROTOCOL_ERROR)
            return
        self.streams[stream_id] = stream
        self._sender.open(stream_id)
        if stream.path is None:  # CONNECT has none
            self.resetStream(stream_id, _Codes.PROTOCOL_ERROR)
            return
        self._guarded(stream, stream.headersReceived)

    def _requestDataReceived(self, event: Any) -> None:  # noqa: N802
        self.conn.credit_connection(event.flow_controlled_length)
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            self._guarded(stream, stream.receiveDataChunk, event.data, event.flow_controlled_length)

    def _requestEnded(self, event: Any) -> None:  # noqa: N802
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            self._guarded(stream, stream.requestComplete)

    def _guarded(self, stream: Stream, function: Any, *args: Any) -> None:
        """An exception in one request is that request's alone."""
        try:
            function(*args)
        except Exception:
            self._log.failure("a request failed in its channel")
            self.resetStream(stream.streamID, _Codes.INTERNAL_ERROR)

    def _requestAborted(self, event: Any) -> None:  # noqa: N802
        self._end_stream(event.stream_id, f"reset by the peer: {event.error_code}")

    def _handleWindowUpdate(self, event: Any) -> None:  # noqa: N802
        self._sender.wake(event.stream_id)

    def _settings_changed(self, event: Any) -> None:
        self._sender.wake()

    def _peer_left(self, event: Any) -> None:
        self._terminate(Failure(ConnectionLost("the peer sent GOAWAY")))

    # Ends of streams

    def resetStream(self, stream_id: int, code: h2.errors.ErrorCodes) -> None:  # noqa: N802
        """End a stream from this side with RST_STREAM."""
        try:
            self.conn.reset_stream(stream_id, code)
        except h2.exceptions.ProtocolError:
            pass  # closed already: there is nothing to reset
        self._end_stream(stream_id, f"reset: {code}")
        if code in _BLAME and not self._charge():
            self._go_away(_Codes.ENHANCE_YOUR_CALM, "made to reset too many streams")
        self._send()

    def abortRequest(self, streamID: int) -> None:  # noqa: N802, N803
        """The application wants no more of a request."""
        self.resetStream(streamID, _Codes.CANCEL)

    def _end_stream(self, stream_id: int, why: str) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None:
            self._requestDone(stream_id)
            self._guarded(stream, stream.connectionLost, Failure(ConnectionLost(why)))

    def _requestDone(self, stream_id: int) -> None:  # noqa: N802
        stream = self.streams.pop(stream_id, None)
        self._sender.drop(stream_id)
        self._paused.discard(stream_id)
        if stream is not None:
            stream.forget()

    def _answered(self, stream_id: int) -> None:
        if self.conn.is_open(stream_id):
            self._later(LATE_RESET, self._reset_late, stream_id)
        self._requestDone(stream_id)

    def _reset_late(self, stream_id: int) -> None:
        if self.conn.is_open(stream_id):
            self.resetStream(stream_id, _Codes.NO_ERROR)

    # What goes out

    @contextmanager
    def corked(self) -> Iterator[None]:
        """What is written inside leaves as one piece behind it."""
        self._corks += 1
        try:
            yield
        finally:
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
            self.conn.send_headers(streamID, [(b":status", code), *headers])
        except h2.exceptions.ProtocolError:
            return  # the stream is closed; whoever answers it will be told
        self._send()

    def writeDataToStream(self, streamID: int, data: bytes) -> None:  # noqa: N802, N803
        """A piece of an answer. The stream's producer is paused at once when it can't leave now."""
        self._sender.put(streamID, data)
        self._send()
        stream = self.streams.get(streamID)
        # Under a cork a batch may pile up: a producer that is never told to stop would queue a whole record there.
        if stream is not None and self._sender.queued(streamID) > (BATCH if self._corks else 0):
            self._pause(stream)

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
        if self._draining and not self.streams:
            self._go_away(_Codes.NO_ERROR, "drained")

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
            self.conn.send_headers(streamID, [(b":status", b"100")])
            self._send()

    def _write_out(self) -> None:
        data = self.conn.data_to_send()
        if not data or self._closing:
            return
        self._keepalive.wrote(self._reactor.seconds())
        if self._blocked:
            self._piled_up += len(data)
            if self._piled_up > BLOCKED_BYTES:
                self._log.info("reads no answers: {peer}", peer=_peer(self))
                self._abort()
                return
        self.transport.write(data)

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


def _peer(channel: HTTP2Channel) -> str:
    return str(getattr(channel.transport.getPeer(), "host", "unknown"))
