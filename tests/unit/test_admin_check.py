"""``webcam check``: what it finds and counts, and that it changes nothing."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.admin_data import STAMP, DataCase
from tests.support.clock import moment_of
from webcam.model import Draft
from webcam.ports import RECORD_PART
from webcam.service.tokens import digest_of
from webcam.storage import accounts, checks, messages, removal
from webcam.storage.checks import SHOWN
from webcam.storage.schema import connect


class CheckTests(DataCase):
    def refuses(self) -> list[str]:
        """The lines that it prints, without those that count."""
        status, out, err = self.run_it("check")
        self.assertEqual((status, err), (1, f"webcam: the database {self.path} is not whole\n"))
        lines = out.splitlines()
        return lines[: next((n for n, each in enumerate(lines) if each.startswith("account ")), len(lines))]

    def test_what_is_whole_is_counted_by_account(self):
        self.add("second")
        self.record(1000)
        self.record(RECORD_PART * 2)
        self.record(0)
        with closing(connect(self.path)) as connection:
            digest = digest_of("token")
            connection.execute(f"INSERT INTO sessions VALUES ('{digest}', 1, 'camera', '', '', 0.0, 0, NULL, NULL)")
            messages.add_messages(
                connection.cursor(), 1, "camera", moment_of(STAMP), [Draft("hello", "", "{}")] * 3, None
            )
            connection.execute(f"INSERT INTO records VALUES (NULL, 2, '{STAMP}', 'camera', '', NULL, NULL, 0)")
            connection.execute("UPDATE accounts SET record_count = 1, last_stamp = ? WHERE id = 2", (STAMP,))
        self.assertEqual(
            [line.split() for line in self.said("check").splitlines()],
            [
                ["account", "messages", "records", "bytes", "sessions"],
                ["second", "0", "1", "0", "0"],
                ["user", "3", "3", str(1000 + RECORD_PART * 2), "1"],
                ["the", "database", str(self.path), "is", "whole"],
            ],
        )

    def test_it_changes_nothing_and_makes_nothing(self):
        before = self.path.read_bytes()
        self.said("check")
        self.assertEqual((self.path.read_bytes(), self.beside(self.path)), (before, []))
        self.path.unlink()
        self.assertRefused(f"there is no database {self.path}", "check")
        self.assertFalse(self.path.exists())

    def test_what_nobody_can_reckon_with_is_named_all_the_same(self):
        for statement, line in (
            ("UPDATE accounts SET last_stamp = 'zzz'", "accounts (id 1): last_stamp is 'zzz', want a stamp"),
            ("INSERT INTO clock VALUES (1, 'x', 0, 0, NULL, NULL, NULL, NULL, '')", "clock (id 1): running is 'x'"),
        ):
            with closing(connect(self.path)) as connection:
                connection.execute(statement)
            status, out, err = self.run_it("check")
            self.assertEqual((status, err), (1, f"webcam: the database {self.path} is not whole\n"))
            self.assertIn(line, out)

    def test_what_may_not_be_read_is_one_line(self):
        """As of a folder of somebody else."""
        really = Path.stat

        def stat(path: Path, **options: bool) -> object:
            if path == self.path:
                raise PermissionError(errno.EACCES, "Permission denied")
            return really(path, **options)

        self.patch(Path, "stat", stat)
        self.assertRefused(f"can't read the database {self.path}: Permission denied", "check")

    def test_it_works_while_somebody_writes_and_sees_what_is_in_the_log(self):
        with closing(connect(self.path)) as server:
            server.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(server.cursor(), "late", "")
            server.execute("BEGIN IMMEDIATE")
            accounts.add_account(server.cursor(), "unfinished", "")
            out = self.said("check")
        self.assertIn("late ", out)
        self.assertNotIn("unfinished", out)

    def test_what_it_counts_is_of_the_moment_at_which_it_began(self):
        real = checks.holdings

        def counted(connection: sqlite3.Connection) -> list[checks.Holding]:
            with closing(connect(self.path)) as server:
                accounts.add_account(server.cursor(), "late", "")
            return real(connection)

        self.patch(checks, "holdings", counted)
        self.assertNotIn("late", self.said("check"))
        self.patch(checks, "holdings", real)
        self.assertIn("late", self.said("check"))

    def test_parts_that_are_missing_or_too_many_or_of_a_wrong_size(self):
        size = RECORD_PART * 2 + 10
        ids = [self.record(size) for _ in range(6)]
        whole = self.record(size)
        self.change(f"DELETE FROM record_parts WHERE record_id = {ids[0]} AND part = 1")
        self.change(f"DELETE FROM record_parts WHERE record_id = {ids[1]}")
        self.change(f"UPDATE record_parts SET data = x'00' WHERE record_id = {ids[2]} AND part = 2")
        self.change(f"INSERT INTO record_parts VALUES ({ids[3]}, 3, x'00')")
        self.change(f"UPDATE records SET size = NULL WHERE id = {ids[4]}")
        self.change(f"UPDATE accounts SET record_bytes = record_bytes - {size}")
        self.change(  # the bytes are as many as they should be
            f"UPDATE record_parts SET data = ZEROBLOB(LENGTH(data) + CASE part WHEN 0 THEN 1 ELSE -1 END)"
            f" WHERE record_id = {ids[5]} AND part < 2"
        )
        self.assertEqual(
            self.refuses(),
            [
                f"record {ids[0]}, of {size} bytes, has 2 parts of {size - RECORD_PART} bytes in all",
                f"record {ids[1]}, of {size} bytes, has 0 parts of 0 bytes in all",
                f"record {ids[2]}, of {size} bytes, has 3 parts of {size - 9} bytes in all",
                f"record {ids[3]}, of {size} bytes, has 4 parts of {size + 1} bytes in all",
                f"record {ids[4]}, of 0 bytes, has 3 parts of {size} bytes in all",
                f"record {ids[5]}, of {size} bytes, has 3 parts of {size} bytes in all",
            ],
        )
        self.assertNotIn(f"record {whole} ", self.run_it("check")[1])

    def test_parts_of_a_record_that_is_gone(self):
        lost = self.record(RECORD_PART + 1)
        self.change(f"DELETE FROM records WHERE id = {lost}")
        self.change("UPDATE accounts SET record_count = 0, record_bytes = 0")
        self.assertEqual(self.refuses(), [f"2 parts of record {lost}, which is gone"])

    def test_parts_that_are_still_to_go_are_no_problem(self):
        loose = self.record(RECORD_PART + 1)
        with closing(connect(self.path)) as connection:
            removal.delete_records(connection.cursor(), 1, [loose], False)
        self.assertIn(f"the database {self.path} is whole", self.said("check"))

    def test_a_record_whose_parts_are_to_go(self):
        kept = self.record(1)
        self.change(f"INSERT INTO loose_records VALUES ({kept}, 0)")
        self.assertEqual(self.refuses(), [f"record {kept} is in the list, and its parts are to go"])

    def test_counts_that_are_wrong(self):
        self.record(10)
        for column in ("message_count", "message_bytes", "record_count", "record_bytes"):
            self.change(f"UPDATE accounts SET {column} = {column} + 7")
        said = "7 messages of 7 bytes and 8 records of 17 bytes"
        held = "0 messages of 0 bytes and 1 records of 10 bytes"
        self.assertEqual(self.refuses(), [f"the account user says that it holds {said}, and holds {held}"])

    def test_rows_of_an_account_that_is_gone(self):
        self.record(10)
        self.change("DELETE FROM accounts")
        self.assertEqual(self.refuses(), ["row 1 of records belongs to none of accounts"])

    def test_only_some_of_many_problems_are_named(self):
        for _ in range(SHOWN + 3):
            self.record(10)
        self.change("DELETE FROM record_parts")
        lines = self.refuses()
        self.assertEqual((len(lines), lines[-1]), (SHOWN + 1, "and 3 more of that kind"))

    def test_a_damaged_page(self):
        for size in range(30):
            self.record(size * 1000)
        self.damage(self.path)
        self.assertTrue(any("damaged: " in each for each in self.refuses()))

    def test_a_file_that_is_no_database(self):
        self.path.write_bytes(b"no database" * 100)
        self.assertRefused("file is not a database", "check")

    def test_another_version(self):
        self.change("PRAGMA user_version = 99")
        self.assertRefused("is of version 99", "check")
        self.change("PRAGMA user_version = 0")
        self.assertRefused("is of version 0: the next start of the server upgrades it", "check")
