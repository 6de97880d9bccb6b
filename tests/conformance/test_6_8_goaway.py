"""RFC 9113, section 6.8, and section 7: GOAWAY in both directions, and its codes."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import GoAwayFrame, PingFrame, RstStreamFrame

from tests.support.conformance import Case
from tests.support.peer import raw, request

PROTOCOL, SIZE, NO_ERROR = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.NO_ERROR


class FromTheClient(Case):
    def test_6_8_on_a_stream(self) -> None:
        self.peer.send(raw(7, self.witness, b"\x00" * 8))
        self.assert_connection_error(PROTOCOL)

    def test_6_8_too_short(self) -> None:
        self.peer.send(raw(7, 0, b"\x00" * 7))
        self.assert_connection_error(SIZE)

    def test_6_8_of_any_code(self) -> None:
        """With debug data or without: every stream ends, once, and the connection is closed."""
        for code in (*range(1, 15), 0xFFFFFFFF):
            self.setUp()
            self.peer.send(GoAwayFrame(0, 0, code, b"reason"))
            self.assertTrue(self.peer.closed)
            self.assertEqual(self.web.uploads[0].ends, ["lost"])
            self.tearDown()

    def test_6_8_with_other_frames_behind_it(self) -> None:
        """In the same read: they change nothing."""
        self.peer.send(GoAwayFrame(0, 0, PROTOCOL), PingFrame(0, b"12345678"))
        self.assertTrue(self.peer.closed)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])

    def test_6_8_graceful(self) -> None:
        """NO_ERROR: streams that are open go on to their ends, new ones are refused, then the connection closes."""
        asked = self.peer.open("/held", end=True)
        self.peer.send(GoAwayFrame(0, 0, NO_ERROR), PingFrame(0, b"12345678"))
        self.assertFalse(self.peer.closed)
        self.assertEqual(self.peer.pongs, [b"12345678"])
        late = self.peer.open("/held", end=True)
        self.peer.pump()
        self.assertEqual(self.peer.resets[late], [ErrorCodes.REFUSED_STREAM])
        self.peer.data(self.witness, b"last bytes", end=True)
        self.assertEqual(self.web.uploads[0].ends, ["ended"])
        self.assertFalse(self.peer.closed)
        self.web.held[0].answer(200, b"answer")
        self.peer.pump()
        self.assertEqual(self.peer.responses[asked].body, b"answer")
        self.assertTrue(self.peer.closed)
        assert self.peer.goaway is not None
        self.assertEqual(self.peer.goaway.error_code, NO_ERROR)

    def test_6_8_graceful_without_a_stream(self) -> None:
        """The connection closes at once."""
        self.peer.data(self.witness, b"", end=True)
        self.peer.send(GoAwayFrame(0, 0, NO_ERROR))
        self.assertTrue(self.peer.closed)


class FromTheServer(Case):
    def test_6_8_when_idle(self) -> None:
        """NO_ERROR, with the last stream that was begun, then the connection closes."""
        self.peer.data(self.witness, b"", end=True)
        self.peer.pump()
        self.web.clock.advance(61)
        self.peer.pump()
        assert self.peer.goaway is not None
        self.assertEqual((self.peer.goaway.error_code, self.peer.goaway.last_stream_id), (NO_ERROR, self.witness))
        self.assertTrue(self.peer.closed)

    def test_6_8_last_stream_is_none(self) -> None:
        """0 where no stream was begun: all can be tried again."""
        peer = self.begin()
        peer.send(raw(6, 3, b"12345678"))
        peer.pump()
        assert peer.goaway is not None
        self.assertEqual((peer.goaway.error_code, peer.goaway.last_stream_id), (PROTOCOL, 0))
        self.assert_alive()

    def test_6_8_frames_that_cross_it(self) -> None:
        """Are ignored; the connection closes all the same."""
        self.peer.reading = False
        self.peer.send(raw(6, 3, b"12345678"))
        self.peer.send(self.peer.headers(request(b"POST", b"/held"), end=True), GoAwayFrame(0, 0, NO_ERROR))
        self.peer.reading = True
        self.assertEqual(self.web.held, [])
        self.assert_connection_error(PROTOCOL)


class Codes(Case):
    """Section 7: a code that is not defined MUST NOT trigger any special behaviour."""

    def test_7_unknown_code_of_goaway(self) -> None:
        self.peer.send(GoAwayFrame(0, 0, 0xFF))
        self.assertTrue(self.peer.closed)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])

    def test_7_unknown_code_of_rst_stream(self) -> None:
        stream = self.peer.open("/held", end=True)
        self.peer.send(RstStreamFrame(stream, error_code=0xFF))
        self.assertTrue(self.web.held[0].gone)
        self.assert_alive()
