"""``webcam backup``: what it leaves behind, what it says, and how it shows how far it is."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

from tests.support.admin_data import DataCase
from webcam.admin.common import Bar
from webcam.storage import accounts, copying
from webcam.storage.schema import FILE, connect


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
        for more in ((), ("--force",)):
            self.assertRefused(f"{self.data} is a folder: name a file in it", "backup", *more, str(self.data))

    def test_a_link_stays_and_what_it_leads_to_is_replaced(self):
        target, link = self.file.with_name("elsewhere"), self.file.with_name("link")
        target.write_text("a letter to my aunt")
        link.symlink_to(target.name)
        self.file.symlink_to(link.name)
        self.assertRefused(f"{self.file} is there already: --force replaces it", "backup", str(self.file))
        self.said("backup", "--force", str(self.file))
        self.assertEqual((self.file.readlink(), link.readlink()), (Path(link.name), Path(target.name)))
        self.assertEqual((self.names(target), stat.S_IMODE(target.stat().st_mode)), (["user"], 0o600))
        self.assertEqual(self.beside(target), [])

    def test_links_that_lead_nowhere_useful(self):
        os.mkfifo(self.file.with_name("pipe"))  # never a device: as root, a failure would replace it for everybody
        self.file.symlink_to("nothing")
        for more in ((), ("--force",)):
            self.assertRefused(f"{self.file} is a link to nothing", "backup", *more, str(self.file))
        for target, text in (
            (self.file.name, "is a link to nothing"),
            (self.data.name, "is a folder"),
            (f"{self.data.name}/{FILE}", "is the database itself"),
            (f"{self.data.name}/lock", "is the server's own lock"),
            ("pipe", "is no regular file"),
        ):
            self.file.unlink()
            self.file.symlink_to(target)
            if target.endswith("lock"):
                (self.data / "lock").touch()
            self.assertRefused(f"{self.file} {text}", "backup", "--force", str(self.file))
            self.assertTrue(self.file.is_symlink())

    def test_what_is_no_regular_file(self):
        os.mkfifo(self.file)
        self.assertRefused(f"{self.file} is no regular file", "backup", "--force", str(self.file))
        self.assertRefused(f"{self.file} is no regular file", "restore", str(self.file))
        self.assertTrue(self.file.is_fifo())

    def test_another_name_of_the_database(self):
        os.link(self.path, self.file)
        self.assertRefused("is the database itself", "backup", "--force", str(self.file))
        self.assertRefused("is the database itself", "restore", str(self.file))

    def test_the_servers_other_files(self):
        for name in (
            "key.pem",
            "certificate.pem",
            "audit.log",
            "first-password",
            "thumbnails.db",
            "lock",
            "restore-lock",
        ):
            (self.data / name).touch()
            text = f"is the server's own {name}: a backup has another place"
            self.assertRefused(text, "backup", "--force", str(self.data / name))
        self.said("backup", str(self.data / "backup.db"))

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


class Terminal(io.StringIO):
    """Standard error where somebody looks."""

    def isatty(self) -> bool:
        return True


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
