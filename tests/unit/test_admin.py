"""The operator's program: what it changes, what it says, and its exit status."""

from __future__ import annotations

import getpass
import io
import sqlite3
import sys
import warnings
from contextlib import closing

from tests.support.admin import AdminCase
from webcam import __version__
from webcam.admin import accounts as admin_accounts
from webcam.errors import Refused
from webcam.service.passwords import check_password
from webcam.storage import accounts, schema, sessions
from webcam.storage.schema import FILE, connect


class AddTests(AdminCase):
    def test_an_account_is_added_with_its_password(self):
        result = self.run_it("account", "add", "user", "--password-stdin", stdin="secret\n")
        self.assertEqual(result, (0, "added user\n", ""))
        password_hash = self.account().password_hash
        self.assertTrue(check_password(password_hash, "secret"))
        self.assertNotIn("secret", password_hash)

    def test_the_line_end_of_standard_input_is_no_part_of_the_password_and_spaces_are(self):
        for number, stdin in enumerate((" sec ret ", " sec ret \n", " sec ret \r\n", " sec ret \nmore\n")):
            self.run_it("account", "add", f"user {number}", "--password-stdin", stdin=stdin)
            self.assertTrue(check_password(self.account(f"user {number}").password_hash, " sec ret "), repr(stdin))

    def test_a_password_is_typed_twice(self):
        asked = []
        self.patch(getpass, "getpass", lambda prompt: asked.append(prompt) or "typed")
        self.assertEqual(self.run_it("account", "add", "user")[0], 0)
        self.assertEqual(asked, ["Password: ", "Again: "])
        self.assertTrue(check_password(self.account().password_hash, "typed"))

    def test_two_passwords_that_differ_are_refused(self):
        typed = ["secret one", "secret two"]
        self.patch(getpass, "getpass", lambda _: typed.pop(0))
        self.assertRefused("the two passwords differ", "account", "add", "user")
        self.assertEqual(self.run_it("account", "list")[1], "")

    def test_where_nobody_types_the_other_way_is_named(self):
        def end(_prompt: str) -> str:
            raise EOFError

        def warn(_prompt: str) -> str:
            warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
            return "seen by everybody"

        for without_a_terminal in (end, warn):
            self.patch(getpass, "getpass", without_a_terminal)
            self.assertRefused("give it by --password-stdin", "account", "add", "user")

    def test_a_name_that_is_taken_is_refused_and_keeps_its_password(self):
        self.add(password="sesame-first")
        self.assertRefused("there is an account 'user' already", "account", "add", "user", "--password-stdin")
        self.assertTrue(check_password(self.account().password_hash, "sesame-first"))

    def test_names_and_passwords_have_bounds(self):
        add = ("account", "add")
        longest = "n" * 1024
        self.assertRefused("a name has 1 to 1024 characters", *add, "", "--password-stdin")
        self.assertRefused("a name has 1 to 1024 characters", *add, longest + "n", "--password-stdin")
        self.assertRefused("the password is empty", *add, "user", "--password-stdin", stdin="\n")
        self.assertRefused("the password is empty", *add, "user", "--password-stdin", stdin="")
        self.assertRefused("longer than 1024", *add, "user", "--password-stdin", stdin="p" * 1025)
        self.add(longest, "p" * 1024)

    def test_what_is_no_unicode_text_is_refused(self):
        self.assertRefused("no text in UTF-8", "account", "add", "user\udcff", "--password-stdin")
        self.assertRefused("no text in UTF-8", "account", "add", "user", "--password-stdin", stdin="sesame-\udcff")
        self.assertRefused("no text in UTF-8", "account", "remove", "user\udcff")

    def test_names_that_can_not_log_in_everywhere(self):
        """HTTP Basic ends a name with a colon. Who has such a name keeps it, and can do with it what others can."""
        for name in ("a:b", ":", "camera:1"):
            self.assertRefused("a name has no colon", "account", "add", name, "--password-stdin")
        for name in ("a\nb", "\x00", "a\x1b[31m", "\x7f", "a\x85", "tab\t"):
            self.assertRefused("a name has no control characters", "account", "add", name, "--password-stdin")
        self.assertEqual(self.run_it("account", "list")[1], "")
        self.add("now")
        with closing(connect(self.data / FILE)) as connection:
            connection.execute("UPDATE accounts SET name = 'old:name'")
            connection.commit()
        self.assertEqual(self.run_it("account", "passwd", "old:name", "--password-stdin", stdin="another\n")[0], 0)
        for verb in ("disable", "enable", "quota", "remove"):
            self.assertEqual(self.run_it("account", verb, "old:name")[0], 0, verb)

    def test_a_byte_order_mark_is_not_typed(self):
        for verb in ("add", "passwd"):
            self.run_it("account", verb, "user", "--password-stdin", stdin=f"\ufeffsesame {verb}\r\n")
            self.assertTrue(check_password(self.account().password_hash, f"sesame {verb}"))
        self.assertRefused("the password is empty", "account", "passwd", "user", "--password-stdin", stdin="\ufeff\n")
        self.run_it("account", "passwd", "user", "--password-stdin", stdin="sesame in\ufeffside\n")
        self.assertTrue(check_password(self.account().password_hash, "sesame in\ufeffside"))

    def test_a_password_in_another_encoding(self):
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO("sesame".encode("utf-16")), "utf-8"))
        error = self.assertRaises(Refused, admin_accounts._piped)
        self.assertIn("is no text in utf-8", str(error))

    def test_names_keep_every_character(self):
        for name in ("użytkownik", "\U0001f4f7", "two words", "'; DROP TABLE accounts; --"):
            self.add(name)
            self.assertEqual(self.account(name).name, name)


