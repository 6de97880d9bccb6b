"""Room on the disk: what has to go, and when to warn."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.model import Aged, FileSpace, Room
from webcam.service.retention import to_give_back
from webcam.service.room import Warned, oldest_to_go

MB = 1024 * 1024
GB = 1024 * MB
HOUR = 3600.0


class ToGoTests(SynchronousTestCase):
    def going(self, records: int, size: int) -> list[int]:
        oldest = [Aged("", 1, number, 10 * number) for number in range(1, 5)]
        return [each.record_id for each in oldest_to_go(oldest, records, size)]

    def test_nothing_when_nothing_has_to(self):
        self.assertEqual([self.going(0, 0), self.going(-5, -5)], [[], []])

    def test_the_oldest_so_many(self):
        self.assertEqual(self.going(2, 0), [1, 2])

    def test_the_oldest_until_so_many_bytes_are_gone(self):
        self.assertEqual([self.going(0, size) for size in (1, 10, 11, 30, 31)], [[1], [1], [1, 2], [1, 2], [1, 2, 3]])

    def test_as_many_as_both_take(self):
        self.assertEqual([self.going(1, 31), self.going(3, 1)], [[1, 2, 3], [1, 2, 3]])

    def test_all_when_that_is_not_enough(self):
        self.assertEqual(self.going(9, 0), [1, 2, 3, 4])


class RoomTests(SynchronousTestCase):
    def test_low_is_less_than_5_percent_or_200_MB(self):
        for total in (GB, 100 * GB):
            bound = max(200 * MB, total // 20)
            self.assertEqual([Room(free, total).low for free in (bound - 1, bound + 1)], [True, False])


class GivenBackTests(SynchronousTestCase):
    def test_all_that_is_free_when_it_is_much(self):
        self.assertEqual(to_give_back(FileSpace(GB, 100 * MB)), 100 * MB)
        self.assertEqual(to_give_back(FileSpace(10 * MB, 5 * MB)), 5 * MB)

    def test_nothing_when_it_will_be_used_soon(self):
        self.assertEqual(to_give_back(FileSpace(GB, 51 * MB)), 0)
        self.assertEqual(to_give_back(FileSpace(5 * MB, 4 * MB)), 0)
        self.assertEqual(to_give_back(FileSpace(0, 0)), 0)


class WarnedTests(SynchronousTestCase):
    def due(self, *looks: tuple[float, bool]) -> list[float]:
        """When it warned."""
        warned = Warned()
        return [now for now, holds in looks if warned.due(holds, now)]

    def test_once_and_each_hour_while_it_lasts(self):
        looks = [(float(minute * 60), True) for minute in range(130)]
        self.assertEqual(self.due(*looks), [0.0, HOUR, 2 * HOUR])

    def test_at_once_when_it_got_better_and_worse_again(self):
        self.assertEqual(self.due((0.0, True), (60.0, False), (120.0, True), (180.0, True)), [0.0, 120.0])

    def test_never_when_all_is_well(self):
        self.assertEqual(self.due((0.0, False), (9999.0, False)), [])
