"""How much a sweep does in one step."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.service.pace import LONGEST, Pace


class PaceTests(SynchronousTestCase):
    def after(self, *seconds: float) -> int:
        pace = Pace(16, 1, 100)
        for each in seconds:
            pace.took(each)
        return pace.size

    def test_the_bound_is_50_ms(self):
        self.assertEqual(LONGEST, 0.05)

    def test_quick_steps_grow_up_to_a_bound(self):
        self.assertEqual([self.after(*[0.001] * times) for times in (1, 2, 3, 9)], [32, 64, 100, 100])

    def test_slow_steps_shrink_down_to_a_bound(self):
        self.assertEqual(self.after(0.015), 8)
        self.assertEqual(self.after(0.030), 4)
        self.assertEqual(self.after(*[1.0] * 9), 1)

    def test_those_between_stay(self):
        self.assertEqual(self.after(0.007, 0.005, 0.01), 16)

    def test_a_disk_of_any_speed_gets_steps_below_the_bound(self):
        """Whatever one unit of work takes, after some steps none is over the bound, and none is idle."""
        for unit in (0.00001, 0.0001, 0.001, 0.004, 0.04):
            pace = Pace(8, 1, 1024)
            took = []
            for _ in range(30):
                took.append(pace.size * unit)
                pace.took(took[-1])
            self.assertLess(max(took[10:]), LONGEST, unit)
            self.assertTrue(pace.size == 1024 or pace.size == 1 or min(took[10:]) > LONGEST / 20, unit)
