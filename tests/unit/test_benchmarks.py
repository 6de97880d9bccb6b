"""The benchmarks' table: what is made of figures, of failures, and of what isn't there."""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks import h2load
from tests.benchmarks.contender import Contender, Skipped
from tests.benchmarks.figures import Results, above, of, percentile
from tests.benchmarks.loads import COST, KINDS, LOADS, Column, Load
from tests.benchmarks.others import Nginx
from tests.benchmarks.report import block, cell
from tests.benchmarks.table import Run, kinds, show
from tests.benchmarks.targets import HOLDS, MISSED, NOT_MEASURED, SKIPPED, TARGETS, Target, missed, of_loads

RATE, PRICE = Column("rate", "MB/s", ".1f"), Column(COST, "CPU s/GB")


def load(measure=None, servers: tuple[str, ...] = ("webcam", "stock"), fresh: bool = False) -> Load:
    return Load("relay", "frames", servers, (RATE, PRICE), measure or (lambda *_: {}), fresh)


class PercentileTests(SynchronousTestCase):
    def test_order_does_not_matter(self) -> None:
        self.assertEqual(percentile([3.0, 1.0, 2.0], 0.5), 2.0)

    def test_of_a_hundred(self) -> None:
        """Ninety-nine lie below it."""
        self.assertEqual(percentile(list(range(100)), 0.99), 99)
        self.assertEqual(percentile(list(range(200)), 0.99), 198)

    def test_all_of_them(self) -> None:
        self.assertEqual(percentile([1.0, 2.0], 1.0), 2.0)

    def test_of_none(self) -> None:
        self.assertEqual(percentile([], 0.5), 0.0)


class ResultsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.results = Results()

    def add(self, server: str, **costs: float) -> None:
        for number, cost in costs.items():
            self.results.add("frames", server, int(number[1:]), {COST: cost})

    def test_median_of_what_there_is(self) -> None:
        self.add("webcam", r1=1.0, r3=9.0, r5=2.0)
        self.assertEqual(self.results.median("frames", "webcam", COST), 2.0)
        self.assertIsNone(self.results.median("frames", "webcam", "rate"))
        self.assertIsNone(self.results.median("frames", "stock", COST))

    def test_ratios_are_those_of_the_same_round(self) -> None:
        """The machine was slow in rounds 2 and 3; webcam failed in 1, stock in 3."""
        self.add("webcam", r2=10.0, r3=10.0, r4=1.0)
        self.add("stock", r1=2.0, r2=20.0, r4=2.0)
        self.assertEqual(self.results.against("frames", "webcam", "stock", COST), 0.5)

    def test_the_median_of_ratios_is_no_ratio_of_medians(self) -> None:
        self.add("webcam", r1=1.0, r2=2.0, r3=30.0)
        self.add("stock", r1=10.0, r2=2.0, r3=10.0)
        self.assertEqual(self.results.against("frames", "webcam", "stock", COST, of), 1.0)

    def test_differences(self) -> None:
        self.add("webcam", r1=7.0)
        self.add("stock", r1=5.0)
        self.assertEqual(self.results.against("frames", "webcam", "stock", COST, above), 2.0)

    def test_no_round_in_common(self) -> None:
        self.add("webcam", r1=1.0)
        self.add("stock", r2=1.0)
        self.assertIsNone(self.results.against("frames", "webcam", "stock", COST))

    def test_failures_are_counted(self) -> None:
        self.add("webcam", r1=1.0, r3=1.0)
        self.results.fail("frames", "webcam", 2, "gone:\n  away")
        self.assertEqual(self.results.trouble("frames", "webcam"), "failed: 1 of 3 (gone: away)")

    def test_skipped(self) -> None:
        self.results.skip("frames", "stock", "not installed")
        self.assertEqual(self.results.trouble("frames", "stock"), "skipped: not installed")

    def test_no_trouble(self) -> None:
        self.add("webcam", r1=1.0)
        self.assertEqual(self.results.trouble("frames", "webcam"), "")


class TargetTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.results = Results()
        self.results.add("frames", "webcam", 1, {COST: 2.0, "each": 3000.0})
        self.results.add("frames", "stock", 1, {COST: 8.0, "each": 1000.0})

    def verdict(self, target: Target) -> str:
        return target.line(self.results).split()[-1]

    def test_at_most(self) -> None:
        for bound, verdict in ((1.99, "MISSED"), (2.0, "holds")):
            self.assertEqual(self.verdict(Target("frames", COST, "CPU", bound)), verdict)

    def test_at_least(self) -> None:
        for bound, verdict in ((2.0, "holds"), (2.01, "MISSED")):
            self.assertEqual(self.verdict(Target("frames", COST, "MB/s", bound, least=True)), verdict)

    def test_a_ratio(self) -> None:
        target = Target("frames", COST, "of stock's", 0.25, other="stock")
        self.assertEqual(target.figure(self.results), 0.25)
        self.assertEqual(self.verdict(target), "holds")

    def test_a_difference_in_a_unit(self) -> None:
        target = Target("frames", "each", "KB", 1.9, other="stock", how=above, unit=1000)
        self.assertEqual(target.figure(self.results), 2.0)
        self.assertIn(" 2.00   at most 1.9 ", target.line(self.results))
        self.assertEqual(self.verdict(target), "MISSED")

    def test_what_was_not_measured_does_not_hold(self) -> None:
        target = Target("frames", "p99", "ms", 20)
        self.assertEqual(target.verdict(self.results), NOT_MEASURED)
        self.assertIn("not measured", target.line(self.results))

    def test_what_cannot_be_measured_here_is_skipped(self) -> None:
        self.results.skip("frames", "nginx", "not installed")
        self.assertEqual(Target("frames", COST, "CPU", 1, other="nginx").verdict(self.results), SKIPPED)
        self.assertEqual(Target("frames", COST, "CPU", 1, other="hypercorn").verdict(self.results), NOT_MEASURED)

    def test_what_is_missed_or_failed_is_missed(self) -> None:
        """The program's exit status; what is skipped is none of it."""
        self.results.skip("frames", "nginx", "not installed")
        holds, skipped = Target("frames", COST, "CPU", 2), Target("frames", COST, "CPU", 1, other="nginx")
        for also, verdict in (
            (holds, HOLDS),
            (Target("frames", COST, "CPU", 1), MISSED),
            (Target("frames", "p99", "ms", 20), NOT_MEASURED),
        ):
            self.assertEqual(also.verdict(self.results), verdict)
            self.assertEqual(missed(self.results, [holds, skipped, also]), verdict != HOLDS, verdict)

    def test_those_of_other_loads_are_left_out(self) -> None:
        targets = [Target("frames", COST, "CPU", 2), Target("files", COST, "CPU", 2)]
        self.assertEqual(of_loads(["frames"], targets), targets[:1])

    def test_every_target_has_its_load(self) -> None:
        """And its figure is one that the load shows, of servers that meet it."""
        loads = {each.name: each for each in LOADS}
        for target in TARGETS:
            self.assertIn(target.key, [column.key for column in loads[target.load].columns], target)
            self.assertIn(target.other or "webcam", loads[target.load].servers, target)


