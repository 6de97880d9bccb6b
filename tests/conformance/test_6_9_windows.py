"""RFC 9113, section 6.9: WINDOW_UPDATE, and the windows that the server sends within."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import SettingsFrame, WindowUpdateFrame

from tests.support.conformance import Case
from tests.support.peer import FRAME_SIZE, LAST_WINDOW, WINDOW, raw

PROTOCOL, SIZE, FLOW = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.FLOW_CONTROL_ERROR


LEAST = WINDOW - 4095
"""Of a shut window the server may leave a part unused, so that frames are of whole steps of 4,096 bytes."""


def initial(size: int) -> SettingsFrame:
    """SETTINGS with another initial window."""
    return SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: size})


class Update(Case):
    def test_6_9_by_0_on_the_connection(self) -> None:
        self.peer.send(raw(8, 0, b"\x00\x00\x00\x00"))
        self.assert_connection_error(PROTOCOL)

    def test_6_9_by_0_on_a_stream(self) -> None:
        stream = self.peer.open("/live")
        self.peer.send(raw(8, stream, b"\x00\x00\x00\x00"))
        self.assert_reset(stream, PROTOCOL)

    def test_6_9_by_0_on_a_stream_that_is_idle(self) -> None:
        self.peer.send(raw(8, self.peer.idle(), b"\x00\x00\x00\x00"))
        self.assert_connection_error(PROTOCOL)

    def test_6_9_of_a_length_other_than_4(self) -> None:
        for stream in (0, 1):
            for size in (0, 3, 5):
                self.setUp()
                self.peer.send(raw(8, stream, b"\x00\x00\x10\x00\x00"[:size]))
                self.assert_connection_error(SIZE)
                self.tearDown()

    def test_6_9_on_a_stream_that_is_half_closed_or_closed(self) -> None:
        """No error: it may cross the end."""
        for stream in (self.half_closed_local(), self.half_closed_remote(), self.closed_by_end()):
            self.peer.send(WindowUpdateFrame(stream, window_increment=1000))
        self.peer.pump()
        self.assertEqual(self.peer.resets, {})
        self.assert_alive()


class Limit(Case):
    """Section 6.9.1: a window is at most 2^31-1."""

    def test_6_9_1_to_the_limit(self) -> None:
        for stream in (0, self.witness):
            self.peer.send(WindowUpdateFrame(stream, window_increment=LAST_WINDOW - WINDOW))
        self.assert_alive()

    def test_6_9_1_connection_past_the_limit(self) -> None:
        self.peer.send(WindowUpdateFrame(0, window_increment=LAST_WINDOW - WINDOW + 1))
        self.assert_connection_error(FLOW)

    def test_6_9_1_connection_past_the_limit_in_two(self) -> None:
        for _ in range(2):
            self.peer.send(WindowUpdateFrame(0, window_increment=LAST_WINDOW // 2 + 1))
        self.assert_connection_error(FLOW)

    def test_6_9_1_stream_past_the_limit(self) -> None:
        """RST_STREAM: what the stream was for is over, and the others live."""
        stream = self.peer.open("/live")
        self.peer.send(WindowUpdateFrame(stream, window_increment=LAST_WINDOW - WINDOW + 1))
        self.assert_reset(stream, FLOW)
        self.assertEqual(self.web.uploads[1].ends, ["lost"])

    def test_6_9_1_stream_past_the_limit_while_its_answer_waits(self) -> None:
        """What was queued for it is dropped."""
        self.peer.send(initial(10))
        stream = self.peer.request("POST", "/echo", b"x" * 1000)
        self.assertEqual(len(self.peer.response(stream).body), 10)
        self.peer.send(initial(WINDOW), initial(0), WindowUpdateFrame(self.witness, window_increment=WINDOW))
        self.peer.pump()
        second = self.peer.request("POST", "/echo", b"x" * 1000)
        self.peer.send(WindowUpdateFrame(second, window_increment=LAST_WINDOW))
        self.peer.send(WindowUpdateFrame(second, window_increment=1))
        self.assertEqual(len(self.peer.response(second).body), 1000)

    def test_6_9_1_one_byte(self) -> None:
        """An answer leaves byte by byte where the window is of one byte; the peer here checks each frame."""
        self.peer.send(initial(1))
        stream = self.peer.request("POST", "/echo", b"abcde")
        for size in range(1, 5):
            self.assertEqual(self.peer.response(stream).body, b"abcde"[:size])
            self.peer.send(WindowUpdateFrame(stream, window_increment=1))
        self.assertEqual(self.peer.response(stream).body, b"abcde")
        self.assertEqual(self.peer.responses[stream].chunks[:5], [1] * 5)
        self.assertTrue(self.peer.responses[stream].ended)

    def test_6_9_1_window_of_0(self) -> None:
        """Nothing but the head of the answer, and the end of an answer without a body, can leave."""
        self.peer.send(initial(0))
        stream, empty = self.peer.request("POST", "/echo", b"abc"), self.peer.open("/echo", end=True)
        self.assertEqual((self.peer.response(stream).status, self.peer.response(stream).body), (200, b""))
        self.assertTrue(self.peer.response(empty).ended)
        self.peer.send(WindowUpdateFrame(stream, window_increment=3))
        self.assertTrue(self.peer.response(stream).ended)
        self.peer.send(initial(WINDOW))
        self.assert_alive()

    def test_6_9_1_window_of_the_connection(self) -> None:
        """All streams share it; what is left over goes on when it opens."""
        streams = [self.peer.open("/echo") for _ in range(5)]
        for stream in streams:
            self.peer.data(stream, b"x" * FRAME_SIZE, end=True)
        self.peer.pump()
        self.assertIn(sum(len(self.peer.responses[each].body) for each in streams), range(LEAST, WINDOW + 1))
        self.peer.send(WindowUpdateFrame(0, window_increment=5 * FRAME_SIZE))
        for stream in streams:
            self.assertEqual(len(self.peer.response(stream).body), FRAME_SIZE)
        self.assert_alive()


class InitialSize(Case):
    """Section 6.9.2: a change of the initial window changes every stream's by the difference."""

    def test_6_9_2_opened_behind_the_head(self) -> None:
        self.peer.send(initial(0))
        stream = self.peer.request("POST", "/echo", b"abc")
        self.assertEqual(self.peer.response(stream).body, b"")
        self.peer.send(initial(1))
        self.assertEqual(self.peer.response(stream).body, b"a")
        self.peer.send(initial(WINDOW))
        self.assertEqual(self.peer.response(stream).body, b"abc")
        self.assert_alive()

    def test_6_9_2_negative(self) -> None:
        """Shrunk below what was sent, the window is negative: it must be opened past that before more is sent."""
        self.peer.send(initial(5))
        stream = self.peer.request("POST", "/echo", b"0123456789")
        self.assertEqual(self.peer.response(stream).body, b"01234")
        self.peer.send(initial(2))
        for _ in range(3):
            self.peer.send(WindowUpdateFrame(stream, window_increment=1))
            self.assertEqual(self.peer.response(stream).body, b"01234")
        self.peer.send(WindowUpdateFrame(stream, window_increment=1))
        self.assertEqual(self.peer.response(stream).body, b"012345")
        self.peer.send(initial(WINDOW))
        self.assertEqual(self.peer.response(stream).body, b"0123456789")
        self.assert_alive()

    def test_6_9_2_connection_is_not_changed(self) -> None:
        """Its window stays at 65,535, whatever a stream's is."""
        self.peer.send(initial(LAST_WINDOW))
        stream = self.peer.open("/echo")
        for _ in range(5):
            self.peer.data(stream, b"x" * FRAME_SIZE)
        self.peer.data(stream, b"", end=True)
        self.assertIn(len(self.peer.response(stream).body), range(LEAST, WINDOW + 1))
        self.peer.send(WindowUpdateFrame(0, window_increment=WINDOW))
        self.assertEqual(len(self.peer.response(stream).body), 5 * FRAME_SIZE)

    def test_6_9_2_past_the_limit(self) -> None:
        """A change that takes a stream's window past 2^31-1: a connection error."""
        self.peer.send(WindowUpdateFrame(self.witness, window_increment=1000))
        self.peer.send(initial(LAST_WINDOW))
        self.assert_connection_error(FLOW)

    def test_6_9_2_of_a_new_stream(self) -> None:
        self.peer.send(initial(3))
        self.assertEqual(self.peer.fetch("POST", "/echo", b"abcde").body, b"abc")
