"""RFC 9113, section 4: the frame's layout, its size, and field blocks."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.conformance import Case
from tests.support.peer import FRAME_SIZE, WINDOW, block, raw, request

PROTOCOL, SIZE, COMPRESSION = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.COMPRESSION_ERROR


class Layout(Case):
    def test_4_1_unknown_type(self) -> None:
        """It is ignored on the connection, on an open, a closed and an idle stream."""
        for stream in (0, self.witness, self.closed_by_end(), self.peer.idle()):
            self.peer.send(raw(0xEE, stream, b"payload", flags=0xFF))
        self.assert_alive()

    def test_4_1_undefined_flags(self) -> None:
        self.peer.send(raw(6, 0, b"12345678", flags=0xFE))
        self.peer.pump()
        self.assertEqual(self.peer.pongs, [b"12345678"])
        self.assert_alive()

    def test_4_1_undefined_flags_of_data(self) -> None:
        """PADDED and END_STREAM apart, none mean anything."""
        self.peer.send(raw(0, self.witness, b"abc", flags=0xF6))
        self.assertEqual(self.web.uploads[0].received, b"abc")
        self.assert_alive()

    def test_4_1_reserved_bit(self) -> None:
        self.peer.send(raw(6, 2**31, b"12345678"))
        self.peer.pump()
        self.assertEqual(self.peer.pongs, [b"12345678"])
        self.peer.send(raw(0, 2**31 + self.witness, b"abc"))
        self.assertEqual(self.web.uploads[0].received, b"abc")
        self.assert_alive()


class Size(Case):
    def test_4_2_data_of_the_limit(self) -> None:
        """Every endpoint takes 16,384 bytes."""
        self.peer.data(self.witness, b"x" * FRAME_SIZE)
        self.assertEqual(len(self.web.uploads[0].received), FRAME_SIZE)
        self.assert_alive()

    def test_4_2_data_over_the_limit(self) -> None:
        stream = self.peer.open("/live")
        self.peer.data(stream, b"x" * (FRAME_SIZE + 1))
        self.assert_stream_error(stream, SIZE)

    def test_4_2_headers_over_the_limit(self) -> None:
        """A frame that changes the connection's state: a connection error."""
        self.peer.send(self.peer.headers(request(extra=[(b"x", b"y" * FRAME_SIZE)])))
        self.assert_connection_error(SIZE)

    def test_4_2_settings_over_the_limit(self) -> None:
        self.peer.send(raw(4, 0, b"\x00\x99\x00\x00\x00\x00" * (FRAME_SIZE // 6 + 1)))
        self.assert_connection_error(SIZE)

    def test_4_2_continuation_over_the_limit(self) -> None:
        stream = self.peer.idle()
        self.peer.send(self.peer.headers(request(), flags=[]), raw(9, stream, b"\x82" * (FRAME_SIZE + 1), flags=4))
        self.assert_connection_error(SIZE)

    def test_4_2_unknown_type_over_the_limit(self) -> None:
        self.peer.send(raw(0xEE, 0, b"x" * (FRAME_SIZE + 1)))
        self.assert_connection_error(SIZE)

    def test_4_2_too_small_for_what_is_mandatory(self) -> None:
        """PADDED without a pad length, PRIORITY's fields cut short: by type, flags and payload."""
        for kind, flags, payload in ((0, 0x8, b""), (1, 0xC, b""), (1, 0x24, b"\x00\x00\x00"), (3, 0, b"\x00")):
            self.setUp()
            stream = self.witness if kind in (0, 3) else self.peer.idle()
            self.peer.send(raw(kind, stream, payload, flags))
            self.peer.pump()
            self.assert_connection_error(SIZE)
            self.tearDown()

    def test_4_2_answers_keep_to_the_limit_of_the_peer(self) -> None:
        """16,384 by default, and what it sets from then on; the peer here checks each frame."""
        for size in (None, 20_000, 2**24 - 1):
            if size is not None:
                self.peer.send(SettingsFrame(0, {SettingsFrame.MAX_FRAME_SIZE: size}))
            answer = self.peer.fetch("POST", "/echo", b"x" * 16000)
            self.assertEqual(len(answer.body), 16000)
        stream = self.peer.open("/echo")
        for _ in range(3):
            self.peer.data(stream, b"x" * FRAME_SIZE)
        self.peer.data(stream, b"", end=True)
        answer = self.peer.response(stream)
        self.peer.send(
            WindowUpdateFrame(0, window_increment=WINDOW), WindowUpdateFrame(stream, window_increment=WINDOW)
        )
        self.assertEqual(self.peer.response(stream).body, b"x" * 3 * FRAME_SIZE)
        self.assertGreater(max(answer.chunks), FRAME_SIZE)
        self.assert_alive()

    def test_4_2_head_of_an_answer_over_the_limit_is_continued(self) -> None:
        self.peer.open("/held", "GET", end=True)
        self.web.held[0].answer(200, b"", [("x-long", "\xfe" * 3 * FRAME_SIZE)])
        answer = self.peer.response(3)
        self.assertEqual(len(answer.header("x-long") or ""), 3 * FRAME_SIZE)
        self.assertGreater(len(self.peer.of(ContinuationFrame, 3)), 1)
        self.assert_alive()


class FieldBlocks(Case):
    def test_4_3_invalid_block(self) -> None:
        """COMPRESSION_ERROR, of the connection: the state of its decoder is lost."""
        stream = self.peer.idle()
        self.peer.headers(request())
        self.peer.send(HeadersFrame(stream, b"\x40", flags=["END_HEADERS"]))
        self.assert_connection_error(COMPRESSION)

    def test_4_3_invalid_block_of_trailers(self) -> None:
        stream = self.peer.open("/live")
        self.peer.send(HeadersFrame(stream, b"\xff\xff\xff", flags=["END_HEADERS", "END_STREAM"]))
        self.assert_connection_error(COMPRESSION)

    def test_4_3_invalid_block_on_a_closed_stream(self) -> None:
        """Decoded all the same."""
        stream = self.closed_by_server()
        self.peer.send(HeadersFrame(stream, b"\xff\xff\xff", flags=["END_HEADERS", "END_STREAM"]))
        self.assert_connection_error(COMPRESSION)

    def test_4_3_block_of_a_closed_stream_is_decoded(self) -> None:
        """What it adds to the table can be named by the next one."""
        stream = self.closed_by_server()
        late = HeadersFrame(stream, b"\x40\x01a\x05/echo", flags=["END_HEADERS", "END_STREAM"])
        named = HeadersFrame(self.peer.idle(), block(request(b"POST", b"/held")) + b"\xbe", flags=["END_HEADERS"])
        self.peer.headers(request())
        self.peer.send(late, named)
        self.assertEqual(self.web.held, [])
        self.peer.data(named.stream_id, b"", end=True)
        self.assertEqual(self.web.held[0].getHeader(b"a"), b"/echo")
        self.assert_alive()

    def test_4_3_block_of_a_refused_stream_is_decoded(self) -> None:
        """A stream over the limit, too."""
        for _ in range(99):
            self.peer.open("/live")
        refused = HeadersFrame(self.peer.idle(), block(request()) + b"\x40\x01a\x01b", flags=["END_HEADERS"])
        self.peer.headers(request())
        self.peer.send(refused)
        self.assertEqual(self.peer.response(refused.stream_id).reset_code, ErrorCodes.REFUSED_STREAM)
        self.peer.data(self.witness, b"", end=True)
        named = HeadersFrame(self.peer.idle(), block(request(b"GET", b"/held")) + b"\xbe", flags=["END_HEADERS"])
        named.flags.add("END_STREAM")
        self.peer.headers(request())
        self.peer.send(named)
        self.assertEqual(self.web.held[0].getHeader(b"a"), b"b")

    def test_4_3_block_in_many_fragments(self) -> None:
        """Cut anywhere, some of them empty."""
        whole, stream = block(request(b"POST", b"/echo")), self.peer.idle()
        self.peer.headers(request())
        frames = [HeadersFrame(stream, b"", flags=["END_STREAM"])]
        frames += [ContinuationFrame(stream, whole[at : at + 9]) for at in range(0, len(whole), 9)]
        self.peer.send(*frames, ContinuationFrame(stream, b"", flags=["END_HEADERS"]))
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()

    def test_4_3_frames_of_its_own_stream_within_a_block(self) -> None:
        """Nothing but CONTINUATION may stand there: DATA, HEADERS, PRIORITY, RST_STREAM, unknown."""
        self.interleave(self.peer.idle())

    def test_4_3_frames_of_another_stream_within_a_block(self) -> None:
        self.interleave(self.witness)

    def interleave(self, stream: int) -> None:
        between = (
            DataFrame(stream, b"x"),
            HeadersFrame(stream, b"", flags=["END_HEADERS"]),
            PriorityFrame(stream, depends_on=0, stream_weight=1),
            RstStreamFrame(stream, error_code=8),
            raw(0xEE, stream, b"x"),
            raw(4, 0),
            raw(6, 0, b"12345678"),
            raw(8, 0, b"\x00\x00\x01\x00"),
        )
        for each in between:
            self.setUp()
            self.peer.send(self.peer.headers(request(), flags=[]), each)
            self.assert_connection_error(PROTOCOL)
            self.tearDown()
