"""TLS without sockets: what a handshake agrees on, what resumes a session, and which certificate is shown."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from twisted.internet import abstract
from twisted.internet.defer import ensureDeferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import EPOCH
from tests.support.freed import garbage
from tests.support.newkeys import Records, secret_of
from tests.support.peer import block, raw, request
from tests.support.transport import READ, Transport
from tests.support.web import Producer, Web
from webcam.http import openssl, tls
from webcam.http.certificate import fingerprint, make_self_signed, utc
from webcam.http.limits import EMPTY_BURST, EMPTY_RATE, LAST_BYTES
from webcam.http.reload import CurrentPair

FORWARD_SECRET = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")
FORBIDDEN = (
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-ECDSA-AES128-CCM",
    "DHE-RSA-AES128-GCM-SHA256",
    "AES128-GCM-SHA256",
    "AES256-SHA",
)
"""Of TLS 1.2: CBC, CCM, and those whose traffic a stolen key opens."""

HEADERS, END_STREAM, END_HEADERS = 1, 1, 4


class TCP(Transport):
    """What lies below TLS."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    def connectionLost(self, reason: Failure) -> None:
        """As TCP's own, which TLS calls for an end that comes without its own."""
        self.drop()


class Connection:
    """A client's connection to a server, over memory; its handshake is done when it is made.

    *midway* is called while the handshake is under way.
    """

    def __init__(
        self,
        web: Web,
        pair: CurrentPair,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        midway: Callable[[], None] = lambda: None,
        capacity: int | None = None,
    ) -> None:
        self._clock = web.clock
        self._server = tls.over_tls(pair, web.site, web.clock).buildProtocol(None)
        self._transport = TCP(self._server, None, "192.0.2.7", capacity)
        self._server.makeConnection(self._transport)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self._incoming, self._outgoing, session=session)
        self._shake_hands()
        midway()
        for _ in range(3):
            self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self.client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.exchange()

    def exchange(self) -> None:
        """What either side has written goes to the other."""
        if self._outgoing.pending:
            self._server.dataReceived(self._outgoing.read())
        self._clock.advance(0)
        self._incoming.write(self._transport.take())

    def ask(self, data: bytes) -> bytes:
        """Send it; what the server answers."""
        self.client.write(data)
        self.exchange()
        answer = b""
        try:
            while True:
                answer += self.client.read(1 << 16)
        except ssl.SSLWantReadError:
            return answer

    def write(self, data: bytes) -> None:
        """Bytes below TLS, in one read of the server."""
        self._transport.feed(data)

    def end_tls(self) -> None:
        """The client says that it sends no more, and takes nothing yet."""
        try:
            self.client.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._transport.feed(self._outgoing.read())

    def end_tcp(self) -> None:
        """The client ends its side of TCP."""
        self._transport.half_close()

    def take(self) -> None:
        """The client takes all that the server wrote."""
        self._transport.take()
        self._transport.settle()

    def settle(self) -> bool:
        """Whether the connection is still there when the turn is over."""
        self._transport.settle()
        return self._transport.connected

    def drop(self) -> None:
        """The client is gone without a word."""
        self._transport.drop()

    def get(self) -> bytes:
        """An answer over HTTP/1.1, its head included; TLS 1.3 sends its tickets before."""
        return self.ask(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")

    @property
    def fingerprint(self) -> str:
        """Of the certificate that the server showed."""
        shown = self.client.getpeercert(binary_form=True)
        assert shown is not None
        return fingerprint(x509.load_der_x509_certificate(shown))


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        self.make()
        self.pair = self.start()

    def make(self) -> None:
        """A new pair, in the place of the old one."""
        make_self_signed(self.certificate, self.key, utc(EPOCH))

    def start(self) -> CurrentPair:
        async def offload(function: Callable[..., Any], *arguments: Any) -> Any:
            return function(*arguments)

        return CurrentPair(self.certificate, self.key, False, lambda: EPOCH, offload)

    def context(self, offered: tuple[str, ...] = (), version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """A client's, that offers these protocols."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = version or ssl.TLSVersion.TLSv1_2
        if version is not None:
            context.maximum_version = version
        if offered:
            context.set_alpn_protocols(list(offered))
        return context

    def connect(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None, capacity: int | None = None
    ) -> Connection:
        return Connection(self.web, self.pair, context, session, capacity=capacity)


class Ends(Case):
    """What is over is freed at once: nothing of it waits for the garbage collector."""

    def ask(self, protocol: str, request: bytes) -> None:
        """A connection that is dropped in the midst of a request."""
        connection = self.connect(self.context((protocol,)))
        connection.ask(request)
        connection.drop()

    def send(self, data: bytes) -> bool:
        """A connection that is dropped in the midst of its handshake; whether the server wanted that, too."""
        server = tls.over_tls(self.pair, self.web.site, self.web.clock).buildProtocol(None)
        transport = TCP(server, None, "192.0.2.7")
        server.makeConnection(transport)
        server.dataReceived(data)
        refused = transport.disconnecting
        transport.drop()
        return refused

    def test_in_the_midst_of_a_request(self) -> None:
        head = raw(HEADERS, 1, block(request(b"POST", b"/echo")), END_HEADERS)
        for protocol, sent in (
            ("h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + head),
            ("http/1.1", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh"),
        ):
            with garbage() as found:
                self.ask(protocol, sent)
            self.assertEqual(found, {}, protocol)

    def test_in_the_midst_of_a_handshake(self) -> None:
        """It waits for more, or for nothing more of what is no TLS."""
        for sent, refused in ((b"\x16\x03\x01", False), (b"GET", False), (b"HELO there\r\n", True)):
            with garbage() as found:
                self.assertEqual(self.send(sent), refused)
            self.assertEqual(found, {}, sent)


class FullTransports(Case):
    """A client ends TLS while more waits for it than its transport takes."""

    def setUp(self) -> None:
        super().setUp()
        self.producers: list[Producer] = []

    def begin(self) -> Iterator[Connection]:
        """An answer that goes on for as long as it may, over either protocol."""
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
        head = raw(HEADERS, 1, block(request(b"GET", b"/held")), END_HEADERS | END_STREAM)
        for protocol, sent in (("h2", preface + head), ("http/1.1", b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")):
            connection = self.connect(self.context((protocol,)), capacity=20_000)
            connection.ask(sent)
            producer = Producer(self.web.held.pop(), [b"x" * 10_000] * 1000)
            self.producers.append(producer)
            producer.go()
            self.assertFalse(producer.ready, protocol)
            yield connection

    def test_what_was_asked_for_is_sent_to_its_end(self) -> None:
        """And the connection ends with it; the client takes a piece each second, and nobody cuts it off."""
        for connection in self.begin():
            connection.end_tls()
            producer = self.producers[-1]
            del producer.pieces[3:]  # less than a window
            while producer.pieces:
                self.assertTrue(connection.settle())
                connection.take()
                self.web.clock.advance(1.0)
                self.web.site.connections.look_after()
            producer.request.unregisterProducer()
            producer.request.finish()
            connection.take()
            self.assertFalse(connection.settle())
            self.assertEqual(len(self.web.site.connections), 0)
        self.assertEqual(self.web.site.tally.met["time for the last bytes"], 0)

    def test_what_goes_on_for_ever_ends(self) -> None:
        """At once; of one that takes nothing, the connection is dropped with it."""
        for connection in self.begin():
            request = self.producers[-1].request
            request.when_half_closed(request.abort)
            connection.end_tls()
            connection.take()
            self.assertFalse(connection.settle())
            self.assertTrue(request.gone)
            self.assertEqual(len(self.web.site.connections), 0)

    def test_at_the_end_an_idle_one_is_closed_whether_or_not_the_peer_ends_tls(self) -> None:
        """It may not look at its connection before it wants to use it."""
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
        connections = [self.connect(self.context(("h2",))), self.connect(self.context(("http/1.1",)))]
        connections[0].ask(preface)
        self.assertIn(b"200 OK", connections[1].get())
        drained = self.web.site.connections.drain(10)
        for connection in connections:
            connection.take()
            self.assertFalse(connection.settle())
        self.successResultOf(drained)

    def test_at_the_end_one_is_closed_behind_its_last_answer(self) -> None:
        connection = self.connect(self.context(("http/1.1",)))
        connection.ask(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        drained = self.web.site.connections.drain(10)
        self.assertTrue(connection.settle())
        self.web.held.pop().answer(200, b"still")
        connection.take()
        self.assertFalse(connection.settle())
        self.successResultOf(drained)

    def test_one_that_takes_nothing_more(self) -> None:
        """It is cut off; no producer or PING would find it."""
        for connection in self.begin():
            connection.end_tls()
            self.web.clock.advance(LAST_BYTES)
            self.web.site.connections.look_after()
            self.assertTrue(connection.settle())
            self.web.clock.advance(0.5)
            self.web.site.connections.look_after()
            self.web.clock.advance(0)
            self.assertFalse(connection.settle())
            self.assertEqual(len(self.web.site.connections), 0)
        self.assertEqual(self.web.site.tally.met["time for the last bytes"], 2)


class EmptyRecords(Case):
    """Records that carry nothing: thousands fit into one read, and OpenSSL takes them in one go."""

    limit = "records of TLS that carry nothing"

    def setUp(self) -> None:
        super().setUp()
        self.offered = self.context(("http/1.1",), ssl.TLSVersion.TLSv1_3)
        keylog = self.folder / "keys"
        self.offered.keylog_filename = str(keylog)
        self.connection = self.connect(self.offered)
        self.records = Records(secret_of(keylog))

    @property
    def met(self) -> int:
        return self.web.site.tally.met[self.limit]

    def send(self, records: list[bytes]) -> bool:
        """In reads as large as the reactor's; whether the connection is still there behind them."""
        data = b"".join(records)
        for at in range(0, len(data), READ):
            self.connection.write(data[at : at + READ])
            self.connection.take()
        return self.connection.settle()

    def test_new_keys_again_and_again(self) -> None:
        """Each of them takes as long as a small request."""
        taken: list[int] = []
        received = openssl.received
        self.patch(openssl, "received", lambda connection: taken.append(1) or received(connection))
        self.assertFalse(self.send([self.records.new_keys() for _ in range(2400)]))
        self.assertEqual(self.met, 1)
        self.assertLess(len(taken), 5, "pieces of 32 and 64")
        self.assertEqual(len(self.web.site.connections), 0)

    def test_between_others(self) -> None:
        """What comes with them pays for none."""
        ask = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(EMPTY_BURST // 2):
            self.assertTrue(self.send([self.records.new_keys(), self.records.record(ask), self.records.new_keys()]))
        self.assertFalse(self.send([self.records.record(ask), self.records.new_keys()]))
        self.assertEqual(self.met, 1)

    def test_of_data(self) -> None:
        self.assertFalse(self.send([self.records.record(b"") for _ in range(EMPTY_BURST + 1)]))
        self.assertEqual(self.met, 1)

    def test_now_and_then(self) -> None:
        """More often than any client wants them: it is not cut off."""
        for _ in range(5 * EMPTY_BURST):
            self.assertTrue(self.send([self.records.new_keys()]))
            self.web.clock.advance(1 / EMPTY_RATE)
        self.assertEqual(self.met, 0)

    def test_a_byte_in_each(self) -> None:
        """A sketch that writes one byte at a time is a slow client, and no hostile one."""
        head = self.records.record(b"POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
        self.assertTrue(self.send([head, *(self.records.record(b"x") for _ in range(9000))]))
        self.assertEqual(self.web.uploads[0].received, b"x" * 9000)
        self.assertEqual(self.met, 0)


class Waiting(Case):
    """What a transport holds of answers, with TLS and without."""

    def test_bytes_that_wait(self) -> None:
        below = abstract.FileDescriptor(self.web.clock)
        self.patch(below, "startWriting", lambda: None)
        below.connected = True
        above = tls.over_tls(self.pair, self.web.site, self.web.clock).buildProtocol(None)
        above.transport = below
        for transport in (below, above):
            self.assertEqual(tls.unsent(transport), 0)
        below.write(b"x" * 1000)
        for transport in (below, above):
            self.assertEqual(tls.unsent(transport), 1000)
        self.patch(below, "writeSomeData", lambda data: 400)
        below.doWrite()
        below.write(b"y" * 50)
        for transport in (below, above):
            self.assertEqual(tls.unsent(transport), 650)

    def test_in_memory_nothing_does(self) -> None:
        self.assertEqual(tls.unsent(TCP(None, None, "192.0.2.7")), 0)


class Handshakes(Case):
    def test_prefer_http2(self) -> None:
        """Whatever the client's order."""
        connection = self.connect(self.context(("http/1.1", "h2")))
        self.assertEqual(connection.client.selected_alpn_protocol(), "h2")
        answer = connection.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        self.assertEqual(answer[3], 4, "the first frame is SETTINGS")
        self.assertEqual(self.web.site.tally.met, {}, "the log tells of offers without a match alone")

    def test_http1_for_those_who_offer_it_or_nothing(self) -> None:
        for offered in (("http/1.1",), ()):
            answer = self.connect(self.context(offered)).get()
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nhi"), answer)

    def test_an_offer_without_a_match_is_http1(self) -> None:
        """curl offers ``http/1.0`` with ``--http1.0``. Nothing is selected, no alert is sent, and the log says so."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for offered in (("http/1.0",), ("spdy/3", "h2c", "x" * 255)):
                with garbage() as found:
                    connection = self.connect(self.context(offered, version))
                    self.assertEqual(connection.client.selected_alpn_protocol(), None)
                    self.assertTrue(connection.get().startswith(b"HTTP/1.1 200 OK\r\n"))
                    connection.drop()
                    del connection
                self.assertEqual(found, {})
        tally = self.web.site.tally
        self.assertEqual(tally.met["ALPN offered neither h2 nor http/1.1, and HTTP/1.1 is spoken"], 4)

    def test_tls_1_2_and_1_3(self) -> None:
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            client = self.connect(self.context(("h2",), version)).client
            self.assertEqual((client.version(), client.selected_alpn_protocol()), (name, "h2"))

    def test_nothing_older(self) -> None:
        """The server's refusal, not the client's."""
        with self.assertRaises(ssl.SSLError) as caught:
            self.connect(self.context((), ssl.TLSVersion.TLSv1_1))
        self.assertIn("alert protocol version", str(caught.exception).lower().replace("_", " "))

    def test_ciphers(self) -> None:
        """Of TLS 1.2, those that are forward secret and authenticate what they encrypt."""
        for cipher in FORWARD_SECRET:
            context = self.context(("h2",), ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(cipher)
            chosen = self.connect(context).client.cipher()
            assert chosen is not None
            self.assertEqual(chosen[0], cipher)

    def test_the_cipher_that_costs_least_is_chosen(self) -> None:
        """AES-128, whatever the client's order; but one that names ChaCha20 first has no AES in its processor."""
        for version, offered, wanted in (
            (ssl.TLSVersion.TLSv1_2, "ECDHE+AES256:ECDHE+AES128:ECDHE+CHACHA20", "AES128-GCM"),
            (ssl.TLSVersion.TLSv1_2, "ECDHE+CHACHA20:ECDHE+AESGCM", "CHACHA20"),
            (ssl.TLSVersion.TLSv1_3, "ALL", "AES_128_GCM"),
        ):
            context = self.context(("h2",), version)
            context.set_ciphers(offered)
            chosen = self.connect(context).client.cipher()
            assert chosen is not None
            self.assertIn(wanted, chosen[0])

    def test_forbidden_ciphers(self) -> None:
        """No other is accepted, whatever the certificate's kind."""
        for cipher in FORBIDDEN:
            context = self.context(("h2",), ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(f"{cipher}:@SECLEVEL=0")
            with self.assertRaises(ssl.SSLError, msg=cipher) as caught:
                self.connect(context)
            self.assertIn("alert handshake failure", str(caught.exception).lower().replace("_", " "))
        offered = self.pair.serverConnectionForTLS(None).get_cipher_list()  # type: ignore[arg-type]
        self.assertEqual({each.split("_")[0].split("-")[0] for each in offered}, {"TLS", "ECDHE"})
        self.assertEqual([each for each in offered if "GCM" not in each and "POLY1305" not in each], [])

    def test_a_whole_chain_is_sent(self) -> None:
        """Certificates behind the first in its file are for the client's check."""
        make_self_signed(self.folder / "other.pem", self.folder / "other-key.pem", utc(EPOCH))
        with self.certificate.open("ab") as file:
            file.write((self.folder / "other.pem").read_bytes())
        self.pair = self.start()
        server = tls.over_tls(self.pair, self.web.site, self.web.clock).buildProtocol(None)
        transport = TCP(server, None, "192.0.2.7")
        server.makeConnection(transport)
        client = SSL.Connection(SSL.Context(SSL.TLS_METHOD), None)
        client.set_connect_state()
        self.assertRaises(SSL.WantReadError, client.do_handshake)
        server.dataReceived(client.bio_read(1 << 16))
        client.bio_write(transport.take())
        client.do_handshake()
        chain = [each.to_cryptography() for each in client.get_peer_cert_chain() or ()]
        self.assertEqual(chain, list(self.pair.pair.chain))
        self.assertEqual(len(chain), 2)


class Resumption(Case):
    """A second handshake is a short one, by the ticket of the first."""

    versions = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

    def session(self, context: ssl.SSLContext) -> ssl.SSLSession:
        connection = self.connect(context)
        self.assertFalse(connection.client.session_reused)
        self.assertTrue(connection.get().endswith(b"hi"))
        session = connection.client.session
        assert session is not None
        self.assertTrue(session.has_ticket)
        return session

    def test_resumes(self) -> None:
        """TLS 1.2 and 1.3; the same protocol is agreed on, and requests are served."""
        for version in self.versions:
            context = self.context(("http/1.1",), version)
            again = self.connect(context, self.session(context))
            self.assertTrue(again.client.session_reused, version)
            self.assertEqual(again.client.selected_alpn_protocol(), "http/1.1")
            self.assertTrue(again.get().endswith(b"hi"))

    def test_not_with_another_certificate(self) -> None:
        """A client that has one of before sees the new one, by a whole handshake."""
        for version in self.versions:
            context = self.context(("http/1.1",), version)
            session = self.session(context)
            before = self.pair.fingerprint
            self.make()
            self.pair.reload()
            again = self.connect(context, session)
            self.assertFalse(again.client.session_reused, version)
            self.assertTrue(again.get().endswith(b"hi"))
            self.assertEqual(again.fingerprint, self.pair.fingerprint)
            self.assertNotEqual(again.fingerprint, before)


class Reloaded(Case):
    """The certificate changes while connections are open."""

    def test_open_connections_go_on(self) -> None:
        """On what they agreed on; a new one is shown the new certificate."""
        before = self.connect(self.context())
        self.make()
        self.successResultOf(ensureDeferred(self.pair.look()))
        after = self.connect(self.context())
        self.assertNotEqual(before.fingerprint, after.fingerprint)
        self.assertEqual(after.fingerprint, self.pair.fingerprint)
        for each in (before, after, before):
            self.assertTrue(each.get().endswith(b"hi"))

    def test_in_the_middle_of_a_handshake(self) -> None:
        """It ends with the pair that it began with."""
        before = self.pair.fingerprint

        def change() -> None:
            self.make()
            self.pair.reload()

        connection = Connection(self.web, self.pair, self.context(), midway=change)
        self.assertEqual(connection.fingerprint, before)
        self.assertTrue(connection.get().endswith(b"hi"))
        self.assertNotEqual(self.connect(self.context()).fingerprint, before)
