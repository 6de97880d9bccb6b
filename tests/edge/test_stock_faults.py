"""Faults of Twisted's own channels that ours is there for: one rude, slow or unlucky stream takes all down.

When one of these fails, Twisted has cured it: the part of ``webcam/http`` that replaces it may go. Each names the test
that shows the cure in ours.
"""

from __future__ import annotations

from h2.errors import ErrorCodes
from h2.exceptions import FlowControlError, ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import PriorityFrame
from priority import TooManyStreamsError
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from tests.support.stock import Held, StockCase
from tests.support.transport import Transport
from tests.support.web import Producer


class Eager(Request):
    """Answers with the first bytes of its body."""

    def handleContentChunk(self, data: bytes) -> None:
        self.clientproto = b"HTTP/2"
        self.write(b"enough")
        self.finish()


class Hasty(Request):
    """Answers with its headers alone."""

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self.clientproto = b"HTTP/2"
        self.write(b"at once")


class Broken(Request):
    def handleContentChunk(self, data: bytes) -> None:
        raise ZeroDivisionError


class Paused(Request):
    """Takes nothing of its body."""

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self.channel.pauseProducing()


class Raising(StockCase):
    """An exception out of what the reactor calls: it drops the connection, or the sender stands still for ever."""

    def test_data_behind_an_early_answer(self) -> None:
        """Ours: test_http2_streams, test_data_behind_the_answer."""
        self.channel.requestFactory = Eager
        stream = self.request()
        self.client.send_data(stream, b"x")
        self.flush()
        self.turns()
        self.client.send_data(stream, b"late")
        self.assertRaises(KeyError, self.flush)

    def test_a_reset_behind_an_early_answer(self) -> None:
        """Ours: test_http2_streams, test_of_a_stream_whose_answer_is_done."""
        self.channel.requestFactory = Eager
        stream = self.request()
        self.client.send_data(stream, b"x")
        self.flush()
        self.turns()
        self.client.reset_stream(stream, ErrorCodes.CANCEL)
        self.assertRaises(KeyError, self.flush)

    def test_request_reset_request_in_one_read(self) -> None:
        """A viewer that leaves for another at once. Ours: test_http2_streams, the test of the same name."""

        def render(request: Request) -> int:
            request.write(b"the first frame")
            return NOT_DONE_YET

        self.resource.render = render
        self.client.reset_stream(self.request(end=True), ErrorCodes.CANCEL)
        self.request(end=True)
        self.assertRaises(ProtocolError, self.flush)
        self.flushLoggedErrors(ProtocolError)

    def test_an_exception_in_a_chunk(self) -> None:
        """Ours: test_http2_streams, test_in_a_chunk_it_ends_its_stream_and_no_other."""
        self.channel.requestFactory = Broken
        self.client.send_data(self.request(), b"x")
        self.assertRaises(ZeroDivisionError, self.flush)

    def test_an_answer_to_headers_alone(self) -> None:
        """The request is told of its length before the stream exists. Ours: test_http2_streams,
        test_it_may_answer_at_once."""
        self.channel.requestFactory = Hasty
        self.request()
        self.assertRaises(KeyError, self.flush)

    def test_a_window_that_becomes_negative(self) -> None:
        """The sender dies of it, and with it every answer. Ours: test_http2_sending, test_a_shrunk_window."""
        self.request(end=True)
        self.flush()
        self.resource.request.write(b"x" * 200_000)
        for _ in range(10):
            self.turn()
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        self.flush()
        self.assertRaises(FlowControlError, self.turns)
        self.request(end=True)
        self.flush()
        self.resource.request.write(b"for nobody")
        self.assertEqual(self.turns(), 0)

    def test_a_loss_that_ends_another_stream(self) -> None:
        """Ours: test_http2_life, test_by_a_stream_that_ends_others."""
        first, second = [self.request(end=True) for _ in range(2)]
        self.flush()
        other = self.channel.streams[second]
        self.resource.requests[0].notifyFinish().addErrback(lambda _: other.abortConnection())
        self.assertEqual(list(self.channel.streams), [first, second])
        self.assertRaises(RuntimeError, self.channel.stopProducing)

    def test_a_tree_of_priorities(self) -> None:
        """Ours: test_http2_fairness, test_nothing_is_kept_of_a_tree; a flood of them, test_http2_floods,
        test_priority."""
        frames = (PriorityFrame(2 * number + 1, stream_weight=1).serialize() for number in range(1001))
        self.assertRaises(TooManyStreamsError, self.channel.dataReceived, b"".join(frames))


