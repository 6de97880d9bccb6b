"""Which certificate new connections get: after a change of its files, a signal, a day."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from webcam.http.certificate import BadCertificate, fingerprint, make_self_signed, read_chain, utc
from webcam.http.reload import CurrentPair

NOW = 1_900_000_000.0
DAY = 86400.0
LASTS = 825 * DAY - 3601


class Case(SynchronousTestCase):
    own = False

    def setUp(self) -> None:
        self.now = NOW
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.certificate, self.key = self.make("certificate.pem", "key.pem")
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self.log)
        self.addCleanup(globalLogPublisher.removeObserver, self.log)
        self.pair = self.start()
        self.first = self.pair.fingerprint

    def log(self, event: Any) -> None:
        if event["log_namespace"].startswith("webcam."):
            self.logged.append(formatEvent(event))

    def make(self, certificate: str, key: str, at: float = NOW) -> tuple[Path, Path]:
        """A new pair of files; a pair of names of the folder."""
        paths = self.folder / certificate, self.folder / key
        make_self_signed(*paths, utc(at))
        return paths

    def start(self) -> CurrentPair:
        async def offload(function: Callable[..., Any], *arguments: Any) -> Any:
            return function(*arguments)

        return CurrentPair(self.certificate, self.key, self.own, lambda: self.now, offload)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.successResultOf(ensureDeferred(self.pair.look()))

    def upkeep(self) -> None:
        self.successResultOf(ensureDeferred(self.pair.upkeep()))

    def check_dates(self, times: int = 1) -> None:
        for _ in range(times):
            self.successResultOf(ensureDeferred(self.pair.check_dates()))

    def said(self) -> list[str]:
        """What it logged since the last time."""
        said, self.logged[:] = list(self.logged), []
        return said

    def assertInUse(self, expected: str) -> None:
        """That fingerprint, by the very context of new connections."""
        self.assertEqual(self.pair.fingerprint, expected)
        connection = self.pair.serverConnectionForTLS(None)  # type: ignore[arg-type]
        shown = connection.get_certificate()
        assert shown is not None
        self.assertEqual(fingerprint(shown.to_cryptography()), expected)


class Changes(Case):
    """The files change while the server runs."""

    def in_use(self, certificate: Path | None = None) -> None:
        """The pair of the files is in use now, and the log has said so in one line."""
        expected = fingerprint(read_chain(certificate or self.certificate)[0])
        self.assertInUse(expected)
        self.assertEqual(self.said(), [f"certificate SHA-256 {expected} for new connections"])
        self.look(3)
        self.assertEqual(self.said(), [])

    def test_nothing(self) -> None:
        """What hasn't changed isn't read."""
        self.patch(Path, "read_bytes", None)
        self.look(3)
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [])

    def test_written_in_place(self) -> None:
        self.make("certificate.pem", "key.pem")
        self.look()
        self.in_use()

    def test_another_certificate_is_told_to_whoever_asked_and_no_change_is_not(self) -> None:
        told: list[str] = []
        self.pair.on_change = told.append
        self.pair.reload()
        self.assertEqual(told, [])
        self.make("certificate.pem", "key.pem")
        self.look()
        self.assertEqual(told, [self.pair.fingerprint])

    def test_replaced_by_others(self) -> None:
        """Renamed into their places."""
        certificate, key = self.make("new.pem", "new-key.pem")
        certificate.rename(self.certificate)
        key.rename(self.key)
        self.look()
        self.in_use()

    def test_links_that_lead_elsewhere(self) -> None:
        """As ACME clients set them."""
        self.certificate.rename(self.folder / "cert1.pem")
        self.key.rename(self.folder / "key1.pem")
        self.certificate.symlink_to("cert1.pem")
        self.key.symlink_to("key1.pem")
        self.look()
        self.assertEqual(self.said(), [], "the same certificate is nothing new")
        self.make("cert2.pem", "key2.pem")
        for link, to in ((self.certificate, "cert2.pem"), (self.key, "key2.pem")):
            (self.folder / "link").symlink_to(to)
            (self.folder / "link").rename(link)
        self.look()
        self.in_use()

    def test_written_behind_links(self) -> None:
        """The links stay as they are."""
        for path in (self.certificate, self.key):
            path.rename(self.folder / f"kept-{path.name}")
            path.symlink_to(f"kept-{path.name}")
        self.look()
        self.make("kept-certificate.pem", "kept-key.pem")
        self.look()
        self.in_use()

    def test_a_folder_that_is_a_link(self) -> None:
        """As containers get their secrets: all files change at once, and none is written."""
        for number in "12":
            (self.folder / number).mkdir()
            self.make(f"{number}/certificate.pem", f"{number}/key.pem")
        current = self.folder / "current"
        current.symlink_to("1")
        self.certificate, self.key = current / "certificate.pem", current / "key.pem"
        self.pair = self.start()
        (self.folder / "next").symlink_to("2")
        (self.folder / "next").rename(current)
        self.look()
        self.in_use()

    def test_one_after_the_other(self) -> None:
        """Looked at in between, the pair doesn't fit: the old one stays, and nothing is said of it."""
        certificate, key = self.make("new.pem", "new-key.pem")
        certificate.rename(self.certificate)
        self.look()
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [])
        key.rename(self.key)
        self.look()
        self.in_use()

    def test_one_long_after_the_other(self) -> None:
        """Then it was said once that they don't fit."""
        certificate, key = self.make("new.pem", "new-key.pem")
        key.rename(self.key)
        self.look(5)
        reason = f"{self.key} is not the key of {self.certificate}"
        self.assertEqual(self.said(), [f"the certificate in use stays: {reason}"])
        certificate.rename(self.certificate)
        self.look()
        self.in_use()

    def test_a_chain(self) -> None:
        """It is completed behind the same certificate."""
        make_self_signed(self.folder / "other.pem", self.folder / "other-key.pem", utc(NOW))
        with self.certificate.open("ab") as file:
            file.write((self.folder / "other.pem").read_bytes())
        self.look()
        self.assertEqual(len(self.pair.pair.chain), 2)


