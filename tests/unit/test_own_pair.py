"""The server's own pair of key and certificate: what a start makes of what a crash, or the operator, left there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from twisted.logger import formatEvent

from tests.support.own_pair import NOW, PairCase
from webcam.http.certificate import BadCertificate, make_self_signed, read_pair
from webcam.http.own_pair import make_or_renew
from webcam.http.tls import context


class Case(PairCase):
    def start(self) -> None:
        make_or_renew(self.certificate, self.key, NOW)

    def names(self) -> set[str]:
        return {each.name for each in self.folder.iterdir()}

    def content(self) -> dict[str, bytes]:
        return {each.name: each.read_bytes() for each in self.folder.iterdir()}

    def assertUsable(self) -> None:
        context(read_pair(self.certificate, self.key))
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.certificate.stat().st_mode), 0o644)

    def assertLeftAlone(self, reason: str) -> None:
        """A start changes nothing, and reading the pair says why it can't be used."""
        before = self.content()
        self.start()
        self.assertEqual(self.content(), before)
        self.assertIn(reason, str(self.assertRaises(BadCertificate, read_pair, self.certificate, self.key)))

    def said(self) -> list[str]:
        return [formatEvent(each) for each in self.logged]

    def cuts(self, path: Path) -> list[bytes | None]:
        """What a power cut may leave of a file that was never synced; ``None``: nothing at all."""
        whole = path.read_bytes()
        zeros = bytes(len(whole))
        return [
            None,
            b"",
            zeros,
            whole[:5],
            whole[:40],
            whole[:100],
            whole[:100] + zeros[100:],
            bytes(512) + whole[512:],
        ]

    def leave(self, path: Path, data: bytes | None) -> None:
        if data is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(data)


class Completed(Case):
    """A pair of our own of which a crash left half, or less."""

    def test_neither_is_whole(self) -> None:
        old = self.key.read_bytes()
        for left in self.cuts(self.key):
            for other in self.cuts(self.certificate):
                self.leave(self.key, left)
                self.leave(self.certificate, other)
                self.start()
                self.assertUsable()
                self.assertNotEqual(self.key.read_bytes(), old)

    def test_a_key_that_is_whole_stays_and_gets_a_certificate(self) -> None:
        """Clients may know the server by it."""
        key = self.key.read_bytes()
        for left in self.cuts(self.certificate):
            self.leave(self.certificate, left)
            self.logged.clear()
            self.start()
            self.assertUsable()
            self.assertEqual(self.key.read_bytes(), key)
            (said,) = self.said()
            self.assertIn(f"{self.certificate} was missing or incomplete: made a new one for the key", said)

    def test_a_certificate_without_its_key_is_nothing(self) -> None:
        for left in self.cuts(self.key):
            self.leave(self.key, left)
            self.logged.clear()
            self.start()
            self.assertUsable()
            (said,) = self.said()
            self.assertIn(f"the key {self.key} was missing or incomplete: made a new key and certificate", said)

    def test_wherever_that_is_broken_off_the_next_start_goes_on(self) -> None:
        """The old certificate never meets the new key, which would look like the operator's doing."""
        real = os.fsync
        left = [0]

        def fsync(number: int) -> None:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            real(number)

        self.patch(os, "fsync", fsync)
        for steps in range(1, 20):
            make_self_signed(self.certificate, self.key, NOW)
            self.key.write_bytes(b"")
            left[0] = steps
            try:
                self.start()
            except KeyboardInterrupt:
                left[0] = 0
                self.start()
                self.assertUsable()
            else:
                break
        self.assertIn(steps, range(5, 10))

    def test_what_had_to_make_room_is_kept(self) -> None:
        """Unless it is nothing."""
        beginning = self.key.read_bytes()[:100]
        certificate = self.certificate.read_bytes()
        self.key.write_bytes(beginning)
        self.start()
        kept = {name: data for name, data in self.content().items() if name.endswith(".unusable")}
        self.assertEqual(kept, {"key.pem.unusable": beginning, "certificate.pem.unusable": certificate})
        for each in kept:
            (self.folder / each).unlink()
        self.certificate.write_bytes(b"")
        self.start()
        self.assertEqual(self.names(), {"key.pem", "certificate.pem"})

    def test_a_first_start_says_nothing_of_that(self) -> None:
        for each in (self.certificate, self.key):
            each.unlink()
        self.start()
        self.assertUsable()
        self.assertEqual(self.said(), [])


class TheOperators(Case):
    """What isn't ours, or may not be, stays as it is; so does whatever lies beside it."""

    def operators_key(self, encrypted: bool = False) -> bytes:
        secret = serialization.BestAvailableEncryption(b"secret") if encrypted else serialization.NoEncryption()
        private = rsa.generate_private_key(65537, 2048)
        return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)

    def test_a_certificate_of_his_without_its_key(self) -> None:
        """Also where the key is there and empty: he knows what he meant to put there."""
        whole = self.certificate.read_bytes()
        self.certificate.write_bytes(whole + whole)  # a chain
        self.key.unlink()
        self.assertLeftAlone("key.pem: No such file")
        self.key.write_bytes(b"")
        self.assertLeftAlone("key.pem holds no key")

    def test_a_key_of_another_kind_without_its_certificate(self) -> None:
        self.key.write_bytes(self.operators_key())
        self.certificate.unlink()
        self.assertLeftAlone("certificate.pem: No such file")
        self.certificate.write_bytes(b"")
        self.assertLeftAlone("certificate.pem holds no certificate")

    def test_a_key_of_another_curve_without_its_certificate(self) -> None:
        private = ec.generate_private_key(ec.SECP384R1())
        self.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.certificate.unlink()
        self.assertLeftAlone("certificate.pem: No such file")

    def test_files_that_hold_something_else(self) -> None:
        """A key with a passphrase, text, the binary form: whole, though of no use here."""
        whole = self.key.read_bytes()
        for other in (self.operators_key(encrypted=True), b"no key\n", b"\x30\x82\x01\x00" + bytes(60) + b"\x01"):
            self.key.write_bytes(other)
            self.assertLeftAlone("key.pem holds no key")
        self.key.write_bytes(whole)
        self.certificate.write_bytes(b"no certificate\n")
        self.assertLeftAlone("certificate.pem holds no certificate")

    def test_a_pair_that_does_not_fit(self) -> None:
        """He is half way through another one."""
        make_self_signed(self.folder / "other.pem", self.folder / "other-key.pem", NOW)
        self.key.write_bytes((self.folder / "other-key.pem").read_bytes())
        self.assertLeftAlone("is not the key of")

    def test_links_lead_to_what_may_come_back(self) -> None:
        """A file system that isn't mounted yet, say."""
        for path in (self.key, self.certificate):
            whole = path.read_bytes()
            path.unlink()
            path.symlink_to("not-there.pem")
            self.assertRaises(FileNotFoundError, path.read_bytes)
            make_or_renew(self.certificate, self.key, NOW)
            self.assertTrue(path.is_symlink())
            self.assertEqual(self.names(), {"key.pem", "certificate.pem"})
            path.unlink()
            path.write_bytes(whole)

    def test_a_folder_in_place_of_a_file(self) -> None:
        self.key.unlink()
        self.key.mkdir()
        make_or_renew(self.certificate, self.key, NOW)
        self.assertEqual(self.names(), {"key.pem", "certificate.pem"})
        self.assertTrue(self.key.is_dir())
