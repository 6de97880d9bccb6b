"""Certificates: made, read, refused, renewed."""

from __future__ import annotations

import datetime
import os
import stat

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.x509.oid import NameOID
from twisted.logger import formatEvent

from tests.support.own_pair import NOW, PairCase
from webcam.http import certificate as certificates
from webcam.http import own_pair
from webcam.http.certificate import BadCertificate, fingerprint, make_self_signed, read_pair
from webcam.http.own_pair import make_or_renew, renew
from webcam.http.tls import context

DAY = datetime.timedelta(days=1)
LASTS = 825 * DAY - datetime.timedelta(hours=1, seconds=1)


class Base(PairCase):
    @property
    def made(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())

    def alternatives(self) -> tuple[list[str], list[str]]:
        """Host names, addresses."""
        names = self.made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName), list(map(str, names.get_values_for_type(x509.IPAddress)))

    def operators(self, organization: str = "operator", **more: object) -> None:
        """A self-signed certificate of another maker, by the same key, with a day left."""
        private = read_pair(self.certificate, self.key).key
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
        issuer = more.get("issuer", name)
        assert isinstance(issuer, x509.Name)
        signed = (
            x509.CertificateBuilder(issuer, name, private.public_key(), 1, NOW - DAY, NOW + DAY)
            .sign(private, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        self.certificate.write_bytes(signed)


class Made(Base):
    def test_is_for_this_host(self) -> None:
        """Its names and addresses, the loopback ones too; a server's, no authority's."""
        names, addresses = self.alternatives()
        self.assertIn("localhost", names)
        self.assertLessEqual({"127.0.0.1", "::1"}, set(addresses))
        self.assertFalse(self.made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)

    def test_is_valid_from_now_on(self) -> None:
        """An hour of grace for clocks that are behind, and no longer than Apple's devices accept."""
        self.assertEqual(self.made.not_valid_before_utc, NOW - datetime.timedelta(hours=1))
        second = datetime.timedelta(seconds=1)
        self.assertEqual(self.made.not_valid_after_utc + second - self.made.not_valid_before_utc, 825 * DAY)

    def test_the_key_is_its_owners(self) -> None:
        """Mode 0600, also where a file with a wider mode stood before."""
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        self.key.chmod(0o644)
        make_self_signed(self.certificate, self.key, NOW)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)

    def test_the_fingerprint_is_what_openssl_prints(self) -> None:
        """SHA-256, 32 pairs of digits."""
        text = fingerprint(self.made)
        self.assertRegex(text, r"\A([0-9A-F]{2}:){31}[0-9A-F]{2}\Z")
        self.assertEqual(bytes.fromhex(text.replace(":", "")), self.made.fingerprint(hashes.SHA256()))

    def test_two_are_never_the_same(self) -> None:
        first = fingerprint(self.made)
        make_self_signed(self.certificate, self.key, NOW)
        self.assertNotEqual(fingerprint(self.made), first)


class BadFiles(Base):
    def refusal(self) -> str:
        with self.assertRaises(BadCertificate) as caught:
            context(read_pair(self.certificate, self.key))
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_that_are_missing(self) -> None:
        self.certificate.unlink()
        self.assertEqual(self.refusal(), f"can't read {self.certificate}: No such file or directory")

    def test_a_key_that_is_missing(self) -> None:
        self.key.unlink()
        self.assertEqual(self.refusal(), f"can't read {self.key}: No such file or directory")

    def test_that_hold_something_else(self) -> None:
        for data in (b"", b"hello", self.certificate.read_bytes()[:200], b"\xff\x00" * 100, self.key.read_bytes()):
            self.certificate.write_bytes(data)
            self.assertEqual(self.refusal(), f"{self.certificate} holds no certificate in PEM form")

    def test_a_key_that_is_none(self) -> None:
        for data in (b"", b"\xff", self.key.read_bytes()[:100], self.certificate.read_bytes()):
            self.key.write_bytes(data)
            self.assertEqual(self.refusal(), f"{self.key} holds no key in PEM form")

    def test_a_key_of_another_certificate(self) -> None:
        make_self_signed(self.folder / "other.pem", self.key)
        self.assertEqual(self.refusal(), f"{self.key} is not the key of {self.certificate}")

    def test_a_key_of_another_kind(self) -> None:
        private = x25519.X25519PrivateKey.generate()
        self.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
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
        self.assertEqual(self.refusal(), f"{self.key} holds no key in PEM form")

    def test_what_openssl_refuses(self) -> None:
        """A key that is too weak for it, by OpenSSL's own word."""
        private = ec.generate_private_key(ec.SECP192R1())
        name = x509.Name([])
        signed = x509.CertificateBuilder(name, name, private.public_key(), 1, NOW, NOW + DAY)
        self.certificate.write_bytes(signed.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.assertEqual(self.refusal(), "OpenSSL can't use the certificate: ee key too small")


class Renewed(Base):
    """A certificate that was made here is followed by another, thirty days before its end."""

    due = NOW + LASTS - 30 * DAY

    def test_in_time(self) -> None:
        """Not a second before."""
        before = self.certificate.read_bytes()
        self.assertFalse(renew(self.certificate, self.key, self.due - datetime.timedelta(seconds=1)))
        self.assertEqual(self.certificate.read_bytes(), before)
        self.assertTrue(renew(self.certificate, self.key, self.due))
        self.assertEqual(self.made.not_valid_after_utc, self.due + LASTS)
        self.assertFalse(renew(self.certificate, self.key, self.due), "the new one is in no hurry")

    def test_one_that_is_not_valid_yet(self) -> None:
        """The clock was wrong when it was made, or is now; the next one is valid by the clock."""
        second = datetime.timedelta(seconds=1)
        begin = self.made.not_valid_before_utc
        self.assertFalse(renew(self.certificate, self.key, begin))
        self.assertTrue(renew(self.certificate, self.key, begin - second))
        self.assertEqual(self.made.not_valid_after_utc, begin - second + LASTS)
        self.assertTrue(renew(self.certificate, self.key, NOW - 20000 * DAY), "in 1975")
        self.assertTrue(renew(self.certificate, self.key, NOW), "the clock is right again")
        self.assertFalse(renew(self.certificate, self.key, NOW + DAY))

    def test_a_clock_that_begins_in_1970_at_each_start_costs_clients_nothing(self) -> None:
        """The certificate that they trust is put back when the clock is right."""
        trusted = self.certificate.read_bytes()
        for at in (NOW, NOW + 100 * DAY):
            self.assertTrue(renew(self.certificate, self.key, NOW - 20000 * DAY))
            self.assertNotEqual(self.certificate.read_bytes(), trusted)
            self.assertTrue(renew(self.certificate, self.key, at))
            self.assertEqual(self.certificate.read_bytes(), trusted)
        self.assertIn("put back the self-signed certificate, valid from", formatEvent(self.logged[-1]))
        self.assertFalse(renew(self.certificate, self.key, NOW + 100 * DAY))
        self.assertTrue(renew(self.certificate, self.key, self.due))
        self.assertNotEqual(self.certificate.read_bytes(), trusted, "it ends, too")

    def test_what_is_kept_is_put_back_only_if_it_is_ours_and_fits(self) -> None:
        kept = self.folder / "certificate.pem.earlier"
        renew(self.certificate, self.key, NOW - 20000 * DAY)
        make_self_signed(self.folder / "other.pem", self.folder / "other-key.pem", NOW)
        for other in (b"", (self.folder / "other.pem").read_bytes(), kept.read_bytes() * 2):
            kept.write_bytes(other)
            renew(self.certificate, self.key, NOW)
            self.assertNotEqual(self.certificate.read_bytes(), other)
            renew(self.certificate, self.key, NOW - 20000 * DAY)
            self.assertNotEqual(kept.read_bytes(), other)

    def test_the_log_names_the_new_dates(self) -> None:
        """Not those of the one before."""
        renew(self.certificate, self.key, self.due)
        (said,) = [formatEvent(each) for each in self.logged]
        since, end = self.due - datetime.timedelta(hours=1), self.due + LASTS
        self.assertIn(f"valid from {since:%Y-%m-%d} until {end:%Y-%m-%d}, with the same key", said)

    def test_again_and_again(self) -> None:
        """The one that came of it is known again, and so is one that has ended."""
        self.assertTrue(renew(self.certificate, self.key, self.due))
        self.assertTrue(renew(self.certificate, self.key, NOW + 5000 * DAY))

    def test_the_key_stays(self) -> None:
        """Whoever knows the server by its key knows it still."""
        key, before = self.key.read_bytes(), self.made
        renew(self.certificate, self.key, self.due)
        self.assertEqual(self.key.read_bytes(), key)
        self.assertEqual(self.made.public_key(), before.public_key())
        self.assertNotEqual(self.made.serial_number, before.serial_number)
        context(read_pair(self.certificate, self.key))

    def test_so_do_names(self) -> None:
        """An address that the host hasn't at this moment, its network being down, is not lost; new ones are added."""
        self.patch(certificates, "host_names", lambda: ["old.example", "192.0.2.1"])
        make_self_signed(self.certificate, self.key, NOW)
        self.patch(own_pair, "host_names", lambda: ["new.example", "old.example"])
        renew(self.certificate, self.key, self.due)
        self.assertEqual(self.alternatives(), (["new.example", "old.example"], ["192.0.2.1"]))
        self.assertEqual(certificates.names_of(self.made), ["new.example", "old.example", "192.0.2.1"])

    def test_the_file_keeps_its_mode(self) -> None:
        """And nothing is left beside it."""
        self.certificate.chmod(0o640)
        renew(self.certificate, self.key, self.due)
        self.assertEqual(stat.S_IMODE(self.certificate.stat().st_mode), 0o640)
        self.assertEqual({each.name for each in self.folder.iterdir()}, {"certificate.pem", "key.pem"})

    def test_the_operators_own_is_left_alone(self) -> None:
        """Self-signed by another maker, signed by somebody else, with a chain, or a link to where the file is kept."""
        somebody = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        for variant in ({}, {"organization": certificates.MAKER, "issuer": somebody}):
            self.operators(**variant)
            self.assertFalse(renew(self.certificate, self.key, NOW), variant)
        self.operators(organization=certificates.MAKER)
        own = self.certificate.read_bytes()
        self.certificate.write_bytes(own + own)
        self.assertFalse(renew(self.certificate, self.key, NOW))
        kept = self.folder / "kept.pem"
        kept.write_bytes(own)
        self.certificate.unlink()
        self.certificate.symlink_to(kept.name)
        self.assertFalse(renew(self.certificate, self.key, NOW))
        self.assertEqual(kept.read_bytes(), own)
        self.certificate.unlink()
        kept.rename(self.certificate)
        self.assertTrue(renew(self.certificate, self.key, NOW), "alone and in its place it is ours")

    def test_a_disk_that_is_full(self) -> None:
        """The old one stays, whole; the log says so, once."""
        before = self.certificate.read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        self.patch(os, "fsync", full)
        make_or_renew(self.certificate, self.key, self.due)
        self.assertEqual(self.certificate.read_bytes(), before)
        self.assertEqual({each.name for each in self.folder.iterdir()}, {"certificate.pem", "key.pem"})
        (event,) = [each for each in self.logged if each.get("reason")]
        self.assertEqual((event["file"], event["reason"]), (str(self.certificate), "No space left on device"))

    def test_at_a_start(self) -> None:
        """What is there is renewed, what isn't is made: see test_own_pair, too."""
        make_or_renew(self.certificate, self.key, self.due)
        self.assertEqual(self.made.not_valid_after_utc, self.due + LASTS)
        self.assertEqual(len([each for each in self.logged if each.get("done") == "renewed"]), 1)
        for each in (self.certificate, self.key):
            each.unlink()
        make_or_renew(self.certificate, self.key, NOW)
        self.assertEqual(self.made.not_valid_after_utc, NOW + LASTS)
