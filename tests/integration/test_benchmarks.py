"""The benchmarks' own servers that are ours in part: they change with it, and have to be measured in every version."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks import targets
from tests.benchmarks.loads import LOADS
from tests.benchmarks.table import Run

ROUNDS = 4
"""Twisted's own channel loses a connection now and then."""


class StockTests(SynchronousTestCase):
    """The application on Twisted's own channel."""

    def test_it_can_be_measured_beside_the_server(self) -> None:
        """What it relays and what it takes, each in one round of some."""
        names = (targets.UPLOAD, "40 KB frames, 1 viewers, own connections")
        loads = [dataclasses.replace(each, servers=("webcam", "stock")) for each in LOADS if each.name in names]
        self.assertEqual(len(loads), len(names))
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        with ExitStack() as stack:
            run = Run(folder, stack, 0.3)
            for _ in range(ROUNDS):
                run.round(loads)
                if all(run.results.against(each.name, "webcam", "stock", "cost") for each in loads):
                    return
        self.fail([run.results.trouble(each.name, server) for each in loads for server in each.servers])