class Ending(StockCase):
    """All streams of a connection end by one of them, or none does."""

    def test_a_short_body_ends_the_connection(self) -> None:
        """Ours: test_http2_uploads, test_a_live_upload_that_ends_short."""
        stream = self.request((("content-length", "21474836480"),))
        self.flush()
        self.client.end_stream(stream)
        self.flush()
        self.assertTrue(self.transport.disconnecting)

    def test_one_stream_too_many_ends_the_connection(self) -> None:
        """Ours: test_http2_floods, test_one_stream_too_many_is_refused_and_may_be_tried_again."""
        self.be_heedless()
        for _ in range(100):
            self.request()
        self.flush()
        self.assertFalse(self.transport.disconnecting)
        self.request()
        self.flush()
        self.assertTrue(self.transport.disconnecting)

    def test_a_quiet_open_stream_is_timed_out(self) -> None:
        """Ours: test_http2_life, test_with_an_open_stream_it_is_never_closed."""
        self.request()
        self.flush()
        self.clock.advance(60)
        self.assertTrue(self.transport.disconnecting)

    def test_a_connection_that_is_over_stays_for_a_minute(self) -> None:
        """A transport that closes waits for its producer, as TLS does, and that is the channel, until its own timeout.
        Ours: test_http2_life, test_by_goaway_of_the_peer."""
        transport = Transport(self.channel, b"h2", "192.0.2.7")
        self.channel.transport = transport
        transport.registerProducer(self.channel, True)
        self.client.close_connection()
        transport.feed(self.client.data_to_send())
        self.assertTrue(transport.disconnecting)
        for _ in range(60):
            self.clock.advance(1)
            transport.take()
            transport.settle()
        self.assertTrue(transport.connected)


class Withholding(StockCase):
    """What one stream is owed it doesn't get, or another pays for."""

    def test_a_stalled_reader_is_never_left_alone(self) -> None:
        """With the window exhausted the sender is called again at once, for ever. Ours: test_http2_sending,
        test_with_its_window_exhausted."""
        self.request(end=True)
        self.flush()
        self.resource.request.write(b"x" * 100_000)
        for _ in range(10):
            self.turn()
        self.transport.clear()
        self.assertEqual({self.turn() for _ in range(100)}, {True})
        self.assertEqual(self.transport.value(), b"")

    def test_a_full_transport_pauses_no_producer(self) -> None:
        """Ours: test_http2_sending, test_is_paused_at_once_by_the_transport."""
        self.request(end=True)
        self.flush()
        producer = Producer(self.resource.request)
        self.channel.pauseProducing()
        self.resource.request.write(b"x" * 10_000)
        self.turn()
        self.assertEqual(producer.told, [])

    def test_a_paused_upload_that_is_reset_keeps_its_bytes_from_all(self) -> None:
        """The connection's window is that much smaller for good. Ours: test_http2_uploads, test_reset_while_paused."""
        self.channel.requestFactory = Paused
        before = self.client.outbound_flow_control_window
        stream = self.request()
        for _ in range(4):
            self.client.send_data(stream, b"x" * 15_000)
        self.client.reset_stream(stream, ErrorCodes.CANCEL)
        self.flush()
        self.turns()
        self.assertEqual(before - self.client.outbound_flow_control_window, 60_000)

    def test_a_paused_upload_keeps_others_from_sending(self) -> None:
        """The connection's window is opened with the stream's. Ours: test_http2_uploads,
        test_a_paused_upload_does_not_stop_another_one."""
        self.channel.requestFactory = Paused
        stream = self.request()
        self.flush()
        while window := self.client.local_flow_control_window(stream):
            self.client.send_data(stream, b"x" * min(window, 16384))
        self.channel.requestFactory = Request
        other = self.request()
        self.flush()
        self.turns()
        self.assertEqual(self.client.local_flow_control_window(other), 0)


class Large(Resource):
    """Answers at once."""

    isLeaf = True  # noqa: N815

    def render(self, request: Request) -> bytes:
        return b"x" * 50_000


class Unread(SynchronousTestCase):
    """HTTP/1.1: what a client that takes nothing makes the server hold."""

    def connect(self, resource: Resource) -> Transport:
        channel = Site(resource, reactor=Clock()).buildProtocol(IPv4Address("TCP", "192.0.2.7", 50000))
        transport = Transport(channel, None, "192.0.2.7", capacity=10_000)
        channel.makeConnection(transport)
        return transport

    def test_an_answer_waits_for_the_one_before(self) -> None:
        """Ours: test_http1_sending, test_an_answer_waits_for_the_one_before."""
        transport = self.connect(Large())
        transport.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        self.assertGreater(transport.unread, 5_000_000)

    def test_requests_behind_an_answer_that_is_not_read(self) -> None:
        """Ours: test_http1_sending, test_requests_behind_an_answer_that_is_not_read."""
        resource = Held()
        transport = self.connect(resource)
        transport.feed(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        resource.request.write(b"x" * 20_000)
        for _ in range(100):
            transport.feed(b"x" * 50_000)
        self.assertEqual((transport.fed, transport.reading_paused), (5_000_035, False))
