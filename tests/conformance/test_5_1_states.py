"""RFC 9113, sections 5.1, 5.1.1 and 5.1.2: the states of a stream, its id, and how many there may be."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PriorityFrame,
    RstStreamFrame,
    WindowUpdateFrame,
)

from tests.support.conformance import Case
from tests.support.peer import FRAME_SIZE, block, request
from webcam.http.limits import STREAMS

PROTOCOL, CLOSED = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.STREAM_CLOSED


class Idle(Case):
    """Anything but HEADERS and PRIORITY: a connection error of type PROTOCOL_ERROR."""

    def test_5_1_idle_data(self) -> None:
        self.peer.send(DataFrame(self.peer.idle(), b"test"))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_idle_data_with_end(self) -> None:
        self.peer.send(DataFrame(self.peer.idle(), b"", flags=["END_STREAM"]))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_idle_rst_stream(self) -> None:
        self.peer.send(RstStreamFrame(self.peer.idle(), error_code=ErrorCodes.CANCEL))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_idle_window_update(self) -> None:
        self.peer.send(WindowUpdateFrame(self.peer.idle(), window_increment=1000))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_idle_continuation(self) -> None:
        self.peer.send(ContinuationFrame(self.peer.idle(), block(request()), flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_idle_streams_of_the_server(self) -> None:
        """It opens none: each even id is idle."""
        for frame in (
            DataFrame(2, b"test"),
            RstStreamFrame(2, error_code=ErrorCodes.CANCEL),
            WindowUpdateFrame(2, window_increment=1000),
        ):
            self.setUp()
            self.peer.send(frame)
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_5_1_idle_priority(self) -> None:
        """It doesn't open the stream: a lower one can be opened afterwards."""
        self.peer.send(PriorityFrame(self.peer.idle() + 20, depends_on=0, stream_weight=5))
        self.assert_alive()


