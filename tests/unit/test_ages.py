"""What expires by age when the wall clock is wrong: nothing that should stay goes, and lists show it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import EPOCH
from tests.support.server import World
from webcam.errors import NoSuchLink
from webcam.model import Bounds, Draft, Expiry, Page, Swept, stamp_of
from webcam.service.age_guard import is_much

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
YEAR = 365 * DAY
ALL = Page("", 10_000)


class AgesCase(SynchronousTestCase):
    bounds = Bounds()

    def setUp(self) -> None:
        self.world = World(bounds=self.bounds)
        self.log_in()
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)

    def hear(self, event) -> None:
        self.lines.append(formatEvent(event) or "")

    def said(self, text: str) -> int:
        return sum(text in each for each in self.lines)

    def log_in(self) -> None:
        self.camera, self.phone = (
            self.world.services.sessions.find(self.world.authorize(each)) for each in ("camera", "phone")
        )

    def live(self, seconds: float) -> None:
        """Time goes by, and the server looks at the clock."""
        self.world.clock.advance(seconds)
        self.world.look()

    def jump(self, seconds: float) -> None:
        self.world.clock.step += seconds
        self.world.look()

    def restart(self, down: float = 0.0, jump: float = 0.0, clean: bool = True) -> None:
        self.world.restart(down, jump, clean)
        self.log_in()

    def store(self, records: int = 0, messages: int = 0) -> None:
        if messages:
            self.world.run(self.world.services.messages.send(self.camera, [Draft("m", "", "{}")] * messages, False))
        for _ in range(records):
            self.world.run(self.world.services.records.add(self.camera, "", [b"x"]))

    def listed(self) -> tuple[int, int]:
        """How many records and messages the phone is shown."""
        records = self.world.run(self.world.services.records.list(self.phone, ALL))
        return len(records), len(self.world.run(self.world.services.messages.get(self.phone, ALL)))


class MuchTests(SynchronousTestCase):
    def test_more_than_a_hundred_and_more_than_a_tenth(self) -> None:
        for expired, held, much in ((100, 100, False), (101, 101, True), (101, 1009, True), (101, 1010, False)):
            self.assertIs(is_much(expired, held), much, (expired, held))


class DecidingTests(AgesCase):
    """What is asked of storage to decide, and what happens meanwhile."""

    def keep_for_a_day(self, records: int) -> None:
        self.live(HOUR)
        self.store(records=records)
        self.live(DAY)
        self.assertEqual(self.world.sweep(), Swept())

    def while_counting(self, act: Callable[[], None]) -> None:
        """Do something behind the next count of what is expired, before its outcome is known."""
        store, acts = self.world.retention._guard._store, [act]
        count_expired = store.count_expired

        async def counting(account_id: int, expiry: Expiry, limit: int) -> int:
            counted = await count_expired(account_id, expiry, limit)
            if acts:
                acts.pop()()
            return counted

        self.patch(store, "count_expired", counting)
        self.addCleanup(lambda: self.assertEqual(acts, []))

    def test_with_a_trusted_clock_that_goes_on_while_it_is_read_nothing_is_counted(self) -> None:
        self.keep_for_a_day(10)
        steady, ticks, counted = self.world.clock.steady, count(), []
        self.patch(self.world.clock, "steady", lambda: steady() + next(ticks) / 1_000_000)
        self.patch(self.world.retention._guard._store, "usage", counted.append)
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(counted, [])

    def test_a_jump_while_it_is_counted_takes_nothing(self) -> None:
        """By the clock as it was, no record was expired."""
        self.keep_for_a_day(150)
        self.restart(jump=2 * DAY)
        self.while_counting(lambda: self.jump(YEAR))
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.listed()[0], 150)

    def test_lists_are_the_same_while_it_is_counted(self) -> None:
        """The clock isn't trusted, and so few go by it all the same."""
        self.keep_for_a_day(50)
        self.restart(jump=YEAR)
        listed = [self.listed()]
        self.assertEqual(listed, [(0, 0)])
        self.while_counting(lambda: listed.append(self.listed()))
        self.assertEqual(self.world.sweep(), Swept(records=50))
        self.assertEqual(listed, [(0, 0)] * 2)


