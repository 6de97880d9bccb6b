"""SIGHUP: what it means while the server runs, and what it means again afterwards."""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from webcam.hangup import Hangup


class Reactor:
    """Calls of signal handlers, until the test lets them come."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def callFromThread(self, function: Any) -> None:
        self.calls.append(function)

    def turn(self) -> None:
        for function in self.calls:
            function()
        self.calls.clear()


class HangupTests(SynchronousTestCase):
    def setUp(self) -> None:
        # Without the code under test the signal would end the test run.
        self.before = signal.signal(signal.SIGHUP, self.outside)
        self.addCleanup(signal.signal, signal.SIGHUP, self.before)
        self.told: list[str] = []
        self.reactor = Reactor()

    def outside(self, *_: Any) -> None:
        self.told.append("outside")

    def install(self, output: int) -> Hangup:
        hangup = Hangup(self.reactor, lambda: self.told.append("reload"), lambda: self.told.append("stop"), output)
        hangup.install()
        return hangup

    def hang_up(self) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        self.reactor.turn()

    def pipe(self) -> int:
        ends = os.pipe()
        for each in ends:
            self.addCleanup(os.close, each)
        return ends[1]

    def test_it_reloads(self) -> None:
        """Each time; in the reactor's turn, not in the middle of whatever runs."""
        self.install(self.pipe())
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.told, [])
        self.reactor.turn()
        self.hang_up()
        self.assertEqual(self.told, ["reload", "reload"])

    def test_afterwards_it_is_as_before(self) -> None:
        hangup = self.install(self.pipe())
        hangup.restore()
        hangup.restore()
        self.hang_up()
        self.assertEqual(self.told, ["outside"])

    def test_a_terminal_that_is_closed(self) -> None:
        """While it is open, the signal is somebody's wish; when it is gone, so is the one who started the server."""
        ours, its = os.openpty()
        self.addCleanup(os.close, its)
        self.install(its)
        self.hang_up()
        os.close(ours)
        self.hang_up()
        self.assertEqual(self.told, ["reload", "stop"])
