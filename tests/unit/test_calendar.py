"""Running time and wall time: which one leads to which when clocks were wrong."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.calendar import (
    DAY,
    HOUR,
    JUMP,
    MAX_RUNS,
    MINUTE,
    SECOND,
    Calendar,
    Run,
    distance,
    last_before,
    micros,
    micros_of,
    with_run,
)

START = micros_of("2026-05-01 12:00:00")
YEAR = 365 * DAY


class ConvertingTests(SynchronousTestCase):
    def test_a_stamp_is_a_number_of_microseconds(self) -> None:
        self.assertEqual(micros_of("1970-01-01 00:00:00.000000"), 0)
        self.assertEqual(micros_of("1970-01-02 00:00:01.000002"), DAY + SECOND + 2)

    def test_a_stamp_may_lack_digits_at_its_end(self) -> None:
        for short in ("2026-05-01 12:00:00", "2026-05-01 12:00:00.", "2026-05-01 12:00:00.0000"):
            self.assertEqual(micros_of(short), START)
        self.assertRaises(ValueError, micros_of, "zzz")

    def test_seconds_are_rounded_to_microseconds(self) -> None:
        self.assertEqual((micros(0.5), micros(1e-7), micros(1.7e9)), (SECOND // 2, 0, 1_700_000_000 * SECOND))

    def test_distances_are_told_in_the_unit_that_suits_them(self) -> None:
        told = [distance(each) for each in (SECOND, -90 * SECOND, 3 * MINUTE, 5 * HOUR, 47 * HOUR, 2 * DAY, -YEAR)]
        self.assertEqual(told, ["1 second", "90 seconds", "3 minutes", "5 hours", "47 hours", "2 days", "365 days"])


class CalendarTests(SynchronousTestCase):
    def wall(self, runs: list[tuple[int, int]], running: int, offset: int | None = None) -> int:
        return Calendar([Run(START + began, each) for began, each in runs], offset).wall_at(START + running) - START

    def test_time_for_which_no_server_ran_counts_where_it_is_known(self) -> None:
        runs = [(0, 0), (HOUR, DAY)]
        for running, wall in ((0, 0), (HOUR, HOUR), (HOUR + 1, HOUR + 1 + DAY), (2 * HOUR, 2 * HOUR + DAY)):
            self.assertEqual(self.wall(runs, running), wall)

    def test_a_run_whose_clock_was_ahead_ended_when_the_next_one_began(self) -> None:
        self.assertEqual(self.wall([(0, 0), (HOUR, YEAR), (2 * HOUR, DAY)], HOUR + 1), HOUR + 1 + DAY)

    def test_a_run_whose_clock_was_behind_is_as_young_as_can_be(self) -> None:
        runs = [(0, 0), (HOUR, -START), (2 * HOUR, DAY)]
        self.assertEqual(self.wall(runs, HOUR + 1), HOUR + 1 + DAY)
        self.assertEqual(self.wall(runs, 1), 1, "what was stored before it stays where it was")

    def test_so_it_is_while_the_clock_that_is_believed_is_a_little_behind(self) -> None:
        """Then every earlier run was ahead of it, and tells nothing of one that was in 1970."""
        runs = [(0, 0), (HOUR, -START), (2 * HOUR, 5 * SECOND), (3 * HOUR, -DAY)]
        for running in (1, HOUR + 1, 2 * HOUR + 1):
            self.assertEqual(self.wall(runs, running), running - DAY)

    def test_a_clock_that_drifts_is_none_that_is_behind(self) -> None:
        self.assertEqual(self.wall([(0, JUMP), (HOUR, 1), (2 * HOUR, DAY)], 2 * HOUR), 2 * HOUR + 1)

    def test_another_offset_of_the_last_run_may_be_given(self) -> None:
        runs = [(0, 0), (HOUR, YEAR)]
        self.assertEqual(self.wall(runs, 2 * HOUR, DAY), 2 * HOUR + DAY)
        self.assertEqual(self.wall(runs, 1, -DAY), 1 - DAY, "and the ones before are no later than it")

    def test_what_was_stamped_before_running_time_was_counted_has_its_stamp(self) -> None:
        calendar = Calendar([Run(START, DAY)])
        self.assertEqual(calendar.wall_at(START - HOUR), START - HOUR)
        behind = Calendar([Run(START, -YEAR)])
        self.assertEqual(behind.wall_at(START - HOUR), START - YEAR, "and is no later than the first run")
        self.assertEqual(behind.wall_at(START - 2 * YEAR), START - 2 * YEAR)

    def test_back_from_wall_time(self) -> None:
        calendar = Calendar([Run(START, 0), Run(START + HOUR, DAY)])
        for running in (-YEAR, -1, 0, 1, HOUR - 1, HOUR + 1, 3 * HOUR):
            self.assertEqual(calendar.running_at(calendar.wall_at(START + running)), START + running)
        self.assertEqual(calendar.running_at(START + 5 * HOUR), START + HOUR + 1, "while no server ran")

    def test_wall_time_never_goes_back_whatever_the_clocks_said(self) -> None:
        offsets = (0, YEAR, -START, 5, -DAY, DAY, YEAR, 3, 2 * DAY, -YEAR, DAY)
        for last in range(1, len(offsets) + 1):
            runs = [Run(START + number * HOUR, offset) for number, offset in enumerate(offsets[:last])]
            calendar = Calendar(runs)
            walls = [calendar.wall_at(START + half * HOUR // 2) for half in range(-4, 2 * last + 2)]
            self.assertEqual(walls, sorted(walls))
            self.assertEqual(calendar.runs[-1], runs[-1])
            again = Calendar(calendar.runs)
            self.assertEqual([again.wall_at(START + half * HOUR // 2) for half in range(-4, 2 * last + 2)], walls)


class RunsTests(SynchronousTestCase):
    def test_their_number_is_bounded_and_nothing_seems_older_for_it(self) -> None:
        runs: tuple[Run, ...] = ()
        for number in range(MAX_RUNS + 50):
            runs = with_run(runs, Run(START + number * HOUR, number * number * SECOND))
        self.assertEqual(len(runs), MAX_RUNS)
        self.assertEqual(runs[-1], Run(START + (MAX_RUNS + 49) * HOUR, (MAX_RUNS + 49) ** 2 * SECOND))
        calendar = Calendar(runs)
        for number in range(MAX_RUNS + 50):
            running = START + number * HOUR + 1
            self.assertGreaterEqual(calendar.wall_at(running), running + number * number * SECOND)


class LastBeforeTests(SynchronousTestCase):
    def test_every_run_may_have_been_right(self) -> None:
        """Where one was ahead, those before and behind it may be old all the same."""
        runs = [Run(START, 0), Run(START + HOUR, YEAR), Run(START + 2 * HOUR, 0), Run(START + 3 * HOUR, YEAR)]
        self.assertEqual(last_before(runs, START + YEAR), START + 3 * HOUR + 1)
        self.assertEqual(last_before(runs, START + HOUR // 2), START + HOUR // 2)
        self.assertEqual(last_before(runs, START + YEAR + 4 * HOUR), START + 4 * HOUR)
        self.assertEqual(last_before(runs, START - DAY), START - DAY)

    def test_it_is_no_less_than_what_is_believed(self) -> None:
        offsets = (0, YEAR, -START, 5, -DAY, DAY, YEAR, 3, 2 * DAY, -YEAR, DAY)
        runs = [Run(START + number * HOUR, offset) for number, offset in enumerate(offsets)]
        calendar = Calendar(runs)
        for wall in range(START - DAY, START + 3 * DAY, HOUR // 3):
            self.assertGreaterEqual(last_before(runs, wall), calendar.running_at(wall))