class ChangeTests(AdminCase):
    def test_another_password_is_another_generation_and_ends_the_sessions(self):
        self.add()
        before = self.account()
        with closing(connect(self.data / FILE)) as connection:
            row = ("digest", before.account_id, "camera", "", "", 0.0, 0, None)
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", row)
        result = self.run_it("account", "passwd", "user", "--password-stdin", stdin="another\n")
        self.assertEqual(result, (0, "changed the password of user\n", ""))
        after = self.account()
        self.assertTrue(check_password(after.password_hash, "another"))
        self.assertGreater(after.generation, before.generation)
        with closing(connect(self.data / FILE)) as connection:
            self.assertEqual(sessions.sessions(connection.cursor()), [])

    def test_a_removed_account_is_gone(self):
        self.add()
        self.assertEqual(self.run_it("account", "remove", "user"), (0, "removed user\n", ""))
        self.assertIsNone(self.account())

    def test_nobody_can_neither_be_changed_nor_removed(self):
        self.add()
        self.assertRefused("there is no account 'nobody'", "account", "passwd", "nobody", "--password-stdin")
        self.assertRefused("there is no account 'nobody'", "account", "remove", "nobody")
        self.assertEqual(self.run_it("account", "list")[1], "user\n")

    def test_accounts_are_listed_by_name_one_a_line(self):
        self.assertEqual(self.run_it("account", "list"), (0, "", ""))
        for name in ("b", "a"):
            self.add(name)
        self.assertEqual(self.run_it("account", "list"), (0, "a\nb\n", ""))


class TroubleTests(AdminCase):
    def test_a_data_folder_that_is_not_there_is_named_and_not_made(self):
        self.data = self.data / "none"
        self.assertRefused(str(self.data), "account", "list")
        self.assertFalse(self.data.exists())

    def test_a_file_in_place_of_the_data_folder(self):
        self.data = self.data / "file"
        self.data.touch()
        self.assertRefused(str(self.data), "account", "list")

    def test_a_file_that_is_no_database(self):
        (self.data / FILE).write_bytes(b"no database" * 100)
        self.assertRefused(str(self.data / FILE), "account", "list")

    def test_a_database_of_a_newer_version(self):
        self.add()
        with closing(sqlite3.connect(self.data / FILE)) as connection:
            connection.execute("PRAGMA user_version = 99")
        self.assertRefused("is of version 99, this server knows up to 4", "account", "list")

    def test_a_database_that_is_locked(self):
        self.add()
        self.patch(schema, "BUSY", 1)
        with closing(sqlite3.connect(self.data / FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assertRefused("the database refused: database is locked", "account", "remove", "user")
        self.assertEqual(self.account().name, "user")

    def test_it_works_beside_a_server_that_has_the_database_open(self):
        self.add()
        with closing(connect(self.data / FILE)) as server:
            server.execute("SELECT * FROM accounts").fetchall()
            self.add("second")
            self.assertEqual(len(accounts.accounts(server.cursor())), 2)

    def test_wrong_usage_ends_with_status_2_and_says_how(self):
        for arguments in ((), ("account",), ("account", "add"), ("account", "paint", "x"), ("account", "list", "-x")):
            status, out, err = self.run_it(*arguments, data=False)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertIn("usage: webcam", err)

    def test_help_and_version(self):
        self.assertEqual(self.run_it("--version", data=False), (0, f"{__version__}\n", ""))
        status, out, _ = self.run_it("account", "add", "--help", data=False)
        self.assertEqual(status, 0)
        self.assertIn("--password-stdin", out)
