"""HTTP/2: field blocks that cost more than a request may, in bytes, in steps or in time."""

from __future__ import annotations

from h2.errors import ErrorCodes
from twisted.trial.unittest import SynchronousTestCase

from tests.support.huffman import decoded_in
from tests.support.peer import FRAME_SIZE, PREFACE, block, raw, request
from tests.support.web import Web
from webcam.http.connection import Connection
from webcam.http.limits import BODY_RATE, FIELD_BYTES, FIELDS, HEADERS, LOOK

HEADERS_FRAME, SETTINGS_FRAME, CONTINUATION, DATA_FRAME = 1, 4, 9, 0
END_STREAM, END_HEADERS = 1, 4
FINE = block(request(b"POST", b"/echo"))


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.web.site.startFactory()
        self.addCleanup(self.web.site.stopFactory)
        self.client = self.web.h2()

    def wait(self, between: bytes) -> None:
        """For longer than a block may take, saying this before each look at the slow."""
        for _ in range(int(HEADERS / LOOK) + 2):
            self.client.send_raw(between)
            self.client.transport.take()
            self.web.clock.advance(LOOK)


class Sizes(Case):
    """A block is refused before it is read."""

    def send(self, size: int, end: bool) -> int:
        """A block whose first literal is Huffman-coded, in pieces; how many bytes of it were decoded."""
        decoded = decoded_in(self)
        coded = b"\x18\xc6\x31\x8c\x63" * (size // 5)  # eight times "a"
        length = bytearray(b"\xff")
        left = len(coded) - 127
        while left > 127:
            length.append(left % 128 + 128)
            left //= 128
        data = b"\x00\x01a" + bytes((*length, left)) + coded
        pieces = [data[start : start + FRAME_SIZE] for start in range(0, len(data), FRAME_SIZE)]
        self.client.send_raw(raw(HEADERS_FRAME, 1, pieces[0]))
        for piece in pieces[1:-1]:
            self.client.send_raw(raw(CONTINUATION, 1, piece))
        self.client.send_raw(raw(CONTINUATION, 1, pieces[-1], END_HEADERS if end else 0))
        self.client.pump()
        return sum(decoded)

    def test_more_than_a_list_may_have(self) -> None:
        other = self.web.h2()
        self.assertEqual(self.send(60 * FRAME_SIZE, end=True), 0)
        self.assertEqual(self.client.goaway, ErrorCodes.ENHANCE_YOUR_CALM)
        self.assertEqual(self.web.site.tally.met, {"bytes of headers": 1})
        self.assertEqual(other.response(other.request("POST", "/echo", b"fine")).body, b"fine")

    def test_without_an_end(self) -> None:
        self.send(FIELD_BYTES + 100, end=False)
        self.assertEqual(self.client.goaway, ErrorCodes.ENHANCE_YOUR_CALM)

    def test_a_list_that_is_too_large(self) -> None:
        """Of a block that isn't: counted, too."""
        self.send(FIELD_BYTES - 100, end=True)
        self.assertEqual(self.client.goaway, ErrorCodes.ENHANCE_YOUR_CALM)
        self.assertEqual(self.web.site.tally.met, {"bytes of headers": 1})

    def test_the_largest_list(self) -> None:
        """As announced, in literals that aren't coded."""
        fields = request(b"GET", b"/held")
        room = FIELD_BYTES - sum(len(name) + len(value) + 32 for name, value in fields)
        data = block([*fields, (b"a", b"x" * (room - 33))])
        pieces = [data[start : start + 5000] for start in range(0, len(data), 5000)]
        self.client.send_raw(raw(HEADERS_FRAME, 1, pieces[0], END_STREAM))
        for piece in pieces[1:]:
            self.client.send_raw(raw(CONTINUATION, 1, piece, END_HEADERS if piece is pieces[-1] else 0))
        self.assertEqual(len(self.web.held), 1)

    def test_bytes_of_one_block_alone(self) -> None:
        """What went before counts no more."""
        connection = Connection()
        connection.receive_data(PREFACE + raw(SETTINGS_FRAME, 0))
        for stream in range(1, 200, 2):
            data = block([*request(), (b"a", b"x" * 1000)])
            connection.receive_data(raw(HEADERS_FRAME, stream, data[:900], END_STREAM))
            self.assertEqual(connection.unread, 900)
            rest = raw(CONTINUATION, stream, data[900:])
            connection.receive_data(rest[:100])
            self.assertEqual(connection.unread, 1000)
            connection.receive_data(rest[100:])
            self.assertEqual(connection.unread, len(data))
            connection.receive_data(raw(CONTINUATION, stream, b"", END_HEADERS))
            self.assertEqual(connection.unread, 0)


class Numbers(Case):
    """Fields that cost hardly a byte of a block, and little of a list: there is a bound on how many."""

    def send(self, extra: int) -> None:
        """A request of four fields and *extra* ones, in indexed fields of a byte."""
        asked = block(request(b"GET", b"/held")) + b"\x8f" * extra
        self.client.send_raw(raw(HEADERS_FRAME, 1, asked, END_HEADERS | END_STREAM))
        self.client.pump()

    def test_as_many_as_there_may_be(self) -> None:
        self.send(FIELDS - 4)
        self.assertEqual((len(self.web.held), self.client.goaway, self.web.site.tally.met), (1, None, {}))

    def test_one_more(self) -> None:
        self.send(FIELDS - 3)
        self.assertEqual(self.web.held, [])
        self.assertEqual(self.client.goaway, ErrorCodes.ENHANCE_YOUR_CALM)
        self.assertEqual(self.web.site.tally.met, {"bytes of headers": 1})


class Times(Case):
    """Open streams give a block that doesn't end no time."""

    def setUp(self) -> None:
        super().setUp()
        self.client.open("POST", "/live")
        self.before = self.client.protocol.held

    def assert_cut(self) -> None:
        self.assertTrue(self.client.transport.aborted)
        self.assertEqual(self.web.site.tally.met, {"time for headers": 1})

    def test_a_block_without_an_end(self) -> None:
        self.client.send_raw(raw(HEADERS_FRAME, 3, FINE) + 3 * raw(CONTINUATION, 3, bytes(16000)))
        self.assertEqual(self.client.protocol.held - self.before, len(FINE) + 48000)
        self.wait(raw(CONTINUATION, 3, b"x"))
        self.assert_cut()

    def test_a_frame_that_trickles(self) -> None:
        """Of a block that begins, and of one that goes on."""
        for begun in (b"", raw(HEADERS_FRAME, 3, FINE)):
            self.setUp()
            self.client.send_raw(begun + raw(CONTINUATION if begun else HEADERS_FRAME, 3, length=10000))
            self.wait(b"\0")
            self.assert_cut()

    def test_trailers_without_an_end(self) -> None:
        self.client.send_raw(raw(HEADERS_FRAME, 1, block([(b"a", b"b")]), END_STREAM))
        self.wait(raw(CONTINUATION, 1, b"x"))
        self.assert_cut()

    def test_a_slow_upload(self) -> None:
        """Its frames may take their time: it is the body that has to come."""
        self.client.send_raw(raw(DATA_FRAME, 1, length=16384))
        self.wait(bytes(int(LOOK * BODY_RATE / 4)))
        self.assertFalse(self.client.closed)

    def test_other_blocks(self) -> None:
        """Each look finds one unfinished, and each time it is another one."""
        piece = block(request(b"GET", b"/echo"))
        for stream in range(3, 3 + 4 * int(HEADERS), 2):
            self.client.send_raw(raw(HEADERS_FRAME, stream, piece[:20], END_STREAM))
            self.web.clock.advance(LOOK)
            self.client.send_raw(raw(CONTINUATION, stream, piece[20:], END_HEADERS))
            self.client.transport.take()
        self.assertFalse(self.client.closed)
        self.assertEqual(self.web.site.tally.met, {})
