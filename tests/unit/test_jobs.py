"""Jobs: one that fails is told of when it begins to, now and then while it lasts, and when it is over."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from webcam.errors import DiskFull
from webcam.jobs import AGAIN, Job


class JobTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.failing: Exception | None = DiskFull("the disk is full")
        self.job = Job("retention", self.work, self.clock.seconds)
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: LogEvent) -> None:
        self.lines.append(formatEvent(event))

    async def work(self) -> None:
        if self.failing is not None:
            raise self.failing

    def run_it(self, times: int = 1) -> None:
        for _ in range(times):
            self.successResultOf(Deferred.fromCoroutine(self.job.run()))
            self.clock.advance(2)

    def test_a_refusal_that_lasts_is_told_of_every_10_minutes(self) -> None:
        self.run_it(int(AGAIN))
        self.assertEqual(self.lines, ["retention failed, will retry: the disk is full"] * 2)

    def test_its_end_is_told_of_and_the_next_one_at_once(self) -> None:
        self.run_it(3)
        self.failing = None
        self.run_it(3)
        self.failing = DiskFull("the disk is full")
        self.run_it()
        failed = "retention failed, will retry: the disk is full"
        self.assertEqual(self.lines, [failed, "retention works again", failed])

    def test_what_nobody_foresaw_has_a_traceback(self) -> None:
        self.failing = KeyError("x")
        self.run_it()
        self.assertEqual(self.lines, ["retention failed, will retry"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
