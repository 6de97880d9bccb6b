"""Calls to come: made once, in time, unless they are cancelled."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from webcam.timers import Timers


class TimersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.timers = Timers(self.clock)
        self.called: list[str] = []

    def test_are_called_once_in_time(self) -> None:
        self.timers.later(2, self.called.append, "second")
        self.timers.later(1, self.called.append, "first")
        self.clock.advance(1)
        self.assertEqual((self.called, self.timers.pending), (["first"], True))
        self.clock.pump([1, 10])
        self.assertEqual((self.called, self.timers.pending), (["first", "second"], False))

    def test_are_all_cancelled(self) -> None:
        for delay in (1, 2):
            self.timers.later(delay, self.called.append, "never")
        self.timers.cancel()
        self.assertEqual((self.timers.pending, self.clock.getDelayedCalls()), (False, []))

    def test_may_be_made_and_cancelled_by_one_that_is_due(self) -> None:
        self.timers.later(1, lambda: (self.timers.cancel(), self.timers.later(1, self.called.append, "again")))
        self.timers.later(1, self.called.append, "never")
        self.clock.pump([1, 1])
        self.assertEqual(self.called, ["again"])
