"""Twisted's HTTP/2 channel, with the parts replaced that a live server can't do with.

Stock, one stalled reader spins a core, and a reset, an exception or a late frame of one stream takes the connection
down with all others. docs/architecture.rst names what is replaced and why; tests/edge/test_http2_*.py hold each of it.
Built on private names of Twisted and h2: tests/unit/test_private_names.py fails when they change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import h2.errors
import h2.events
import h2.exceptions
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from webcam.http.connection import Connection
from webcam.http.intake import Opened
from webcam.http.keepalive import INTERVAL, Keepalive, Verdict
from webcam.http.limits import CONTROL_BURST, CONTROL_RATE, STREAMS, TURN, Begun
from webcam.http.outgoing import Outgoing
from webcam.http.request import host_of
from webcam.http.rounds import Place
from webcam.http.stream import Stream
from webcam.http.tls import hang_up
from webcam.timers import Timers
from webcam.token_bucket import TokenBucket

CONNECTION_WINDOW = 1024 * 1024
"""Bytes that a peer may send ahead on all its streams together; a stream's window stays at HTTP/2's 65,535."""

LATE_BYTES = 1024 * 1024
"""Bytes that were on their way when a connection was given up: they are read and dropped, so that the peer gets to read
why. Whoever sends more goes on all the same, and isn't read."""

LATE_RESET = 1.0
"""Seconds between an answer that came before the end of its body and the RST_STREAM (NO_ERROR) that stops the body:
back to back, curl 7.88 fails instead of reading the answer."""

_ROUND_TRIP = b"trip"
_Codes = h2.errors.ErrorCodes
_BLAME = (_Codes.REFUSED_STREAM, _Codes.PROTOCOL_ERROR)
"""Resets that the peer makes us send, as fast as it likes."""


