"""Who can read the files of a server: one in the background, whatever the umask."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.process import DEADLINE, LOOPBACK, command, environment, until

PUBLIC = {"certificate.pem"}


class Daemon(SynchronousTestCase):
    """``twistd`` without ``-n``, in a folder of its own."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.data, self.log = self.folder / "data", self.folder / "twistd.log"
        self.pid_file = self.folder / "twistd.pid"

    def start(self, umask: int) -> None:
        """Until it is ready."""
        program, flag, run, *rest = command(self.data, f"--listen={LOOPBACK}")
        options = [f"--pidfile={self.pid_file}", *(each for each in rest if each not in ("-n", "--pidfile="))]
        started = subprocess.run(
            [program, flag, run, *options],
            env=environment(),
            cwd=self.folder,
            umask=umask,
            timeout=DEADLINE,
            check=False,
            capture_output=True,
        )
        self.addCleanup(self.stop)
        self.assertEqual((started.returncode, started.stderr), (0, b""))
        until(lambda: self.log.exists() and "is ready" in self.log.read_text(), "a server that is ready")

    def stop(self) -> None:
        """By the process that it says it is."""
        if self.pid_file.exists():
            os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
            until(lambda: not self.pid_file.exists(), "its end")

    def test_only_the_owner_reads_them(self) -> None:
        """Log, database, key, password, thumbnails, audit log and locks; everybody the certificate."""
        for umask in (0o022, 0o000):
            self.start(umask)
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in [self.log, *self.data.iterdir()]}
            self.assertLessEqual({"webcam.db", "webcam.db-wal", "key.pem", "audit.log", "lock"}, set(modes))
            self.assertEqual({name for name, mode in modes.items() if mode & 0o077}, PUBLIC)
            self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)
            self.stop()
            self.log.unlink()
