"""RFC 9113, sections 4 to 6: corners that lie between the sections' own tests, and combinations of them."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import (
    ContinuationFrame,
    GoAwayFrame,
    HeadersFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.conformance import Case
from tests.support.peer import FRAME_SIZE, LAST_WINDOW, WINDOW, block, raw, request

PROTOCOL, SIZE, FLOW = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.FLOW_CONTROL_ERROR
INITIAL, FRAME = SettingsFrame.INITIAL_WINDOW_SIZE, SettingsFrame.MAX_FRAME_SIZE
RESERVED = 2**31


class Bits(Case):
    """Section 4.1: flags that are not defined for a type, and reserved bits, are ignored."""

    def test_4_1_undefined_flags_of_each_type(self) -> None:
        stream = self.peer.open("/live")
        self.peer.send(
            raw(2, stream, b"\x00\x00\x00\x00\x05", flags=0xFF),
            raw(4, 0, b"\x00\x03\x00\x00\x00\x64", flags=0xFE),
            raw(4, 0, flags=0xFF),
            raw(8, 0, b"\x00\x01\x00\x00", flags=0xFF),
            raw(8, stream, b"\x00\x01\x00\x00", flags=0xFF),
            raw(3, stream, b"\x00\x00\x00\x08", flags=0xFF),
        )
        self.peer.pump()
        self.assertEqual(self.peer.settings_acks, 2)
        self.assertEqual(self.web.uploads[1].ends, ["lost"])
        self.assert_alive()

    def test_4_1_undefined_flags_of_headers(self) -> None:
        stream = self.peer.headers(request(b"POST", b"/echo")).stream_id
        self.peer.send(raw(1, stream, block(request(b"POST", b"/echo")), flags=0xD2 | 4))
        self.peer.data(stream, b"body", end=True)
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()

    def test_4_1_end_stream_of_continuation(self) -> None:
        """CONTINUATION knows END_HEADERS alone: the stream goes on."""
        head = self.peer.headers(request(b"POST", b"/echo"), flags=[])
        self.peer.send(head, raw(9, head.stream_id, b"", flags=0xFF))
        self.peer.data(head.stream_id, b"body", end=True)
        self.assertEqual(self.peer.response(head.stream_id).body, b"body")
        self.assert_alive()

    def test_4_1_reserved_bit_of_each_stream(self) -> None:
        head = self.peer.headers(request(b"POST", b"/echo"), flags=[])
        stream = head.stream_id
        self.peer.send(
            raw(1, RESERVED + stream, head.data),
            raw(9, RESERVED + stream, b"", flags=4),
            raw(2, RESERVED + stream, b"\x00\x00\x00\x00\x05"),
            raw(8, RESERVED + stream, b"\x00\x00\x10\x00"),
            raw(8, RESERVED, b"\x00\x00\x10\x00"),
            raw(4, RESERVED),
            raw(0, RESERVED + stream, b"body", flags=1),
        )
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()

    def test_6_9_reserved_bit_of_an_increment(self) -> None:
        """Is no part of it: by much, by little, by nothing."""
        self.peer.send(SettingsFrame(0, {INITIAL: 0}))
        stream = self.peer.request("POST", "/echo", b"x" * 1000)
        self.assertEqual(self.peer.response(stream).body, b"")
        for increment, size in ((1, 1), (500, 501)):
            self.peer.windows[stream] += increment
            self.peer.send(raw(8, stream, (RESERVED + increment).to_bytes(4, "big")))
            self.assertEqual(len(self.peer.response(stream).body), size)
        self.peer.send(raw(8, 0, RESERVED.to_bytes(4, "big")))
        self.assert_connection_error(PROTOCOL)

    def test_6_8_reserved_bit_of_goaway(self) -> None:
        self.peer.send(raw(7, RESERVED, (RESERVED + 1).to_bytes(4, "big") + bytes(4), flags=0xFF))
        self.peer.data(self.witness, b"last", end=True)
        self.assertEqual(self.peer.response(self.witness).body, b"4")


class Sizes(Case):
    def test_4_2_by_the_header_alone(self) -> None:
        """What is announced is never waited for: of each type, within a field block as well."""
        for kind in (*range(10), 0xEE):
            for within in (False, True):
                self.setUp()
                if within:
                    self.peer.send(self.peer.headers(request(), flags=[]))
                self.peer.send(raw(kind, self.witness if kind in (0, 1) else 0, length=FRAME_SIZE + 1))
                self.assert_connection_error(SIZE)
                self.tearDown()

    def test_4_2_settings_of_the_limit(self) -> None:
        self.peer.send(raw(4, 0, b"\x00\x99\x00\x00\x00\x00" * (FRAME_SIZE // 6)))
        self.peer.pump()
        self.assertEqual(self.peer.settings_acks, 2)
        self.assert_alive()

    def test_4_2_limit_that_is_lowered_while_an_answer_waits(self) -> None:
        """The peer here checks each frame."""
        self.peer.send(SettingsFrame(0, {FRAME: 60_000, INITIAL: 0}))
        self.peer.send(WindowUpdateFrame(0, window_increment=WINDOW))
        stream = self.peer.open("/held", "GET", end=True)
        self.web.held[0].answer(200, b"x" * 90_000)
        self.peer.send(WindowUpdateFrame(stream, window_increment=40_960))
        self.assertEqual(max(self.peer.response(stream).chunks), 40_960)
        self.peer.send(SettingsFrame(0, {FRAME: FRAME_SIZE}), WindowUpdateFrame(stream, window_increment=60_000))
        self.assertEqual(len(self.peer.response(stream).body), 90_000)
        self.assertLessEqual(max(self.peer.responses[stream].chunks[1:]), FRAME_SIZE)
        self.peer.send(SettingsFrame(0, {INITIAL: WINDOW}))
        self.assert_alive()


class Padding(Case):
    def test_6_2_padding_of_all_but_the_pad_length(self) -> None:
        """An empty fragment of a block, which goes on by CONTINUATION."""
        stream = self.peer.headers(request(b"POST", b"/echo")).stream_id
        self.peer.send(
            raw(1, stream, b"\x0a" + bytes(10), flags=0x8 | 0x1),
            ContinuationFrame(stream, block(request(b"POST", b"/echo")), flags=["END_HEADERS"]),
        )
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()

    def test_6_1_padding_that_is_not_of_zeros(self) -> None:
        """It may be verified, and needs not be."""
        stream = self.peer.open("/live")
        self.peer.send(raw(0, stream, b"\x03abc\x01\x02\x03", flags=0x8))
        self.peer.pump()
        if self.peer.goaway is not None:
            self.assert_connection_error(PROTOCOL)
        else:
            self.assertEqual(self.web.uploads[1].received, b"abc")
            self.assert_alive()

    def test_6_1_padding_on_a_stream_that_was_reset_counts(self) -> None:
        stream = self.closed_by_server()
        for _ in range(100):
            self.peer.send(raw(0, stream, b"\xff" + bytes(16000), flags=0x8))
        self.peer.pump()
        given = sum(each.window_increment for each in self.peer.of(WindowUpdateFrame, 0))
        self.assertGreater(given, 100 * 16000)
        self.assert_alive()

    def test_6_1_padding_alone_ends_a_stream(self) -> None:
        stream = self.peer.open("/echo")
        self.peer.data(stream, b"body")
        self.peer.send(raw(0, stream, b"\x05" + bytes(5), flags=0x9))
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()


class Closed(Case):
    def test_5_1_1_streams_that_a_higher_one_closed(self) -> None:
        """What would end an idle stream's connection is, of those, an error or nothing; it must not harm the others."""
        for frame in (
            RstStreamFrame(5, error_code=8),
            WindowUpdateFrame(5, window_increment=1000),
            WindowUpdateFrame(5, window_increment=LAST_WINDOW),
            PriorityFrame(5, depends_on=0, stream_weight=5),
        ):
            self.setUp()
            self.peer.send(self.peer.headers(request(), stream=9))
            self.peer.send(frame)
            self.peer.pump()
            if self.peer.goaway is not None:
                self.assert_connection_error(PROTOCOL, ErrorCodes.STREAM_CLOSED)
            else:
                self.assertNotIn(9, self.peer.resets)
                self.assert_alive()
            self.tearDown()

    def test_5_1_window_updates_past_the_limit(self) -> None:
        """Of a stream that is over: it has no window."""
        for closed in (self.closed_by_end, self.closed_by_peer, self.closed_by_server):
            stream = closed()
            for _ in range(2):
                self.peer.send(WindowUpdateFrame(stream, window_increment=LAST_WINDOW))
        self.assert_alive()

    def test_5_1_window_updates_by_0(self) -> None:
        """Of a stream that is over: it may have crossed the end."""
        for closed in (self.closed_by_end, self.closed_by_peer, self.closed_by_server):
            stream = closed()
            before = len(self.peer.resets.get(stream, ()))
            self.peer.send(raw(8, stream, bytes(4)))
            self.peer.pump()
            self.assertEqual(len(self.peer.resets.get(stream, ())), before)
        self.assert_alive()

    def test_6_9_2_a_closed_stream_has_no_window(self) -> None:
        """One that was opened to the limit and has ended is in nobody's way when all others' are opened."""
        for closed in (self.closed_by_end, self.closed_by_peer, self.closed_by_server):
            self.setUp()
            stream = self.peer.open("/held")
            self.peer.send(WindowUpdateFrame(stream, window_increment=LAST_WINDOW - WINDOW))
            self.peer.send(RstStreamFrame(stream, error_code=8))
            closed()
            self.peer.send(SettingsFrame(0, {INITIAL: 2 * WINDOW}), SettingsFrame(0, {INITIAL: WINDOW}))
            self.assert_alive()
            self.tearDown()

    def test_6_9_2_one_window_negative_another_not(self) -> None:
        """The difference is each stream's own, and the answers are whole in the end."""
        first = self.peer.request("POST", "/echo", b"a" * 10_000)
        self.assertTrue(self.peer.response(first).ended)
        self.peer.send(SettingsFrame(0, {INITIAL: 5000}))
        second = self.peer.request("POST", "/echo", b"b" * 10_000)
        self.peer.pump()
        self.peer.send(SettingsFrame(0, {INITIAL: 4000}), WindowUpdateFrame(second, window_increment=500))
        third = self.peer.request("POST", "/echo", b"c" * 10_000)
        self.assertEqual([len(self.peer.response(each).body) for each in (second, third)], [5000, 4000])
        self.peer.send(SettingsFrame(0, {INITIAL: WINDOW}))
        for stream, letter in ((second, b"b"), (third, b"c")):
            self.assertEqual(self.peer.response(stream).body, letter * 10_000)
        self.assert_alive()

    def test_5_1_trailers_in_pieces_on_a_stream_that_was_reset(self) -> None:
        """Discarded, and decoded: what they add to the table is there for the next."""
        stream = self.closed_by_server()
        self.peer.send(
            HeadersFrame(stream, b"\x40\x01a", flags=["END_STREAM"]),
            ContinuationFrame(stream, b"\x05after", flags=["END_HEADERS"]),
        )
        named = HeadersFrame(self.peer.idle(), block(request(b"GET", b"/held")) + b"\xbe", flags=["END_HEADERS"])
        self.peer.headers(request())
        named.flags.add("END_STREAM")
        self.peer.send(named)
        self.assertEqual(self.web.held[-1].getHeader(b"a"), b"after")
        self.assert_discarded(stream, resets=1)


