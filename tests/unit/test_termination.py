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
    def test_both_signals_hurry_it_and_stop_nothing_until_the_reactor_has_ended(self):
        before = {each: signal.getsignal(each) for each in SIGNALS}
        reactor, hurried = Reactor(), []
        termination = Termination(reactor, lambda: hurried.append(True))
        self.addCleanup(termination.restore)
        termination.install()
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), each)
        self.assertEqual(len(hurried), 3)
        ((phase, event, restore),) = reactor.triggers
        self.assertEqual((phase, event), ("after", "shutdown"))
        restore()
        self.assertEqual({each: signal.getsignal(each) for each in SIGNALS}, before)


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