class JumpTests(AgesCase):
    """150 records and 50 messages, which are a day old when the clock goes wrong."""

    def setUp(self) -> None:
        super().setUp()
        self.live(HOUR)
        self.store(records=150, messages=50)
        self.live(DAY)
        self.assertEqual(self.world.sweep(), Swept())

    def assertAllThere(self) -> None:
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.listed(), (150, 50))

    def assertExpires(self) -> None:
        """Once time is right, by their real age: a day old by now, give or take."""
        self.live(4 * DAY)
        self.assertEqual(self.world.sweep(), Swept())
        self.live(DAY)
        self.assertEqual(self.world.sweep(), Swept(50, 0), "broadcasts are kept for 125 hours")
        self.live(25 * DAY)
        self.assertEqual(self.world.sweep(), Swept(0, 150))
        self.assertEqual(self.listed(), (0, 0))

    def test_a_year_ahead_for_one_sweep(self) -> None:
        self.jump(YEAR)
        self.assertAllThere()
        self.jump(-YEAR)
        self.assertAllThere()
        self.assertExpires()

    def test_a_jump_that_was_not_looked_at_yet_hides_nothing(self) -> None:
        self.world.clock.step += YEAR
        self.assertEqual(self.listed(), (150, 50))

    def test_a_year_ahead_over_restarts(self) -> None:
        self.restart(jump=YEAR)
        self.assertEqual(self.listed(), (150, 50), "before the first sweep, too")
        self.assertAllThere()
        self.restart(clean=False)
        self.assertAllThere()
        self.live(HOUR)
        self.assertAllThere()
        self.restart(jump=-YEAR)
        self.assertAllThere()
        self.assertExpires()

    def test_back_to_1970_and_forward_again(self) -> None:
        now = self.world.clock.wall()
        self.restart(jump=-now)
        self.live(HOUR)
        self.assertAllThere()
        self.jump(now)
        self.assertAllThere()
        self.live(HOUR)
        self.assertAllThere()

    def test_what_is_stored_in_1970_is_kept_when_time_is_set(self) -> None:
        now = self.world.clock.wall()
        self.restart(jump=-now)
        self.store(records=200)
        self.live(HOUR)
        self.jump(now)
        self.live(2 * HOUR)
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.listed(), (350, 50))

    def test_what_is_stored_a_year_ahead_expires_when_time_is_right(self) -> None:
        self.jump(YEAR)
        self.store(records=50, messages=20)
        self.jump(-YEAR)
        self.store(records=50)
        self.assertEqual(self.world.sweep(), Swept())
        self.live(31 * DAY)
        self.assertEqual(self.world.sweep(), Swept(70, 250))

    def test_a_clock_that_stays_ahead_is_waited_for_and_told(self) -> None:
        self.restart(jump=YEAR)
        self.assertAllThere()
        self.assertEqual(self.said("the clock is 365 days ahead of the newest time that was trusted"), 1)
        waits = "account user: 200 of 200 messages and records are expired by the clock, which isn't trusted yet"
        self.assertEqual(self.said(waits), 1)
        for _ in range(3):
            self.world.sweep()
        self.assertEqual(self.said(waits), 1, "once an hour")
        for _ in range(6):
            self.live(DAY)
            self.world.sweep()
        self.assertEqual(self.listed()[0], 150)
        self.live(DAY)
        self.assertEqual(self.world.sweep().records, 150)

    def test_the_operator_trusts_it(self) -> None:
        self.restart(jump=40 * DAY)
        self.assertAllThere()
        wall = round(self.world.clock.wall() * 1_000_000)
        self.world.store.query("UPDATE clock SET trusted = ?", wall)
        self.world.look()
        self.assertEqual(self.world.sweep(), Swept(50, 150))
        self.assertEqual(self.said("the operator trusts the clock"), 1)
        self.assertEqual(self.world.store.query("SELECT trusted FROM clock"), [(None,)])

    def test_the_operator_trusted_it_while_no_server_ran(self) -> None:
        self.world.run(self.world.services.timekeeping.close())
        wall = round((self.world.clock.wall() + 40 * DAY) * 1_000_000)
        self.world.store.query("UPDATE clock SET trusted = ?", wall)
        self.restart(jump=40 * DAY)
        self.assertEqual(self.world.sweep(), Swept(50, 150))

    def test_what_is_acknowledged_goes_at_any_time(self) -> None:
        self.world.run(self.world.services.messages.send(self.camera, [Draft("m", "phone", "{}")], False))
        self.world.run(self.world.services.messages.send(self.phone, [], True))
        self.restart(jump=YEAR)
        self.world.sweep()
        self.live(6 * MINUTE)
        self.assertEqual(self.world.sweep(), Swept(1, 0))

    def test_sync_marks_stay(self) -> None:
        """They are stamps of before the jump."""
        self.world.run(self.world.services.messages.send(self.phone, [], True))
        self.restart(jump=YEAR)
        self.world.sweep()
        self.jump(-YEAR)
        self.world.sweep()
        self.assertEqual(self.world.run(self.world.services.messages.get(self.phone, Page(None, 100))), [])


