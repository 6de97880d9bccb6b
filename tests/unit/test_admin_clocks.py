"""What ``webcam check`` tells of the clock, and what it does about stamps ahead of it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

from tests.support.admin_data import DataCase
from webcam.calendar import DAY, HOUR, SECOND, Calendar, ClockState, Run, Step, micros
from webcam.model import KEEP_ALL, Draft, Moment, Page, stamp_of
from webcam.storage import clock, messages, records
from webcam.storage.lock import SERVER, FolderLock
from webcam.storage.schema import connect

YEAR = 365 * DAY


class ClockCase(DataCase):
    """A server has run on the database; its clock is right now."""

    def setUp(self) -> None:
        super().setUp()
        self.now = micros(time.time())
        self.save(ClockState(self.now, (Run(self.now - DAY, 0),), 0, self.now - DAY))

    def save(self, state: ClockState) -> None:
        with closing(connect(self.path)) as connection:
            clock.save_clock(connection.cursor(), state)

    def state(self) -> ClockState:
        with closing(connect(self.path)) as connection:
            state = clock.clock_state(connection.cursor())
        assert state is not None
        return state

    def refuses(self, text: str, *command: str) -> None:
        status, _, err = self.run_it(*command)
        self.assertEqual(status, 1)
        self.assertIn(text, err)

    def moment(self, ago: int, off: int = 0) -> Moment:
        """When something is stored so long ago, by a wall clock that is off."""
        return Moment(stamp_of((self.now - ago + off) / SECOND), self.now - ago)

    def fill(self, connection: sqlite3.Connection) -> None:
        """Two messages, a record a year ahead, a message and a record behind it; the phone has the second message."""
        cursor = connection.cursor()
        for name, ago, off in (("one", 5 * HOUR, 0), ("two", 4 * HOUR, YEAR), ("three", 2 * HOUR, 0)):
            if name == "three":
                records.add_record(cursor, 1, "camera", "", self.moment(3 * HOUR, 0), [b"x"])
            stamp = messages.add_messages(cursor, 1, "camera", self.moment(ago, off), [Draft(name, "", "{}")], None)
            if name == "two":
                messages.add_messages(cursor, 1, "phone", self.moment(ago, off), [], stamp)
        records.add_record(cursor, 1, "camera", "", self.moment(HOUR), [b"x"])

    def stored(self) -> list[tuple[str, str]]:
        """Stamps and names of all that there is, in order."""
        with closing(connect(self.path)) as connection:
            rows = connection.execute(
                "SELECT stamp, name FROM messages UNION ALL SELECT stamp, 'record ' || id FROM records ORDER BY stamp"
            )
            return rows.fetchall()

    def unread(self, device: str) -> list[str]:
        with closing(connect(self.path)) as connection:
            found = messages.messages(connection.cursor(), 1, device, Page(None, 10), KEEP_ALL)
        return [each.name for each in found]


class ToldTests(ClockCase):
    def lines(self) -> list[str]:
        return self.said("check").splitlines()

    def test_nothing_is_told_of_a_clock_that_is_right(self) -> None:
        head, account, whole = self.lines()
        self.assertEqual([head.split()[0], account.split()[0], whole.split()[-1]], ["account", "user", "whole"])

    def test_the_last_jump_with_its_distance(self) -> None:
        for size, told in ((YEAR, "ahead by 365 days"), (-3 * HOUR, "back by 3 hours")):
            self.save(ClockState(self.now, (Run(self.now - DAY, 0),), 0, 0, step=Step(self.now - HOUR, size)))
            self.assertIn(f"the clock last jumped {told}; the server has run for 60 minutes since then", self.lines())

    def test_what_waits_for_the_clock(self) -> None:
        since = self.now - 2 * DAY
        self.save(ClockState(self.now, (Run(since, YEAR),), 0, since, doubted_since=since))
        (line,) = (each for each in self.lines() if "ahead of the newest" in each)
        self.assertIn("the clock was 365 days ahead", line)
        self.assertIn("wait for 5 days of running time, or for webcam check --trust-clock", line)

    def test_stamps_ahead_by_account(self) -> None:
        with closing(connect(self.path)) as connection:
            self.fill(connection)
        self.assertIn(
            "the stamps of account user are 365 days ahead of the clock: webcam check --repair-stamps", self.lines()
        )


class TrustTests(ClockCase):
    def test_it_is_noted_for_the_server(self) -> None:
        said = self.said("check", "--trust-clock")
        self.assertIn("is trusted: deletions by age go on with the next sweep", said)
        with closing(connect(self.path)) as connection:
            trusted = clock.trusted_clock(connection.cursor())
        assert trusted is not None
        self.assertLess(abs(trusted - self.now), 60 * SECOND)

    def test_a_database_without_a_clock_is_refused(self) -> None:
        self.change("DELETE FROM clock")
        self.refuses("no server has run on this database yet", "check", "--trust-clock")


class RepairTests(ClockCase):
    def setUp(self) -> None:
        super().setUp()
        with closing(connect(self.path)) as connection:
            self.fill(connection)
        self.before = self.stored()

    def test_stamps_become_those_of_the_time_and_keep_their_order(self) -> None:
        said = self.said("check", "--repair-stamps")
        self.assertIn("user: 4 stamps, up to ", said)
        self.assertIn("clients that hold a later stamp as a cursor miss new messages", said)
        after = self.stored()
        self.assertEqual([name for _, name in after], [name for _, name in self.before])
        self.assertEqual(after[0], self.before[0])
        wanted = [stamp_of((self.now - ago * HOUR) / SECOND)[:19] for ago in (5, 4, 3, 2, 1)]
        self.assertEqual([stamp[:19] for stamp, _ in after], wanted)
        self.assertIn("is whole", self.said("check"))

    def test_what_stood_behind_a_message_stands_behind_it_still(self) -> None:
        self.assertEqual(self.unread("phone"), ["three"])
        self.said("check", "--repair-stamps")
        self.assertEqual(self.unread("phone"), ["three"])
        self.assertEqual(self.unread("tablet"), ["one", "two", "three"])

    def test_what_is_stored_next_is_later_and_not_ahead(self) -> None:
        self.said("check", "--repair-stamps")
        with closing(connect(self.path)) as connection:
            now = Moment(stamp_of(time.time()), micros(time.time()))
            stamp = messages.add_messages(connection.cursor(), 1, "camera", now, [Draft("m", "", "{}")], None)
        self.assertGreater(stamp, self.stored()[-2][0])
        self.assertEqual(stamp, now.stamp)

    def test_a_cursor_ahead_is_forgotten_and_one_that_is_not_stays(self) -> None:
        for off, forgotten in ((YEAR, True), (-HOUR, False)):
            cursor = stamp_of((self.now + off) / SECOND)
            self.change(f"UPDATE clock SET cursor = '{cursor}'")
            self.said("check", "--repair-stamps")
            with closing(connect(self.path)) as connection:
                known = clock.cursor_stamp(connection.cursor())
            self.assertEqual(known == cursor, not forgotten)
            self.assertLess(known, stamp_of((self.now + HOUR) / SECOND))

    def test_more_than_are_read_at_once(self) -> None:
        with closing(connect(self.path)) as connection:
            drafts = [Draft(f"m{number}", "", "{}") for number in range(2500)]
            messages.add_messages(connection.cursor(), 1, "camera", self.moment(HOUR), drafts, None)
        before = [name for _, name in self.stored()]
        self.said("check", "--repair-stamps")
        after = self.stored()
        self.assertEqual([name for _, name in after], before)
        self.assertEqual(len({stamp for stamp, _ in after}), len(after))
        self.assertLess(after[-1][0], stamp_of((self.now + SECOND) / SECOND))

    def test_nothing_ahead_is_nothing_to_do(self) -> None:
        self.said("check", "--repair-stamps")
        self.assertEqual(self.said("check", "--repair-stamps"), "no stamp is ahead of the clock\n")

    def test_it_is_refused_while_a_server_runs(self) -> None:
        with FolderLock(self.path.parent, SERVER):
            self.refuses("is in use: a server runs on it", "check", "--repair-stamps")
        self.assertEqual(self.stored(), self.before)

    def test_it_is_refused_by_a_clock_that_is_behind(self) -> None:
        """By that one, every stamp would be ahead."""
        self.save(ClockState(self.now, (Run(self.now - DAY, 0),), 2 * DAY, self.now - DAY))
        self.refuses("set the clock first, or trust it by --trust-clock", "check", "--repair-stamps")
        self.assertEqual(self.stored(), self.before)


class WallTests(ClockCase):
    def test_times_of_sessions_are_those_of_the_calendar(self) -> None:
        """A session that was active while the clock was a year ahead is listed with the right time."""
        runs = (Run(self.now - 2 * DAY, YEAR), Run(self.now - DAY, 0))
        self.save(ClockState(self.now, runs, 0, self.now))
        with closing(connect(self.path)) as connection:
            wall_at = clock.wall_times(connection.cursor())
        self.assertEqual(wall_at(self.now - 30 * HOUR), Calendar(runs).wall_at(self.now - 30 * HOUR))
        self.assertLess(wall_at(self.now - 30 * HOUR), self.now)
