"""Refusals of storage: each is a failure, and the log has a line of each kind now and then."""

from __future__ import annotations

import sqlite3

from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from webcam.errors import DatabaseFail
from webcam.storage.refusals import KINDS, NOTICE, Refusals


class RefusalsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.refusals = Refusals(self.clock.seconds)
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.note)
        self.addCleanup(globalLogPublisher.removeObserver, self.note)

    def note(self, event: LogEvent) -> None:
        if "error" in event:
            self.lines.append(f"{event['error']}{event['more']}")

    def refuse(self, text: str = "full") -> None:
        with self.assertRaises(DatabaseFail), self.refusals:
            raise sqlite3.OperationalError(text)

    def test_the_first_of_a_kind_is_told_of_and_the_others_are_counted(self) -> None:
        for _ in range(1000):
            self.refuse()
        self.assertEqual(self.lines, ["OperationalError: full"])
        self.clock.advance(NOTICE)
        self.refuse()
        self.assertEqual(self.lines[1:], ["OperationalError: full (999 times more since the last such line)"])
        self.clock.advance(NOTICE)
        self.refuse()
        self.assertEqual(self.lines[2:], ["OperationalError: full"])

    def test_kinds_count_apart(self) -> None:
        self.refuse("full")
        self.refuse("locked")
        self.refuse("locked")
        self.assertEqual(self.lines, ["OperationalError: full", "OperationalError: locked"])

    def test_so_many_kinds_are_remembered(self) -> None:
        for number in range(10 * KINDS):
            self.refuse(str(number))
        self.assertLessEqual(len(self.refusals._told), KINDS)

    def test_what_is_no_refusal_comes_through(self) -> None:
        with self.assertRaises(KeyError), self.refusals:
            raise KeyError
        self.assertEqual(self.lines, [])