class ReportTests(SynchronousTestCase):
    def test_a_cell(self) -> None:
        self.assertEqual(cell(1234.56, Column("each", "KB", ".1f", 1000)), f"{'1.2':>12}")
        self.assertEqual(cell(0.5, Column("core", "core", ".0%")), f"{'50%':>12}")
        self.assertEqual(cell(None, RATE), f"{'-':>12}")

    def test_a_block(self) -> None:
        """Ratios stand behind the cost, and trouble at the row's end or in place of its figures."""
        results = Results()
        results.add("frames", "webcam", 1, {"rate": 60.0, COST: 1.0})
        results.fail("frames", "webcam", 2, "gone")
        results.add("frames", "stock", 1, {"rate": 50.0, COST: 4.0})
        results.skip("frames", "nginx", "not installed")
        rows = [each.split() for each in block(load(servers=("webcam", "stock", "nginx")), results, "stock")]
        self.assertEqual(rows[0], ["frames", "MB/s", "CPU", "s/GB", "/", "stock"])
        self.assertEqual(rows[1], ["webcam", "60.0", "1.00", "0.25", "failed:", "1", "of", "2", "(gone)"])
        self.assertEqual(rows[2], ["stock", "50.0", "4.00", "1.00"])
        self.assertEqual(rows[3], ["nginx", "skipped:", "not", "installed"])

    def test_targets_come_last(self) -> None:
        said: list[str] = []
        show(Results(), list(LOADS), list(TARGETS), "stock", said.append)
        self.assertEqual(said.index("\nTargets"), len(said) - len(TARGETS) - 1)


class _Fake(Contender):
    """A server that is none."""

    name = "webcam"

    def start(self) -> None:
        pass


class _Missing(_Fake):
    name = "stock"

    def start(self) -> None:
        raise Skipped("stock is not installed")


class RunTests(SynchronousTestCase):
    """What one measurement comes to is no other's concern."""

    def setUp(self) -> None:
        stack = ExitStack()
        self.addCleanup(stack.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(mock.patch.dict("tests.benchmarks.table.CONTENDERS", {"webcam": _Fake, "stock": _Missing}))
        self.told = stack.enter_context(mock.patch("sys.stderr"))
        self.run_ = Run(folder, stack, 1.0)
        self.results = self.run_.results

    def test_failed_rounds_and_skipped_servers(self) -> None:
        outcomes = iter([{COST: 1.0}, AssertionError("gone"), {COST: 3.0}])

        def measure(_: Contender, seconds: float):
            outcome = next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        for _ in range(3):
            self.run_.round([load(measure)])
        self.assertEqual(self.results.median("frames", "webcam", COST), 2.0)
        self.assertEqual(self.results.trouble("frames", "webcam"), "failed: 1 of 3 (AssertionError: gone)")
        self.assertEqual(self.results.trouble("frames", "stock"), "skipped: stock is not installed")

    def test_a_fresh_server_for_each_measurement(self) -> None:
        seen = []

        def measure(contender: Contender, _: float):
            seen.append(contender)
            return {COST: 1.0}

        self.run_.round([load(measure, ("webcam",), fresh=True)])
        self.run_.round([load(measure, ("webcam", "stock"), fresh=True)])
        self.assertEqual(len(set(seen)), 2)
        self.assertEqual(self.results.trouble("frames", "stock"), "skipped: stock is not installed")

    def test_kinds(self) -> None:
        self.assertEqual(kinds("json,memory"), ["json", "memory"])
        self.assertEqual(KINDS, ("json", "relay", "upload", "rtt", "slow", "memory"))
        self.assertRaises(argparse.ArgumentTypeError, kinds, "json,relays")


class MissingProgramTests(SynchronousTestCase):
    """A program that isn't there is a reason to skip, which the table shows."""

    def setUp(self) -> None:
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(mock.patch.dict(os.environ, {"PATH": ""}))

    def test_h2load(self) -> None:
        reason = str(self.assertRaises(Skipped, h2load.program))
        self.assertIn("h2load is not installed", reason)

    def test_no_session_is_made_for_it(self) -> None:
        """Contenders that can't be asked raise NotImplementedError here."""
        self.assertRaises(Skipped, h2load.heartbeats, _Fake(self.folder), 1, 1, 1.0)

    def test_nginx(self) -> None:
        with mock.patch("shutil.which", return_value=None):
            reason = str(self.assertRaises(Skipped, Nginx(self.folder).command))
        self.assertEqual(reason, "nginx is not installed")
