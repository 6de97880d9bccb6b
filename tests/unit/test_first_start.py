"""What a first start makes, what a second one leaves alone, and what stops either in one line."""

from __future__ import annotations

import io
import ipaddress
import os
import sqlite3
import stat
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path
from typing import TextIO

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from webcam import config
from webcam.clock import SystemClock
from webcam.errors import StartFailure
from webcam.firstaccount import NAME, PASSWORD_FILE, terminal_among
from webcam.firststart import prepare
from webcam.http.certificate import VALID, BadCertificate, fingerprint, make_self_signed, read_chain, utc
from webcam.http.own_pair import RENEW
from webcam.service.passwords import check_password
from webcam.storage import accounts
from webcam.storage.reserve import FILE as RESERVE
from webcam.storage.schema import FILE, connect
from webcam.tap import current_pair, terminal_of

MADE = {FILE, PASSWORD_FILE, "certificate.pem", "key.pem", "instance-id"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class PrepareCase(SynchronousTestCase):
    def setUp(self):
        self.data = Path(self.mktemp()).absolute()
        self.logged: list[dict] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)

    def prepare(self, terminal: TextIO | None = None, **given: str) -> Path:
        texts = {name: [text] for name, text in {"data": str(self.data), **given}.items()}
        return prepare(config.build(texts, {}), terminal)

    def names(self) -> list[str]:
        with closing(connect(self.data / FILE)) as connection:
            return [each.name for each in accounts.accounts(connection.cursor())]

    def contents(self) -> dict[str, bytes]:
        """Of every file, but for the reserve of space, which has nothing in it."""
        return {each.name: each.read_bytes() for each in self.data.iterdir() if each.name != RESERVE}

    def password(self) -> str:
        return (self.data / PASSWORD_FILE).read_text().removesuffix("\n")

    def assertFails(self, text: str, failure: type[Exception] = StartFailure, **given: str) -> None:
        message = str(self.assertRaises(failure, self.prepare, **given))
        self.assertIn(text, message)
        self.assertNotIn("\n", message)


class FirstStartTests(PrepareCase):
    def test_it_makes_what_is_missing(self):
        self.data = self.data / "deep" / "below"
        self.assertEqual(self.prepare(), self.data / FILE)
        self.assertEqual(set(self.contents()), MADE)

    def test_only_the_owner_gets_at_it_whatever_the_umask(self):
        before = os.umask(0)
        try:
            self.prepare()
        finally:
            os.umask(before)
        self.assertEqual(mode(self.data), 0o700)
        for name in (FILE, PASSWORD_FILE, "key.pem"):
            self.assertEqual(mode(self.data / name), 0o600, name)

    def test_the_first_account_has_the_password_of_the_file_which_is_in_no_log(self):
        self.prepare()
        self.assertEqual((self.names(), NAME), (["webcam"], "webcam"))
        with closing(connect(self.data / FILE)) as connection:
            password_hash = accounts.account(connection.cursor(), "webcam").password_hash
        self.assertTrue(check_password(password_hash, self.password()))
        self.assertTrue(len(self.password()) >= 16)
        self.assertNotIn(self.password(), str(self.logged))
        told = [formatEvent(event) for event in self.logged if event["log_namespace"] == "webcam"]
        self.assertEqual(told, [f"made a first account: name webcam, password in {self.data / PASSWORD_FILE}"])

    def test_on_a_terminal_the_password_is_shown_once(self):
        terminal = io.StringIO()
        self.prepare(terminal)
        self.assertEqual(terminal.getvalue(), f"The password of the first account, webcam: {self.password()}\n")
        self.assertNotIn(self.password(), str(self.logged))
        self.prepare(terminal)
        self.assertEqual(terminal.getvalue().count(self.password()), 1)

    def test_only_a_server_in_the_foreground_has_the_terminal(self):
        ours, its = os.openpty()
        self.addCleanup(os.close, ours)
        with os.fdopen(its, "w") as terminal:
            self.patch(sys, "stderr", terminal)
            options = config.Options()
            self.assertIsNone(terminal_of(options))
            for parent, expected in (({"nodaemon": 0}, None), ({"nodaemon": 1}, terminal)):
                options.parent = parent
                self.assertIs(terminal_of(options), expected)

    def test_files_and_what_is_closed_are_no_terminal(self):
        ours, its = os.openpty()
        self.addCleanup(os.close, ours)
        with os.fdopen(its, "w") as terminal:
            self.assertIs(terminal_among((None, io.StringIO(), terminal)), terminal)
        self.assertIsNone(terminal_among((None, io.StringIO())))

    def test_two_first_starts_have_two_passwords_and_two_keys(self):
        self.prepare()
        first = self.contents()
        self.data = self.data / "another"
        self.prepare()
        self.assertEqual([name for name, data in self.contents().items() if data == first[name]], [])

    def test_without_tls_neither_key_nor_certificate_is_made(self):
        self.prepare(plain="yes")
        self.assertEqual(set(self.contents()), MADE - {"certificate.pem", "key.pem"})

    def test_a_certificate_of_the_operators_own_is_not_made(self):
        elsewhere = self.data.parent / "elsewhere"
        self.prepare(certificate=str(elsewhere / "c.pem"), key=str(elsewhere / "k.pem"))
        self.assertEqual(set(self.contents()), MADE - {"certificate.pem", "key.pem"})
        self.assertFalse(elsewhere.exists())

    def test_a_folder_that_is_there_already_is_taken_as_it_is(self):
        self.data.mkdir(parents=True)
        self.data.chmod(0o750)
        self.prepare()
        self.assertEqual(mode(self.data), 0o750)

    def test_a_password_file_left_from_a_start_that_was_broken_off_is_replaced(self):
        self.data.mkdir(parents=True)
        (self.data / PASSWORD_FILE).write_text("left over\n")
        self.prepare()
        self.assertNotEqual(self.password(), "left over")
        self.assertEqual(mode(self.data / PASSWORD_FILE), 0o600)