class Refusals(Case):
    """A pair that can't be used: the old one stays, and the log says why, once for each change."""

    def refuses(self, reason: str) -> None:
        self.look(5)
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [f"the certificate in use stays: {reason}"])

    def test_again_for_each_change(self) -> None:
        """And no change hides the next good pair."""
        self.certificate.write_text("nothing")
        self.refuses(f"{self.certificate} holds no certificate in PEM form")
        self.key.write_text("nothing either")
        self.refuses(f"{self.key} holds no key in PEM form")
        self.key.unlink()
        self.refuses(f"can't read {self.key}: No such file or directory")
        self.make("certificate.pem", "key.pem")
        self.look()
        self.assertNotEqual(self.pair.fingerprint, self.first)

    def test_one_that_has_ended(self) -> None:
        """Nobody would take it. The line has its date."""
        self.make("certificate.pem", "key.pem", NOW - 1000 * DAY)
        end = utc(NOW - 1000 * DAY + LASTS)
        self.refuses(f"{self.certificate} ended on {end:%Y-%m-%d %H:%M} UTC")

    def test_one_that_begins_later(self) -> None:
        """It is taken when its day has come."""
        self.make("certificate.pem", "key.pem", NOW + 2 * DAY)
        begin = utc(NOW + 2 * DAY) - datetime.timedelta(hours=1)
        self.refuses(f"{self.certificate} begins on {begin:%Y-%m-%d %H:%M} UTC, and is not valid yet")
        self.now += DAY
        self.upkeep()
        self.assertEqual(self.said(), [], "it was said before")
        self.assertInUse(self.first)
        self.now += DAY
        self.upkeep()
        self.assertNotEqual(self.pair.fingerprint, self.first)
        self.assertEqual(len(self.said()), 1)

    def test_the_old_ones_again(self) -> None:
        """Put back before a look that would report them, they are as good as ever."""
        before = self.certificate.read_bytes()
        self.certificate.write_text("nothing")
        self.look()
        self.certificate.write_bytes(before)
        self.look(5)
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [])

    def test_at_a_start(self) -> None:
        """There is no old one then. Dates don't matter: an ended certificate is used, with a warning."""
        self.key.write_text("nothing")
        self.assertRaises(BadCertificate, self.start)
        self.make("certificate.pem", "key.pem", NOW - 1000 * DAY)
        self.pair = self.start()
        self.pair.warn_of_end()
        end = utc(NOW - 1000 * DAY + LASTS)
        self.assertEqual(self.said(), [f"the certificate {self.certificate} ended on {end:%Y-%m-%d %H:%M} UTC"])


class Signal(Case):
    """What SIGHUP does: an answer at once, whatever it is."""

    def test_nothing_new(self) -> None:
        self.pair.reload()
        self.assertEqual(self.said(), [f"certificate SHA-256 {self.first} for new connections"])

    def test_a_new_pair(self) -> None:
        """The look after it finds nothing to do."""
        self.make("certificate.pem", "key.pem")
        self.pair.reload()
        self.assertNotEqual(self.pair.fingerprint, self.first)
        self.look(3)
        self.assertEqual(self.said(), [f"certificate SHA-256 {self.pair.fingerprint} for new connections"])

    def test_a_bad_pair(self) -> None:
        """Reported at once, and not once more by the looks; by the next signal it is."""
        self.make("certificate.pem", "other.pem")
        self.look()
        self.pair.reload()
        self.look(3)
        reason = f"the certificate in use stays: {self.key} is not the key of {self.certificate}"
        self.assertEqual(self.said(), [reason])
        self.pair.reload()
        self.assertEqual(self.said(), [reason])
        self.assertInUse(self.first)


