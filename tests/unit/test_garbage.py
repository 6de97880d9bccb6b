"""When everything is looked at: while that is short, or else once an hour."""

from __future__ import annotations

import gc

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from webcam.garbage import FEW, LONGEST, MUCH, NEVER, SHORT, Garbage


class Collector:
    """Looks at a block in so many seconds of its clock."""

    def __init__(self, clock: Clock, a_block: float) -> None:
        self.clock = clock
        self.a_block = a_block
        self.blocks = 10_000
        self.frozen = 0
        self.looks = 0
        self.threshold = (700, 10, 10)

    def freeze(self) -> None:
        self.frozen = self.blocks

    def get_threshold(self) -> tuple[int, int, int]:
        return self.threshold

    def set_threshold(self, *threshold: int) -> None:
        self.threshold = threshold  # type: ignore[assignment]

    def collect(self) -> None:
        self.looks += 1
        self.clock.advance((self.blocks - self.frozen) * self.a_block)


class Tests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def begun(self, a_block: float = 2e-7, version: tuple[int, ...] = (3, 13, 0)) -> tuple[Garbage, Collector]:
        collector = Collector(self.clock, a_block)
        garbage = Garbage(collector, lambda: collector.blocks, self.clock.seconds, self.clock.seconds, version)
        garbage.begin()
        return garbage, collector

    def test_never_by_itself(self) -> None:
        _, collector = self.begun()
        self.assertEqual((collector.frozen, collector.threshold), (10_000, (700, 10, NEVER)))

    def test_short_ones(self) -> None:
        """Each time."""
        garbage, collector = self.begun()
        for _ in range(3):
            garbage.look()
        self.assertEqual(collector.looks, 3)
        collector.blocks -= 20_000
        garbage.look()
        self.assertEqual(collector.looks, 4)

    def test_long_ones(self) -> None:
        """Not for an hour; and again when less lives."""
        garbage, collector = self.begun()
        collector.blocks += FEW
        garbage.look()
        collector.blocks += round(SHORT / collector.a_block)
        for _ in range(10):
            self.clock.advance(LONGEST / 11)
            garbage.look()
        self.assertEqual(collector.looks, 1)
        self.clock.advance(LONGEST / 10)
        garbage.look()
        garbage.look()
        self.assertEqual(collector.looks, 2)
        collector.blocks -= 2 * FEW
        garbage.look()
        self.assertEqual(collector.looks, 3)

    def test_what_may_be_garbage(self) -> None:
        """Much of it is looked for, however long that takes; where it was none, as much more is waited for."""
        garbage, collector = self.begun(a_block=1e-5)
        collector.blocks += FEW
        garbage.look()
        collector.blocks += MUCH
        garbage.look()
        self.assertEqual(collector.looks, 1)
        collector.blocks += 1
        garbage.look()
        garbage.look()
        self.assertEqual(collector.looks, 2)
        collector.blocks += MUCH + FEW + 1
        garbage.look()
        self.assertEqual(collector.looks, 2)
        collector.blocks += 1
        garbage.look()
        self.assertEqual(collector.looks, 3)

    def test_a_slow_machine(self) -> None:
        """Learns by the first one."""
        garbage, collector = self.begun(a_block=1e-5)
        collector.blocks += FEW
        garbage.look()
        garbage.look()
        self.assertEqual(collector.looks, 1)
        collector.blocks -= FEW - 1000
        garbage.look()
        self.assertEqual(collector.looks, 2)

    def test_one_that_took_long_by_chance(self) -> None:
        """Is forgotten when a shorter one shows that it was no measure."""
        garbage, collector = self.begun(a_block=1e-5)
        collector.blocks += FEW
        garbage.look()
        collector.a_block = 1e-7
        collector.blocks -= FEW - 1000
        garbage.look()
        collector.blocks += FEW
        garbage.look()
        self.assertEqual(collector.looks, 3)

    def test_a_collector_that_goes_step_by_step(self) -> None:
        garbage, collector = self.begun(version=(3, 14, 4))
        garbage.look()
        self.assertEqual((collector.frozen, collector.threshold, collector.looks), (10_000, (700, 10, 10), 0))

    def test_python_takes_it(self) -> None:
        threshold = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *threshold)
        self.addCleanup(gc.unfreeze)
        garbage = Garbage(version=(3, 14, 5))
        garbage.begin()
        self.assertEqual(gc.get_threshold(), (*threshold[:2], NEVER))
        lost: list[object] = []
        lost.append(lost)
        looked = gc.get_stats()[2]["collections"]
        garbage.look()
        self.assertEqual(gc.get_stats()[2]["collections"], looked + 1)
