"""HTTP/1.1: answers before the end of a body, aborts, bad requests, timeouts: the ends of a connection."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import LIMIT, Boom, Web

LENGTH = (("content-length", "102400"),)


IMPOSSIBLE = (
    b"",
    b"a b",
    b"a/b",
    b"a@b",
    b"a:b",
    b"a:80:80",
    b"[::1",
    b"::1",
    b"[::g]",
    b"[::1]x",
    b"a%zz",
    b"a\xe4",
    b"a?b",
    b"a#b",
    b"<a>",
    b":8080",
)
POSSIBLE = (
    b"a",
    b"a_b",
    b"_camera._tcp.local",
    b"localhost:8080",
    b"192.0.2.7",
    b"[::1]",
    b"[2001:db8::7]:8080",
    b"[::ffff:192.0.2.7]:1",
    b"[fe80::1%25eth0]",
    b"a%20b",
    b"cam.example.",
    b"a:",
    b"xn--kche-0ra.example",
)


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h1()


class EarlyAnswers(Base):
    def assert_last(self, number: int, status: int) -> None:
        """The answer says that it is the connection's last; the connection is closed 5 s later."""
        response = self.client.response(number)
        self.assertEqual((response.status, response.ended, response.header("connection")), (status, True, "close"))
        self.client.send_raw(b"x" * 100_000)
        self.web.clock.advance(4.99)
        self.assertFalse(self.client.closed)
        self.web.clock.advance(0.01)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.web.timers(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_too_large_by_its_length(self) -> None:
        """413 with the headers; the body is read and dropped for 5 s, so that the client gets to read it."""
        self.assert_last(self.client.open("POST", "/echo", [("content-length", str(LIMIT + 1))]), 413)

    def test_too_large_as_it_comes(self) -> None:
        """A chunked body passes the limit at some chunk."""
        number = self.client.open("POST", "/echo")
        self.client.send_data(number, b"x" * LIMIT)
        self.assertIsNone(self.client.response(number).status)
        self.client.send_data(number, b"x")
        self.assert_last(number, 413)

    def test_too_large_and_over_in_one_read(self) -> None:
        """The end of the body that comes in the same read is part of what is dropped."""
        with self.client.one_read():
            number = self.client.open("POST", "/echo")
            self.client.send_data(number, b"x" * (LIMIT + 1), end=True)
        self.assert_last(number, 413)

    def test_too_large_and_broken_in_one_read(self) -> None:
        """One answer is enough: a chunk behind it that is none is dropped as any other."""
        with self.client.one_read():
            number = self.client.open("POST", "/echo")
            self.client.send_data(number, b"x" * (LIMIT + 1))
            self.client.send_raw(b"no number\r\n")
        self.assertNotIn(b"400", self.client.transport.value())
        self.assert_last(number, 413)

    def test_of_the_early_hook(self) -> None:
        """With a body to come, or with none, an answer may be given at once."""
        for headers in (LENGTH, [("content-length", "0")], ()):
            self.client.drop()
            self.client = self.web.h1()
            self.assert_last(self.client.open("POST", "/now", headers, end=not headers), 200)

    def test_within_the_last_chunk(self) -> None:
        """An application may answer when it has seen enough, even if that is the end."""
        for headers, end in (([("content-length", "4")], False), ((), True)):
            self.client.drop()
            self.client = self.web.h1()
            number = self.client.open("POST", "/live", headers)
            upload = self.web.uploads[-1]
            upload.chunk = lambda data, request=upload.request: request.answer(200, b"enough")  # type: ignore[method-assign]
            self.client.send_data(number, b"full", end=end)
            self.assert_last(number, 200)
            self.assertEqual(upload.ends, [])

    def test_requests_behind_it_are_not_served(self) -> None:
        """What was sent behind the body is dropped with it."""
        with self.client.one_read():
            self.client.open("POST", "/now", end=True)
            self.client.request("GET", "/held")
            self.client.request("POST", "/live", b"x")
        self.assertEqual((self.web.held, self.web.uploads), ([], []))
        self.assert_last(0, 200)

    def test_the_client_may_go_before(self) -> None:
        """Nothing is left to do then."""
        self.client.open("POST", "/now", LENGTH)
        self.client.drop()
        self.assertEqual(self.web.timers(), [])


class Aborts(Base):
    def test_drop_the_connection(self) -> None:
        """At once, without an answer; an upload is lost once."""
        self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.abort()
        upload.request.abort()
        self.assertTrue(self.client.transport.aborted)
        self.assertTrue(self.client.closed)
        self.assertEqual((upload.ends, self.client.transport.value()), (["lost"], b""))
        self.assertEqual(self.web.timers(), [])

    def test_within_the_early_hook(self) -> None:
        """Whatever is in the same read, nothing of it is served."""
        for headers in (LENGTH, ()):
            client = self.web.h1()
            with client.one_read():
                client.open("POST", "/refused", headers, end=not headers)
                client.send_raw(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(client.closed)
            self.assertEqual(client.transport.value(), b"")
        self.assertEqual(self.web.held, [])

    def test_within_a_chunk(self) -> None:
        """The rest of the read goes nowhere."""
        number = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        seen: list[bytes] = []

        def chunk(data: bytes) -> None:
            seen.append(data)
            upload.request.abort()

        upload.chunk = chunk  # type: ignore[method-assign]
        with self.client.one_read():
            self.client.send_data(number, b"one")
            self.client.send_data(number, b"two", end=True)
        self.assertTrue(self.client.closed)
        self.assertEqual((seen, upload.ends), ([b"one"], ["lost"]))

    def test_after_half_an_answer(self) -> None:
        """The client sees that it is not whole."""
        number = self.client.request("GET", "/held")
        self.web.held[0].write(b"begun")
        self.web.held[0].abort()
        response = self.client.response(number)
        self.assertTrue(self.client.closed)
        self.assertEqual(response.ended, False)


class BadRequests(Base):
    def assert_bad(self, *reads: bytes) -> None:
        """One 400 and the end of the connection; nothing is logged, nothing reaches the application."""
        client = self.web.h1()
        client.expect("POST")
        for read in reads:
            client.send_raw(read)
        self.assertEqual(client.transport.value(), b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertTrue(client.closed)
        self.assertEqual((self.web.held, self.web.uploads), ([], []))
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_length_of_5000_digits(self) -> None:
        """Python refuses to make a number of it; so does the channel, whatever comes with or behind it."""
        head = b"POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n"
        self.assert_bad(head + b"\r\n")
        self.assert_bad(head + b"X: y\r\n\r\n")
        self.assert_bad(head + b"X: y\r\n", b"\r\n", b"body")

    def test_a_length_that_is_no_number(self) -> None:
        self.assert_bad(b"POST /live HTTP/1.1\r\nContent-Length: many\r\nX: y\r\n", b"\r\nbody")

    def test_a_line_without_an_end(self) -> None:
        """16 KiB are enough for any line."""
        self.assert_bad(b"GET /held?" + b"x" * 17000)
        self.assert_bad(b"GET /held?" + b"x" * 17000, b"y HTTP/1.1\r\n\r\n")

    def test_a_line_that_is_no_request(self) -> None:
        self.assert_bad(b"\x16\x03\x01 hello\r\n", b"GET /held HTTP/1.1\r\n\r\n")

    def test_two_ways_to_tell_the_length(self) -> None:
        self.assert_bad(
            b"POST /live HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nX: y\r\n",
            b"\r\n0\r\n\r\nGET /held HTTP/1.1\r\n\r\n",
        )

    def test_hosts(self) -> None:
        """Missing, given twice (even alike), or none that there could be (RFC 9112, 3.2)."""
        for lines in (
            b"",
            b"Host: a\r\nHost: a\r\n",
            b"Host: a\r\nX: y\r\nhost: b\r\n",
            *(b"Host: %b\r\n" % each for each in IMPOSSIBLE),
        ):
            self.assert_bad(b"GET /held HTTP/1.1\r\n" + lines + b"\r\n")
        self.assert_bad(b"GET /held HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")
        self.assert_bad(b"GET http://a/held HTTP/1.1\r\n\r\n")
        self.assert_bad(b"POST /live HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")

    def test_hosts_that_there_are(self) -> None:
        """With underscores, ports, addresses; a client of HTTP/1.0 needs none."""
        for host in POSSIBLE:
            self.client.drop()
            self.client = self.web.h1()
            self.client.transport.feed(b"GET /echo HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
            self.assertIn(b" 200 OK\r\n", self.client.transport.take(), host)
        self.client = self.web.h1()
        self.client.transport.feed(b"GET /echo HTTP/1.0\r\n\r\n")
        self.assertIn(b" 200 OK\r\n", self.client.transport.take())

    def test_codings(self) -> None:
        """One, and it is ``chunked``; in any letters."""
        for lines in (
            b"Transfer-Encoding: identity\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: chunked, chunked\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Transfer-Encoding: chunked;q=1\r\n",
            b"Transfer-Encoding:\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: \x0bchunked\r\n",
        ):
            self.assert_bad(b"POST /live HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n", b"0\r\n\r\n")
        self.client.transport.feed(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n"
        )
        self.assertTrue(self.client.transport.take().endswith(b"\r\n\r\na"))

    def test_ends_of_lines_in_chunks(self) -> None:
        """CR LF, in sizes and trailers alike, and however they come."""
        head = b"POST /held HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for body in (
            b"1\na\r\n0\r\n\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"0\n\n\r\n",
            b"0\r\n\n\r\n",
            b"0\r\nA: b\n\r\n\r\n",
            b"0\r\nA: b\nGET /held HTTP/1.1\r\n\r\n",
            b"0\r\nA: b\r\nC: d\n\r\n\r\n",
            b"0\r\nA: b\rC: d\r\n\r\n",
            b"0\r\nA: b\r\r\n\r\n",
        ):
            self.assert_bad_in_the_end(head + body, 1)
            self.assert_bad_in_the_end(head + body, len(head + body))
        good = head.replace(b"/held", b"/echo") + b"1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n"
        for size in (1, 2, 1000):
            self.client = self.web.h1()
            for at in range(0, len(good), size):
                self.client.transport.feed(good[at : at + size])
            self.assertTrue(self.client.transport.take().endswith(b"\r\n\r\na"), size)

    def assert_bad_in_the_end(self, sent: bytes, size: int) -> None:
        """In pieces of this size: never served, and answered 400."""
        client = self.web.h1()
        client.expect("POST")
        for at in range(0, len(sent), size):
            client.send_raw(sent[at : at + size])
        self.assertEqual(client.transport.value(), b"HTTP/1.1 400 Bad Request\r\n\r\n", sent)
        self.assertTrue(client.closed)
        self.assertEqual(self.web.held, [])

    def test_an_exception_in_a_chunk(self) -> None:
        """It costs its connection, and is logged by whoever reads the socket."""
        number = self.client.open("POST", "/live")
        self.assertRaises(Boom, self.client.send_data, number, b"boom")


class Timeouts(Base):
    def test_an_idle_connection_is_closed_after_a_minute(self) -> None:
        """Before its first request, in the middle of one, and behind the last."""
        self.client.drop()
        for begin in ("", "POST /ec", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx"):
            client = self.web.h1()
            client.send_raw(begin.encode())
            self.web.pass_time(59.5, client)
            self.assertFalse(client.closed)
            self.web.pass_time(0.5, client)
            self.assertTrue(client.closed)
            self.assertEqual(self.web.timers(), [])

    def test_the_minute_counts_from_the_last_answer(self) -> None:
        self.web.pass_time(50, self.client)
        self.client.fetch("POST", "/echo", b"x")
        self.web.pass_time(59.5, self.client)
        self.assertFalse(self.client.closed)
        self.web.pass_time(0.5, self.client)
        self.assertTrue(self.client.closed)

    def test_a_silent_live_body_is_not_timed_out(self) -> None:
        """However long nothing comes; and nothing is timed at all."""
        number = self.client.open("POST", "/live")
        self.assertEqual(self.web.timers(), [])
        self.web.pass_time(600, self.client, step=10)
        self.client.send_data(number, b"x", end=True)
        self.assertEqual(self.client.response(number).body, b"1")

    def test_a_request_that_waits_for_its_answer_is_not_timed_out(self) -> None:
        number = self.client.request("GET", "/held")
        self.web.pass_time(600, self.client, step=10)
        self.web.held[0].answer(200, b"late")
        self.assertEqual(self.client.response(number).body, b"late")

    def test_a_client_that_does_not_read_the_end(self) -> None:
        """An idle connection whose transport does not close is dropped some seconds later."""
        self.client.reading = False
        self.client.request("POST", "/echo", b"x")
        self.web.pass_time(60)
        self.assertTrue(self.client.transport.disconnecting)
        self.web.pass_time(15)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.web.timers(), [])

    def test_a_last_answer_that_nobody_takes(self) -> None:
        """It has a minute; what comes meanwhile is dropped."""
        client = self.web.h1(capacity=10_000)
        client.reading = False
        client.request("GET", "/held", headers=(("connection", "close"),))
        self.web.held[-1].answer(200, b"x" * 50_000)
        client.send_raw(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        self.web.pass_time(59)
        self.assertFalse(client.closed)
        self.assertEqual((client.protocol.held, len(self.web.held)), (0, 1))
        self.web.pass_time(17)
        self.assertTrue(client.closed)

    def test_a_client_that_goes_on_when_its_time_is_over(self) -> None:
        """TLS is read until the client closes it: nothing of that is kept."""
        client = self.web.h1()
        self.web.pass_time(61)
        for _ in range(100):
            client.send_raw(b"GET / HTTP/1.1\r\n" + b" \r\n" * 1000)
        self.assertEqual(client.protocol.held, 0)
        client.transport.settle()
