"""A start on a database with rows that the server can't compute with: what they cost, and what the log says."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from twisted.logger import formatEvent

from tests.support.admin_data import STAMP
from tests.support.clock import FakeClock, moment_of
from tests.unit.test_first_start import PrepareCase
from tests.unit.test_sound_database import LAST, mark, session
from webcam.errors import DatabaseFail, StartFailure
from webcam.model import Draft
from webcam.service.stamps import Stamps
from webcam.service.timekeeper import Timekeeper
from webcam.service.tokens import digest_of
from webcam.storage import accounts, messages, sessions
from webcam.storage.checks import SHOWN, check
from webcam.storage.schema import FILE, connect

GOOD = session().replace("0" * 64, digest_of("good"))
DRAFT = [Draft("hello", "", "{}")]


class Case(PrepareCase):
    def setUp(self) -> None:
        super().setUp()
        self.prepare()

    def spoil(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.data / FILE, isolation_level=None)) as connection:
            for each in statements:
                connection.execute(each)

    def start(self) -> list[str]:
        """What the log says of it."""
        self.logged.clear()
        self.prepare()
        return [formatEvent(each) for each in self.logged if each["log_level"].name in ("warn", "error")]

    def left(self, table: str) -> int:
        with closing(sqlite3.connect(self.data / FILE)) as connection:
            return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


class Removed(Case):
    def test_one_bad_row_costs_what_hangs_on_it_alone(self) -> None:
        secret = f"INSERT INTO secrets VALUES (1, 1, 'label', '{'1' * 64}', 'root', '[]', 0)"
        for table, statement, named in (
            ("sessions", session(active="-1e300"), "sessions: active is -1e+300, want a number from"),
            ("sessions", session(active="9e999"), "sessions: active is inf"),
            ("sessions", session(device="CAST(x'ff' AS TEXT)"), "sessions: device is b'\\xff'"),
            ("sessions", session(requests="'x'"), "sessions: requests is 'x'"),
            (
                "revoked_sessions",
                "INSERT INTO revoked_sessions VALUES (CAST(x'ff' AS TEXT))",
                "revoked_sessions: digest",
            ),
            ("secrets", secret, "secrets (id 1): role is 'root', want one of publish, view"),
            ("settings", "INSERT INTO settings VALUES (1, 1, 9e999)", "settings (account_id 1, kind 1): value is inf"),
            (
                "quotas",
                "INSERT INTO quotas VALUES (1, 'messages', 'x')",
                "quotas (account_id 1, kind 'messages'): value",
            ),
            ("sync_marks", mark("'zzz'"), "sync_marks (account_id 1, device 'phone'): stamp is 'zzz'"),
            (
                "devices",
                "INSERT INTO devices VALUES (1, 'phone', x'ff', 'x', NULL)",
                "devices (account_id 1, device 'phone')",
            ),
            ("shares", f"INSERT INTO shares VALUES (1, 1, x'ff', '{'0' * 64}', 'x', 'x')", "shares (id 1): device is"),
        ):
            before = self.left(table)
            self.spoil(statement)
            (line,) = self.start()
            self.assertIn(f"removed a row that the server can't work with: {named}", line)
            self.assertEqual((self.left(table), self.start()), (before, []), table)

    def test_what_is_good_stays(self) -> None:
        self.spoil(GOOD, session(active="9e999"), "INSERT INTO settings VALUES (1, 1, 30), (1, 2, 1e300)")
        self.assertEqual(len(self.start()), 2)
        with closing(connect(self.data / FILE)) as connection:
            self.assertEqual([each.digest for each in sessions.sessions(connection.cursor())], [digest_of("good")])
            self.assertEqual(accounts.accounts(connection.cursor())[0].settings, {1: 30.0})
            self.assertEqual(check(connection, self.data / FILE)[0], [])

    def test_the_sessions_of_a_secret_that_can_not_be_read_end_with_it(self) -> None:
        """Else they would have the rights of the password."""
        self.spoil(
            f"INSERT INTO secrets VALUES (1, 1, 'label', '{'1' * 64}', 'root', '[]', 0)",
            GOOD,
            "UPDATE sessions SET secret_id = 1",
        )
        self.start()
        self.assertEqual(self.left("sessions"), 0)

    def test_only_some_of_many_are_named(self) -> None:
        rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {SHOWN + 5})"
        self.spoil(f"{rows} INSERT INTO sync_marks SELECT 1, 'device ' || i, 'zzz', '', 0, '' FROM n")
        lines = self.start()
        self.assertEqual((len(lines), lines[-1]), (SHOWN + 1, "removed 5 more rows of sync_marks"))
        self.assertEqual(self.left("sync_marks"), 0)


class Kept(Case):
    def test_an_account_that_nothing_can_be_stamped_for_is_named_and_costs_itself_alone(self) -> None:
        for stamp in ("zzz", "9999-12-31 23:59:59.999999"):
            self.spoil(f"UPDATE accounts SET last_stamp = '{stamp}' WHERE id = 1")
            (line,) = self.start()
            self.assertIn(f"accounts (id 1): last_stamp is '{stamp}', want a stamp", line)
            with closing(connect(self.data / FILE)) as connection:
                cursor = connection.cursor()
                with self.assertRaises(DatabaseFail) as caught:
                    messages.add_messages(cursor, 1, "camera", moment_of(STAMP), DRAFT, None)
                self.assertIn("no stamp can follow the newest one of account 1", str(caught.exception))
                other = accounts.add_account(cursor, f"other {stamp}", "")
                self.assertEqual(messages.add_messages(cursor, other, "camera", moment_of(STAMP), DRAFT, None), STAMP)

    def test_a_table_that_can_have_no_more_rows_is_named(self) -> None:
        self.spoil(f"INSERT INTO sqlite_sequence VALUES ('records', {LAST})")
        (line,) = self.start()
        self.assertIn(f"no more rows can be stored: the highest id of records is {LAST} in sqlite_sequence", line)

    def test_accounts_that_can_not_be_read_stop_the_start_by_name(self) -> None:
        self.spoil("UPDATE accounts SET name = CAST(x'ff' AS TEXT)")
        failure = str(self.assertRaises(StartFailure, self.prepare))
        self.assertIn("accounts (id 1): name is b'\\xff', want text in UTF-8", failure)
        self.assertIn("webcam check names all, restore a backup", failure)
        self.assertNotIn("\n", failure)

    def test_nor_does_a_column_that_can_be_borne_hide_one_that_can_not(self) -> None:
        self.spoil("UPDATE accounts SET password_hash = 'x', generation = 'x'")
        failure = str(self.assertRaises(StartFailure, self.prepare))
        self.assertIn("accounts (id 1): generation is 'x', want a whole number", failure)


class Cursors(Case):
    def test_what_is_no_stamp_is_handed_to_no_client(self) -> None:
        stamps = Stamps(FakeClock(), Timekeeper(FakeClock()))
        before = stamps.server_time(1)
        for stamp in ("zzz", "9999-12-31 23:59:59.999999"):
            stamps.saw(1, stamp)
        self.assertGreater(stamps.server_time(1), before)
        self.assertLess(stamps.server_time(1), "9000")
        self.assertLess(stamps.newest, "9000")
