"""Faults of Twisted's own HTTP/2 channel that ours is there for.

When one of these fails, Twisted has cured it: the part of ``webcam/http`` that replaces it may go.
"""

from __future__ import annotations

import h2.config
import h2.connection
from h2.errors import ErrorCodes
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import _http2
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from tests.support.web import Producer

HEADERS = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]


class Held(Resource):
    isLeaf = True  # noqa: N815

    def render(self, request: Request) -> int:
        self.request = request
        return NOT_DONE_YET


class Eager(Request):
    """Answers with the first bytes of its body."""

    def handleContentChunk(self, data: bytes) -> None:
        self.clientproto = b"HTTP/2"
        self.write(b"enough")
        self.finish()


class Broken(Request):
    def handleContentChunk(self, data: bytes) -> None:
        raise ZeroDivisionError


class StockFaults(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.resource = Held()
        self.site = Site(self.resource, reactor=self.clock)
        self.transport = StringTransport(lenient=True)
        self.channel = _http2.H2Connection(self.clock)
        self.channel.requestFactory = Request
        self.channel.site = self.channel.factory = self.site
        self.channel.timeOut = 60
        self.channel.callLater = self.clock.callLater
        self.channel.makeConnection(self.transport)
        self.transport.registerProducer(self.channel, True)
        self.client = h2.connection.H2Connection(h2.config.H2Configuration())
        self.client.initiate_connection()
        self.flush()

    def flush(self) -> None:
        """What the client has written reaches the server, and what the server has written the client."""
        self.channel.dataReceived(self.client.data_to_send())
        self.client.receive_data(self.transport.value())
        self.transport.clear()

    def turn(self) -> bool:
        """One turn of the reactor; whether something asked to be called in it."""
        due = [call for call in self.clock.getDelayedCalls() if call.getTime() <= self.clock.seconds()]
        for call in due:
            function, args = call.func, call.args
            call.cancel()
            function(*args)
        return bool(due)

    def request(self, headers: tuple[tuple[str, str], ...] = (), end: bool = False) -> int:
        stream = self.client.get_next_available_stream_id()
        self.client.send_headers(stream, [*HEADERS, *headers], end_stream=end)
        return stream

    def test_a_stalled_reader_is_never_left_alone(self) -> None:
        """With the window exhausted the sender is called again at once, for ever."""
        self.request(end=True)
        self.flush()
        self.resource.request.write(b"x" * 100_000)
        for _ in range(10):
            self.turn()
        self.transport.clear()
        self.assertEqual({self.turn() for _ in range(100)}, {True})
        self.assertEqual(self.transport.value(), b"")

    def test_data_behind_an_early_answer_raises(self) -> None:
        """Out of ``dataReceived``: the reactor drops the connection."""
        self.channel.requestFactory = Eager
        stream = self.request()
        self.client.send_data(stream, b"x")
        self.flush()
        while self.turn():
            pass
        self.client.send_data(stream, b"late")
        self.assertRaises(KeyError, self.flush)

    def test_a_reset_behind_an_early_answer_raises(self) -> None:
        self.channel.requestFactory = Eager
        stream = self.request()
        self.client.send_data(stream, b"x")
        self.flush()
        while self.turn():
            pass
        self.client.reset_stream(stream, ErrorCodes.CANCEL)
        self.assertRaises(KeyError, self.flush)

    def test_an_exception_in_a_chunk_raises(self) -> None:
        self.channel.requestFactory = Broken
        self.client.send_data(self.request(), b"x")
        self.assertRaises(ZeroDivisionError, self.flush)

    def test_a_short_body_ends_the_connection(self) -> None:
        """With every other stream on it."""
        stream = self.request((("content-length", "21474836480"),))
        self.flush()
        self.client.end_stream(stream)
        self.flush()
        self.assertTrue(self.transport.disconnecting)

    def test_a_quiet_open_stream_is_timed_out(self) -> None:
        self.request()
        self.flush()
        self.clock.advance(60)
        self.assertTrue(self.transport.disconnecting)

    def test_a_full_transport_pauses_no_producer(self) -> None:
        self.request(end=True)
        self.flush()
        producer = Producer(self.resource.request)
        self.channel.pauseProducing()
        self.resource.request.write(b"x" * 10_000)
        self.turn()
        self.assertEqual(producer.told, [])