class SecondStartTests(PrepareCase):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.logged.clear()

    def test_it_changes_nothing_and_shows_no_password(self):
        before = self.contents()
        self.assertEqual(self.prepare(), self.data / FILE)
        self.assertEqual(self.contents(), before)
        self.assertEqual([event for event in self.logged if "password" in event], [])

    def test_a_password_file_that_the_operator_deleted_stays_deleted(self):
        (self.data / PASSWORD_FILE).unlink()
        self.prepare()
        self.assertEqual(set(self.contents()), MADE - {PASSWORD_FILE})

    def test_a_first_account_that_the_operator_removed_stays_removed(self):
        with closing(connect(self.data / FILE)) as connection:
            accounts.remove_account(connection.cursor(), NAME)
        self.prepare()
        self.assertEqual(self.names(), [])

    def test_an_account_that_was_made_before_the_first_start_is_the_first_one(self):
        for each in self.data.iterdir():
            each.unlink()
        self.prepare()
        with closing(connect(self.data / FILE)) as connection:
            accounts.add_account(connection.cursor(), "operator's", "hash")
        self.prepare()
        self.assertEqual(self.names(), ["operator's", "webcam"])

    def test_a_lost_half_of_our_own_certificate_is_made_anew(self):
        for lost in ("key.pem", "certificate.pem"):
            (self.data / lost).write_bytes(b"")
            self.prepare()
            current_pair(config.build({"data": [str(self.data)]}, {}))

    def test_the_log_names_the_password_file_as_long_as_it_is_there(self):
        """A start may have been broken off before it said so."""
        self.prepare()
        (told,) = [formatEvent(event) for event in self.logged if event["log_namespace"] == "webcam"]
        file = self.data / PASSWORD_FILE
        self.assertEqual(
            told, f"the first password of the account webcam is in {file}: change it, then delete the file"
        )
        self.assertNotIn(self.password(), str(self.logged))
        (self.data / PASSWORD_FILE).unlink()
        self.logged.clear()
        self.prepare()
        self.assertEqual(self.logged, [])

    def test_a_password_that_a_crash_took_is_told_with_what_helps(self):
        """As the first version may have left it, which announced a password before it was on disk."""
        (self.data / PASSWORD_FILE).write_bytes(bytes(17))
        self.prepare()
        (told,) = [formatEvent(event) for event in self.logged if event["log_namespace"] == "webcam"]
        self.assertEqual(
            told,
            f"{self.data / PASSWORD_FILE} is empty after a crash: set a password of the account webcam by "
            "webcam account passwd webcam",
        )

    def test_a_certificate_that_ends_soon_is_renewed_where_it_is_the_servers_own(self):
        now = utc(SystemClock.wall())
        elsewhere = self.data / "elsewhere"
        elsewhere.mkdir()
        for folder in (self.data, elsewhere):
            make_self_signed(folder / "certificate.pem", folder / "key.pem", now - VALID + RENEW / 2)
        before = [fingerprint(read_chain(each / "certificate.pem")[0]) for each in (self.data, elsewhere)]
        self.prepare(certificate=str(elsewhere / "certificate.pem"), key=str(elsewhere / "key.pem"))
        self.assertEqual(
            [fingerprint(read_chain(each / "certificate.pem")[0]) for each in (self.data, elsewhere)], before
        )
        self.prepare()
        (leaf,) = read_chain(self.data / "certificate.pem")
        self.assertNotEqual(fingerprint(leaf), before[0])
        self.assertGreater(leaf.not_valid_after_utc, now + RENEW)


