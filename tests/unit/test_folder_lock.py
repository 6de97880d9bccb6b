"""The lock on the data folder: one has it, and a crash gives it back."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from webcam.errors import StartFailure
from webcam.storage.lock import LOCK, FolderLock

_HOLD = """
import os, signal, sys, pathlib
from webcam.storage.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]), "another program")
if sys.argv[2:] == ["fork"] and os.fork():
    os._exit(0)
os.write(1, f"{os.getpid()}\\n".encode())
signal.pause()
"""


class FolderLockTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())

    def take(self, holder: str = "a server") -> FolderLock:
        lock = FolderLock(self.folder, holder)
        self.addCleanup(lock.release)
        return lock

    def refused(self) -> str:
        return str(self.assertRaises(StartFailure, self.take))

    def other(self, *arguments: str) -> int:
        """Another process that has the lock; its id."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", _HOLD, str(self.folder), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        number = int(process.stdout.readline())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(self.kill, number)
        return number

    def kill(self, number: int) -> None:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def test_a_second_one_is_refused_and_told_who_has_it(self):
        self.take("webcam restore")
        self.assertEqual(self.refused(), f"the data folder {self.folder} is in use: webcam restore runs on it")

    def test_it_is_free_again_when_it_was_released(self):
        self.take().release()
        self.take("a server that has a longer name").release()
        self.take("x")
        self.assertIn("in use: x runs", self.refused())

    def test_as_a_context_it_ends_with_it(self):
        with self.take():
            self.refused()
        self.take()

    def test_another_folder_is_another_matter(self):
        self.take()
        self.folder = self.folder / "below"
        self.take()

    def test_the_folder_and_the_file_are_their_owners_alone(self):
        before = os.umask(0)
        try:
            self.take()
        finally:
            os.umask(before)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (self.folder, self.folder / LOCK)]
        self.assertEqual(modes, [0o700, 0o600])

    def test_a_folder_that_can_not_be_used(self):
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.touch()
        self.assertEqual(self.refused(), f"can't use the data folder {self.folder}: File exists")
        self.folder.unlink()
        (self.folder / LOCK).mkdir(parents=True)
        self.assertEqual(self.refused(), f"can't use the data folder {self.folder}: Is a directory")

    def test_another_process_has_it_until_it_is_killed(self):
        number = self.other()
        self.assertIn("in use: another program runs", self.refused())
        self.kill(number)
        os.waitpid(number, 0)
        self.take()

    def test_a_daemon_takes_it_along_when_it_forks(self):
        self.other("fork")
        self.assertIn("in use: another program runs", self.refused())
