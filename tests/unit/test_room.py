"""Room on the disk: what has to go, and when to warn."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.model import Aged, Room
from webcam.service.disk_space import to_give_back
from webcam.service.room import Taker, Warned, oldest_to_go, state_of, who_gives

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


class StateTests(SynchronousTestCase):
    def states(self, total: int, keep_free: int, *free: int) -> list[str]:
        return [state_of(Room(each, total), keep_free).value for each in free]

    def test_low_is_less_than_5_percent_or_200_MB_and_of_a_small_disk_10_percent(self):
        for total, bound in ((100 * GB, 5 * GB), (3 * GB, 200 * MB), (GB, GB // 10), (64 * MB, 64 * MB // 10)):
            self.assertEqual(self.states(total, 0, bound - 1, bound), ["low", "fine"], total)

    def test_where_space_is_kept_free_low_is_when_that_does_not_succeed(self):
        self.assertEqual(self.states(100 * GB, 400 * MB, 301 * MB, 299 * MB), ["fine", "low"])
        self.assertEqual(self.states(100 * GB, 90 * GB, 6 * GB, 4 * GB), ["fine", "low"])

    def test_full_is_less_than_the_largest_message_takes(self):
        self.assertEqual(self.states(100 * GB, 0, 3 * MB, 3 * MB - 1, 0), ["low", "full", "full"])


class GivesTests(SynchronousTestCase):
    """Who makes room, of accounts 1, 2, … that took, hold and can delete so many bytes."""

    def gives(self, short: int, *takers: tuple[int, int, int], ahead: int = 0) -> dict[int, int]:
        return who_gives(short, ahead, [Taker(number, *each) for number, each in enumerate(takers, 1)])

    def test_who_took_it(self):
        self.assertEqual(self.gives(10, (10, 20, 20), (0, 500, 500)), {1: 10})
        self.assertEqual(self.gives(10, (4, 50, 50), (6, 50, 50), (0, 50, 50)), {2: 6, 1: 4})
        self.assertEqual(self.gives(5, (4, 50, 50), (6, 50, 50)), {2: 5}, "most first")

    def test_and_some_more_so_that_not_each_record_makes_another_go(self):
        self.assertEqual(self.gives(10, (10, 50, 50), (0, 50, 50), ahead=7), {1: 17})
        self.assertEqual(self.gives(10, (10, 50, 12), (0, 50, 50), ahead=7), {1: 12})

    def test_what_is_in_messages_nobody_else_gives(self):
        self.assertEqual(self.gives(10, (50, 60, 0), (0, 50, 50)), {})
        self.assertEqual(self.gives(10, (9, 60, 0), (1, 50, 50)), {2: 1})

    def test_nothing_when_all_together_are_not_enough(self):
        self.assertEqual(self.gives(10, (5, 5, 5), (4, 4, 4)), {})
        self.assertEqual(self.gives(0, (5, 5, 5)), {})
        self.assertEqual(self.gives(10), {})

    def test_what_nobody_took_is_levelled_down(self):
        self.assertEqual(self.gives(10, (0, 50, 50), (0, 30, 30)), {1: 10})
        self.assertEqual(self.gives(30, (0, 50, 50), (0, 30, 30), (0, 5, 5)), {1: 25, 2: 5})
        self.assertEqual(self.gives(30, (-3, 50, 5), (0, 30, 30)), {1: 5, 2: 25}, "the others when it can't")
        self.assertEqual(self.gives(30, (10, 20, 20), (0, 50, 50)), {1: 10, 2: 20})


class GivenBackTests(SynchronousTestCase):
    def test_all_that_is_free_when_it_is_much(self):
        self.assertEqual(to_give_back(GB, 100 * MB), 100 * MB)
        self.assertEqual(to_give_back(10 * MB, 5 * MB), 5 * MB)

    def test_nothing_when_it_will_be_used_soon(self):
        self.assertEqual(to_give_back(GB, 51 * MB), 0)
        self.assertEqual(to_give_back(5 * MB, 4 * MB), 0)
        self.assertEqual(to_give_back(0, 0), 0)


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
