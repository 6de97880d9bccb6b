"""The database: made whole or not at all, upgraded after a backup, and kept as SQLite has to keep it."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.support.stores import open_database
from webcam.errors import StartFailure
from webcam.storage import accounts, schema
from webcam.storage.schema import FILE, VERSION, connect, make_ready

TABLES = {
    "clock",
    "runs",
    *("accounts", "settings", "sessions", "sync_marks", "messages", "records", "record_parts"),
    *("quotas", "secrets", "revoked_sessions", "loose_records"),
    *("devices", "shares"),
    "facts",
}


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name for (name,) in rows}


def version(path: Path) -> int:
    return pragma(path, "user_version")


def pragma(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Folder(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.path = self.folder / FILE

    def add_account(self, name: str) -> None:
        with closing(connect(self.path)) as connection:
            accounts.add_account(connection.cursor(), name, "hash")

    def names(self, path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return [each.name for each in accounts.accounts(connection.cursor())]

    def upgrade_to(self, script: str) -> None:
        """Let there be one more version, made by this SQL."""
        real = schema.script
        self.patch(schema, "VERSION", VERSION + 1)
        self.patch(schema, "script", lambda version: script if version == VERSION + 1 else real(version))


class CreationTests(Folder):
    def test_an_empty_folder_gets_the_newest_version(self):
        self.assertEqual(make_ready(self.folder), self.path)
        self.assertEqual((tables(self.path), version(self.path)), (TABLES, VERSION))

    def test_an_empty_file_is_no_database_yet_and_becomes_one(self):
        self.path.touch()
        make_ready(self.folder)
        self.assertEqual(version(self.path), VERSION)

    def test_what_somebody_analyzed_is_forgotten(self):
        make_ready(self.folder)
        self.add_account("user")
        with closing(connect(self.path)) as connection:
            connection.execute("ANALYZE")
            self.assertEqual(connection.execute("SELECT COUNT(*) FROM sqlite_stat1").fetchone(), (1,))
        make_ready(self.folder)
        with closing(connect(self.path)) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'").fetchall()
        self.assertEqual((found, self.names(self.path)), ([], ["user"]))

    def test_whatever_goes_with_another_row_is_found_by_an_index(self):
        """SQLite looks for it with each row that is deleted, and no query plan shows that."""
        make_ready(self.folder)
        with closing(connect(self.path)) as connection:
            for table in sorted(tables(self.path)):
                indexes = [name for _, name, *_ in connection.execute(f"PRAGMA index_list({table})")]
                first = [connection.execute(f"PRAGMA index_info({name})").fetchone()[2] for name in indexes]
                references = [row[3] for row in connection.execute(f"PRAGMA foreign_key_list({table})")]
                self.assertEqual([each for each in references if each not in first], [], table)

    def test_every_version_has_its_script(self):
        for each in range(1, VERSION + 1):
            self.assertIn("CREATE TABLE", schema.script(each))

    def test_only_the_owner_reads_it_whatever_the_umask(self):
        before = os.umask(0)
        try:
            make_ready(self.folder)
        finally:
            os.umask(before)
        self.assertEqual(mode(self.path), 0o600)
        with closing(connect(self.path)) as connection:
            accounts.add_account(connection.cursor(), "user", "hash")
            beside = [each for each in self.folder.iterdir() if each != self.path]
            self.assertTrue(beside, "the log is a file beside it while somebody writes")
            self.assertEqual({mode(each) for each in beside}, {0o600})

    def test_a_script_that_fails_half_way_leaves_nothing(self):
        real = schema.script
        self.patch(schema, "script", lambda number: real(number) + "CREATE TABLE accounts (twice);")
        self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertEqual((tables(self.path), version(self.path)), (set(), 0))
        self.patch(schema, "script", real)
        make_ready(self.folder)
        self.assertEqual((tables(self.path), version(self.path)), (TABLES, VERSION))

    def test_making_ready_again_changes_nothing(self):
        make_ready(self.folder)
        self.add_account("user")
        self.patch(schema, "script", lambda _: "a script that must not run")
        make_ready(self.folder)
        self.assertEqual(self.names(self.path), ["user"])
        self.assertEqual([each.name for each in self.folder.iterdir()], [FILE])

    def test_deleted_space_can_be_given_back(self):
        make_ready(self.folder)
        self.assertEqual(pragma(self.path, "auto_vacuum"), 2)


class LinkTests(Folder):
    def test_a_database_behind_a_link_is_used_where_it_is(self):
        """There its log lies, which has to be measured and cut."""
        make_ready(self.folder)
        self.add_account("user")
        elsewhere = (self.folder / "elsewhere").resolve()
        elsewhere.mkdir()
        self.path.replace(elsewhere / "moved.db")
        self.path.symlink_to(elsewhere / "moved.db")
        self.assertEqual(make_ready(self.folder), elsewhere / "moved.db")
        self.assertTrue(self.path.is_symlink())

    def test_a_link_to_nothing_is_refused(self):
        self.path.symlink_to("nothing")
        self.assertIn("No such file", str(self.assertRaises(StartFailure, make_ready, self.folder)))


class RefusedFileTests(Folder):
    def test_a_newer_version_is_refused_naming_both_and_not_touched(self):
        make_ready(self.folder)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA user_version = 7654")
        before = self.path.read_bytes()
        failure = self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertIn("version 7654", str(failure))
        self.assertIn(f"up to {VERSION}", str(failure))
        self.assertIn(str(self.path), str(failure))
        self.assertEqual(self.path.read_bytes(), before)

    def test_a_file_that_is_no_database_is_refused_and_not_touched(self):
        self.path.write_bytes(b"a letter to my aunt\n" * 100)
        failure = self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertIn(str(self.path), str(failure))
        self.assertNotIn("\n", str(failure))
        self.assertEqual(self.path.read_bytes(), b"a letter to my aunt\n" * 100)

    def test_a_folder_in_place_of_the_file_is_refused(self):
        self.path.mkdir()
        self.assertIn(str(self.path), str(self.assertRaises(StartFailure, make_ready, self.folder)))

    def test_a_folder_that_is_not_there_is_refused(self):
        self.assertRaises(StartFailure, make_ready, self.folder / "none")

    def test_a_database_that_another_program_keeps_locked_is_refused(self):
        make_ready(self.folder)
        self.upgrade_to("CREATE TABLE more (x);")
        self.patch(schema, "BUSY", 1)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            failure = self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertIn("locked", str(failure))
        self.assertEqual(version(self.path), VERSION)


class UpgradeTests(Folder):
    def setUp(self):
        super().setUp()
        make_ready(self.folder)
        self.add_account("user")
        self.backup = self.folder / f"{FILE}.version-{VERSION}"

    def test_the_older_version_is_backed_up_and_what_it_holds_stays(self):
        self.upgrade_to("ALTER TABLE accounts ADD COLUMN colour TEXT; CREATE TABLE more (x);")
        make_ready(self.folder)
        self.assertEqual((tables(self.path), version(self.path)), (TABLES | {"more"}, VERSION + 1))
        self.assertEqual(self.names(self.path), ["user"])
        self.assertEqual((tables(self.backup), version(self.backup)), (TABLES, VERSION))
        self.assertEqual(self.names(self.backup), ["user"])

    def test_only_the_owner_reads_the_backup(self):
        self.upgrade_to("CREATE TABLE more (x);")
        before = os.umask(0)
        try:
            make_ready(self.folder)
        finally:
            os.umask(before)
        self.assertEqual(mode(self.backup), 0o600)

    def test_the_backup_is_there_before_the_upgrade_is_tried(self):
        self.upgrade_to("ALTER TABLE accounts ADD COLUMN colour TEXT; CREATE TABLE accounts (twice);")
        self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertEqual(self.names(self.backup), ["user"])
        self.assertEqual((tables(self.path), version(self.path)), (TABLES, VERSION))
        with closing(sqlite3.connect(self.path)) as connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(accounts)")]
        self.assertNotIn("colour", columns)

    def test_what_is_still_in_the_log_is_backed_up_too(self):
        with closing(connect(self.path)) as writer:
            writer.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(writer.cursor(), "late", "hash")
            self.upgrade_to("CREATE TABLE more (x);")
            make_ready(self.folder)
        self.assertEqual(self.names(self.backup), ["late", "user"])

    def test_a_backup_that_can_not_be_made_stops_the_upgrade(self):
        self.backup.mkdir()
        self.upgrade_to("CREATE TABLE more (x);")
        self.assertRaises(StartFailure, make_ready, self.folder)
        self.assertEqual((tables(self.path), version(self.path)), (TABLES, VERSION))


class ConnectionTests(TestCase):
    """What SQLite keeps by connection is in force on every connection of the running server."""

    async def check(self, run):
        def pragmas(cursor):
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
            return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        self.assertEqual(await run(pragmas), ["wal", 2, 1, schema.BUSY, 2])

    async def test_the_writer(self):
        _, database = open_database(self)
        await self.check(database.write)

    async def test_the_readers(self):
        _, database = open_database(self)
        await self.check(database.read)

    async def test_the_operators_program(self):
        path, _ = open_database(self)
        with closing(connect(path)) as connection:

            async def run(function):
                return function(connection.cursor())

            await self.check(run)
