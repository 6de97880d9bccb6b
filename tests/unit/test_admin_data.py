"""``webcam backup``, ``restore`` and ``check``: what they leave behind, and what they say."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

from tests.support.admin import AdminCase
from webcam.admin import common
from webcam.admin.common import Bar
from webcam.model import Draft
from webcam.ports import RECORD_PART
from webcam.storage import accounts, checks, copying, messages, records, removal, schema
from webcam.storage.checks import SHOWN
from webcam.storage.lock import LOCK, FolderLock
from webcam.storage.schema import FILE, VERSION, connect

STAMP = "2026-01-02 03:04:05.000006"


class DataCase(AdminCase):
    """A data folder with the account ``user`` and what the test adds."""

    def setUp(self) -> None:
        super().setUp()
        self.add()
        self.path = self.data / FILE
        self.file = self.data.parent / "backup.db"

    def record(self, size: int, name: str = "user") -> int:
        with closing(connect(self.path)) as connection:
            account = accounts.account(connection.cursor(), name)
            assert account is not None
            return records.add_record(connection.cursor(), account.account_id, "camera", "", STAMP, [bytes(size)])[0]

    def change(self, statement: str, path: Path | None = None) -> None:
        """What no program of ours would do to a database."""
        with closing(sqlite3.connect(path or self.path)) as connection:
            connection.execute(statement)
            connection.commit()

    def names(self, path: Path) -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return [each.name for each in accounts.accounts(connection.cursor())]

    def damage(self, path: Path) -> None:
        """Overwrite a page that the database needs."""
        with closing(sqlite3.connect(path)) as connection:
            statement = "SELECT rootpage FROM sqlite_master WHERE name = 'record_parts'"
            (page,) = connection.execute(statement).fetchone()
        with path.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)

    def said(self, *arguments: str) -> str:
        status, out, err = self.run_it(*arguments)
        self.assertEqual((status, err), (0, ""))
        return out

    def beside(self, path: Path) -> list[str]:
        """What else is in its folder under a name that begins with its own."""
        return sorted(each.name for each in path.parent.iterdir() if each.name.startswith(path.name) and each != path)


class BackupTests(DataCase):
    def test_it_says_what_it_did(self):
        self.record(1000)
        self.assertEqual(
            self.said("backup", str(self.file)),
            f"backed up {self.path} to {self.file}: 1 account, 1 record, {self.file.stat().st_size} bytes\n",
        )
        self.assertEqual(self.names(self.file), ["user"])

    def test_what_is_still_in_the_log_is_in_the_backup(self):
        with closing(connect(self.path)) as server:
            server.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(server.cursor(), "late", "hash")
            self.said("backup", str(self.file))
        self.assertEqual(self.names(self.file), ["late", "user"])

    def test_it_is_one_file_that_is_read_from_a_disk_which_can_not_be_written(self):
        self.said("backup", str(self.file))
        self.assertEqual(self.beside(self.file), [])
        with closing(sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("delete",))

    def test_only_the_owner_reads_it_whatever_the_umask(self):
        before = os.umask(0)
        try:
            self.said("backup", str(self.file))
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)

    def test_a_file_that_is_there_is_replaced_by_force_alone(self):
        self.file.write_text("a letter to my aunt")
        self.assertRefused(f"{self.file} is there already: --force replaces it", "backup", str(self.file))
        self.assertEqual(self.file.read_text(), "a letter to my aunt")
        self.said("backup", "--force", str(self.file))
        self.assertEqual(self.names(self.file), ["user"])

    def test_the_database_itself_is_no_place_for_its_backup(self):
        for name in (FILE, f"{FILE}-wal"):
            self.assertRefused("is the database itself", "backup", "--force", str(self.data / name))
        self.assertEqual(self.names(self.path), ["user"])

    def test_a_place_that_is_none(self):
        self.assertRefused(f"can't write {self.data}/none/b: No such file", "backup", str(self.data / "none" / "b"))
        self.assertRefused("is there already", "backup", str(self.data))
        self.assertRefused("Is a directory", "backup", "--force", str(self.data))

    def test_a_folder_without_a_database_stays_without_one(self):
        self.path.unlink()
        self.assertRefused(f"there is no database {self.path}", "backup", str(self.file))
        self.assertFalse(self.path.exists())
        self.assertFalse(self.file.exists())

    def test_what_was_there_is_still_there_when_it_fails_half_way_and_nothing_else(self):
        self.record(20 * 4096)
        self.said("backup", str(self.file))
        before = self.file.read_bytes()
        self.patch(copying, "STEP", 1)

        def full(done: int, _total: int) -> None:
            if done > 10:
                raise OSError(28, "No space left on device")

        self.patch(Bar, "show", lambda _, *numbers: full(*numbers))
        self.assertRefused(f"can't write {self.file}: No space", "backup", "--force", str(self.file))
        self.assertEqual(self.file.read_bytes(), before)
        self.assertEqual(self.beside(self.file), [])

    def test_it_is_of_one_moment_and_ends_whoever_writes_meanwhile(self):
        self.record(60 * 4096)
        self.patch(copying, "STEP", 1)
        written = []

        def write(_bar: object, _done: int, _total: int) -> None:
            written.append(self.record(5000))
            self.assertLess(len(written), 1000, "it doesn't end")

        self.patch(Bar, "show", write)
        self.said("backup", str(self.file))
        self.assertGreater(len(written), 50, "a write between any two steps; each would begin the copy anew")
        with closing(sqlite3.connect(self.file)) as connection:
            self.assertEqual(connection.execute("SELECT COUNT(*) FROM records").fetchone(), (1,))
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])


class RestoreTests(DataCase):
    def setUp(self) -> None:
        super().setUp()
        self.record(1000)
        self.said("backup", str(self.file))
        self.add("later")
        self.kept = self.data / f"{FILE}.before-restore"

    def restore(self) -> str:
        return self.said("restore", str(self.file))

    def assertUntouched(self) -> None:
        self.assertEqual(self.names(self.path), ["later", "user"])
        self.assertEqual(self.beside(self.path), [])

    def test_the_database_is_as_it_was_and_what_was_there_is_kept(self):
        self.assertEqual(
            self.restore(),
            f"restored {self.path} from {self.file}: 1 account, 1 record, {self.path.stat().st_size} bytes\n"
            f"the database that was there is {self.kept}\n",
        )
        self.assertEqual((self.names(self.path), self.names(self.kept)), (["user"], ["later", "user"]))
        self.assertIn("is whole", self.said("check"))
        for path in (self.path, self.kept):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_what_was_still_in_the_log_is_kept_too_and_no_log_meets_the_restored_one(self):
        beside = f"{FILE}-wal"
        with closing(connect(self.path)) as server:
            server.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(server.cursor(), "in the log", "hash")
            copies = {name: (self.data / name).read_bytes() for name in (FILE, beside)}
        for name, content in copies.items():  # as kill -9 leaves it
            (self.data / name).write_bytes(content)
        self.restore()
        self.assertEqual(self.names(self.kept), ["in the log", "later", "user"])
        self.assertEqual(self.names(self.path), ["user"])
        self.assertFalse((self.data / beside).exists())

    def test_one_that_is_kept_is_never_replaced(self):
        self.restore()
        self.add("newer")
        self.assertIn(f"{self.kept}.2", self.restore())
        self.assertEqual(self.names(self.kept), ["later", "user"])
        self.assertEqual(self.names(Path(f"{self.kept}.2")), ["newer", "user"])

    def test_the_way_back_is_to_restore_the_kept_one(self):
        self.restore()
        self.said("restore", str(self.kept))
        self.assertEqual(self.names(self.path), ["later", "user"])

    def test_into_a_folder_without_a_database(self):
        self.path.unlink()
        self.assertNotIn("that was there", self.restore())
        self.assertEqual(self.names(self.path), ["user"])
        self.assertEqual(self.beside(self.path), [])

    def test_a_log_that_has_lost_its_database_does_not_meet_the_restored_one(self):
        with closing(connect(self.path)) as server:
            server.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(server.cursor(), "in the log", "hash")
            log = (self.data / f"{FILE}-wal").read_bytes()
        self.path.unlink()
        (self.data / f"{FILE}-wal").write_bytes(log)
        self.restore()
        self.assertEqual(self.names(self.path), ["user"])
        self.assertEqual((self.data / f"{self.kept.name}-wal").read_bytes(), log)

    def test_one_that_was_broken_off_is_done_again_and_keeps_nothing_twice(self):
        real = Path.replace

        def killed(path: Path, target: Path) -> Path:
            if path.name.endswith(".restoring"):
                raise KeyboardInterrupt
            return real(path, target)

        self.patch(Path, "replace", killed)
        self.assertEqual(self.run_it("restore", str(self.file))[0], 130)
        self.assertEqual(self.names(self.path), ["later", "user"])
        self.patch(Path, "replace", real)
        self.restore()
        self.assertEqual(self.beside(self.path), [self.kept.name])
        self.assertEqual((self.names(self.path), self.names(self.kept)), (["user"], ["later", "user"]))

    def test_wherever_it_is_broken_off_a_whole_database_is_in_its_place(self):
        real = copying.sync
        left = [0]

        def sync(path: Path) -> None:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            real(path)

        self.patch(copying, "sync", sync)
        for steps in range(1, 20):
            self.add(f"account {steps}")
            before = self.names(self.path)
            left[0] = steps
            status, _, _ = self.run_it("restore", str(self.file))
            if not status:
                break
            after = self.names(self.path)
            self.assertIn(after, (["user"], before))
            if after == ["user"]:
                kept = [self.names(self.data / name) for name in self.beside(self.path)]
                self.assertIn(before, kept)
        self.assertIn(steps, range(5, 19))

    def test_another_program_that_runs_on_the_folder_is_named_and_nothing_is_done(self):
        with FolderLock(self.data, "webcam import"):
            text = f"the data folder {self.data} is in use: webcam import runs on it"
            self.assertRefused(text, "restore", str(self.file))
        self.assertUntouched()

    def test_another_program_that_has_the_database_open_is_waited_for_and_then_refused(self):
        self.patch(copying, "BUSY", 1)
        with closing(connect(self.path)) as other:
            other.execute("SELECT * FROM accounts").fetchall()
            self.assertRefused(f"the database {self.path} is in use", "restore", str(self.file))
        self.assertUntouched()

    def test_a_file_that_is_damaged(self):
        for size in range(30):
            self.record(size * 1000)
        self.said("backup", "--force", str(self.file))
        self.damage(self.file)
        self.assertRefused(f"{self.file} is damaged: ", "restore", str(self.file))
        self.assertUntouched()

    def test_a_file_that_is_cut_short(self):
        os.truncate(self.file, self.file.stat().st_size // 2)
        self.assertRefused(str(self.file), "restore", str(self.file))
        self.assertUntouched()

    def test_a_file_that_is_none_of_this_servers(self):
        self.assertRefused("there is no file", "restore", str(self.file) + "x")
        self.assertRefused("there is no file", "restore", str(self.data))
        self.file.write_bytes(b"no database" * 100)
        self.assertRefused("file is not a database", "restore", str(self.file))
        self.file.unlink()
        self.change("CREATE TABLE letters (x)", self.file)
        self.assertRefused(f"{self.file} is no backup of this server's database", "restore", str(self.file))
        self.assertRefused("is the database itself", "restore", str(self.path))
        self.assertUntouched()

    def test_a_file_of_a_newer_version(self):
        self.change("PRAGMA user_version = 99", self.file)
        self.assertRefused(
            f"{self.file} is of version 99, this server knows up to {VERSION}: use a newer server",
            *("restore", str(self.file)),
        )
        self.assertUntouched()

    def test_a_backup_of_an_older_version_is_upgraded_and_not_touched_itself(self):
        before = self.file.read_bytes()
        real = schema.script
        self.patch(schema, "VERSION", VERSION + 1)
        self.patch(schema, "script", lambda each: "CREATE TABLE more (x);" if each > VERSION else real(each))
        self.restore()
        self.assertEqual(self.file.read_bytes(), before)
        with closing(sqlite3.connect(self.path)) as connection:
            self.assertEqual(connection.execute("PRAGMA user_version").fetchone(), (VERSION + 1,))
            self.assertEqual(connection.execute("SELECT * FROM more").fetchall(), [])
        with closing(sqlite3.connect(self.kept)) as connection:
            self.assertEqual(connection.execute("PRAGMA user_version").fetchone(), (VERSION,))

    def test_a_backup_by_other_means_that_lies_in_wal_mode(self):
        self.change("PRAGMA journal_mode = WAL", self.file)
        self.restore()
        self.assertEqual(self.names(self.path), ["user"])

    def test_a_damaged_database_is_kept_as_it_lies(self):
        self.path.write_bytes(b"no database" * 1000)
        (self.data / f"{FILE}-wal").write_bytes(b"no log")
        self.restore()
        self.assertEqual(self.kept.read_bytes(), b"no database" * 1000)
        self.assertEqual((self.data / f"{self.kept.name}-wal").read_bytes(), b"no log")
        self.assertEqual(self.names(self.path), ["user"])
        self.assertIn("is whole", self.said("check"))

    def test_on_a_file_system_without_links_it_is_kept_by_a_copy(self):
        def link(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        self.patch(os, "link", link)
        self.restore()
        self.assertEqual((self.names(self.path), self.names(self.kept)), (["user"], ["later", "user"]))

    def test_what_root_restores_is_the_folders_owners(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives files away")
        os.chown(self.data, 12345, 12346)
        self.restore()
        (self.data / LOCK).unlink()
        self.said("restore", str(self.file))
        for name in (FILE, LOCK):
            made = (self.data / name).stat()
            self.assertEqual((made.st_uid, made.st_gid), (12345, 12346), name)


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
            connection.execute("INSERT INTO sessions VALUES ('digest', 1, 'camera', '', '', 0.0, 0, NULL, NULL)")
            messages.add_messages(connection.cursor(), 1, "camera", STAMP, [Draft("hello", "", "{}")] * 3, None)
            connection.execute(f"INSERT INTO records VALUES (NULL, 2, '{STAMP}', 'camera', '', NULL, NULL)")
            connection.execute("UPDATE accounts SET record_count = 1 WHERE id = 2")
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

    def test_it_works_while_somebody_writes_and_sees_what_is_in_the_log(self):
        with closing(connect(self.path)) as server:
            server.execute("PRAGMA wal_autocheckpoint = 0")
            accounts.add_account(server.cursor(), "late", "hash")
            server.execute("BEGIN IMMEDIATE")
            accounts.add_account(server.cursor(), "unfinished", "hash")
            out = self.said("check")
        self.assertIn("late ", out)
        self.assertNotIn("unfinished", out)

    def test_what_it_counts_is_of_the_moment_at_which_it_began(self):
        real = checks.holdings

        def counted(connection: sqlite3.Connection) -> list[checks.Holding]:
            with closing(connect(self.path)) as server:
                accounts.add_account(server.cursor(), "late", "hash")
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
        for column in ("message_count", "record_count", "record_bytes"):
            self.change(f"UPDATE accounts SET {column} = {column} + 7")
        said, held = "7 messages and 8 records of 17 bytes", "0 messages and 1 records of 10 bytes"
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


class Terminal(io.StringIO):
    """Standard error where somebody looks."""

    def isatty(self) -> bool:
        return True


class UpgradeTests(DataCase):
    """The program may be newer than the server that runs."""

    def setUp(self) -> None:
        super().setUp()
        real = schema.script
        for module in (schema, common):
            self.patch(module, "VERSION", VERSION + 1)
        self.patch(schema, "script", lambda each: "CREATE TABLE more (x);" if each > VERSION else real(each))

    def version(self) -> int:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("PRAGMA user_version").fetchone()[0]

    def test_a_database_on_which_a_server_runs_is_not_upgraded(self):
        with FolderLock(self.data, "a server"):
            self.assertRefused(
                f"the database {self.path} is of version {VERSION}: restart the server, which upgrades it to",
                *("account", "list"),
            )
        self.assertEqual((self.version(), self.beside(self.path)), (VERSION, []))

    def test_without_a_server_it_is(self):
        self.assertEqual(self.said("account", "list"), "user\n")
        self.assertEqual((self.version(), self.beside(self.path)), (VERSION + 1, [f"{FILE}.version-{VERSION}"]))

    def test_it_is_backed_up_as_it_is(self):
        with FolderLock(self.data, "a server"):
            self.said("backup", str(self.file))
        self.assertEqual((self.version(), self.names(self.file)), (VERSION, ["user"]))


class BarTests(DataCase):
    def shown(self, stream: io.StringIO) -> str:
        self.patch(sys, "stderr", stream)
        with Bar("backup") as bar:
            for done in (0, 0, 1, 1, 2, 2):
                bar.show(done, 2)
        return stream.getvalue()

    def test_on_a_terminal_it_is_drawn_when_it_changes(self):
        self.assertEqual(
            self.shown(Terminal()).split("\r"),
            [
                "",
                f"backup [{' ' * 40}]   0 %",
                f"backup [{'#' * 20}{' ' * 20}]  50 %",
                f"backup [{'#' * 40}] 100 %\n",
            ],
        )

    def test_elsewhere_it_is_not(self):
        self.assertEqual(self.shown(io.StringIO()), "")

    def test_a_backup_moves_it(self):
        self.record(30 * 4096)
        self.patch(copying, "STEP", 10)
        shares = []
        self.patch(Bar, "show", lambda _, done, total: shares.append(done / total))
        self.said("backup", str(self.file))
        self.assertEqual((shares, shares[-1]), (sorted(shares), 1.0))
        self.assertGreater(len(shares), 3)


class UnwritableDiskTests(DataCase):
    def test_a_backup_in_wal_mode_beside_which_sqlite_can_make_no_files(self):
        self.said("backup", str(self.file))
        self.change("PRAGMA journal_mode = WAL", self.file)
        real = copying.open_existing

        def opened(path: Path, mode: str = "rw") -> sqlite3.Connection:
            if mode == "ro":
                raise sqlite3.OperationalError("unable to open database file")
            return real(path, mode)

        self.patch(copying, "open_existing", opened)
        with closing(copying.open_read_only(self.file)) as connection:
            self.assertEqual(len(accounts.accounts(connection.cursor())), 1)
        Path(f"{self.file}-wal").touch()  # somebody writes: what is in the log can't be left out
        self.assertRaises(sqlite3.OperationalError, copying.open_read_only, self.file)
