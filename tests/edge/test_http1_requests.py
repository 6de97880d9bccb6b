"""HTTP/1.1: requests with early bodies, early answers, and one after the other."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from twisted.trial.unittest import SynchronousTestCase

from tests.support.peer import block, raw, request
from tests.support.ticking import Ticking
from tests.support.web import LIMIT, Upload, Web

BODY = bytes(range(256)) * 400
LENGTH = (("content-length", str(len(BODY))),)


class AbsoluteForm(SynchronousTestCase):
    def test_a_whole_url_is_as_good_as_its_path(self) -> None:
        """RFC 9112, 3.2.2: what clients send to a proxy, a server accepts, too."""
        web = Web()
        for target in ("https://localhost:8080/echo", "HTTP://localhost/echo?a=b"):
            self.assertEqual(web.h1().fetch("POST", target, b"here").body, b"here")


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h1()

    def assert_alive(self) -> None:
        """The connection still serves."""
        self.assertEqual(self.client.fetch("POST", "/echo", b"alive").body, b"alive")
        self.assertFalse(self.client.closed)


class EarlyBodies(Base):
    def test_chunked(self) -> None:
        """The application is told with the headers, and has the bytes as they come."""
        number = self.client.open("POST", "/live?a=b")
        (upload,) = self.web.uploads
        self.assertEqual((upload.request.path, upload.request.query), (b"/live", b"a=b"))
        self.client.send_data(number, b"one")
        self.assertEqual(upload.received, b"one")
        self.client.send_data(number, b"two", end=True)
        self.assertEqual((upload.received, upload.ends), (b"onetwo", ["ended"]))
        self.assertEqual(self.client.response(number).body, b"6")

    def test_with_a_length(self) -> None:
        """So it is with a declared length."""
        number = self.client.open("PUT", "/live", LENGTH)
        self.client.send_data(number, BODY[:10])
        self.assertEqual(self.web.uploads[0].received, BODY[:10])
        self.client.send_data(number, BODY[10:])
        self.assertEqual(self.web.uploads[0].received, BODY)
        self.assertEqual(self.client.response(number).body, b"%d" % len(BODY))

    def test_byte_by_byte(self) -> None:
        """How the bytes are cut means nothing."""
        self.client.expect("POST")
        text = b"POST /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
        for each in text:
            self.client.send_raw(bytes([each]))
        self.assertEqual(self.web.uploads[0].received, b"abcd")
        self.assertEqual(self.client.response(0).body, b"4")

    def test_nothing_is_answered_before_the_body_ends(self) -> None:
        """Not even headers, nor "100 Continue" unasked."""
        number = self.client.open("POST", "/live")
        self.client.send_data(number, b"one")
        self.assertEqual(self.client.transport.value(), b"")

    def test_twenty_gib_are_declared(self) -> None:
        """Nothing is set aside; the end of the connection is the end of the upload."""
        number = self.client.open("PUT", "/live", [("content-length", "21474836480")])
        self.client.send_data(number, b"short")
        (upload,) = self.web.uploads
        self.assertIsNone(upload.request.content)
        self.client.drop()
        self.assertEqual((upload.received, upload.ends), (b"short", ["lost"]))
        self.assertEqual(self.web.timers(), [])

    def test_the_connection_serves_on_behind_one(self) -> None:
        """A live upload that ended leaves an ordinary connection, which is idle for a minute at most."""
        self.client.request("POST", "/live", b"x")
        self.assert_alive()
        self.assertEqual(self.web.timers(), [60.0])

    def test_broken_chunks(self) -> None:
        """400, the end of the connection, and the upload is lost once."""
        number = self.client.open("POST", "/live")
        self.client.send_raw(b"no number\r\n")
        self.assertEqual(self.client.response(number).status, 400)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])
        self.assertEqual(self.flushLoggedErrors(), [])


class Pausing(Base):
    def test_a_paused_upload_reads_no_more(self) -> None:
        """TCP holds the client back; all that came meanwhile comes in order when it goes on."""
        number = self.client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        self.assertTrue(self.client.transport.reading_paused)
        self.client.send_data(number, b"one")
        self.client.send_data(number, b"two", end=True)
        self.assertEqual((upload.received, upload.ends), (b"", []))
        upload.request.resume_body()
        self.assertEqual(self.client.response(number).body, b"6")
        self.assertEqual((upload.received, upload.ends), (b"onetwo", ["ended"]))

    def test_when_the_answer_is_done(self) -> None:
        """A late pause holds nothing back."""
        self.client.fetch("POST", "/live", b"x")
        request = self.web.uploads[0].request
        request.pause_body()
        request.resume_body()
        self.assertFalse(self.client.transport.reading_paused)
        self.assert_alive()

    def test_a_paused_upload_is_not_timed_out(self) -> None:
        self.client.open("POST", "/live")
        self.web.uploads[0].request.pause_body()
        self.web.pass_time(600, step=10)
        self.assertFalse(self.client.closed)

    def test_its_end_lets_the_connection_go_on(self) -> None:
        """The end came with the bytes that paused it."""
        with self.client.one_read():
            upload = self.client.open("POST", "/live")
            self.client.send_data(upload, b"stop", end=True)
        self.assertEqual(self.client.response(upload).body, b"4")
        self.assertEqual(self.client.fetch("POST", "/echo", b"next").body, b"next")

    def test_to_be_resumed_at_once(self) -> None:
        def chunk(upload: Upload, data: bytes) -> None:
            upload.request.pause_body()
            upload.request.resume_body()

        self.patch(Upload, "chunk", chunk)
        upload = self.client.open("POST", "/live")
        self.client.send_data(upload, b"x")
        self.assertFalse(self.client.transport.reading_paused)

    def test_bytes_behind_it_wait_and_are_counted(self) -> None:
        upload = self.client.open("POST", "/live")
        self.client.send_data(upload, b"stop")
        self.client.protocol.dataReceived(b"4\r\nmore\r\n0\r\n\r\n")
        self.assertEqual((self.web.uploads[0].received, self.client.protocol.held), (b"stop", 14))
        self.web.uploads[0].request.resume_body()
        self.assertEqual((self.client.response(upload).body, self.client.protocol.held), (b"8", 0))


class OneAfterTheOther(Base):
    def test_pipelined_requests(self) -> None:
        """They are served in their order, live ones among them."""
        with self.client.one_read():
            numbers = [
                self.client.request("POST", "/echo", b"one"),
                self.client.request("POST", "/live", b"four"),
                self.client.request("POST", "/echo", b"three"),
            ]
        self.assertEqual([self.client.response(each).body for each in numbers], [b"one", b"4", b"three"])

    def test_a_request_behind_one_that_waits(self) -> None:
        """It begins when the one before has its answer."""
        with self.client.one_read():
            self.client.request("GET", "/held")
            live = self.client.request("POST", "/live", b"x")
        self.assertEqual(self.web.uploads, [])
        self.web.held[0].answer(200, b"first")
        self.assertEqual(self.client.response(live).body, b"1")

    def test_a_client_that_closes(self) -> None:
        """``connection: close`` is kept to."""
        number = self.client.request("POST", "/echo", b"x", [("connection", "close")])
        self.assertTrue(self.client.response(number).ended)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.web.timers(), [])

    def test_head_has_no_body(self) -> None:
        response = self.client.fetch("HEAD", "/echo")
        self.assertEqual((response.status, response.body, response.ended), (200, b"", True))
        self.assert_alive()


class Continue(Base):
    EXPECT = (("expect", "100-continue"), ("content-length", "3"))

    def test_is_said_to_an_accepted_request(self) -> None:
        """Ordinary or live, the client is told to go on."""
        for path, body in (("/echo", b"abc"), ("/live", b"3")):
            number = self.client.open("POST", path, self.EXPECT)
            self.assertEqual(self.client.response(number).informational, [100])
            self.client.send_data(number, b"abc")
            self.assertEqual(self.client.response(number).body, body)

    def test_is_not_said_to_others(self) -> None:
        """Refused, answered at once, or too large: the client keeps its body."""
        large = (("expect", "100-continue"), ("content-length", str(LIMIT + 1)))
        for path, headers in (("/refused", self.EXPECT), ("/now", self.EXPECT), ("/echo", large)):
            client = self.web.h1()
            self.assertEqual(client.response(client.open("POST", path, headers)).informational, [])
            self.assertEqual(client.rest, b"")

    def test_is_said_once(self) -> None:
        """The next request on the connection that does not ask is not told."""
        self.client.open("POST", "/echo", self.EXPECT)
        self.client.send_data(0, b"abc")
        number = self.client.open("POST", "/echo", [("content-length", "3")])
        self.assertEqual(self.client.response(number).informational, [])


class Turns(SynchronousTestCase):
    """A peer whose bytes take long shares the server with all others."""

    def setUp(self) -> None:
        self.clock = Ticking()
        self.web = Web(clock=self.clock)
        self.client = self.web.h1()

    def test_requests_without_a_pause(self) -> None:
        """Some in each turn, the rest in later ones, in order; nothing more is read meanwhile."""
        one = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d"
        self.client.transport.feed(b"".join(one % number for number in range(1000)))
        turns = 0
        while self.client.transport.reading_paused:
            self.assertLess(self.client.transport.io.getvalue().count(b"HTTP/1.1 200"), 1000)
            self.clock.turn()
            turns += 1
        self.assertGreater(turns, 10)
        answers = self.client.transport.io.getvalue().split(b"HTTP/1.1 200")[1:]
        self.assertEqual([each[-4:] for each in answers], [b"%04d" % number for number in range(1000)])

    def test_requests_behind_large_bodies(self) -> None:
        """Bodies go in large pieces, small requests don't for that."""
        client = self.web.h1()
        body = b"x" * 90_000
        for _ in range(3):
            client.transport.feed(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" + body)
            for _ in range(100):
                self.clock.turn()
        client.transport.clear()
        client.transport.feed(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" * 1500)
        self.assertLess(client.transport.io.getvalue().count(b"HTTP/1.1 200"), 10)
        for _ in range(1500):
            self.clock.turn()
        self.assertEqual(client.transport.io.getvalue().count(b"HTTP/1.1 200"), 1500)

    def test_what_comes_meanwhile_comes_later(self) -> None:
        one = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d"
        self.client.protocol.dataReceived(b"".join(one % number for number in range(300)))
        self.assertTrue(self.client.transport.reading_paused)
        self.client.protocol.dataReceived(one % 300)
        while self.client.transport.reading_paused:
            self.clock.turn()
        answers = self.client.transport.io.getvalue().split(b"HTTP/1.1 200")[1:]
        self.assertEqual([each[-4:] for each in answers], [b"%04d" % number for number in range(301)])

    def test_a_request_that_is_answered_between_two_turns(self) -> None:
        """What was read behind it keeps its order."""
        one = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d"
        held = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
        for place in range(0, 60, 7):
            with self.subTest(place=place):
                web = Web(clock=self.clock)
                client = web.h1()
                before, behind = range(place), range(place, 300)
                client.transport.feed(b"".join([*(one % n for n in before), held, *(one % n for n in behind)]))
                while not web.held:
                    self.clock.turn()
                web.held[0].answer(200, b"held")
                for _ in range(400):
                    self.clock.turn()
                answers = [each[-4:] for each in client.transport.io.getvalue().split(b"HTTP/1.1 200")[1:]]
                self.assertEqual(answers, [b"held" if n == place else b"%04d" % (n - (n > place)) for n in range(301)])

    def test_an_upload_that_is_held_stays_so(self) -> None:
        """The end of a turn doesn't read on for it."""
        self.client.transport.feed(b"POST /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.client.transport.feed(b"1\r\nx\r\n" * 5000)
        (upload,) = self.web.uploads
        upload.request.pause_body()
        for _ in range(100):
            self.clock.turn()
        self.assertTrue(self.client.transport.reading_paused)
        self.assertEqual(len(upload.received), 5000)
        upload.request.resume_body()
        self.assertFalse(self.client.transport.reading_paused)

    def test_a_peer_that_goes_before_its_turn(self) -> None:
        """Nothing of it is begun any more, and no call is left."""
        one = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d"
        self.client.transport.feed(b"".join(one % number for number in range(300)))
        before = self.client.transport.io.getvalue().count(b"HTTP/1.1 200")
        self.client.drop()
        self.clock.turn()
        self.assertEqual(self.client.transport.io.getvalue().count(b"HTTP/1.1 200"), before)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class Targets(SynchronousTestCase):
    """What may stand in a target as it is: the same over both versions."""

    def outcome(self, kind: str, target: bytes) -> tuple[bytes, list[bytes]] | None:
        """Path and query as the application has them; ``None`` when the request is refused."""
        web = Web()
        if kind == "h1":
            web.h1().send_raw(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        else:
            web.h2().send_raw(raw(1, 1, block(request(b"GET", target)), 5))
        if not web.held:
            return None
        asked = web.held[0]
        return asked.place, [unquote_to_bytes(each) for each in asked.query.split(b"&")]

    def test_beyond_ascii(self) -> None:
        """Taken as it is."""
        for target, place, query in (
            ("/küche?device=Tür".encode(), "/küche".encode(), "device=Tür".encode()),
            (b"/\x80\xb0\xb1\xff?\x80\xb0\xb1\xff", b"/\x80\xb0\xb1\xff", b"\x80\xb0\xb1\xff"),
        ):
            for kind in ("h1", "h2"):
                self.assertEqual(self.outcome(kind, target), (place, [query]), kind)

    def test_what_may_not(self) -> None:
        for byte in (*range(0x21), 0x7F):
            for target in (b"/a%bb", b"/a?b%bc", b"/a%b"):
                for kind in ("h1", "h2"):
                    self.assertEqual(self.outcome(kind, target.replace(b"%b", bytes((byte,)))), None, (kind, byte))

    def test_a_method_is_ascii(self) -> None:
        for line in ("GÉT /held HTTP/1.1", "GET /held HTTP/1.1É", "GET  /held HTTP/1.1"):
            client = Web().h1()
            client.expect("GET")
            client.send_raw(line.encode() + b"\r\nHost: a\r\n\r\n")
            self.assertTrue(client.transport.value().startswith(b"HTTP/1.1 400 "), line)
