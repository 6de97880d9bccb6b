"""Plain HTTP where the server speaks TLS, without sockets."""

from __future__ import annotations

from twisted.logger import LogEvent, globalLogPublisher

from tests.edge.test_tls import TCP, Case
from tests.support.freed import garbage
from webcam.http import plain, tls
from webcam.http.limits import HANDSHAKE, LAST_BYTES

NOTED = "plain HTTP was answered 400 where TLS is spoken"
REQUEST = b"GET /output.raw?shash=abc HTTP/1.1\r\nHost: cam.example:8080\r\n\r\n"


class Plain(TCP):
    """``half_closed``: the server sends no more, and reads on."""

    half_closed = False

    def loseWriteConnection(self) -> None:
        self.half_closed = True


class PlainHTTP(Case):
    def connect_plainly(self) -> Plain:
        server = tls.over_tls(self.pair, self.web.site, self.web.clock).buildProtocol(None)
        transport = Plain(server, None, "192.0.2.7")
        server.makeConnection(transport)
        return transport

    def look(self, seconds: float) -> None:
        self.web.clock.advance(seconds)
        self.web.site.connections.look_after()
        self.web.clock.advance(0)

    def test_is_told_so(self) -> None:
        """By 400 and a sentence; the answer is the connection's last, and the log says whom it was for."""
        for line in (REQUEST, b"POST /authorize.json HTTP/1.0\r\n", b"GET / HTTP/1.1\n", b"PRI * HTTP/2.0\r\n\r\nSM"):
            transport = self.connect_plainly()
            transport.feed(line)
            head, _, body = transport.take().partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 400 Bad Request\r\n"), head)
            self.assertIn(b"\r\nconnection: close\r\ncontent-type: text/plain", head)
            self.assertIn(b"content-length: %d" % len(body), head)
            self.assertIn(b"https://", body)
            self.assertTrue(transport.half_closed)
            transport.drop()
        self.assertEqual(len(self.web.site.connections), 0)
        self.assertEqual(self.web.site.tally.met[NOTED], 4)

    def test_the_answer_to_head_has_no_body(self) -> None:
        transport = self.connect_plainly()
        transport.feed(REQUEST.replace(b"GET", b"HEAD"))
        self.assertTrue(transport.take().endswith(b"content-length: %d\r\n\r\n" % len(plain.SENTENCE)))

    def test_in_pieces(self) -> None:
        """Nothing is answered before the line's end; a slow peer has the time of a handshake."""
        transport = self.connect_plainly()
        for byte in REQUEST[: REQUEST.index(b"\n")]:
            transport.feed(bytes((byte,)))
        self.assertEqual(transport.take(), b"")
        transport.feed(b"\n")
        self.assertTrue(transport.take().startswith(b"HTTP/1.1 400 "))
        slow = self.connect_plainly()
        slow.feed(b"GET /")
        self.look(HANDSHAKE + 0.5)
        self.assertFalse(slow.connected and not slow.aborted)

    def test_what_comes_behind_it_is_dropped(self) -> None:
        """A body may be on its way: a close would reset the connection before the answer is read. Not for long."""
        transport = self.connect_plainly()
        transport.feed(REQUEST)
        answer = transport.take()
        for _ in range(100):
            transport.feed(REQUEST)
        self.assertEqual((transport.take(), answer.count(b"HTTP/1.1")), (b"", 1))
        self.assertTrue(transport.connected and not transport.disconnecting)
        self.look(LAST_BYTES)
        self.assertFalse(transport.aborted)
        self.look(0.5)
        self.assertTrue(transport.aborted)

    def test_what_is_neither(self) -> None:
        """TLS says what is wrong with it; a line has a bound."""
        for sent in (b"HELO there\r\n", b"get / HTTP/1.1\r\n", b"\0" * 20, b"A" * plain.LONGEST_LINE, b"GET / x\r\n"):
            transport = self.connect_plainly()
            transport.feed(sent)
            self.assertNotIn(b"HTTP/", transport.take(), sent)
            self.assertTrue(transport.disconnecting, sent)
        self.assertEqual(self.web.site.tally.met[NOTED], 0)
        self.assertEqual(plain.answer_to(b"GET " + b"x" * plain.LONGEST_LINE), None)

    def test_is_logged_once_a_minute(self) -> None:
        logged: list[LogEvent] = []
        globalLogPublisher.addObserver(logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, logged.append)
        for _ in range(50):
            self.connect_plainly().feed(REQUEST)
        self.assertEqual([each["times"] for each in logged if each.get("what") == NOTED], [1])
        self.assertEqual(self.web.site.tally.met[NOTED], 50)

    def test_is_freed_at_once(self) -> None:
        with garbage() as found:
            transport = self.connect_plainly()
            transport.feed(REQUEST)
            transport.drop()
        self.assertEqual(found, {})
