"""The log file of a server in the background: who can read it, and how many there are."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from typing import Any

from twisted.application import service
from twisted.logger import ILogObserver
from twisted.trial.unittest import SynchronousTestCase

from webcam import logfile
from webcam.errors import StartFailure
from webcam.logfile import FILES, log_observer, open_log
from webcam.permissions import mode_of
from webcam.server import WebcamService
from webcam.tap import LoggedService


class Reactor:
    """Runs at once what is to run in its thread."""

    def callFromThread(self, function: Any) -> None:
        function()


class LogFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.path = self.folder / "twistd.log"
        self.addCleanup(os.umask, os.umask(0))
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.getsignal(signal.SIGUSR1))
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)

    def observer(self, **options: Any) -> ILogObserver | None:
        return log_observer({"logfile": str(self.path), "nodaemon": False, **options}, Reactor())

    def write(self, text: str, observer: Any) -> None:
        observer({"log_time": 0.0, "log_format": text, "log_system": "-"})

    def files(self) -> dict[str, int]:
        return {each.name: mode_of(each) for each in self.folder.iterdir()}

    def test_only_the_owner_reads_it_whatever_the_umask(self) -> None:
        self.write("a line", self.observer())
        self.assertIn("a line", self.path.read_text())
        self.assertEqual(self.files(), {"twistd.log": 0o600})

    def test_files_that_all_could_read_are_set_right_and_other_modes_stay(self) -> None:
        """Those of an earlier release, or of Twisted's own; the group is the operator's to choose."""
        for name, mode in (("twistd.log", 0o644), ("twistd.log.1", 0o644), ("twistd.log.2", 0o640), ("other", 0o644)):
            (self.folder / name).touch()
            (self.folder / name).chmod(mode)
        self.observer()
        self.assertEqual(
            self.files(), {"twistd.log": 0o600, "twistd.log.1": 0o600, "twistd.log.2": 0o640, "other": 0o644}
        )
        self.path.chmod(0o640)
        open_log(self.path).rotate()
        self.assertEqual((mode_of(self.path), mode_of(self.folder / "twistd.log.1")), (0o640, 0o640))

    def test_there_are_ten_at_most(self) -> None:
        """Of ten megabytes; more of an earlier time go, too."""
        (self.folder / "twistd.log.57").touch()
        self.patch(logfile, "SIZE", 100)
        observer = self.observer()
        for number in range(40):
            self.write(f"{number:100}", observer)
        self.assertEqual(len(self.files()), FILES)
        self.assertEqual(set(self.files().values()), {0o600})

    def test_a_signal_begins_a_new_one(self) -> None:
        self.write("first", self.observer())
        os.kill(os.getpid(), signal.SIGUSR1)
        self.assertEqual(self.files(), {"twistd.log": 0o600, "twistd.log.1": 0o600})
        self.assertIn("first", (self.folder / "twistd.log.1").read_text())

    def test_the_operators_handler_of_that_signal_stays(self) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        before = signal.signal(signal.SIGUSR1, lambda *_: None)
        mine = signal.getsignal(signal.SIGUSR1)
        self.observer()
        self.assertIs(signal.getsignal(signal.SIGUSR1), mine)
        self.assertIs(before, signal.SIG_IGN)

    def test_where_twisted_logs_elsewhere_there_is_none(self) -> None:
        for options in (
            {"logfile": "-", "nodaemon": True},
            {"logfile": None, "nodaemon": True},
            {"syslog": True},
            {"logger": object},
            {"logfile": "/dev/null"},
        ):
            before = stat.S_IMODE(Path("/dev/null").stat().st_mode)
            self.assertIsNone(self.observer(**options), options)
            self.assertEqual(stat.S_IMODE(Path("/dev/null").stat().st_mode), before)
        self.assertEqual(self.files(), {})

    def test_a_file_that_can_not_be_written_ends_the_start_in_one_line(self) -> None:
        failure = self.assertRaises(StartFailure, self.observer, logfile=str(self.folder / "none" / "twistd.log"))
        self.assertEqual(
            str(failure), f"can't write the log file {self.folder}/none/twistd.log: No such file or directory"
        )

    def test_twistd_asks_the_application_for_it(self) -> None:
        self.patch(WebcamService, "__init__", lambda self, *more: None)
        for observer in (self.observer(), None):
            application = service.Application("webcam")
            LoggedService(observer).setServiceParent(application)
            self.assertIs(application.getComponent(ILogObserver, None), observer)
