"""RFC 9113, sections 6.1 to 6.4, 6.6 to 6.8 and 6.10: the frames but for SETTINGS and WINDOW_UPDATE."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.conformance import Case
from tests.support.peer import block, raw, request

PROTOCOL, SIZE = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR
CANCEL, CLOSED = ErrorCodes.CANCEL, ErrorCodes.STREAM_CLOSED
END_HEADERS, END_STREAM, PADDED, PRIORITY = 4, 1, 8, 0x20


class Data(Case):
    def test_6_1_on_stream_0(self) -> None:
        self.peer.send(raw(0, 0, b"test", END_STREAM))
        self.assert_connection_error(PROTOCOL)

    def test_6_1_on_a_stream_that_receives_no_more(self) -> None:
        stream = self.half_closed_remote()
        self.peer.data(stream, b"test")
        self.assert_reset(stream, CLOSED)

    def test_6_1_padding(self) -> None:
        """Of any length, down to none, with and without data: it is no part of the body."""
        for size in (0, 1, 255):
            for data in (b"", b"abc"):
                frame = DataFrame(self.witness, data, pad_length=size, flags=["PADDED"])
                self.peer.send(frame)
        self.assertEqual(self.web.uploads[0].received, b"abc" * 3)
        self.assert_alive()

    def test_6_1_padding_of_the_last_frame(self) -> None:
        stream = self.peer.open("/echo")
        self.peer.send(DataFrame(stream, b"abc", pad_length=9, flags=["PADDED", "END_STREAM"]))
        self.assertEqual(self.peer.response(stream).body, b"abc")
        self.assert_alive()

    def test_6_1_padding_of_the_whole_payload(self) -> None:
        """A pad length of the payload's length or more is a connection error."""
        for size in (5, 6, 255):
            self.setUp()
            self.peer.send(raw(0, self.witness, bytes([size]) + b"test", PADDED))
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_6_1_padding_counts_for_the_connection(self) -> None:
        """It is given back, as data are."""
        for _ in range(5000):
            self.peer.send(DataFrame(self.witness, b"x", pad_length=255, flags=["PADDED"]))
        given = sum(each.window_increment for each in self.pumped(WindowUpdateFrame, 0))
        self.assertGreater(given, 5000 * 257)
        self.assert_alive()

    def pumped(self, kind: type[Frame], stream: int) -> list[WindowUpdateFrame]:
        self.peer.pump()
        return self.peer.of(kind, stream)


class Headers(Case):
    def test_6_2_on_stream_0(self) -> None:
        self.peer.send(raw(1, 0, block(request()), END_HEADERS | END_STREAM))
        self.assert_connection_error(PROTOCOL)

    def test_6_2_padding_of_more_than_the_payload(self) -> None:
        """As much as there is, and more."""
        for size in (16, 17, 255):
            self.setUp()
            payload = bytes([size]) + block(request())[:15]
            self.peer.headers(request())
            self.peer.send(raw(1, self.peer.idle() - 2, payload, END_HEADERS | END_STREAM | PADDED))
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_6_2_padding_over_the_priority_fields(self) -> None:
        payload = b"\x06" + b"\x00\x00\x00\x00\x05" + b"\x82"
        stream = self.peer.idle()
        self.peer.headers(request())
        self.peer.send(raw(1, stream, payload, END_HEADERS | END_STREAM | PADDED | PRIORITY))
        self.assert_connection_error(PROTOCOL)

    def test_6_2_padding_and_priority(self) -> None:
        head = self.peer.headers(
            request(b"POST", b"/echo"),
            end=True,
            flags=["END_HEADERS", "PADDED", "PRIORITY"],
            pad_length=255,
            depends_on=0,
            stream_weight=255,
        )
        self.peer.send(head)
        self.assertEqual(self.peer.response(head.stream_id).status, 200)
        self.assert_alive()

    def test_6_2_padding_of_a_continued_block(self) -> None:
        """Padding of HEADERS stands between the fragments, and belongs to none of them."""
        whole, stream = block(request(b"POST", b"/echo")), self.peer.idle()
        self.peer.headers(request())
        self.peer.send(
            HeadersFrame(stream, whole[:10], flags=["PADDED", "END_STREAM"], pad_length=50),
            ContinuationFrame(stream, whole[10:], flags=["END_HEADERS"]),
        )
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()

    def test_6_2_end_of_the_stream_with_continuation(self) -> None:
        """END_STREAM of HEADERS counts when the block is whole."""
        stream = self.peer.idle()
        self.peer.send(self.peer.headers(request(b"POST", b"/held")[:2], flags=["END_STREAM"]))
        self.assertEqual(self.web.held, [])
        self.peer.send(ContinuationFrame(stream, block(request(b"POST", b"/held")[2:]), flags=["END_HEADERS"]))
        self.assertEqual(len(self.web.held), 1)
        self.peer.data(stream, b"more")
        self.assert_reset(stream, CLOSED)


class Priority(Case):
    def test_6_3_on_stream_0(self) -> None:
        self.peer.send(raw(2, 0, b"\x80\x00\x00\x01\x0a"))
        self.assert_connection_error(PROTOCOL)

    def test_6_3_of_a_length_other_than_5(self) -> None:
        for size in (0, 4, 6):
            self.setUp()
            stream = self.peer.open("/live")
            self.peer.send(raw(2, stream, b"\x00\x00\x00\x00\x0a\x00"[:size]))
            self.assert_stream_error(stream, SIZE)
            self.tearDown()

    def test_6_3_in_every_state(self) -> None:
        """Idle, open, half-closed and closed."""
        streams = [self.peer.open("/live"), self.half_closed_remote(), self.half_closed_local(), self.closed_by_end()]
        for stream in (*streams, self.closed_by_peer(), self.closed_by_server(), self.peer.idle() + 8):
            self.peer.send(PriorityFrame(stream, depends_on=0, stream_weight=5))
        self.assert_alive()