class HTTP2Channel(Outgoing):
    """One connection. Its streams are :class:`webcam.http.stream.Stream`, by id in ``streams``."""

    abortTimeout = 5  # noqa: N815
    requestFactory: Any  # noqa: N815
    site: Any
    factory: Any
    timeOut: Any  # noqa: N815
    asked = 0
    """How often the head of a request was complete."""

    def __init__(self, reactor: Any, place: Place) -> None:
        super().__init__(reactor, Connection(self._charge))
        self._place = place
        self._bucket = TokenBucket(CONTROL_BURST, CONTROL_RATE, self._reactor.seconds())
        self._draining = False
        self._hangs_up = False
        self._yielding = False
        self._dropped = 0
        self._read_ended = False
        self._begun = Begun(self._reactor.seconds())
        self._timers = Timers(self._reactor)

    def _charge(self, cost: float = 1.0) -> bool:
        paid = self._bucket.take(self._reactor.seconds(), cost)
        if not paid:
            self._met("frames that carry nothing")
        return paid

    def _met(self, limit: str) -> None:
        self.site.tally.count(limit, self._address, self._reactor.seconds())

    # The connection's life

    def connectionMade(self) -> None:  # noqa: N802
        """TLS has agreed on h2."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._ends = self.transport.getPeer(), self.transport.getHost()
        self._address = host_of(self.getPeer())
        idle = self.setTimeout(None)  # the keepalive is the only clock
        now = self._reactor.seconds()
        self._keepalive = Keepalive(idle=idle or 60.0, heard=now, sent=now)
        self.conn.initiate_connection()
        self.conn.increment_flow_control_window(CONNECTION_WINDOW - 65535)
        self._write_out()
        self._tick()

    def getPeer(self) -> Any:  # noqa: N802
        """Asked for by each request; the answer of the system is the same."""
        return self._ends[0]

    def getHost(self) -> Any:  # noqa: N802
        """As above."""
        return self._ends[1]

    def _tick(self) -> None:
        if self._read_ended:
            self._tick_alone()
            return
        now = self._reactor.seconds()
        verdict, again = self._keepalive.decide(now, bool(self.streams), self._blocked)
        if verdict is Verdict.DEAD:
            self._log.info("gone silently: {peer}", peer=self._address)
            self._abort()
        elif verdict is Verdict.IDLE:
            self._go_away(_Codes.NO_ERROR, "idle")
        else:
            self._send_rests()
            if verdict is Verdict.PING:
                self.conn.ping(b"webcam..")
                self._write_out()
            self._timers.later(again, self._tick)

    def _tick_alone(self) -> None:
        """The peer sends no more: no PING is answered, and no window opened that is shut."""
        self._send_rests()
        if self._sender.holding and not self._blocked:
            self._go_away(_Codes.NO_ERROR, "windows that stay shut")
        elif not self._closing:
            self._timers.later(INTERVAL, self._tick)

    @property
    def full(self) -> bool:
        """Whether the transport takes no more."""
        return self._blocked

    def read_ended(self) -> None:
        """The peer sends no more (it ended TLS), and may still read. What it asked for is answered."""
        self._read_ended = True
        if not self._yielding and not self._closing:
            self._end_of_input()

    def _end_of_input(self) -> None:
        """Nothing more comes of the requests that have begun. It is the end of live uploads."""
        self._draining = True
        with self.corked():
            for stream in list(self.streams.values()):
                if stream.streamID not in self.streams:
                    continue
                if stream.whole or stream.live:
                    self._guarded(stream, stream.half_closed)
                else:
                    self.resetStream(stream.streamID, _Codes.CANCEL)

    @property
    def held(self) -> int:
        """See :class:`webcam.http.connections.Peer`."""
        return self._sender.size + self.conn.unread + sum(stream.kept for stream in self.streams.values())

    @property
    def answering(self) -> bool:
        """See :class:`webcam.http.connections.Peer`."""
        return bool(self.streams)

    def look_after(self, now: float) -> str | None:
        """See :class:`webcam.http.connections.Peer`."""
        with self.corked():
            for stream in list(self.streams.values()):
                if stream.too_slow(now):
                    self._met("time for a body")
                    self.resetStream(stream.streamID, _Codes.CANCEL)
        waits = self.conn.unfinished and not self.streams  # an upload's frames may be slow
        return "time for headers" if self._begun.late(now, self.conn.block, waits) else None

    def drain(self) -> None:
        """Refuse new streams (GOAWAY says so), and close when those under way have ended."""
        self._hangs_up = True
        if not self._draining and not self._closing:
            self._draining = True
            self.conn.announce_goaway()
            self._write_out()
            self._send()

    def _quiet(self) -> None:
        if self._draining and not self.streams:
            self._go_away(_Codes.NO_ERROR, "drained")

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
        if self._yielding:
            self.transport.resumeProducing()  # or its end is never seen
        self.transport.unregisterProducer()  # as long as it has a producer, it waits for ever
        self.transport.loseConnection()
        if self._hangs_up:
            hang_up(self.transport)
        self._timers.later(self.abortTimeout, self.transport.abortConnection)

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
        self._end_streams(reason)
        self._timers.cancel()
        self.conn.forget()

    def _end_streams(self, reason: Failure) -> None:
        for stream_id, stream in list(self.streams.items()):
            if stream_id in self.streams:
                self._requestDone(stream_id)
                self._guarded(stream, stream.connectionLost, reason)

    # What comes in

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection; all that a turn of them causes is written at once at its end."""
        if self._closing:
            self._dropped += len(data)
            if self._dropped > LATE_BYTES:
                self.transport.abortConnection()
            return
        self._keepalive.received(self._reactor.seconds())
        self.conn.feed(data)
        if self._yielding:
            return
        if self._place.crowded and self.conn.unfinished:
            self._yield()
        else:
            self._take_turn()

    def _take_turn(self) -> None:
        """Frames that are here, for so long as :data:`TURN`; then others have theirs."""
        began = self._reactor.seconds()
        self._take_frames(began + TURN)
        self._place.took(began)
        if self._read_ended and not self._yielding and not self._closing:
            self._end_of_input()

    def _take_frames(self, end: float) -> None:
        with self.corked():
            try:
                while not self._closing and (events := self.conn.next_events()) is not None:
                    for event in events:
                        handler = self._handlers.get(type(event))
                        if handler is not None and not self._closing:
                            handler(self, event)
                    if self.conn.unfinished and self._reactor.seconds() > end and not self._closing:
                        self._yield()
                        return
            except h2.exceptions.ProtocolError as error:
                if isinstance(error, h2.exceptions.DenialOfServiceError):
                    self._met("bytes of headers")
                self._terminate(Failure())
                return
        if self._yielding and not self._closing:
            self._yielding = False
            self.transport.resumeProducing()

    def _yield(self) -> None:
        """The rest when others have had their turn; nothing more is read before."""
        if not self._yielding:
            self._yielding = True
            self.transport.pauseProducing()
        self._place.wait(self._take_turn)

    def _requestReceived(self, event: Any) -> None:  # noqa: N802
        stream_id = event.stream_id
        if self._draining:
            self.resetStream(stream_id, _Codes.REFUSED_STREAM)
            return
        full = len(self.streams) >= STREAMS
        if full or not self.site.connections.admits_stream(self._address):
            self._met(f"streams of {'a connection' if full else 'an address'}")
            self.resetStream(stream_id, _Codes.REFUSED_STREAM)
            return
        self.asked += 1
        stream = Stream(stream_id, self, event.head, self.requestFactory, self.site, self.factory)
        self.streams[stream_id] = stream
        self._sender.open(stream_id)
        self._guarded(stream, stream.headersReceived)

    def _requestDataReceived(self, event: Any) -> None:  # noqa: N802
        self.conn.credit_connection(event.flow_controlled_length)
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            self._guarded(stream, stream.receiveDataChunk, event.data, event.flow_controlled_length)

    def measure(self, stream: Stream, size: int) -> None:
        """Bytes of a trusted upload have come; a PING tells what a round trip takes when its window may limit it."""
        room = self.conn.room(stream.streamID)
        if stream.growth is not None and stream.growth.received(size, room, self._reactor.seconds()):
            self.conn.ping(_ROUND_TRIP + stream.streamID.to_bytes(4, "big"))

    def _pinged(self, event: Any) -> None:
        if event.ping_data.startswith(_ROUND_TRIP):
            stream = self.streams.get(int.from_bytes(event.ping_data[4:], "big"))
            if stream is not None:
                stream.round_trip(self._reactor.seconds())

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
        if event.error_code == _Codes.NO_ERROR:
            self._draining = True  # it waits for its answers
        else:
            self._terminate(Failure(ConnectionLost("the peer sent GOAWAY")))

    _handlers: ClassVar[dict[type, Callable[[HTTP2Channel, Any], None]]] = {
        Opened: _requestReceived,
        h2.events.DataReceived: _requestDataReceived,
        h2.events.StreamEnded: _requestEnded,
        h2.events.StreamReset: _requestAborted,
        h2.events.WindowUpdated: _handleWindowUpdate,
        h2.events.RemoteSettingsChanged: _settings_changed,
        h2.events.PingAckReceived: _pinged,
        h2.events.ConnectionTerminated: _peer_left,
    }

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
            self.site.connections.stream_closed(self._address)
            stream.forget()

    def _answered(self, stream_id: int) -> None:
        if self.conn.is_open(stream_id):
            self._timers.later(LATE_RESET, self._reset_late, stream_id)
        self._requestDone(stream_id)

    def _reset_late(self, stream_id: int) -> None:
        if self.conn.is_open(stream_id):
            self.resetStream(stream_id, _Codes.NO_ERROR)