class Upkeep(Case):
    """Once a day."""

    def test_warns_of_the_end(self) -> None:
        """Each day of the last two weeks."""
        self.now = NOW + 810 * DAY
        self.upkeep()
        self.assertEqual(self.said(), [])
        end = utc(NOW + LASTS)
        for day in (812, 813):
            self.now = NOW + day * DAY
            self.upkeep()
            self.assertEqual(self.said(), [f"the certificate {self.certificate} ends on {end:%Y-%m-%d %H:%M} UTC"])

    def test_tickets_have_a_new_key(self) -> None:
        """It comes with a new context; the certificate is the same."""
        before = self.pair.serverConnectionForTLS(None).get_context()  # type: ignore[arg-type]
        self.look()
        self.assertIs(self.pair.serverConnectionForTLS(None).get_context(), before)  # type: ignore[arg-type]
        self.upkeep()
        self.assertIsNot(self.pair.serverConnectionForTLS(None).get_context(), before)  # type: ignore[arg-type]
        self.assertInUse(self.first)

    def test_leaves_what_is_the_operators(self) -> None:
        """Even one that this very server made: it is in no place of its own now."""
        before = self.certificate.read_bytes()
        self.now = NOW + 824 * DAY
        self.upkeep()
        self.assertEqual(self.certificate.read_bytes(), before)


class Dates(Case):
    """Once a minute: the clock may have been wrong at the start, and be set right."""

    def test_a_valid_one(self) -> None:
        """Nothing is read, nothing is said."""
        self.patch(Path, "read_bytes", None)
        self.check_dates(3)
        self.assertEqual(self.said(), [])

    def test_the_operators(self) -> None:
        """It is left alone, and said once each time that it becomes invalid, at either end."""
        end = f"ended on {utc(NOW + LASTS):%Y-%m-%d %H:%M} UTC"
        begin = f"begins on {utc(NOW - 3600):%Y-%m-%d %H:%M} UTC, and is not valid yet"
        for now, wrong in ((NOW + 826 * DAY, end), (0.0, begin), (NOW, None), (0.0, begin)):
            self.now = now
            self.check_dates(3)
            self.assertEqual(self.said(), [f"the certificate {self.certificate} {wrong}"] if wrong else [])
        self.assertInUse(self.first)

    def test_what_the_start_said_is_not_said_again(self) -> None:
        self.now = 0.0
        self.pair.warn_of_end()
        self.check_dates(3)
        self.assertEqual(len(self.said()), 1)

    def test_one_that_was_refused_for_its_dates(self) -> None:
        """It is in use within a minute of the time at which it begins, when the one before has ended."""
        self.now = NOW + 826 * DAY
        self.make("certificate.pem", "key.pem", self.now + DAY)
        self.look(2)
        self.check_dates()
        self.assertInUse(self.first)
        self.now += DAY
        self.check_dates()
        self.assertInUse(fingerprint(read_chain(self.certificate)[0]))


class OwnUpkeep(Case):
    own = True

    def test_renews(self) -> None:
        """Thirty days before the end; the new one is in use at once."""
        self.now = NOW + 794 * DAY
        self.upkeep()
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [])
        self.now = NOW + 795 * DAY
        self.upkeep()
        self.assertNotEqual(self.pair.fingerprint, self.first)
        self.assertInUse(fingerprint(read_chain(self.certificate)[0]))
        renewed, used = self.said()
        self.assertIn("renewed the self-signed certificate", renewed)
        self.assertIn(self.pair.fingerprint, used)
        self.look(3)
        self.assertEqual(self.said(), [])

    def test_can_not(self) -> None:
        """Without its key. The old one goes on, and nothing more is said than that it does."""
        self.key.unlink()
        self.look(3)
        self.assertEqual(len(self.said()), 1)
        self.now = NOW + 800 * DAY
        self.upkeep()
        self.assertInUse(self.first)
        self.assertEqual(self.said(), [])

    def test_replaces_one_that_is_not_valid_now(self) -> None:
        """At either end, at the next look; with the same key."""
        key = self.key.read_bytes()
        for now in (NOW + 826 * DAY, 0.0, NOW):
            before = self.pair.fingerprint
            self.now = now
            self.check_dates()
            self.assertNotEqual(self.pair.fingerprint, before)
            self.assertInUse(fingerprint(read_chain(self.certificate)[0]))
            renewed, used = self.said()
            self.assertIn("renewed the self-signed certificate", renewed)
            self.assertIn(self.pair.fingerprint, used)
            self.check_dates(3)
            self.assertEqual(self.said(), [])
        self.assertEqual(self.key.read_bytes(), key)
