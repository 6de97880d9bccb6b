"""TLS without sockets: certificates that are made and read, and what a handshake agrees on."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.support.transport import Transport
from tests.support.web import Web
from webcam.http import tls


class Base(SynchronousTestCase):
    certificate: Path
    key: Path

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        tls.make_self_signed(self.certificate, self.key)


class SelfSigned(Base):
    def test_is_for_this_host(self) -> None:
        """Its names and addresses, the loopback ones too; a server's, no authority's."""
        made = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertIn("localhost", names.get_values_for_type(x509.DNSName))
        addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
        self.assertIn("127.0.0.1", addresses)
        self.assertIn("::1", addresses)
        self.assertFalse(made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)

    def test_is_valid_from_now_on(self) -> None:
        """An hour of grace for clocks that are behind, and no longer than Apple's devices accept."""
        made = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        now = datetime.datetime.now(datetime.timezone.utc)
        since, until = made.not_valid_before_utc, made.not_valid_after_utc
        self.assertLess(since, now - datetime.timedelta(minutes=59))
        self.assertTrue(now + datetime.timedelta(days=800) < until < since + datetime.timedelta(days=826))

    def test_the_key_is_its_owners(self) -> None:
        """Mode 0600, also where a file with a wider mode stood before."""
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        self.key.chmod(0o644)
        tls.write_private(self.key, b"secret")
        self.assertEqual((stat.S_IMODE(self.key.stat().st_mode), self.key.read_bytes()), (0o600, b"secret"))

    def test_the_fingerprint_is_what_openssl_prints(self) -> None:
        """SHA-256, 32 pairs of digits."""
        made = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        text = tls.fingerprint(self.certificate)
        self.assertRegex(text, r"\A([0-9A-F]{2}:){31}[0-9A-F]{2}\Z")
        self.assertEqual(bytes.fromhex(text.replace(":", "")), made.fingerprint(tls.hashes.SHA256()))

    def test_two_are_never_the_same(self) -> None:
        other = self.folder / "other.pem"
        tls.make_self_signed(other, self.folder / "other-key.pem")
        self.assertNotEqual(tls.fingerprint(other), tls.fingerprint(self.certificate))


class BadFiles(Base):
    def refusal(self) -> str:
        with self.assertRaises(tls.BadCertificate) as caught:
            tls.context(self.certificate, self.key)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_that_are_missing(self) -> None:
        self.certificate.unlink()
        self.assertEqual(self.refusal(), f"can't read {self.certificate}: No such file or directory")

    def test_a_key_that_is_missing(self) -> None:
        self.key.unlink()
        self.assertEqual(self.refusal(), f"can't read {self.key}: No such file or directory")

    def test_that_hold_something_else(self) -> None:
        self.certificate.write_text("hello")
        self.assertEqual(self.refusal(), f"{self.certificate} holds no certificate in PEM form")

    def test_a_key_that_is_none(self) -> None:
        self.key.write_bytes(self.certificate.read_bytes())
        self.assertEqual(self.refusal(), f"{self.key} holds no key in PEM form")

    def test_a_key_of_another_certificate(self) -> None:
        tls.make_self_signed(self.folder / "other.pem", self.key)
        self.assertEqual(self.refusal(), f"{self.key} is not the key of {self.certificate}")

    def test_a_key_with_a_passphrase(self) -> None:
        """It is refused: nobody is there to be asked."""
        private = ec.generate_private_key(ec.SECP256R1())
        self.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
        )
        self.assertIn(str(self.key), self.refusal())


class TCP(Transport):
    """What lies below TLS."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass


class Handshakes(Base):
    def serve(self) -> None:
        """A new connection to a server with these files."""
        self.web = Web()
        options = tls.context(self.certificate, self.key)
        self.server = tls.over_tls(options, self.web.site, self.web.clock).buildProtocol(None)
        self.transport = TCP(self.server, None, "192.0.2.7")
        self.server.makeConnection(self.transport)

    def connect(self, offered: list[bytes], version: int | None = None) -> SSL.Connection:
        """A client that offers these protocols to a new server, with its handshake done."""
        self.serve()
        context = SSL.Context(SSL.TLS_METHOD)
        if version is not None:
            context.set_min_proto_version(version)
            context.set_max_proto_version(version)
        if offered:
            context.set_alpn_protos(offered)
        client = SSL.Connection(context, None)
        client.set_connect_state()
        for _ in range(4):
            try:
                client.do_handshake()
            except SSL.WantReadError:
                pass
            self.exchange(client)
        return client

    def exchange(self, client: SSL.Connection) -> None:
        """What either side has written goes to the other."""
        try:
            self.server.dataReceived(client.bio_read(1 << 20))
        except SSL.WantReadError:
            pass
        self.web.clock.advance(0)
        data = self.transport.take()
        if data:
            client.bio_write(data)

    def test_prefer_http2(self) -> None:
        """Whatever the client's order."""
        client = self.connect([b"http/1.1", b"h2"])
        self.assertEqual(client.get_alpn_proto_negotiated(), b"h2")
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        self.exchange(client)
        self.assertEqual(client.recv(9)[3], 4, "the first frame is SETTINGS")

    def test_http1_for_those_who_offer_it_or_nothing(self) -> None:
        for offered in ([b"http/1.1"], []):
            client = self.connect(offered)
            client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            self.exchange(client)
            head, body = client.recv(1 << 16), client.recv(1 << 16)
            self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
            self.assertEqual(body, b"hi")

    def test_tls_1_2_and_1_3(self) -> None:
        for version, name in ((SSL.TLS1_2_VERSION, "TLSv1.2"), (SSL.TLS1_3_VERSION, "TLSv1.3")):
            client = self.connect([b"h2"], version)
            self.assertEqual((client.get_protocol_version_name(), client.get_alpn_proto_negotiated()), (name, b"h2"))

    def test_nothing_older(self) -> None:
        self.assertRaises(SSL.Error, self.connect, [b"h2"], SSL.TLS1_1_VERSION)

    def test_a_whole_chain_is_sent(self) -> None:
        """Certificates behind the first in its file are for the client's check."""
        tls.make_self_signed(self.folder / "other.pem", self.folder / "other-key.pem")
        with self.certificate.open("ab") as file:
            file.write((self.folder / "other.pem").read_bytes())
        self.assertEqual(len(self.connect([b"h2"]).get_peer_cert_chain()), 2)
