"""``webcam tls``: what it shows of a certificate, and when its exit status says that there is none to rely on."""

from __future__ import annotations

import datetime

from cryptography import x509

from tests.support.admin import AdminCase
from webcam.config import CERTIFICATE, KEY
from webcam.http.certificate import VALID, fingerprint, make_self_signed
from webcam.http.own_pair import renew

NOW = datetime.datetime.now(datetime.timezone.utc)


class TLSTests(AdminCase):
    def make(self, at: datetime.datetime = NOW) -> x509.Certificate:
        path = self.data / CERTIFICATE
        make_self_signed(path, self.data / KEY, at)
        return x509.load_pem_x509_certificate(path.read_bytes())

    def shown(self, *arguments: str, data: bool = True) -> dict[str, str]:
        status, out, err = self.run_it("tls", *arguments, data=data)
        self.assertEqual((status, err), (0, ""))
        return {line[:11].strip(): line[12:] for line in out.splitlines()}

    def test_what_it_shows(self) -> None:
        """Whom it is for, of whom, since when and how long, and its fingerprint."""
        leaf = self.make(NOW - VALID + datetime.timedelta(days=5, hours=2))
        shown = self.shown()
        self.assertEqual(shown["file"], str(self.data / CERTIFICATE))
        self.assertIn("O=made by this server for itself", shown["subject"])
        self.assertIn("localhost", shown["names"].split(", "))
        self.assertIn("127.0.0.1", shown["names"].split(", "))
        self.assertEqual(shown["issuer"], "itself")
        self.assertEqual(shown["valid from"], f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
        self.assertEqual(shown["valid until"], f"{leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, 5 days left")
        self.assertEqual(shown["SHA-256"], fingerprint(leaf))

    def test_neither_key_nor_database_is_read(self) -> None:
        """So whoever may read the certificate may see it."""
        self.make()
        (self.data / KEY).unlink()
        self.shown()
        self.assertEqual([each.name for each in self.data.iterdir()], [CERTIFICATE])

    def test_another_file(self) -> None:
        """One that lies elsewhere; there needs to be no data folder."""
        leaf = self.make()
        path = self.data / "elsewhere.pem"
        (self.data / CERTIFICATE).rename(path)
        self.assertEqual(self.shown("--certificate", str(path), data=False)["SHA-256"], fingerprint(leaf))

    def test_one_that_has_ended(self) -> None:
        leaf = self.make(NOW - VALID - datetime.timedelta(minutes=1))
        self.assertRefused(f"{CERTIFICATE} ended on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC", "tls")

    def test_one_that_is_not_valid_yet(self) -> None:
        """As one that was made while the clock was ahead."""
        leaf = self.make(NOW + datetime.timedelta(days=2))
        begin = f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        self.assertRefused(f"{CERTIFICATE} begins on {begin}, and is not valid yet", "tls")

    def test_a_renewed_one(self) -> None:
        """It has the new dates."""
        end = NOW + VALID - datetime.timedelta(hours=1, seconds=1)
        for at in (NOW - VALID - datetime.timedelta(days=1), NOW + datetime.timedelta(days=2)):
            self.make(at)
            renew(self.data / CERTIFICATE, self.data / KEY, NOW)
            self.assertEqual(self.shown()["valid until"], f"{end:%Y-%m-%d %H:%M} UTC, {(end - NOW).days} days left")

    def test_what_is_none(self) -> None:
        """A file that is missing, one that holds something else, a folder that is missing."""
        self.assertRefused(f"can't read {self.data / CERTIFICATE}: No such file or directory", "tls")
        (self.data / CERTIFICATE).write_text("nothing")
        self.assertRefused("holds no certificate in PEM form", "tls")
        self.data = self.data / "missing"
        self.assertRefused("there is no data folder", "tls")