class TroubleTests(PrepareCase):
    def test_a_file_in_place_of_the_data_folder(self):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.touch()
        self.assertFails(f"can't use the data folder {self.data}: File exists")

    def test_a_file_above_the_data_folder(self):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.touch()
        self.data = self.data / "below"
        self.assertFails(f"can't use the data folder {self.data}: Not a directory")

    def test_a_folder_that_can_not_be_written(self):
        self.data.mkdir(parents=True)
        self.patch(os, "access", lambda path, _: path != self.data)
        self.assertFails(f"can't use the data folder {self.data}: Permission denied")
        self.assertEqual(list(self.data.iterdir()), [])

    def test_a_database_of_a_newer_version(self):
        self.prepare()
        with closing(sqlite3.connect(self.data / FILE)) as connection:
            connection.execute("PRAGMA user_version = 99")
        self.assertFails("is of version 99, this server knows up to 4")

    def test_a_file_that_is_no_database(self):
        self.data.mkdir(parents=True)
        (self.data / FILE).write_bytes(b"no database" * 100)
        self.assertFails(f"the database {self.data / FILE} can't be used")

    def test_a_database_that_lacks_its_tables(self):
        self.data.mkdir(parents=True)
        with closing(sqlite3.connect(self.data / FILE)) as connection:
            connection.execute("PRAGMA user_version = 1")
        self.assertFails(f"the database {self.data / FILE} can't be used")

    def test_a_password_file_that_can_not_be_written_leaves_no_account_without_a_password(self):
        (self.data / PASSWORD_FILE).mkdir(parents=True)
        self.assertFails("can't use the data folder")
        self.assertEqual(self.names(), [])
        (self.data / PASSWORD_FILE).rmdir()
        self.prepare()
        self.assertEqual(self.names(), ["webcam"])


class CertificateTests(PrepareCase):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.certificate, self.key = self.data / "certificate.pem", self.data / "key.pem"

    def pair(self):
        return current_pair(config.build({"data": [str(self.data)]}, {}))

    def assertBad(self, message: str) -> None:
        failure = self.assertRaises(BadCertificate, self.pair)
        self.assertEqual(str(failure), message)

    def test_the_certificate_that_was_made_is_good_and_names_this_host(self):
        self.pair()
        leaf = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertIn("localhost", names.get_values_for_type(x509.DNSName))
        addresses = names.get_values_for_type(x509.IPAddress)
        self.assertIn(ipaddress.ip_address("127.0.0.1"), addresses)
        self.assertIn(ipaddress.ip_address("::1"), addresses)

    def test_its_fingerprint_is_written_as_browsers_write_it(self):
        self.assertRegex(self.pair().fingerprint, r"\A([0-9A-F]{2}:){31}[0-9A-F]{2}\Z")

    def test_a_certificate_may_bring_its_chain(self):
        other = self.data / "other.pem"
        make_self_signed(other, self.data / "other-key.pem")
        self.certificate.write_bytes(self.certificate.read_bytes() + other.read_bytes())
        self.assertEqual(len(self.pair().pair.chain), 2)

    def test_files_that_are_not_there(self):
        self.certificate.unlink()
        self.assertBad(f"can't read {self.certificate}: No such file or directory")
        self.key.unlink()
        self.assertBad(f"can't read {self.key}: No such file or directory")

    def test_a_folder_in_place_of_a_file(self):
        self.key.unlink()
        self.key.mkdir()
        self.assertBad(f"can't read {self.key}: Is a directory")

    def test_files_that_hold_something_else(self):
        good = self.key.read_bytes()
        self.key.write_text("no key")
        self.assertBad(f"{self.key} holds no key in PEM form")
        self.key.write_bytes(good)
        for wrong in (b"", b"no certificate", good):
            self.certificate.write_bytes(wrong)
            self.assertBad(f"{self.certificate} holds no certificate in PEM form")

    def test_the_key_of_another_certificate(self):
        make_self_signed(self.data / "other.pem", self.key)
        self.assertBad(f"{self.key} is not the key of {self.certificate}")

    def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(self):
        private = ec.generate_private_key(ec.SECP256R1())
        secret = serialization.BestAvailableEncryption(b"passphrase")
        self.key.write_bytes(
            private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
        )
        self.assertBad(f"{self.key} holds no key in PEM form")
        self.assertEqual(self.on_a_terminal().split(), ["refused"])

    def on_a_terminal(self) -> str:
        """What another process shows on its terminal while it reads certificate and key; an answer is typed already."""
        program = (
            "import os, sys, pathlib; from webcam.http import certificate\n"
            "os.open(os.ttyname(0), os.O_RDWR)\n"  # now it is the terminal that OpenSSL would ask on
            "try: certificate.read_pair(*map(pathlib.Path, sys.argv[1:]))\n"
            "except certificate.BadCertificate: print('refused')\n"
        )
        ours, its = os.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, its)
        attributes = termios.tcgetattr(its)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(its, termios.TCSANOW, attributes)
        os.write(ours, b"passphrase\n" * 2)
        command = [sys.executable, "-c", program, str(self.certificate), str(self.key)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(command, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True, check=False)
        return os.read(ours, 4096).decode()