class Goaway(Case):
    """Section 6.8: a client may say more than once that it leaves."""

    def test_6_8_twice(self) -> None:
        """First "soon", then "this was the last"."""
        asked = self.peer.open("/held", end=True)
        self.peer.send(GoAwayFrame(0, LAST_WINDOW, 0), GoAwayFrame(0, 0, 0, b"x" * 1000))
        self.web.held[0].answer(200, b"answer")
        self.assertEqual(self.peer.response(asked).body, b"answer")
        self.assertFalse(self.peer.closed)
        self.peer.send(RstStreamFrame(self.witness, error_code=8))
        self.assertTrue(self.peer.closed)

    def test_6_8_an_error_behind_a_graceful_one(self) -> None:
        self.peer.send(GoAwayFrame(0, 0, 0))
        self.assertFalse(self.peer.closed)
        self.peer.send(GoAwayFrame(0, 0, ErrorCodes.INTERNAL_ERROR))
        self.assertTrue(self.peer.closed)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])

    def test_6_8_within_a_field_block(self) -> None:
        self.peer.send(self.peer.headers(request(), flags=[]), GoAwayFrame(0, 0, 0))
        self.assert_connection_error(PROTOCOL)

    def test_6_8_of_the_server_first_without_an_end_then_with_it(self) -> None:
        """2^31-1 at first, streams that were begun go on to their ends, and the last one is named at last."""
        asked = self.peer.open("/held", end=True)
        self.web.site.connections.drain(10)
        self.peer.pump()
        late = self.peer.open("/held", end=True)
        self.peer.pump()
        self.assertEqual(self.peer.resets[late], [ErrorCodes.REFUSED_STREAM])
        self.web.held[0].answer(200, b"answer")
        self.assertEqual(self.peer.response(asked).body, b"answer")
        self.peer.data(self.witness, b"last", end=True)
        self.assertTrue(self.peer.closed)
        told = [(each.error_code, each.last_stream_id) for each in self.peer.of(GoAwayFrame)]
        self.assertEqual(told[0], (ErrorCodes.NO_ERROR, LAST_WINDOW))
        self.assertEqual(told[-1][0], ErrorCodes.NO_ERROR)
        self.assertIn(told[-1][1], (asked, late))

    def test_5_4_1_the_last_stream_is_no_refused_one(self) -> None:
        """What is behind the last stream may be tried again; what is before it was acted upon, or reset."""
        self.peer.send(raw(0, 0, b"x"))
        self.assert_connection_error(PROTOCOL)
        assert self.peer.goaway is not None
        self.assertEqual(self.peer.goaway.last_stream_id, self.witness)
