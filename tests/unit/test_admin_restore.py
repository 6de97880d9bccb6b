"""``webcam restore``: what is in place and what is kept, wherever it is broken off."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from tests.support.admin_data import DataCase
from webcam import durable
from webcam.storage import accounts, copying, schema
from webcam.storage.lock import LOCK, FolderLock
from webcam.storage.schema import FILE, VERSION, connect


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
        real = durable.sync
        left = [0]

        def sync(path: Path) -> None:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            real(path)

        self.patch(durable, "sync", sync)
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
        self.assertRefused(f"{self.data} is no regular file", "restore", str(self.data))
        self.file.write_bytes(b"no database" * 100)
        self.assertRefused("file is not a database", "restore", str(self.file))
        self.file.unlink()
        self.change("CREATE TABLE letters (x)", self.file)
        self.assertRefused(f"{self.file} is no backup of this server's database", "restore", str(self.file))
        self.assertRefused("is the database itself", "restore", str(self.path))
        self.assertUntouched()

    def test_a_database_that_is_a_link_stays_one(self):
        moved = self.path.with_name("moved.db")
        self.path.replace(moved)
        self.path.symlink_to(moved.name)
        self.assertRefused(f"the database {self.path} is a link: move the file", "restore", str(self.file))
        self.assertEqual((self.path.readlink(), self.names(moved)), (Path(moved.name), ["later", "user"]))

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
        before = os.umask(0)
        try:
            self.restore()
        finally:
            os.umask(before)
        self.assertEqual((self.names(self.path), self.names(self.kept)), (["user"], ["later", "user"]))
        self.assertEqual(stat.S_IMODE(self.kept.stat().st_mode), 0o600)

    def test_such_a_copy_has_its_name_when_it_is_whole(self):
        """What is cut short is none that somebody takes for the database of before."""

        def link(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        def copyfile(_source: Path, target: Path) -> None:
            target.write_bytes(b"SQLite format 3\0, and then the power went")
            raise KeyboardInterrupt

        self.patch(os, "link", link)
        self.patch(shutil, "copyfile", copyfile)
        self.assertEqual(self.run_it("restore", str(self.file))[0], 130)
        self.assertEqual(self.beside(self.path), [])
        self.assertEqual(self.names(self.path), ["later", "user"])

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
