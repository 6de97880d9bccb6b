"""What is known of time when the wall clock jumps, while a server runs and while none does."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import EPOCH, FakeClock
from webcam.calendar import DAY, HOUR, SECOND, ClockState, Step, micros
from webcam.service.timekeeper import PATIENCE, Timekeeper

YEAR = 365 * DAY
LIFE = 30 * DAY


def seconds(size: int) -> float:
    return size / SECOND


class TimekeeperCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = FakeClock()
        self.time = Timekeeper(self.clock)

    def live(self, size: int) -> None:
        """Let so much time go by, with a look at its end."""
        self.clock.advance(seconds(size))
        self.time.look()

    def jump(self, size: int) -> Step | None:
        """Let the wall clock jump, and look."""
        self.clock.step += seconds(size)
        return self.time.look()

    def restart(self, down: int = 0, jump: int = 0, newest: int = 0) -> None:
        """Another process so much later, which finds what this one saved."""
        state, wall = self.time.state, self.clock.wall()
        self.clock = FakeClock()
        self.clock.advance(5)
        self.clock.step = wall + seconds(down + jump) - 5
        self.time = Timekeeper(self.clock)
        self.time.begin(state, newest)

    def age(self, running: int) -> int:
        """How old something is by the wall clock."""
        return self.time.wall - self.time.wall_at(running)

    def is_expired(self, running: int, certainly: bool = False) -> bool:
        return running < self.time.expired_at(LIFE, self.time.running, certainly)


class RunningTests(TimekeeperCase):
    def test_a_new_database_begins_with_the_wall_time(self) -> None:
        self.assertEqual((self.time.running, self.time.wall), (micros(EPOCH), micros(EPOCH)))

    def test_it_goes_on_with_the_monotonic_clock_alone(self) -> None:
        self.clock.advance(10)
        self.jump(-YEAR)
        self.assertEqual(self.time.running, micros(EPOCH + 10))

    def test_it_goes_on_where_the_last_run_was_saved(self) -> None:
        self.live(HOUR)
        running = self.time.running
        self.restart(down=DAY, jump=-YEAR)
        self.assertEqual(self.time.running, running)

    def test_it_begins_behind_what_is_stored_though_a_crash_kept_it_from_being_saved(self) -> None:
        self.restart(newest=self.time.running + HOUR)
        self.assertEqual(self.time.running, micros(EPOCH) + HOUR)

    def test_it_begins_behind_what_an_older_version_stamped(self) -> None:
        newest = micros(EPOCH) - 90 * DAY
        self.time.begin(None, newest)
        self.assertEqual(self.time.running, newest)
        self.assertEqual(self.time.wall, micros(EPOCH))
        self.assertEqual(self.time.wall_at(newest - HOUR), newest - HOUR)

    def test_moments_of_the_monotonic_clock(self) -> None:
        self.restart()
        self.clock.advance(7)
        now = self.clock.seconds()
        self.assertEqual(self.time.running_at(now), self.time.running)
        self.assertEqual(self.time.steady_at(self.time.running - 3 * SECOND), now - 3)
        self.assertEqual(self.time.steady_at(self.time.running + HOUR), now, "no later than now")


class StepTests(TimekeeperCase):
    def test_a_jump_is_told_once_with_its_size(self) -> None:
        self.clock.advance(5)
        step = self.jump(YEAR)
        self.assertEqual(step, Step(micros(EPOCH + 5), YEAR))
        self.assertIsNone(self.time.look())
        self.assertEqual(self.time.state.step, step)
        back = self.jump(-YEAR)
        assert back is not None
        self.assertEqual(back.size, -YEAR)

    def test_small_steps_are_none_until_they_come_to_one(self) -> None:
        steps = [self.jump(6 * SECOND) for _ in range(4)]
        self.assertEqual([step and step.size for step in steps], [None, 12 * SECOND, None, 12 * SECOND])

    def test_between_two_looks_wall_time_goes_on_with_the_monotonic_clock(self) -> None:
        self.clock.step += seconds(YEAR)
        self.clock.advance(1)
        self.assertEqual(self.time.wall, micros(EPOCH + 1))


class TrustTests(TimekeeperCase):
    def test_an_hour_without_a_jump_is_needed(self) -> None:
        self.assertFalse(self.time.is_trusted)
        self.live(HOUR - 1)
        self.assertFalse(self.time.is_trusted)
        self.live(1)
        self.assertTrue(self.time.is_trusted)
        self.assertIsNone(self.time.doubt)
        self.jump(60 * SECOND)
        self.assertFalse(self.time.is_trusted)
        doubt = self.time.doubt
        assert doubt is not None
        self.assertEqual((doubt.left, doubt.beyond), (HOUR, 60 * SECOND))

    def test_the_hour_counts_across_restarts(self) -> None:
        for _ in range(3):
            self.live(HOUR // 3)
            self.restart()
        self.assertTrue(self.time.is_trusted)

    def test_a_day_without_a_server_is_believed_and_more_is_doubted(self) -> None:
        self.live(HOUR)
        self.restart(down=DAY)
        self.assertTrue(self.time.is_trusted)
        self.time.look()
        self.restart(down=DAY + SECOND)
        self.assertFalse(self.time.is_trusted)
        doubt = self.time.doubt
        assert doubt is not None
        self.assertEqual(doubt.left, PATIENCE)
        self.assertAlmostEqual(doubt.beyond / SECOND, 86401, 3)

    def test_a_clock_that_stays_ahead_is_trusted_after_seven_days_of_running_time(self) -> None:
        self.live(HOUR)
        self.jump(YEAR)
        for _ in range(7):
            self.live(DAY - 1)
            self.restart()
            self.assertFalse(self.time.is_trusted)
        self.live(7)
        self.assertTrue(self.time.is_trusted)

    def test_a_clock_that_comes_back_ends_the_doubt(self) -> None:
        self.live(HOUR)
        self.jump(YEAR)
        self.live(DAY)
        self.jump(-YEAR)
        self.live(HOUR)
        self.assertTrue(self.time.is_trusted)
        self.assertIsNone(self.time.state.doubted_since)

    def test_a_clock_ahead_is_no_evidence_of_itself_over_a_restart(self) -> None:
        self.live(HOUR)
        self.jump(YEAR)
        self.live(2 * HOUR)
        self.restart(newest=self.time.running)
        self.live(2 * HOUR)
        self.assertFalse(self.time.is_trusted)

    def test_the_operator_may_trust_it(self) -> None:
        self.live(HOUR)
        self.jump(YEAR)
        self.time.trust(self.time.wall)
        self.assertTrue(self.time.is_trusted)
        self.restart()
        self.assertTrue(self.time.is_trusted)

    def test_what_the_operator_trusted_is_no_other_time(self) -> None:
        self.live(HOUR)
        wall = self.time.wall
        self.jump(YEAR)
        self.time.trust(wall)
        self.assertFalse(self.time.is_trusted)

    def test_a_clock_behind_deletes_nothing_and_is_evidence_of_nothing(self) -> None:
        self.live(HOUR)
        stored = self.time.running
        self.jump(-40 * YEAR)
        self.live(2 * HOUR)
        self.assertFalse(self.is_expired(stored))
        self.jump(41 * YEAR)
        self.live(2 * HOUR)
        self.assertFalse(self.time.is_trusted, "a year beyond what was known before it was behind")


class AgeTests(TimekeeperCase):
    """What is stored is as old as it really is, as far as that can be known."""

    def setUp(self) -> None:
        super().setUp()
        self.live(HOUR)
        self.stored = self.time.running

    def test_a_jump_while_it_runs_makes_nothing_of_this_run_older(self) -> None:
        for size in (YEAR, -YEAR, -40 * YEAR, 40 * YEAR):
            self.jump(size)
            self.live(DAY)
        self.assertEqual(self.age(self.stored), 4 * DAY)
        self.live(26 * DAY)
        self.assertFalse(self.is_expired(self.stored))
        self.live(1)
        self.assertTrue(self.is_expired(self.stored))

    def test_a_restart_a_year_ahead_expires_nothing_for_certain(self) -> None:
        self.restart(jump=YEAR)
        self.assertTrue(self.is_expired(self.stored))
        self.assertFalse(self.is_expired(self.stored, certainly=True))
        self.live(LIFE + 1)
        self.assertTrue(self.is_expired(self.stored, certainly=True), "it has really been there for so long")

    def test_what_was_stored_a_year_ahead_is_right_when_time_is(self) -> None:
        self.restart(jump=YEAR)
        self.live(DAY)
        ahead = self.time.running
        self.live(DAY)
        self.restart(jump=-YEAR)
        self.live(DAY)
        self.assertEqual((self.age(self.stored), self.age(ahead)), (3 * DAY, 2 * DAY))

    def test_what_was_stored_in_1970_is_right_when_the_time_was_set_while_it_ran(self) -> None:
        self.restart(down=5 * DAY, jump=-micros(EPOCH))
        self.live(HOUR)
        early = self.time.running
        self.live(HOUR)
        self.jump(micros(EPOCH))
        self.live(DAY)
        self.assertEqual((self.age(self.stored), self.age(early)), (6 * DAY + 2 * HOUR, DAY + HOUR))

    def test_what_was_stored_in_1970_is_as_young_as_can_be_when_it_was_set_while_none_ran(self) -> None:
        self.restart(down=5 * DAY, jump=-micros(EPOCH))
        self.live(HOUR)
        early = self.time.running
        self.live(HOUR)
        self.restart(jump=micros(EPOCH), down=DAY)
        self.assertEqual((self.age(self.stored), self.age(early)), (6 * DAY + 2 * HOUR, HOUR))

    def test_what_a_trusted_clock_knew_of_earlier_runs_stays_known(self) -> None:
        """Later jumps tell nothing of them."""
        self.restart(down=5 * DAY, jump=-micros(EPOCH))
        early = self.time.running
        self.live(HOUR)
        self.jump(micros(EPOCH))
        self.time.trust(self.time.wall)
        self.time.look()
        age = self.age(early)
        self.restart(jump=YEAR)
        self.restart(jump=-YEAR - HOUR)
        self.restart(jump=HOUR)
        self.assertEqual(self.age(early), age)

    def test_a_link_lasts_no_shorter_for_a_jump_while_no_server_runs(self) -> None:
        for jump in (12 * HOUR, YEAR):
            self.setUp()
            made = self.time.running
            self.restart(jump=jump)
            self.assertEqual(self.time.age_of_link(made), 0)
            self.live(HOUR // 2)
            self.assertEqual(self.time.age_of_link(made), HOUR // 2)
            self.jump(-jump)
            self.live(2 * HOUR)
            self.assertEqual(self.time.age_of_link(made), 2 * HOUR + HOUR // 2)

    def test_a_link_ages_while_no_server_runs_when_the_clock_has_been_right_for_an_hour(self) -> None:
        made = self.time.running
        self.restart(down=12 * HOUR)
        self.assertEqual(self.time.age_of_link(made), 0)
        self.live(HOUR)
        self.assertEqual(self.time.age_of_link(made), 13 * HOUR)


class StateTests(TimekeeperCase):
    def test_a_new_one_knows_this_run_alone(self) -> None:
        state = self.time.state
        self.assertEqual(state, ClockState(micros(EPOCH), state.runs, 0, micros(EPOCH)))
        self.assertEqual([(run.began, run.offset) for run in state.runs], [(micros(EPOCH), 0)])

    def test_evidence_is_the_newest_time_that_was_trusted(self) -> None:
        self.live(HOUR)
        self.restart(down=5 * HOUR)
        self.time.look()
        self.assertEqual(self.time.state.evidence, 5 * HOUR)
        self.jump(YEAR)
        self.assertEqual(self.time.state.evidence, 5 * HOUR)