class SmallTests(AgesCase):
    """What is little goes by the wall clock, trusted or not."""

    def test_a_hundred(self) -> None:
        self.store(records=100)
        self.restart(down=31 * DAY)
        self.assertEqual(self.world.sweep(), Swept(0, 100))

    def test_a_hundred_and_one_wait(self) -> None:
        self.store(records=101)
        self.restart(down=31 * DAY)
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.listed()[0], 101)

    def test_a_tenth(self) -> None:
        self.store(messages=101)
        self.live(5 * DAY)
        self.store(messages=909)
        self.restart(down=DAY)
        self.restart(down=DAY)
        self.assertEqual(self.world.sweep(), Swept(101, 0))

    def test_lists_hide_it_when_the_sweep_has_decided(self) -> None:
        self.live(HOUR)
        self.store(records=5)
        self.restart(down=29 * DAY)
        self.world.sweep()
        self.live(DAY + 1)
        self.assertEqual(self.listed()[0], 0, "before the next sweep")


class NotWaitingTests(AgesCase):
    bounds = Bounds(records=180)

    def setUp(self) -> None:
        super().setUp()
        self.live(HOUR)
        self.store(records=150)

    def test_a_shorter_setting_acts_at_once(self) -> None:
        self.restart(down=2 * DAY)
        self.assertEqual(self.world.sweep(), Swept())
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 1}))
        self.assertEqual(self.listed()[0], 0)
        self.assertEqual(self.world.sweep(), Swept(0, 150))

    def test_a_shorter_one_takes_nothing_along_that_waits_already(self) -> None:
        """By that clock all of it was expired before, and a day more or less is not what it waits for."""
        self.restart(jump=YEAR)
        for days in (20, 10, 5):
            self.world.run(self.world.services.settings.change(self.world.account_id, {1: days}))
            self.assertEqual(self.listed()[0], 150)
            self.assertEqual(self.world.sweep(), Swept())

    def test_a_longer_setting_waits_as_any_other(self) -> None:
        self.restart(jump=YEAR)
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 60}))
        self.assertEqual(self.world.sweep(), Swept())
        self.assertEqual(self.listed()[0], 150)

    def test_a_jump_ends_what_a_shorter_setting_began(self) -> None:
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 20}))
        self.jump(YEAR)
        self.restart()
        self.assertEqual(self.world.sweep(), Swept())

    def test_quotas_never_wait(self) -> None:
        self.restart(jump=YEAR)
        self.store(records=31)
        self.world.sweep()
        self.assertEqual(self.listed()[0], 180)


class StepTests(AgesCase):
    def test_a_jump_is_told_with_its_distance(self) -> None:
        self.jump(YEAR)
        self.assertEqual(self.said("the clock jumped ahead by 365 days"), 1)
        self.jump(-EPOCH)
        self.assertEqual(self.said("the clock jumped back by"), 1)
        self.world.look()
        self.assertEqual(self.said("the clock jumped"), 2)

    def test_stamps_ahead_are_told_with_their_distance(self) -> None:
        self.jump(YEAR)
        self.store(messages=1)
        self.jump(-YEAR)
        for times in (1, 2):
            for _ in range(3):
                self.world.look()
            self.assertEqual(self.said("stamps are 365 days ahead of the clock"), times, "once a run")
            self.restart()

    def test_so_is_a_cursor_that_was_handed_out(self) -> None:
        """What is stored next has to be later than it is."""
        self.jump(YEAR)
        self.world.run(self.world.services.timekeeping.server_time())
        self.restart(jump=-YEAR)
        self.world.look()
        self.assertEqual(self.said("stamps are 365 days ahead of the clock"), 1)


