"""Stamps: server time as text, within an account greater than every one before."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import EPOCH, FakeClock
from tests.support.properties import tried
from webcam.model import next_stamp, stamp_of
from webcam.service.stamps import Stamps
from webcam.service.timekeeper import Timekeeper

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 12, 31))  # noqa: DTZ001
WHOLE = MOMENTS.map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S.%f}")
SHORT = st.builds(lambda stamp, length: stamp[:length], WHOLE, st.integers(min_value=10, max_value=26))
FORM = r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\Z"


class StampOfTests(SynchronousTestCase):
    """The stamp of a time."""

    def test_form(self) -> None:
        """``YYYY-MM-DD HH:MM:SS.ffffff``, in UTC."""
        self.assertEqual(stamp_of(EPOCH), "2023-11-14 22:13:20.000000")
        self.assertEqual(stamp_of(EPOCH + 0.0042), "2023-11-14 22:13:20.004200")
        self.assertEqual(stamp_of(0), "1970-01-01 00:00:00.000000")

    @given(MOMENTS, MOMENTS)
    @tried
    def test_order(self, one: datetime, other: datetime) -> None:
        """Compared as text, stamps stand in the order of their times."""
        first, second = (each.replace(tzinfo=timezone.utc).timestamp() for each in sorted((one, other)))
        self.assertRegex(stamp_of(first), FORM)
        self.assertLessEqual(stamp_of(first), stamp_of(second))


class NextStampTests(SynchronousTestCase):
    """The stamp after another."""

    @given(WHOLE, WHOLE)
    @tried
    def test_always_greater(self, now: str, last: str) -> None:
        """Greater than the last one, wherever the clock stands, and a whole stamp."""
        stamp = next_stamp(now, last)
        self.assertGreater(stamp, last)
        self.assertGreaterEqual(stamp, now)
        self.assertRegex(stamp, FORM)

    @given(WHOLE, SHORT)
    @tried
    def test_greater_than_a_short_one(self, now: str, last: str) -> None:
        """The same after a stamp that lacks digits of its time."""
        stamp = next_stamp(now, last)
        self.assertGreater(stamp, last)
        self.assertRegex(stamp, FORM)

    def test_the_clock_goes_on(self) -> None:
        """While the clock is ahead the stamp is the time itself."""
        now = "2023-11-14 22:13:20.000001"
        self.assertEqual(next_stamp(now, "2023-11-14 22:13:20.000000"), now)
        self.assertEqual(next_stamp(now, "2023-11-14 22:13:20"), now)
        self.assertEqual(next_stamp(now, ""), now)

    def test_the_clock_stands(self) -> None:
        """Two things in one microsecond: the second gets the next one."""
        now = "2023-11-14 22:13:20.999999"
        self.assertEqual(next_stamp(now, now), "2023-11-14 22:13:21.000000")

    def test_the_clock_steps_back(self) -> None:
        """From the last stamp on in microseconds, over the end of a year, too, until the clock has caught up."""
        last = "2023-12-31 23:59:59.999999"
        self.assertEqual(next_stamp("2022-01-01 00:00:00.000000", last), "2024-01-01 00:00:00.000000")
        self.assertEqual(
            next_stamp("2022-01-01 00:00:00.000000", "2023-11-14 22:13:20.004"), "2023-11-14 22:13:20.004001"
        )

    @given(st.lists(WHOLE, min_size=2, max_size=20))
    @tried
    def test_a_row_of_them_rises(self, times: list[str]) -> None:
        """Whatever the clock does, each is greater than all before."""
        stamps = [""]
        for now in times:
            stamps.append(next_stamp(now, stamps[-1]))
        self.assertEqual(stamps, sorted(set(stamps)))


class StampsTests(SynchronousTestCase):
    """The stamps of a running server."""

    def setUp(self) -> None:
        self.clock = FakeClock()
        self.stamps = Stamps(self.clock, Timekeeper(self.clock))

    def test_time(self) -> None:
        """The server's time, as long as it goes on."""
        self.assertEqual(self.stamps.now(), "2023-11-14 22:13:20.000000")
        self.clock.advance(1.5)
        self.assertEqual(self.stamps.now(), "2023-11-14 22:13:21.500000")

    def test_never_twice(self) -> None:
        """While the clock stands, and after it stepped back, none is given twice or out of order."""
        given_out = [self.stamps.now() for _ in range(3)]
        self.clock.step -= 3600
        given_out += [self.stamps.now() for _ in range(3)]
        self.assertEqual(given_out, sorted(set(given_out)))
        self.assertEqual(given_out[-1], "2023-11-14 22:13:20.000005")

    def test_not_behind_the_account(self) -> None:
        """An account that holds a later stamp (the clock stepped back over a restart) is not told an earlier time."""
        self.stamps.saw(1, "2024-01-01 00:00:00.000000")
        self.assertEqual(self.stamps.server_time(1), "2024-01-01 00:00:00.000000")
        self.assertEqual(self.stamps.server_time(2), "2023-11-14 22:13:20.000001")

    def test_saw_an_older_one(self) -> None:
        """An older stamp changes nothing."""
        self.stamps.saw(1, "2024-01-01 00:00:00.000000")
        self.stamps.saw(1, "2023-12-01 00:00:00.000000")
        self.assertEqual(self.stamps.server_time(1), "2024-01-01 00:00:00.000000")

    def test_ahead_of_the_account(self) -> None:
        """Once the clock is ahead of what the account holds, it is the time again."""
        self.stamps.saw(1, "2023-11-14 22:13:00.000000")
        self.assertEqual(self.stamps.server_time(1), "2023-11-14 22:13:20.000000")

    def test_while_something_is_being_stored(self) -> None:
        """The time that is told stays before the stamps that are being written: their messages are later than it."""
        with self.stamps.writing() as first:
            self.clock.advance(5)
            with self.stamps.writing() as second:
                for account_id in (None, 1):
                    self.assertLess(self.stamps.server_time(account_id), first.stamp)
            self.assertLess(self.stamps.server_time(), first.stamp)
        self.assertGreater(self.stamps.server_time(), second.stamp)

    def test_a_write_that_fails_holds_nothing_up(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.stamps.writing():
            raise ZeroDivisionError
        self.clock.advance(5)
        self.assertEqual(self.stamps.server_time(), "2023-11-14 22:13:25.000000")

    def test_forgotten(self) -> None:
        """A removed account leaves nothing to a later one."""
        self.stamps.saw(1, "2024-01-01 00:00:00.000000")
        self.stamps.forget(1)
        self.stamps.forget(1)
        self.assertEqual(self.stamps.server_time(1), "2023-11-14 22:13:20.000000")
