"""RFC 9113, section 8: requests and answers, and what makes a request malformed."""

from __future__ import annotations

from h2.errors import ErrorCodes
from hyperframe.frame import DataFrame, HeadersFrame, PushPromiseFrame

from tests.support.conformance import Case
from tests.support.peer import Fields, block, request

PROTOCOL = ErrorCodes.PROTOCOL_ERROR
LAST = ["END_HEADERS", "END_STREAM"]


class Malformed(Case):
    """Section 8.1.1: a stream error of type PROTOCOL_ERROR; the application never sees the request."""

    def refuse(self, fields: Fields) -> None:
        self.setUp()
        frame = self.peer.headers(fields, end=True)
        self.peer.send(frame)
        self.assertEqual(self.web.held, [])
        self.assert_stream_error(frame.stream_id, PROTOCOL)
        self.assertEqual(self.web.held, [])
        self.tearDown()
        self.setUp()

    def refuse_field(self, *extra: tuple[bytes, bytes]) -> None:
        self.refuse(request(b"GET", b"/held", extra))

    def accept(self, fields: Fields) -> None:
        held = len(self.web.held)
        self.peer.send(self.peer.headers(fields, end=True))
        self.assertEqual(len(self.web.held), held + 1)

    def without(self, name: bytes) -> list[tuple[bytes, bytes]]:
        return [field for field in request(b"GET", b"/held") if field[0] != name]

    def test_8_2_1_names(self) -> None:
        """No upper case, no control characters, no space, none above 0x7e, no colon, not empty."""
        for name in (b"X-TEST", b"x-Test", b"a b", b"a\x00", b"a\n", b"\x7f", b"\xff", b"a:b", b"a:", b""):
            self.refuse_field((name, b"ok"))

    def test_8_2_1_values(self) -> None:
        """No NUL, CR or LF, no white space around it; else any byte, and none at all."""
        for value in (b"a\x00b", b"a\rb", b"a\nb", b"a\r\nx: y", b" a", b"a ", b"\ta", b"a\t"):
            self.refuse_field((b"x-test", value))
        self.accept(request(b"GET", b"/held", [(b"x-a", b""), (b"x-b", b"\xff\x80 \t~")]))
        self.assert_alive()

    def test_8_2_2_connection_specific(self) -> None:
        for name in (b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"):
            self.refuse_field((name, b"keep-alive"))

    def test_8_2_2_te(self) -> None:
        """It may say "trailers", and nothing else."""
        for value in (b"trailers, deflate;q=0.5", b"gzip", b""):
            self.refuse_field((b"te", value))
        self.accept(request(b"GET", b"/held", [(b"te", b"trailers")]))
        self.assert_alive()

    def test_8_2_3_cookies(self) -> None:
        """Crumbs are put together for the application."""
        self.accept(request(b"GET", b"/held", [(b"cookie", b"a=b"), (b"x", b"y"), (b"cookie", b"c=d")]))
        self.assertEqual(self.web.held[0].getHeader(b"cookie"), b"a=b; c=d")
        self.assert_alive()

    def test_8_3_unknown_pseudo_header(self) -> None:
        for name in (b":test", b":", b":Method"):
            self.refuse([(name, b"ok"), *request(b"GET", b"/held")])

    def test_8_3_pseudo_header_of_answers(self) -> None:
        self.refuse([(b":status", b"200"), *request(b"GET", b"/held")])

    def test_8_3_pseudo_header_behind_others(self) -> None:
        for name in (b":method", b":scheme", b":authority", b":path"):
            value = dict(request(b"GET", b"/held"))[name]
            self.refuse([*self.without(name), (b"x", b"y"), (name, value)])

    def test_8_3_1_missing(self) -> None:
        for name in (b":method", b":scheme", b":path"):
            self.refuse(self.without(name))

    def test_8_3_1_twice(self) -> None:
        for field in request(b"GET", b"/held"):
            self.refuse([field, *request(b"GET", b"/held")])

    def test_8_3_1_empty_path(self) -> None:
        self.refuse([*self.without(b":path"), (b":path", b"")])

    def test_8_3_1_authority_and_host(self) -> None:
        """Host stands for a missing :authority; where both are, they are the same."""
        self.accept([*self.without(b":authority"), (b"host", b"localhost:8080")])
        self.accept(request(b"GET", b"/held", [(b"host", b"localhost:8080")]))
        self.assert_alive()
        self.refuse_field((b"host", b"elsewhere"))

    def test_8_3_1_options_of_the_server(self) -> None:
        """``OPTIONS *`` asks about no resource: it is answered, and no application sees it."""
        stream = self.peer.open("*", "OPTIONS", end=True)
        self.assertIn(self.peer.response(stream).status, (200, 204, 405))
        self.assertEqual(self.web.held, [])
        self.assert_alive()

    def test_8_5_connect(self) -> None:
        """It has no :scheme and no :path. This server connects to nothing: any stream error will do."""
        self.refuse(request(b"CONNECT", b"/held"))
        self.refuse([(b":method", b"CONNECT"), (b":authority", b"localhost:8080")])

    def test_8_5_extended_connect(self) -> None:
        """``:protocol`` is no pseudo-header where the server has not offered it (RFC 8441, section 3)."""
        self.refuse([*request(b"CONNECT", b"/held"), (b":protocol", b"websocket")])
        self.refuse([*request(b"GET", b"/held"), (b":protocol", b"websocket")])


class Lengths(Case):
    """Section 8.1.1: the sum of DATA is the content-length."""

    def refuse(self, length: bytes, *bodies: bytes, end: bool = True) -> None:
        stream = self.peer.open("/held", extra=[(b"content-length", length)], end=not bodies)
        for number, body in enumerate(bodies, 1):
            self.peer.data(stream, body, end=end and number == len(bodies))
        self.assert_stream_error(stream, PROTOCOL)
        self.assertEqual(self.web.held, [])

    def test_8_1_1_too_little_in_one_frame(self) -> None:
        self.refuse(b"10", b"test")

    def test_8_1_1_too_much_in_one_frame(self) -> None:
        self.refuse(b"1", b"test")

    def test_8_1_1_too_little_in_several_frames(self) -> None:
        self.refuse(b"10", b"test", b"test")

    def test_8_1_1_too_much_in_several_frames(self) -> None:
        self.refuse(b"5", b"test", b"test")

    def test_8_1_1_nothing_at_all(self) -> None:
        self.refuse(b"1")

    def test_8_1_1_too_much_without_an_end(self) -> None:
        """It is known before the body ends."""
        self.refuse(b"1", b"test", end=False)

    def test_8_1_1_of_zero(self) -> None:
        self.refuse(b"0", b"test")

    def test_8_1_1_no_number(self) -> None:
        self.refuse(b"ten", b"test")

    def test_8_1_1_signed(self) -> None:
        """Digits alone (RFC 9110, section 8.6)."""
        self.refuse(b"+4", b"test")

    def test_8_1_1_negative(self) -> None:
        self.refuse(b"-1", b"test")

    def test_8_1_1_two_that_differ(self) -> None:
        extra = [(b"content-length", b"4"), (b"content-length", b"5")]
        stream = self.peer.open("/held", extra=extra)
        self.peer.data(stream, b"test", end=True)
        self.assert_stream_error(stream, PROTOCOL)
        self.assertEqual(self.web.held, [])

    def test_8_1_1_trailers_in_place_of_the_rest(self) -> None:
        stream = self.peer.open("/held", extra=[(b"content-length", b"10")])
        self.peer.send(DataFrame(stream, b"test"), HeadersFrame(stream, block([(b"a", b"b")]), flags=LAST))
        self.assert_stream_error(stream, PROTOCOL)
        self.assertEqual(self.web.held, [])

    def test_8_1_1_exact(self) -> None:
        """Padding and empty frames are no part of it."""
        stream = self.peer.open("/echo", extra=[(b"content-length", b"4")])
        self.peer.send(DataFrame(stream, b"te", pad_length=7, flags=["PADDED"]), DataFrame(stream, b""))
        self.peer.data(stream, b"st", end=True)
        self.assertEqual(self.peer.response(stream).body, b"test")
        self.assert_alive()


class Framing(Case):
    """Section 8.1."""

    def test_8_1_trailers(self) -> None:
        """They end the body."""
        stream = self.peer.open("/echo")
        self.peer.data(stream, b"body")
        self.peer.send(HeadersFrame(stream, block([(b"x-sum", b"1")]), flags=LAST))
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()

    def test_8_1_trailers_of_a_live_body(self) -> None:
        stream = self.peer.open("/live")
        self.peer.data(stream, b"body")
        self.peer.send(HeadersFrame(stream, block([(b"x-sum", b"1")]), flags=LAST))
        self.assertEqual(self.peer.response(stream).body, b"4")
        self.assertEqual(self.web.uploads[1].ends, ["ended"])
        self.assert_alive()

    def test_8_1_trailers_in_fragments(self) -> None:
        stream = self.peer.open("/echo")
        whole = block([(b"x-sum", b"1")])
        head = HeadersFrame(stream, whole[:3], flags=["END_STREAM"])
        self.peer.send(
            head, b"\x00\x00" + bytes([len(whole) - 3]) + b"\x09\x04" + stream.to_bytes(4, "big") + whole[3:]
        )
        self.assertEqual(self.peer.response(stream).status, 200)
        self.assert_alive()

    def test_8_1_second_headers_without_an_end(self) -> None:
        stream = self.peer.open("/live")
        self.peer.send(HeadersFrame(stream, block([(b"x-sum", b"1")]), flags=["END_HEADERS"]))
        self.assert_stream_error(stream, PROTOCOL)

    def test_8_1_pseudo_header_in_trailers(self) -> None:
        for field in (*request(), (b":status", b"200")):
            self.setUp()
            stream = self.peer.open("/live")
            self.peer.send(HeadersFrame(stream, block([field]), flags=LAST))
            self.assert_stream_error(stream, PROTOCOL)
            self.tearDown()

    def test_8_1_malformed_trailers(self) -> None:
        for field in ((b"X", b"y"), (b"connection", b"close"), (b"a", b"b\r\n"), (b"", b"y")):
            self.setUp()
            stream = self.peer.open("/live")
            self.peer.send(HeadersFrame(stream, block([field]), flags=LAST))
            self.assert_stream_error(stream, PROTOCOL)
            self.tearDown()

    def test_8_1_1_expect_continue(self) -> None:
        """100 comes first, and the answer behind it."""
        stream = self.peer.open("/echo", extra=[(b"expect", b"100-continue")])
        self.assertEqual(self.peer.response(stream).informational, [100])
        self.peer.data(stream, b"body", end=True)
        self.assertEqual(self.peer.response(stream).body, b"body")
        self.assert_alive()

    def test_8_1_answer_to_head(self) -> None:
        """Its head alone, with the end of the stream."""
        stream = self.peer.open("/held", "HEAD", end=True)
        self.web.held[0].answer(200, b"body")
        answer = self.peer.response(stream)
        self.assertEqual((answer.status, answer.body, answer.ended), (200, b"", True))
        self.assert_alive()

    def test_8_4_push_by_the_client(self) -> None:
        self.peer.send(PushPromiseFrame(self.witness, 3, block(request()), flags=["END_HEADERS"]))
        self.assert_connection_error(PROTOCOL)