class SessionTests(AgesCase):
    def test_sessions_and_links_outlive_a_jump_over_a_restart(self) -> None:
        token = self.world.authorize("tablet")
        shares = self.world.services.shares
        _, link = self.world.run(shares.make(self.camera, "camera", 1))
        for jump in (YEAR, -2 * YEAR, 12 * HOUR):
            self.restart(jump=jump)
            self.world.services.sessions.find(token)
            self.world.run(self.world.services.shares.find(link, "192.0.2.9"))

    def test_a_link_ends_by_its_time_whatever_the_clock_does(self) -> None:
        _, link = self.world.run(self.world.services.shares.make(self.camera, "camera", 1))
        self.jump(-YEAR)
        self.live(HOUR)
        self.assertEnded(link)

    def assertEnded(self, link: str) -> None:
        self.assertRaises(NoSuchLink, self.world.run, self.world.services.shares.find(link, "192.0.2.9"))

    def test_devices_are_seen_when_time_is_right_again(self) -> None:
        """The newest time wins, not the latest stamp."""
        self.jump(YEAR)
        self.world.authorize("porch")
        self.world.run(self.world.services.last_seen.flush())
        self.jump(-YEAR)
        self.live(MINUTE)
        self.world.authorize("porch")
        self.world.run(self.world.services.last_seen.flush())
        seen = {each.device: each for each in self.world.run(self.world.services.last_seen.of(self.world.account_id))}
        self.assertEqual(self.world.services.last_seen.stamp_of(seen["porch"])[:4], "2023")


class CursorTests(AgesCase):
    """A cursor that was handed out is good after a restart, whatever the clock does."""

    def cursor(self, account_id: int | None = None) -> str:
        return self.world.run(self.world.services.timekeeping.server_time(account_id))

    def names_after(self, cursor: str) -> list[str]:
        found = self.world.run(self.world.services.messages.get(self.phone, Page(cursor, 10)))
        return [each.name for each in found]

    def test_what_comes_behind_a_restart_is_later(self) -> None:
        for account_id in (None, self.world.account_id):
            for clean in (True, False):
                self.jump(YEAR)
                cursor = self.cursor(account_id)
                self.restart(jump=-YEAR, clean=clean)
                self.store(messages=1)
                self.assertEqual(self.names_after(cursor), ["m"], (account_id, clean))

    def test_not_every_cursor_is_a_write(self) -> None:
        writes: list[str] = []
        remember = self.world.store.remember_cursor

        async def noted(stamp: str) -> None:
            writes.append(stamp)
            await remember(stamp)

        self.patch(self.world.store, "remember_cursor", noted)
        for _ in range(100):
            self.live(0.5)
            self.cursor()
        self.assertEqual(len(writes), 5)

    def test_a_clean_end_leaves_no_stamp_ahead(self) -> None:
        cursor = self.cursor()
        self.restart(down=1)
        self.assertLess(self.cursor(), cursor[:17] + "29")
        self.live(1)
        self.store(messages=1)
        self.assertEqual(self.world.services.stamps.held(self.world.account_id), stamp_of(self.world.clock.wall()))

    def test_on_a_database_without_a_clock_it_is_remembered_as_well(self) -> None:
        """As a restored one of an older version is."""
        self.world.store.query("DELETE FROM clock")
        self.world.services.timekeeping.take_over(None, 0)
        cursor = self.cursor()
        self.restart(jump=-HOUR, clean=False)
        self.store(messages=1)
        self.assertEqual(self.names_after(cursor), ["m"])


class GoneTests(AgesCase):
    def test_nothing_is_kept_of_an_account_that_is_gone(self) -> None:
        self.live(HOUR)
        self.store(records=5)
        self.restart(down=31 * DAY)
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 1}))
        self.world.sweep()
        self.world.run(self.world.store.remove_account("user"))
        self.world.run(self.world.services.accounts.refresh())
        ages = self.world.services.records._ages
        known = (ages._decided, ages._shortened, self.world.retention._paces)
        self.assertEqual([len(each) for each in known], [1, 1, 1])
        self.world.retention.keep(self.world.services.accounts.known)
        self.assertEqual([len(each) for each in known], [0, 0, 0])
