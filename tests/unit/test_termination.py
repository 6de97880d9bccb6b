"""A second SIGTERM, and how many connections the descriptors allow."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from webcam.config import Options
from webcam.tap import OTHER_DESCRIPTORS, within_descriptors
from webcam.termination import SIGNALS, Termination


class Reactor:
    def __init__(self) -> None:
        self.triggers: list[Any] = []

    def callFromThread(self, function: Any) -> None:
        function()

    def addSystemEventTrigger(self, phase: str, event: str, function: Any) -> None:
        self.triggers.append((phase, event, function))


class TerminationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.first: list[int] = []
        for each in SIGNALS:
            self.addCleanup(signal.signal, each, signal.signal(each, lambda number, _: self.first.append(number)))
        self.before = {each: signal.getsignal(each) for each in SIGNALS}
        self.reactor, self.hurried = Reactor(), 0
        self.termination = Termination(self.reactor, self.hurry)
        self.addCleanup(self.termination.restore)

    def hurry(self) -> None:
        self.hurried += 1

    def send(self, *signals: int) -> None:
        for each in signals:
            os.kill(os.getpid(), each)

    def test_the_first_signal_is_the_reactors_and_each_further_one_hurries_it(self):
        """However soon it comes."""
        self.termination.install()
        self.send(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
        self.assertEqual((self.first, self.hurried), ([signal.SIGTERM], 2))

    def test_a_server_that_ends_for_another_reason_is_hurried_by_the_first(self):
        self.termination.install()
        self.termination.begin()
        self.send(signal.SIGINT)
        self.assertEqual((self.first, self.hurried), ([], 1))

    def test_they_are_given_back_when_the_reactor_has_ended(self):
        self.termination.install()
        ((phase, event, restore),) = self.reactor.triggers
        self.assertEqual((phase, event), ("after", "shutdown"))
        restore()
        self.assertEqual({each: signal.getsignal(each) for each in SIGNALS}, self.before)

    def test_one_that_is_ignored_stays_so(self):
        """As SIGINT in the background of a script."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.termination.install()
        self.send(signal.SIGINT, signal.SIGTERM)
        self.assertEqual((self.first, self.hurried), ([signal.SIGTERM], 0))


class DescriptorsTests(SynchronousTestCase):
    def setUp(self) -> None:
        options = Options()
        options.parseOptions(["--data", self.mktemp(), "--plain"])
        self.config = replace(options.configuration(), connections=4000, connections_per_address=400)

    def test_as_many_connections_as_there_are_descriptors_for(self):
        self.assertIs(within_descriptors(self.config, 4000 + OTHER_DESCRIPTORS), self.config)
        self.assertEqual(self.flushWarnings(), [])
        for limit, total, each in ((4099, 3999, 399), (1024, 924, 92), (150, 75, 7), (1, 1, 1)):
            config = within_descriptors(self.config, limit)
            self.assertEqual((config.connections, config.connections_per_address), (total, each), limit)

    def test_one_address_that_may_have_all_still_may(self):
        config = within_descriptors(replace(self.config, connections_per_address=4000), 1024)
        self.assertEqual((config.connections, config.connections_per_address), (924, 924))
