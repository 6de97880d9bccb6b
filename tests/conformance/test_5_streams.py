"""RFC 9113, sections 5.2 to 5.5: flow control, priority, errors, extensions."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame

from tests.support.conformance import Case
from tests.support.peer import FRAME_SIZE, WINDOW, block, raw, request

PROTOCOL, FLOW = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FLOW_CONTROL_ERROR


class FlowControl(Case):
    """Section 5.2: what the peer may send."""

    def test_5_2_to_the_last_byte_of_the_window(self) -> None:
        stream = self.peer.open("/live")
        self.web.uploads[1].request.pause_body()
        for _ in range(3):
            self.peer.data(stream, b"x" * FRAME_SIZE)
        self.peer.data(stream, b"x" * (WINDOW - 3 * FRAME_SIZE))
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()

    def test_5_2_past_the_window_of_a_stream(self) -> None:
        stream = self.peer.open("/live")
        self.web.uploads[1].request.pause_body()
        for _ in range(4):
            self.peer.data(stream, b"x" * FRAME_SIZE)
        self.assert_stream_error(stream, FLOW)

    def test_5_2_past_the_window_with_the_last_frame(self) -> None:
        """DATA with END_STREAM goes another way inside, and counts the same."""
        stream = self.peer.open("/live")
        self.web.uploads[1].request.pause_body()
        for last in (False, False, False, True):
            self.peer.data(stream, b"x" * FRAME_SIZE, end=last)
        self.assert_stream_error(stream, FLOW)

    def test_5_2_past_the_window_by_padding(self) -> None:
        stream = self.peer.open("/live")
        self.web.uploads[1].request.pause_body()
        self.peer.data(stream, b"x")
        for _ in range(4):
            self.peer.send(DataFrame(stream, b"x" * (FRAME_SIZE - 256), pad_length=255, flags=["PADDED"]))
        self.assert_stream_error(stream, FLOW)

    def test_5_2_past_the_window_of_the_connection(self) -> None:
        """Of many streams, in one read: it is given back as it comes, and what each stream may send is taken."""
        frames: list[bytes] = []
        for _ in range(17):
            stream = self.peer.open("/live")
            frames += [DataFrame(stream, b"x" * FRAME_SIZE).serialize()] * 3
            frames.append(DataFrame(stream, b"x" * (WINDOW - 3 * FRAME_SIZE)).serialize())
        self.peer.send(b"".join(frames))
        self.assertEqual({len(each.received) for each in self.web.uploads[1:]}, {WINDOW})
        self.assert_alive()


class Priority(Case):
    """Section 5.3.2: the signals of RFC 7540 are obsolete, and may be ignored; a self-dependency was an error there."""

    def assert_ignored_or_error(self, stream: int) -> None:
        self.peer.pump()
        if self.peer.goaway is not None or stream in self.peer.resets:
            self.assert_stream_error(stream, PROTOCOL)
        else:
            self.assert_alive()

    def test_5_3_2_headers_that_depend_on_themselves(self) -> None:
        stream = self.peer.idle()
        head = self.peer.headers(request(), flags=["END_HEADERS", "PRIORITY"], depends_on=stream, stream_weight=5)
        self.peer.send(head)
        self.assert_ignored_or_error(stream)

    def test_5_3_2_priority_that_depends_on_itself(self) -> None:
        stream = self.peer.open("/live")
        self.peer.send(PriorityFrame(stream, depends_on=stream, stream_weight=5))
        self.assert_ignored_or_error(stream)

    def test_5_3_2_trees_of_any_shape(self) -> None:
        """Loops, unknown parents, exclusive ones: no cost and no error."""
        for stream, parent, exclusive in ((5, 7, True), (7, 5, True), (9, 9999, False), (1, 5, True), (5, 1, False)):
            self.peer.send(PriorityFrame(stream, depends_on=parent, stream_weight=255, exclusive=exclusive))
        self.assert_alive()

    def test_5_3_2_headers_with_priority(self) -> None:
        head = self.peer.headers(
            request(b"POST", b"/echo"),
            end=True,
            flags=["END_HEADERS", "PRIORITY"],
            depends_on=self.witness,
            stream_weight=5,
            exclusive=True,
        )
        self.peer.send(head)
        self.assertEqual(self.peer.response(head.stream_id).status, 200)
        self.assert_alive()

    def test_5_3_2_trailers_with_priority(self) -> None:
        stream = self.peer.open("/echo")
        self.peer.send(
            HeadersFrame(
                stream,
                block([(b"a", b"b")]),
                flags=["END_HEADERS", "END_STREAM", "PRIORITY"],
                depends_on=self.witness,
                stream_weight=5,
            )
        )
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()


class Errors(Case):
    def test_5_4_1_goaway_and_close(self) -> None:
        """GOAWAY goes out first, names the last stream that was begun, and the connection is closed behind it."""
        stream = self.peer.open("/live")
        self.peer.send(raw(6, 3, b"12345678"))
        self.assert_connection_error(PROTOCOL)
        assert self.peer.goaway is not None
        self.assertEqual(self.peer.goaway.last_stream_id, stream)

    def test_5_4_1_nothing_is_taken_behind_it(self) -> None:
        self.peer.send(raw(6, 3, b"12345678"), self.peer.headers(request(b"POST", b"/held"), end=True))
        self.peer.send(self.peer.headers(request(b"POST", b"/held"), end=True))
        self.assertEqual(self.web.held, [])
        self.assert_connection_error(PROTOCOL)

    def test_5_4_1_no_answer_is_begun_behind_it(self) -> None:
        """An application that answers too late does no harm."""
        self.peer.open("/held", end=True)
        self.peer.send(raw(6, 3, b"12345678"))
        self.web.held[0].answer(200, b"too late")
        self.assert_connection_error(PROTOCOL)

    def test_5_4_1_a_peer_that_reads_nothing(self) -> None:
        """Its connection is cut off after a while, GOAWAY or not."""
        self.peer.reading = False
        self.peer.send(raw(6, 3, b"12345678"))
        self.assertTrue(self.peer.transport.connected)
        self.web.clock.advance(30)
        self.assertTrue(self.peer.closed)

    def test_5_4_2_rst_stream_is_not_answered_by_rst_stream(self) -> None:
        """Neither on an open stream nor on a closed one."""
        stream = self.peer.open("/live")
        for _ in range(3):
            self.peer.send(RstStreamFrame(stream, error_code=ErrorCodes.STREAM_CLOSED))
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()


class Extensions(Case):
    def test_5_5_unknown_frame(self) -> None:
        for stream in (0, self.witness, 99):
            self.peer.send(raw(0x16, stream, b"\x00" * 8))
        self.assert_alive()

    def test_5_5_unknown_setting(self) -> None:
        self.peer.send(SettingsFrame(0, {0xFFF0: 1, 0xFFF1: 2**32 - 1}))
        self.peer.pump()
        self.assertEqual(self.peer.settings_acks, 2)
        self.assert_alive()

    def test_5_5_unknown_frame_within_a_field_block(self) -> None:
        self.peer.send(self.peer.headers(request(), flags=[]), raw(0x16, self.peer.idle() - 2, b"\x00" * 8))
        self.assert_connection_error(PROTOCOL)

    def test_5_5_frames_of_other_specifications(self) -> None:
        """ALTSVC, ORIGIN and PRIORITY_UPDATE of a client mean nothing here."""
        self.peer.send(raw(0xA, 0, b'\x00\x03a.bh2=":443"'), raw(0xC, 0, b"\x00\x03a.b"))
        self.peer.send(raw(0xA, self.witness, b'\x00\x00h2=":443"'), raw(0x10, 0, b"\x00\x00\x00\x01u=1"))
        self.peer.send(PingFrame(0, b"12345678"))
        self.peer.pump()
        self.assertEqual(self.peer.pongs, [b"12345678"])
        self.assert_alive()