class HalfClosedRemote(Case):
    """Anything but WINDOW_UPDATE, PRIORITY and RST_STREAM: a stream error of type STREAM_CLOSED."""

    def setUp(self) -> None:
        super().setUp()
        self.stream = self.half_closed_remote()

    def test_5_1_half_closed_remote_data(self) -> None:
        self.peer.send(DataFrame(self.stream, b"test"))
        self.assert_reset(self.stream, CLOSED)

    def test_5_1_half_closed_remote_data_with_end(self) -> None:
        self.peer.send(DataFrame(self.stream, b"test", flags=["END_STREAM"]))
        self.assert_reset(self.stream, CLOSED)

    def test_5_1_half_closed_remote_headers(self) -> None:
        self.peer.send(self.peer.headers(request(), stream=self.stream, end=True))
        self.assert_stream_error(self.stream, CLOSED)

    def test_5_1_half_closed_remote_continuation(self) -> None:
        """CONTINUATION of nothing is a connection error in every state (6.10)."""
        self.peer.send(ContinuationFrame(self.stream, b"", flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_half_closed_remote_an_answer_after_the_error(self) -> None:
        """Goes nowhere; whoever waited to answer is told."""
        (held,) = self.web.held
        told: list[object] = []
        held.notifyFinish().addErrback(told.append)
        self.peer.send(DataFrame(self.stream, b"test"))
        self.peer.pump()
        self.assertEqual(len(told), 1)
        held.answer(200, b"too late")
        self.assertIsNone(self.peer.response(self.stream).status)
        self.assert_alive()

    def test_5_1_half_closed_remote_data_counts_for_the_connection(self) -> None:
        """Its window is given back, or a client could lose all of it there."""
        for _ in range(2 * 1024 * 1024 // FRAME_SIZE):
            self.peer.data(self.stream, b"x" * FRAME_SIZE)
        self.peer.pump()
        given = sum(each.window_increment for each in self.peer.of(WindowUpdateFrame, 0))
        self.assertGreater(given, 2 * 1024 * 1024)

    def test_5_1_half_closed_remote_window_update_and_priority(self) -> None:
        self.peer.send(
            WindowUpdateFrame(self.stream, window_increment=1000),
            PriorityFrame(self.stream, depends_on=0, stream_weight=5),
        )
        self.web.held[0].answer(200, b"answer")
        self.assertEqual(self.peer.response(self.stream).body, b"answer")
        self.assert_alive()

    def test_5_1_half_closed_remote_rst_stream(self) -> None:
        self.peer.send(RstStreamFrame(self.stream, error_code=ErrorCodes.CANCEL))
        self.web.held[0].answer(200, b"answer")
        self.assertIsNone(self.peer.response(self.stream).status)
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()


class HalfClosedLocal(Case):
    """The answer is whole: the peer may send any type of frame."""

    def setUp(self) -> None:
        super().setUp()
        self.stream = self.half_closed_local()

    def test_5_1_half_closed_local_data(self) -> None:
        """To its end."""
        self.peer.data(self.stream, b"rest")
        self.peer.data(self.stream, b"", end=True)
        self.web.clock.advance(2)
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()

    def test_5_1_half_closed_local_trailers(self) -> None:
        self.peer.send(HeadersFrame(self.stream, block([(b"a", b"b")]), flags=["END_HEADERS", "END_STREAM"]))
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()

    def test_5_1_half_closed_local_control_frames(self) -> None:
        self.peer.send(
            WindowUpdateFrame(self.stream, window_increment=1000),
            PriorityFrame(self.stream, depends_on=0, stream_weight=5),
            RstStreamFrame(self.stream, error_code=ErrorCodes.CANCEL),
        )
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()

    def test_5_1_half_closed_local_stopped(self) -> None:
        """A body that goes on is stopped by RST_STREAM (NO_ERROR) behind the whole answer (8.1)."""
        self.web.clock.advance(2)
        self.peer.pump()
        self.assertEqual(self.peer.resets, {self.stream: [ErrorCodes.NO_ERROR]})
        self.peer.data(self.stream, b"late")
        self.assert_discarded(self.stream, 1)


class Closed(Case):
    """Closed by END_STREAM, RST_STREAM of the client or of the server, or by the opening of a higher stream."""

    def test_5_1_closed_by_end_data(self) -> None:
        stream = self.closed_by_end()
        self.peer.send(DataFrame(stream, b"test"))
        self.assert_stream_error(stream, CLOSED)

    def test_5_1_closed_by_end_headers(self) -> None:
        stream = self.closed_by_end()
        self.peer.send(self.peer.headers(request(), stream=stream, end=True))
        self.assert_connection_error(CLOSED, PROTOCOL)

    def test_5_1_closed_by_peer_data(self) -> None:
        stream = self.closed_by_peer()
        self.peer.send(DataFrame(stream, b"test"))
        self.assert_reset(stream, CLOSED)

    def test_5_1_closed_by_peer_headers(self) -> None:
        stream = self.closed_by_peer()
        self.peer.send(self.peer.headers(request(), stream=stream, end=True))
        self.assert_reset(stream, CLOSED)

    def test_5_1_closed_by_server_anything(self) -> None:
        """Frames that crossed its RST_STREAM: they are discarded, and the connection lives."""
        stream = self.closed_by_server()
        self.peer.send(
            DataFrame(stream, b"test"),
            WindowUpdateFrame(stream, window_increment=1000),
            PriorityFrame(stream, depends_on=0, stream_weight=5),
            HeadersFrame(stream, block([(b"a", b"b")]), flags=["END_HEADERS", "END_STREAM"]),
            RstStreamFrame(stream, error_code=ErrorCodes.CANCEL),
        )
        self.assert_discarded(stream, 1)
        self.assertEqual(self.web.held, [])

    def test_5_1_closed_by_server_data_counts_for_the_connection(self) -> None:
        stream = self.closed_by_server()
        for _ in range(2 * 1024 * 1024 // FRAME_SIZE):
            self.peer.data(stream, b"x" * FRAME_SIZE)
        self.peer.pump()
        given = sum(each.window_increment for each in self.peer.of(WindowUpdateFrame, 0))
        self.assertGreater(given, 2 * 1024 * 1024)

    def test_5_1_closed_control_frames(self) -> None:
        """WINDOW_UPDATE, PRIORITY and RST_STREAM may cross the end: all are ignored."""
        for close in (self.closed_by_end, self.closed_by_peer, self.closed_by_server):
            stream = close()
            before = len(self.peer.resets.get(stream, []))
            self.peer.send(
                WindowUpdateFrame(stream, window_increment=1000),
                PriorityFrame(stream, depends_on=0, stream_weight=5),
                RstStreamFrame(stream, error_code=ErrorCodes.STREAM_CLOSED),
            )
            self.peer.pump()
            self.assertEqual(len(self.peer.resets.get(stream, [])), before)
        self.assert_alive()

    def test_5_1_closed_continuation(self) -> None:
        """A connection error, however the stream was closed, and though others were opened since."""
        for close in ("closed_by_end", "closed_by_peer", "closed_by_server"):
            self.setUp()
            stream = getattr(self, close)()
            self.peer.open("/live")
            self.peer.send(ContinuationFrame(stream, b"", flags=["END_HEADERS"]))
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_5_1_closed_by_a_higher_stream_data(self) -> None:
        skipped = self.peer.idle()
        self.peer.send(self.peer.headers(request(b"GET", b"/held"), stream=skipped + 2, end=True))
        self.peer.send(DataFrame(skipped, b"test"))
        self.assert_stream_error(skipped, CLOSED, PROTOCOL)


class Identifiers(Case):
    def test_5_1_1_even(self) -> None:
        self.peer.send(self.peer.headers(request(), stream=self.peer.idle() + 1))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_1_lower_than_the_last(self) -> None:
        low = self.peer.idle()
        self.peer.send(self.peer.headers(request(), stream=low + 4))
        self.peer.send(self.peer.headers(request(), stream=low))
        self.assert_connection_error(PROTOCOL)

    def test_5_1_1_far_higher(self) -> None:
        """Ids need not be dense; the highest there is can be used."""
        self.peer.send(self.peer.headers(request(b"POST", b"/echo"), stream=2**31 - 1, end=True))
        self.assertEqual(self.peer.response(2**31 - 1).status, 200)
        self.peer.send(DataFrame(self.witness, b"", flags=["END_STREAM"]))
        self.assertEqual(self.peer.response(self.witness).status, 200)


class Concurrency(Case):
    def test_5_1_2_one_stream_too_many(self) -> None:
        """REFUSED_STREAM or PROTOCOL_ERROR of this stream; the others, and the next that fits, are served."""
        streams = [self.peer.open("/live") for _ in range(STREAMS - 1)]
        stream = self.peer.open("/live", end=True)
        self.peer.pump()
        self.assertEqual(self.peer.resets, {stream: [ErrorCodes.REFUSED_STREAM]})
        self.assertEqual(len(self.web.uploads), STREAMS)
        for each in streams:
            self.peer.data(each, b"", end=True)
            self.assertEqual(self.peer.response(each).body, b"0")
        self.assert_alive()

    def test_5_1_2_half_closed_streams_count(self) -> None:
        for _ in range(STREAMS - 1):
            self.peer.open("/held", end=True)
        stream = self.peer.open("/held", end=True)
        self.assertEqual(self.peer.response(stream).reset_code, ErrorCodes.REFUSED_STREAM)

    def test_5_1_2_limit_is_announced(self) -> None:
        self.peer.pump()
        self.assertEqual(self.peer.frames[0].settings[3], STREAMS)
