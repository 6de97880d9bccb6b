"""RFC 9113, section 8: corners of requests and trailers, as a peer may make them that wants to be misunderstood."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame

from tests.support.conformance import Case
from tests.support.peer import Fields, block, request

PROTOCOL = ErrorCodes.PROTOCOL_ERROR
LAST = ["END_HEADERS", "END_STREAM"]
TCHARS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"


class Base(Case):
    def ask(self, fields: Fields, end: bool = True) -> int:
        frame = self.peer.headers(fields, end=end)
        self.peer.send(frame)
        return int(frame.stream_id)

    def changed(self, name: bytes, value: bytes, method: bytes = b"GET") -> list[tuple[bytes, bytes]]:
        """A request with another pseudo-header field."""
        return [(each, value if each == name else old) for each, old in request(method, b"/held")]

    def refuse(self, fields: Fields) -> None:
        """A stream error; no application sees it."""
        self.setUp()
        stream = self.ask(fields)
        self.assertEqual((self.web.held, len(self.web.uploads)), ([], 1))
        self.assert_stream_error(stream, PROTOCOL)
        self.tearDown()
        self.setUp()

    def refuse_or_answer(self, fields: Fields) -> None:
        """A stream error, or an answer of 4xx or of the application; the connection lives."""
        stream = self.ask(fields)
        while self.web.held:
            self.web.held.pop().answer(404, b"")
        answer = self.peer.response(stream)
        self.assertTrue(answer.reset_code is not None or answer.ended)
        self.assert_alive_still()

    def assert_alive_still(self) -> None:
        """As ``assert_alive``, which ends the witness and so can be asked once."""
        self.assertIsNone(self.peer.goaway)
        self.assertEqual(self.peer.fetch("POST", "/echo", b"alive").body, b"alive")


class Requests(Base):
    def test_8_1_1_a_block_without_a_field(self) -> None:
        """Of a request: nothing, or the size of a table alone."""
        for data in (b"", b"\x20", b"\x20\x3f\xe1\x1f"):
            self.setUp()
            head = self.peer.headers(request(), end=True)
            self.peer.send(HeadersFrame(head.stream_id, data, flags=LAST))
            self.assert_stream_error(head.stream_id, PROTOCOL)
            self.tearDown()

    def test_8_2_1_every_letter_of_a_name(self) -> None:
        self.ask(
            request(b"GET", b"/held", [(TCHARS, b"x"), *((TCHARS[at : at + 1], b"x") for at in range(len(TCHARS)))])
        )
        self.assertEqual(self.web.held[0].getHeader(TCHARS), b"x")
        self.assert_alive()

    def test_8_2_1_no_other_byte_of_a_name(self) -> None:
        """Alone, at the start, at the end, and within."""
        for byte in set(range(256)) - set(TCHARS):
            one = bytes([byte])
            for name in (one, one + b"a", b"a" + one, b"a" + one + b"a"):
                if name != b":a":  # an unknown pseudo-header field; test_8_3_unknown_pseudo_header
                    stream = self.ask(request(b"GET", b"/held", [(name, b"x")]))
                    self.assertEqual(self.peer.response(stream).reset_code, PROTOCOL, name)
            self.web.clock.advance(1)  # whoever makes the server reset streams pays for it
        self.assertEqual(self.web.held, [])
        self.assert_alive()

    def test_8_2_1_upper_case_by_huffman_and_by_the_table(self) -> None:
        """However it is written."""
        held = block(request(b"GET", b"/held"))
        for field in (b"\x00\x82\x87\xbf\x01b", b"\x40\x01A\x01b\xbe"):
            self.setUp()
            head = self.peer.headers(request(), end=True)
            self.peer.send(HeadersFrame(head.stream_id, held + field, flags=LAST))
            self.assertEqual(self.web.held, [])
            self.assert_stream_error(head.stream_id, PROTOCOL)
            self.tearDown()

    def test_8_2_2_transfer_encoding_beside_a_length(self) -> None:
        """What smuggles a request through a gateway."""
        self.refuse(request(b"POST", b"/held", [(b"content-length", b"4"), (b"transfer-encoding", b"chunked")]))
        self.refuse(request(b"POST", b"/held", [(b"transfer-encoding", b"identity")]))

    def test_8_3_1_paths_that_are_none(self) -> None:
        """A path begins with a slash, or is the asterisk of OPTIONS: whatever else is no way to a resource."""
        for path in (b"held", b"?a=b", b"*", b"//held", b"/held#f", b"/he ld", b"/%00", b"/%", b"/\xff"):
            self.refuse_or_answer(self.changed(b":path", path))

    def test_8_3_1_methods_that_are_none(self) -> None:
        for method in (b"G T", b"get", b"\x7f", b"GET\x0b", b"G" * 1000, b"\xff"):
            self.refuse_or_answer(self.changed(b":method", method))

    def test_8_3_1_values_that_no_field_may_have(self) -> None:
        """Of pseudo-header fields as of others."""
        for name in (b":method", b":scheme", b":authority", b":path"):
            good = dict(request(b"GET", b"/held"))[name]
            for value in (good + b"\r\nx: y", good + b"\n", b"\x00" + good, b" " + good, good + b"\t"):
                self.refuse(self.changed(name, value))

    def test_8_3_1_no_method(self) -> None:
        self.refuse(self.changed(b":method", b""))

    def test_8_3_1_schemes(self) -> None:
        """Not limited to http and https: a gateway may ask for others."""
        for scheme in (b"http", b"https", b"coap"):
            self.refuse_or_answer(self.changed(b":scheme", scheme))

    def test_8_3_1_two_hosts(self) -> None:
        """Two fields that differ, with and without :authority."""
        two = [(b"host", b"localhost:8080"), (b"host", b"elsewhere")]
        self.refuse(request(b"GET", b"/held", two))
        self.refuse([field for field in request(b"GET", b"/held", two) if field[0] != b":authority"])

    def test_8_3_a_pseudo_header_twice_of_one_value(self) -> None:
        for field in request(b"GET", b"/held"):
            self.refuse([*request(b"GET", b"/held"), field])

    def test_8_1_1_lengths_that_are_none(self) -> None:
        """No application sees one; a number of thousands of digits is none either."""
        for value in (b"", b"4 4", b"4,5", b"0x4", b"4.0", b"\xb2", b"4" * 20, b"1" * 5000):
            self.refuse(request(b"POST", b"/held", [(b"content-length", value)]))

    def test_8_1_1_a_length_said_twice(self) -> None:
        """The same: refused, or taken as one."""
        self.refuse_or_answer(request(b"GET", b"/held", [(b"content-length", b"0"), (b"content-length", b"0")]))

    def test_8_1_1_a_length_of_0_with_the_end(self) -> None:
        self.ask(request(b"POST", b"/held", [(b"content-length", b"0")]))
        self.assertEqual(len(self.web.held), 1)
        self.assert_alive()

    def test_8_1_1_many_malformed_in_one_read(self) -> None:
        """Each ends its own stream; good ones between are answered."""
        good: list[int] = []
        frames: list[HeadersFrame] = []
        for number in range(60):
            fields = request(b"POST", b"/echo", [(b"X", b"y")] if number % 2 else ())
            frames.append(self.peer.headers(fields, end=True))
            if not number % 2:
                good.append(frames[-1].stream_id)
        self.peer.send(*frames)
        self.peer.pump()
        self.assertEqual(len(self.peer.resets), 30)
        self.assertEqual({self.peer.responses[each].status for each in good}, {200})
        self.assert_alive()


class Trailers(Base):
    def begin_body(self, path: bytes = b"/held", extra: Fields = ()) -> int:
        stream = self.ask(request(b"POST", path, extra), end=False)
        self.peer.data(stream, b"body")
        return stream

    def trailers(self, stream: int, *fields: tuple[bytes, bytes]) -> None:
        self.peer.send(HeadersFrame(stream, block(fields), flags=LAST))

    def test_8_1_without_a_field(self) -> None:
        stream = self.begin_body(b"/echo")
        self.trailers(stream)
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()

    def test_8_1_are_no_fields_of_the_request(self) -> None:
        """A late ``host``, ``cookie`` or length changes nothing of what was said at first."""
        stream = self.begin_body(extra=[(b"content-length", b"4"), (b"cookie", b"a=b")])
        self.trailers(stream, (b"content-length", b"9"), (b"cookie", b"c=d"), (b"host", b"elsewhere"), (b"x", b"y"))
        (held,) = self.web.held
        told = [held.getHeader(name) for name in (b"content-length", b"cookie", b"host", b"x")]
        self.assertEqual(told, [b"4", b"a=b", b"localhost:8080", None])
        self.assert_alive()

    def test_8_1_behind_trailers_there_is_nothing(self) -> None:
        for late in (DataFrame, HeadersFrame):
            self.setUp()
            stream = self.begin_body()
            self.trailers(stream, (b"a", b"b"))
            flags = LAST if late is HeadersFrame else ["END_STREAM"]
            self.peer.send(late(stream, b"" if late is HeadersFrame else b"x", flags=flags))
            self.assert_stream_error(stream, ErrorCodes.STREAM_CLOSED)
            self.tearDown()

    def test_8_1_of_a_request_without_a_body(self) -> None:
        """HEADERS, then HEADERS that end."""
        stream = self.ask(request(b"POST", b"/echo"), end=False)
        self.trailers(stream, (b"a", b"b"))
        self.assertEqual((self.peer.response(stream).status, self.peer.response(stream).body), (200, b""))
        self.assert_alive()

    def test_8_1_of_a_paused_body(self) -> None:
        """They come behind what waits."""
        stream = self.ask(request(), end=False)
        upload = self.web.uploads[1]
        self.peer.data(stream, b"stop")
        self.peer.data(stream, b"later")
        self.trailers(stream, (b"a", b"b"))
        self.assertEqual((upload.received, upload.ends), (b"stop", []))
        upload.request.resume_body()
        self.assertEqual((upload.received, upload.ends), (b"stoplater", ["ended"]))
        self.assert_alive()

    def test_8_1_in_pieces_with_an_end_that_is_none(self) -> None:
        """END_STREAM of the HEADERS counts, though the block goes on; without it, trailers are malformed."""
        for ends in (True, False):
            self.setUp()
            stream = self.begin_body(b"/echo")
            whole = block([(b"a", b"b")])
            self.peer.send(
                HeadersFrame(stream, whole[:2], flags=["END_STREAM"] if ends else []),
                ContinuationFrame(stream, whole[2:], flags=["END_HEADERS"]),
            )
            if ends:
                self.assertEqual(self.peer.response(stream).body, b"body")
                self.assert_alive()
            else:
                self.assert_stream_error(stream, PROTOCOL)
            self.tearDown()
