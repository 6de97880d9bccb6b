"""What killed backups, restores, upgrades and writes leave behind: the next run removes it, and nothing else."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from twisted.logger import formatEvent, globalLogPublisher

from tests.support.admin_data import DataCase
from tests.support.process import environment
from webcam import config
from webcam.firstaccount import PASSWORD_FILE
from webcam.firststart import prepare
from webcam.storage.copying import copy
from webcam.storage.lock import RESTORE_LOCK, FolderLock
from webcam.storage.parts import new_part, remove_abandoned
from webcam.storage.schema import FILE

_KILLED = (
    "import os, signal, sys; from webcam import admin, durable\n"
    "real = durable.sync\n"
    "durable.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL) if path.suffix == '.part' else real(path)\n"
    "admin.main(sys.argv[1:])"
)


class LeftoversCase(DataCase):
    def setUp(self) -> None:
        super().setUp()
        self.data = self.data.absolute()
        self.path, self.file = self.data / FILE, self.data.parent / "backup.db"
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self.log)
        self.addCleanup(globalLogPublisher.removeObserver, self.log)

    def log(self, event: dict) -> None:
        text = formatEvent(event)
        if event["log_namespace"] == "webcam" and text.startswith("removed"):
            self.logged.append(text)

    def killed(self, *arguments: str) -> None:
        """Run the operator's program, which is killed when it has made its copy."""
        command = [sys.executable, "-c", _KILLED, *arguments, "--data", str(self.data)]
        ended = subprocess.run(command, env=environment(), check=False, timeout=60)
        self.assertEqual(ended.returncode, -signal.SIGKILL)

    def start(self) -> None:
        """What a start of the server does first."""
        with FolderLock(self.data, "a server"):
            prepare(config.build({"data": [str(self.data)], "plain": ["yes"]}, {}))

    def database(self, name: str) -> Path:
        """A file of a test that holds a database."""
        path = self.data.parent / name if "/" not in name else Path(name)
        path.write_bytes(self.path.read_bytes())
        return path

    def left(self, folder: Path) -> list[str]:
        return sorted(each.name for each in folder.iterdir() if ".part" in each.name or ".restoring" in each.name)


class Killed(LeftoversCase):
    def test_a_backup(self) -> None:
        """By the next one to the same file."""
        self.record(100_000)
        for _ in range(2):
            self.killed("backup", str(self.file))
        (name,) = self.left(self.data.parent)
        self.assertRegex(name, r"\Abackup\.db\.[a-z0-9_]{8}\.part\Z")
        self.assertGreater((self.data.parent / name).stat().st_size, 100_000)
        self.assertFalse(self.file.exists())
        self.said("backup", str(self.file))
        self.assertEqual(self.left(self.data.parent), [])
        self.assertEqual(self.names(self.file), ["user"])

    def test_a_restore(self) -> None:
        """By the next start of the server, which says what it removed, and how much that was."""
        self.record(100_000)
        self.said("backup", str(self.file))
        self.killed("restore", str(self.file))
        (name,) = self.left(self.data)
        size = (self.data / name).stat().st_size
        self.start()
        self.assertEqual(self.left(self.data), [])
        self.assertEqual(self.logged, [f"removed {self.data / name}, {size} bytes, which a killed run left behind"])
        self.start()
        self.assertEqual(len(self.logged), 1)

    def test_a_restore_that_had_its_copy(self) -> None:
        """With what SQLite keeps beside that."""
        for ending in ("", "-journal"):
            self.database(str(self.data / f"{FILE}.restoring{ending}"))
        self.start()
        self.assertEqual(self.left(self.data), [])

    def test_an_upgrade_and_a_backup_into_the_data_folder(self) -> None:
        for target in (f"{FILE}.version-2", f"{FILE}.before-restore.2"):
            self.database(str(self.data / f"{target}.a0_b1c2d.part"))
            (self.data / f"{target}.a0_b1c2d.part-journal").touch()
        self.start()
        self.assertEqual(self.left(self.data), [])

    def test_a_write(self) -> None:
        for name in (PASSWORD_FILE, "key.pem", "certificate.pem", "webcam.db.restore-answer"):
            (self.data / f".{name}.new").write_bytes(b"begun")
        self.start()
        self.assertEqual([each.name for each in self.data.glob(".*")], [])
        self.assertEqual(len(self.logged), 4)


