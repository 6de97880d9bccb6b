"""Files that outlast a power cut: what is synced, and in which order."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from webcam import durable
from webcam.durable import create_private, make_folder, sync, write_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class DurableCase(SynchronousTestCase):
    """``steps`` is what reached the disk, and what names became visible, in order."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "file"
        self.steps: list[str] = []
        real_replace, real_fsync = Path.replace, os.fsync

        def replace(path: Path, target: Path) -> Path:
            self.steps.append(f"rename {path.name} to {target.name}")
            return real_replace(path, target)

        def fsync(number: int) -> None:
            name = Path(f"/proc/self/fd/{number}").readlink()
            content = "" if name.is_dir() else f" of {name.stat().st_size} bytes"
            self.steps.append(f"sync {name.name}{content}")
            real_fsync(number)

        self.patch(Path, "replace", replace)
        self.patch(os, "fsync", fsync)

    def names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())


class WriteFile(DurableCase):
    def test_the_content_is_on_disk_before_the_name_and_the_name_before_it_returns(self) -> None:
        write_file(self.path, b"content")
        self.assertEqual(self.path.read_bytes(), b"content")
        self.assertEqual(
            self.steps, ["sync .file.new of 7 bytes", "rename .file.new to file", f"sync {self.folder.name}"]
        )

    def test_only_the_owner_reads_it_from_its_first_moment_whatever_the_umask_and_whatever_was_there(self) -> None:
        seen = []
        real = os.fdopen

        def fdopen(number: int, *more: object) -> object:
            seen.append(stat.S_IMODE(os.fstat(number).st_mode))
            return real(number, *more)

        self.path.write_bytes(b"old")
        self.path.chmod(0o666)
        self.patch(os, "fdopen", fdopen)
        before = os.umask(0)
        try:
            write_file(self.path, b"new")
            write_file(self.folder / "public", b"new", 0o644)
        finally:
            os.umask(before)
        self.assertEqual((mode(self.path), mode(self.folder / "public")), (0o600, 0o644))
        self.assertEqual(seen, [0o600, 0o600])

    def test_what_another_write_left_behind_is_replaced(self) -> None:
        (self.folder / ".file.new").write_bytes(b"left")
        (self.folder / ".file.new").chmod(0o666)
        write_file(self.path, b"content")
        self.assertEqual((self.names(), self.path.read_bytes(), mode(self.path)), (["file"], b"content", 0o600))

    def test_a_failure_leaves_what_was_there_and_nothing_beside_it(self) -> None:
        def full(number: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        write_file(self.path, b"old")
        self.patch(os, "fsync", full)
        self.assertRaises(OSError, write_file, self.path, b"new")
        self.assertEqual((self.names(), self.path.read_bytes()), (["file"], b"old"))

    def test_what_root_writes_belongs_to_the_owner_of_the_folder(self) -> None:
        if os.geteuid():
            self.skipTest("only root gives files away")
        os.chown(self.folder, 12345, 23456)
        write_file(self.path, b"content")
        create_private(self.folder / "empty")
        for each in (self.path, self.folder / "empty"):
            self.assertEqual((each.stat().st_uid, each.stat().st_gid), (12345, 23456))


class OtherFiles(DurableCase):
    def test_a_folder_and_those_above_it_have_their_names_on_disk(self) -> None:
        make_folder(self.folder / "a" / "b")
        self.assertEqual(sorted(self.steps), sorted([f"sync {self.folder.name}", "sync a"]))
        self.assertEqual(mode(self.folder / "a" / "b"), 0o700)
        make_folder(self.folder / "a" / "b")
        self.assertEqual(len(self.steps), 2, "a folder that is there is left alone")

    def test_an_empty_file_has_its_name_on_disk_and_one_that_is_there_stays(self) -> None:
        create_private(self.path)
        self.assertEqual((mode(self.path), self.steps), (0o600, [f"sync {self.folder.name}"]))
        self.path.write_bytes(b"content")
        create_private(self.path)
        self.assertEqual((self.path.read_bytes(), len(self.steps)), (b"content", 1))

    def test_a_file_system_that_can_not_sync_folders_is_none_that_fails(self) -> None:
        """It is asked, and what it answers for a file counts."""

        def refuse(number: int) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

        self.path.touch()
        self.patch(durable.os, "fsync", refuse)
        sync(self.folder)
        self.assertRaises(OSError, sync, self.path)