class RstStream(Case):
    def test_6_4_on_stream_0(self) -> None:
        self.peer.send(raw(3, 0, b"\x00\x00\x00\x08"))
        self.assert_connection_error(PROTOCOL)

    def test_6_4_on_an_idle_stream(self) -> None:
        self.peer.send(RstStreamFrame(self.peer.idle(), error_code=CANCEL))
        self.assert_connection_error(PROTOCOL)

    def test_6_4_of_a_length_other_than_4(self) -> None:
        for size in (0, 3, 5):
            self.setUp()
            self.peer.send(raw(3, self.witness, b"\x00\x00\x00\x08\x00"[:size]))
            self.assert_connection_error(SIZE)
            self.tearDown()

    def test_6_4_of_any_code(self) -> None:
        """Also one that is not defined: the stream ends, once, and no answer goes out."""
        for code in (*range(15), 0xFFFFFFFF):
            stream = self.peer.open("/live")
            self.peer.send(RstStreamFrame(stream, error_code=code))
            self.assertEqual(self.web.uploads[-1].ends, ["lost"])
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()


class PushPromise(Case):
    """Section 6.6: a client can't push. (Section 8.4: a server MUST treat it as a connection error.)"""

    def test_6_6_on_an_open_stream(self) -> None:
        self.peer.send(PushPromiseFrame(self.witness, 2, block(request()), flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)

    def test_6_6_on_an_idle_and_a_closed_stream(self) -> None:
        for closed in (False, True):
            self.setUp()
            stream = self.closed_by_server() if closed else self.peer.idle()
            self.peer.send(PushPromiseFrame(stream, 2, block(request()), flags=["END_HEADERS"]))
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_6_6_on_stream_0(self) -> None:
        self.peer.send(raw(5, 0, b"\x00\x00\x00\x02" + block(request()), END_HEADERS))
        self.assert_connection_error(PROTOCOL)

    def test_6_6_none_is_sent(self) -> None:
        """Whatever the client allows: the server's frames never hold one (each is looked at)."""
        self.peer.send(SettingsFrame(0, {SettingsFrame.ENABLE_PUSH: 1}))
        self.peer.fetch("POST", "/echo", b"x")
        self.assertEqual(self.peer.of(PushPromiseFrame), [])
        self.assert_alive()


class Ping(Case):
    def test_6_7_is_answered(self) -> None:
        """With its payload, at once and in order."""
        self.peer.send(PingFrame(0, b"12345678"), PingFrame(0, b"\x00" * 8))
        self.peer.pump()
        self.assertEqual(self.peer.pongs, [b"12345678", b"\x00" * 8])
        self.assert_alive()

    def test_6_7_answer_is_not_answered(self) -> None:
        self.peer.send(PingFrame(0, b"12345678", flags=["ACK"]))
        self.peer.pump()
        self.assertEqual(self.peer.of(PingFrame), [])
        self.assert_alive()

    def test_6_7_on_a_stream(self) -> None:
        self.peer.send(raw(6, self.witness, b"12345678"))
        self.assert_connection_error(PROTOCOL)

    def test_6_7_of_a_length_other_than_8(self) -> None:
        for size in (0, 6, 7, 9):
            for flags in (0, 1):
                self.setUp()
                self.peer.send(raw(6, 0, b"123456789"[:size], flags))
                self.assert_connection_error(SIZE)
                self.tearDown()


class Continuation(Case):
    def begin_block(self) -> int:
        frame = self.peer.headers(request(b"POST", b"/echo"), end=True, flags=[])
        self.peer.send(frame)
        return int(frame.stream_id)

    def test_6_10_several(self) -> None:
        stream = self.begin_block()
        for _ in range(3):
            self.peer.send(ContinuationFrame(stream, block([(b"a", b"b")])))
        self.peer.send(ContinuationFrame(stream, block([(b"c", b"d")]), flags=["END_HEADERS"]))
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()

    def test_6_10_followed_by_anything_else(self) -> None:
        for late in (DataFrame(1, b"x"), PriorityFrame(1, depends_on=0, stream_weight=5), PingFrame(0, b"12345678")):
            self.setUp()
            stream = self.begin_block()
            self.peer.send(ContinuationFrame(stream, b""), late)
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_6_10_on_stream_0(self) -> None:
        self.begin_block()
        self.peer.send(raw(9, 0, block([(b"a", b"b")]), END_HEADERS))
        self.assert_connection_error(PROTOCOL)

    def test_6_10_on_another_stream(self) -> None:
        self.begin_block()
        self.peer.send(ContinuationFrame(self.witness, block([(b"a", b"b")]), flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)

    def test_6_10_behind_a_whole_block(self) -> None:
        """Behind HEADERS, or CONTINUATION, with END_HEADERS."""
        for continued in (False, True):
            self.setUp()
            if continued:
                stream = self.begin_block()
                self.peer.send(ContinuationFrame(stream, b"", flags=["END_HEADERS"]))
            else:
                stream = self.peer.open("/live")
            self.peer.send(ContinuationFrame(stream, block([(b"a", b"b")]), flags=["END_HEADERS"]))
            self.assert_connection_error(PROTOCOL)
            self.tearDown()

    def test_6_10_behind_data(self) -> None:
        self.peer.data(self.witness, b"x")
        self.peer.send(ContinuationFrame(self.witness, block([(b"a", b"b")]), flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)