class LeftAlone(LeftoversCase):
    def test_what_another_program_writes_now(self) -> None:
        """Another backup to the same file has its part locked."""
        with new_part(self.file) as part:
            self.said("backup", str(self.file))
            self.assertEqual(self.left(self.data.parent), [part.name])
            part.unlink()

    def test_what_another_restore_writes_now(self) -> None:
        fresh = self.database(str(self.data / f"{FILE}.restoring"))
        with FolderLock(self.data, "another webcam restore", RESTORE_LOCK):
            self.start()
            self.assertTrue(fresh.exists())
            self.said("backup", str(self.file))
            self.assertRefused("in use: another webcam restore runs on it", "restore", str(self.file))
            self.assertTrue(fresh.exists())

    def test_what_is_somebody_elses(self) -> None:
        """Named otherwise, or holding something else; a link, a folder, a pipe."""
        others = [
            self.database(name)
            for name in ("backup.db.part", "backup.db.short.part", "backup.db.12345678.parts", "other.db.a0b1c2d3.part")
        ]
        others += [self.database("backup.db.A0B1C2D3.part"), self.database("backup.dbx.a0b1c2d3.part")]
        text = self.data.parent / "backup.db.december.part"
        text.write_text("a letter to my aunt")
        link = self.data.parent / "backup.db.linklink.part"
        link.symlink_to(others[0].name)
        folder = self.data.parent / "backup.db.folderfo.part"
        folder.mkdir()
        os.mkfifo(self.data.parent / "backup.db.pipepipe.part")
        before = self.left(self.data.parent)
        self.said("backup", str(self.file))
        self.assertEqual(self.left(self.data.parent), before)
        self.assertEqual(text.read_text(), "a letter to my aunt")

    def test_backups_of_the_operator_in_the_data_folder(self) -> None:
        kept = [self.database(str(self.data / name)) for name in (f"{FILE}.version-1", "other.db.a0b1c2d3.part")]
        (self.data / "certificate.pem.new").write_text("the next one")
        self.start()
        self.assertTrue(all(each.exists() for each in kept))
        self.assertTrue((self.data / "certificate.pem.new").exists())
        self.assertEqual(self.logged, [])


class Parts(LeftoversCase):
    def test_a_part_that_was_taken_for_abandoned_before_it_was_locked_is_made_anew(self) -> None:
        real = fcntl.flock
        taken = []

        def flock(number: int, operation: int) -> None:
            if not taken:
                taken.append(Path(f"/proc/self/fd/{number}").readlink())
                taken[0].unlink()
            real(number, operation)

        self.patch(fcntl, "flock", flock)
        with closing(sqlite3.connect(self.path)) as source:
            copy(source, self.file)
        self.assertEqual(self.names(self.file), ["user"])
        self.assertEqual(len(taken), 1)

    def test_a_file_system_without_locks(self) -> None:
        """Copies are made all the same; what may be in use is never removed."""

        def flock(number: int, operation: int) -> None:
            raise OSError(38, "Function not implemented")

        left = self.database("backup.db.a0b1c2d3.part")
        self.patch(fcntl, "flock", flock)
        with closing(sqlite3.connect(self.path)) as source:
            copy(source, self.file)
        self.assertEqual((self.names(self.file), left.exists()), (["user"], True))

    def test_one_with_zeros_or_nothing_in_it(self) -> None:
        """As a power cut leaves them."""
        for data in (b"", bytes(8192)):
            left = self.data.parent / "backup.db.a0b1c2d3.part"
            left.write_bytes(data)
            self.assertEqual(remove_abandoned(self.file), [(left, len(data))])
            self.assertFalse(left.exists())
