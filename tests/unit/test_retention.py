"""Retention: one sweep deletes all that is expired by then, a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import moment_of
from tests.support.server import World
from webcam.calendar import SECOND
from webcam.errors import DatabaseFail, DiskFull
from webcam.model import EARLIER_RELEASE, Bounds, DiskState, Draft, Page, Swept
from webcam.ports import RECORD_PART
from webcam.service import retention
from webcam.service.pace import Pace
from webcam.service.retention import GRACE, MESSAGES_AT_ONCE, RECORDS_AT_ONCE
from webcam.service.room import AHEAD

HOUR, DAY = 3600, 86400
ALL = Page("", 10_000)


class RetentionTests(SynchronousTestCase):
    def setUp(self):
        self.world = World()
        self.session = self.world.services.sessions.find(self.world.authorize("camera"))
        self.phone = self.world.services.sessions.find(self.world.authorize("phone"))
        self.limits: list[int] = []
        for name in ("expire_messages", "expire_records"):
            self.watch(name)

    def watch(self, name: str) -> None:
        """Note the limit of every call."""
        real = getattr(self.world.store, name)

        async def noted(*args):
            self.limits.append(args[-1])
            return await real(*args)

        self.patch(self.world.store, name, noted)

    def sweep(self) -> Swept:
        return self.world.run(self.world.retention.sweep())

    def send(self, *targets: str) -> None:
        drafts = [Draft("m", target, "{}") for target in targets]
        self.world.run(self.world.services.messages.send(self.session, drafts, False))

    def store(self, count: int = 1) -> None:
        for _ in range(count):
            self.world.run(self.world.services.records.add(self.session, "", [b"x"]))

    def test_nothing_to_do_is_false(self):
        self.store()
        self.send("", "phone")
        swept = self.sweep()
        self.assertEqual(swept, Swept(0, 0))
        self.assertFalse(swept)

    def test_records_go_after_configuration_1(self):
        self.store()
        self.world.clock.advance(30 * DAY)
        self.assertEqual(self.sweep(), Swept(0, 0))
        self.world.clock.advance(1)
        swept = self.sweep()
        self.assertEqual(swept, Swept(0, 1))
        self.assertTrue(swept)
        self.assertEqual(self.sweep(), Swept(0, 0))

    def test_broadcasts_go_after_configuration_5_and_all_messages_after_configuration_6(self):
        self.send("", "phone")
        self.world.clock.advance(125 * HOUR + 1)
        self.assertEqual(self.sweep(), Swept(1, 0))
        self.world.clock.advance(30 * DAY - 125 * HOUR)
        self.assertEqual(self.sweep(), Swept(1, 0))

    def test_a_setting_acts_on_what_exists_already_with_the_next_sweep(self):
        self.store()
        self.send("", "phone")
        self.world.clock.advance(2 * DAY)
        self.world.run(self.world.services.settings.change(self.world.account_id, {1: 1, 5: 1, 6: 1}))
        self.assertEqual(self.sweep(), Swept(2, 1))

    def test_an_acknowledged_message_goes_after_some_minutes_of_grace(self):
        self.assertEqual(GRACE, 300 * SECOND)
        self.send("phone")
        self.world.run(self.world.services.messages.send(self.phone, [], True))
        swept = []
        for _ in range(5):
            swept.append(self.sweep().messages)
            self.world.clock.advance(100)
        self.assertEqual(swept, [0, 0, 0, 1, 0])

    def test_a_sweep_goes_on_until_nothing_expired_is_left_a_little_at_a_time(self):
        self.assertTrue(MESSAGES_AT_ONCE <= 1000 and RECORDS_AT_ONCE <= 500)
        self.send(*[""] * (MESSAGES_AT_ONCE * 2 + 1))
        self.store(RECORDS_AT_ONCE * 2)
        self.world.clock.advance(31 * DAY)
        self.assertEqual(self.sweep(), Swept(MESSAGES_AT_ONCE * 2 + 1, RECORDS_AT_ONCE * 2))
        self.assertEqual(self.limits, [MESSAGES_AT_ONCE, RECORDS_AT_ONCE] * 3)
        self.assertEqual(self.world.run(self.world.services.messages.get(self.phone, ALL)), [])

    def test_every_account_is_swept_by_its_own_settings(self):
        other_id = self.world.run(self.world.store.add_account("other", "hash"))
        self.world.run(self.world.services.accounts.refresh())
        self.world.run(self.world.services.settings.change(other_id, {1: 60}))
        for account_id in (self.world.account_id, other_id):
            self.world.run(
                self.world.store.add_record(account_id, "c", "", moment_of("2023-11-14 22:13:20.000000"), [b"x"])
            )
        self.world.clock.advance(31 * DAY)
        self.assertEqual(self.sweep(), Swept(0, 1))
        self.world.clock.advance(30 * DAY)
        self.assertEqual(self.sweep(), Swept(0, 1))

    def test_a_sweep_that_storage_refuses_fails_and_the_next_one_does_the_work(self):
        self.store()
        self.world.clock.advance(31 * DAY)
        real = self.world.store.expire_records

        async def refuse(*_):
            raise DatabaseFail("refused")

        self.world.store.expire_records = refuse
        self.failureResultOf(self.world.retention.sweep(), DatabaseFail)
        self.world.store.expire_records = real
        self.assertEqual(self.sweep(), Swept(0, 1))

    def test_what_age_deleted_is_noted(self):
        self.store(3)
        self.world.clock.advance(31 * DAY)
        self.sweep()
        self.assertEqual(
            self.world.audit.of("records_expired"), [{"account": self.world.account_id, "count": 3, "reason": "age"}]
        )


class TurnsTests(SynchronousTestCase):
    """A sweep of two accounts, of which the first has ten steps of everything, and the second has one."""

    def setUp(self):
        self.world = World()
        self.busy = self.world.account_id
        self.other = self.world.run(self.world.store.add_account("other", "hash"))
        self.world.run(self.world.services.accounts.refresh())
        for account_id, number in ((self.busy, 100), (self.other, 5)):
            self.fill(account_id, number)
        self.world.clock.advance(169 * DAY)
        self.patch(retention, "MESSAGES_AT_ONCE", 10)
        self.patch(retention, "RECORDS_AT_ONCE", 10)
        self.steps: list[tuple[str, int]] = []
        self.watch("expire_messages")
        self.watch("expire_records")

    def fill(self, account_id: int, number: int) -> None:
        """So many messages, and as many records."""
        store, now = self.world.store, moment_of("2023-11-14 22:13:20.000000")
        drafts = [Draft("m", "phone", "{}")] * number
        self.world.run(store.add_messages(account_id, "camera", now, drafts, None))
        for _ in range(number):
            self.world.run(store.add_record(account_id, "camera", "", now, [b"x"]))

    def watch(self, name: str, before: Callable[[int], None] = lambda account_id: None) -> None:
        """Note whose each step is; *before* it, something may happen."""
        real = getattr(self.world.store, name)

        async def noted(account_id, *args):
            self.steps.append((name, account_id))
            before(account_id)
            return await real(account_id, *args)

        self.patch(self.world.store, name, noted)

    def sweep(self) -> Swept:
        return self.world.run(self.world.retention.sweep())

    def test_no_kind_and_no_account_waits_for_the_backlog_of_another(self):
        self.assertEqual(self.sweep(), Swept(105, 105))
        mine = [("expire_messages", self.busy), ("expire_records", self.busy)]
        theirs = [("expire_messages", self.other), ("expire_records", self.other)]
        self.assertEqual(self.steps, mine + theirs + mine * 10)

    def test_the_data_of_records_go_while_others_are_still_expiring(self):
        loose = []
        self.watch("expire_messages", lambda _: loose.append(self.world.store.query("SELECT id FROM loose_records")))
        self.sweep()
        self.assertEqual(max(map(len, loose)), 10, "those of one step")

    def test_where_no_records_expire_nobody_looks_for_their_data_behind_each_step(self):
        self.world.store.query("DELETE FROM records")
        looks = []
        real = self.world.store.drop_parts

        async def drop(limit):
            looks.append(limit)
            return await real(limit)

        self.patch(self.world.store, "drop_parts", drop)
        self.sweep()
        self.assertEqual(len(looks), 2, "behind the first round, and at the end")

    def test_what_has_to_be_tidied_at_once_waits_for_one_step(self):
        tidied = []

        def want(account_id: int) -> None:
            if not tidied:
                tidying = Deferred.fromCoroutine(self.world.retention.tidy())
                tidied.append(tidying.addCallback(lambda _: ("expire_records", self.busy) in self.steps))

        self.watch("expire_messages", want)
        self.sweep()
        self.assertFalse(self.successResultOf(tidied[0]), "the next step began first")

    def test_what_fails_for_one_account_keeps_no_other_waiting(self):
        refusing = {self.busy}

        def refuse(account_id: int) -> None:
            if account_id in refusing:
                raise DatabaseFail("refused")

        self.watch("expire_messages", refuse)
        self.failureResultOf(self.world.retention.sweep(), DatabaseFail)
        messages = self.world.store.query("SELECT account_id, COUNT(*) FROM messages GROUP BY account_id")
        self.assertEqual((messages, self.world.store.query("SELECT id FROM records")), ([(self.busy, 100)], []))
        self.assertEqual([each["count"] for each in self.world.audit.of("records_expired")], [100, 5])
        refusing.clear()
        self.assertEqual(self.sweep(), Swept(100, 0))

    def test_an_account_of_which_nothing_can_be_decided_keeps_no_other_waiting(self):
        guard = self.world.retention._guard
        real = guard.decide

        async def decide(account_id):
            if account_id == self.busy:
                raise DatabaseFail("refused")
            return await real(account_id)

        self.patch(guard, "decide", decide)
        self.failureResultOf(self.world.retention.sweep(), DatabaseFail)
        self.assertEqual(self.world.store.query("SELECT DISTINCT account_id FROM messages"), [(self.busy,)])

    def test_an_account_whose_steps_are_slow_makes_those_of_no_other_smaller(self):
        limits: dict[int, list[int]] = {self.busy: [], self.other: []}
        real = self.world.store.expire_records

        async def slow(account_id, expiry, limit):
            limits[account_id].append(limit)
            deleted = await real(account_id, expiry, limit)
            self.world.store.held = 1.0 if account_id == self.busy else 0.0
            return deleted

        self.patch(retention, "RECORDS_AT_ONCE", 40)
        self.patch(self.world.store, "expire_records", slow)
        self.sweep()
        self.assertEqual((limits[self.busy][:2], limits[self.other]), ([40, 10], [40]))
        self.sweep()
        self.assertEqual((limits[self.busy][-1], limits[self.other][-1]), (10, 40), "it is known the next time")


class RoomCase(SynchronousTestCase):
    """A camera that stores records, and what the log says. What is wanted is tidied when the test says so."""

    bounds = Bounds()

    def setUp(self):
        self.world = World(bounds=self.bounds)
        self.retention = self.world.retention
        self.session = self.world.services.sessions.find(self.world.authorize("camera"))
        self.wanted = 0
        self.retention.on_want = self.want
        self.events: list[str] = []
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)
        globalLogPublisher.addObserver(self.hear)

    def hear(self, event) -> None:
        self.events.append(formatEvent(event) or "")

    def want(self) -> None:
        self.wanted += 1

    def add(self, size: int = 1, session=None) -> int:
        return self.world.run(self.world.services.records.add(session or self.session, "", [bytes(size)]))

    def tidy(self) -> None:
        self.world.run(self.retention.tidy())

    def ids(self, session=None) -> list[int]:
        found = self.world.run(self.world.services.records.list(session or self.session, ALL))
        return [each.record_id for each in found]

    def other(self):
        """A session of another account."""
        self.world.run(self.world.store.add_account("other", "hash"))
        self.world.run(self.world.services.accounts.refresh())
        account = self.world.run(self.world.store.account("other"))
        token = self.world.run(self.world.services.sessions.open(account.account_id, "camera", "", ""))
        return self.world.services.sessions.find(token)

    def said(self, text: str) -> int:
        """Lines of the log with this in them."""
        return sum(text in each for each in self.events)

    def begin(self, size: int):
        """An upload of which so much has come."""
        upload = self.world.services.records.begin(self.session, "", Nobody())
        upload.take(bytes(size))
        return upload


class Nobody:
    """See webcam.service.uploads.Sender."""

    def written(self, size: int) -> None:
        """It has no end to wait for."""

    def failed(self, error: Exception) -> None:
        raise error


class QuotaTests(RoomCase):
    bounds = Bounds(records=3, record_bytes=100)

    def test_the_oldest_go_when_there_are_too_many(self):
        ids = [self.add() for _ in range(5)]
        self.assertEqual(self.wanted, 1, "with the fourth one; the fifth came before anything was done")
        self.tidy()
        self.assertEqual(self.ids(), ids[2:])
        ids.append(self.add())
        self.assertEqual(self.wanted, 2)
        self.tidy()
        self.assertEqual(self.ids(), ids[3:])

    def test_the_oldest_go_when_they_are_too_large(self):
        ids = [self.add(40) for _ in range(3)]
        self.tidy()
        self.assertEqual(self.ids(), ids[1:])

    def test_up_to_the_quota_nothing_goes(self):
        ids = [self.add(size) for size in (40, 40, 20)]
        self.assertEqual(self.wanted, 0)
        self.sweep_all()
        self.assertEqual(self.ids(), ids)

    def sweep_all(self) -> None:
        self.world.run(self.retention.sweep())

    def test_the_newest_one_stays_however_large_it_is(self):
        self.add(10)
        newest = self.add(1000)
        self.tidy()
        self.assertEqual(self.ids(), [newest])
        self.sweep_all()
        self.assertEqual(self.ids(), [newest])

    def test_each_account_has_its_own(self):
        other = self.other()
        theirs = [self.add(1, other) for _ in range(3)]
        mine = [self.add(1) for _ in range(4)]
        self.tidy()
        self.assertEqual((self.ids(other), self.ids()), (theirs, mine[1:]))

    def test_accounts_take_turns_at_it(self):
        other = self.other()
        for _ in range(8):
            self.add(1, other)
            self.add(1)
        self.retention._records = Pace(2, 2, 2)
        self.tidy()
        accounts = [each["account"] for each in self.world.audit.of("records_expired")]
        self.assertEqual(accounts, [1, 2, 1, 2, 1, 2])

    def test_what_the_operator_sets_acts_on_what_is_there(self):
        ids = [self.add() for _ in range(3)]
        self.world.run(self.world.store.set_quota("user", "records", 2))
        self.world.run(self.world.services.accounts.refresh())
        self.sweep_all()
        self.assertEqual(self.ids(), ids[1:])

    def test_an_uploaded_one_counts_when_it_is_there(self):
        ids = [self.add() for _ in range(3)]
        upload = self.begin(RECORD_PART + 1)
        self.tidy()
        self.assertEqual((self.wanted, self.ids()), (0, ids))
        ids.append(self.world.run(self.world.services.records.end(upload)))
        self.assertEqual(self.wanted, 1)
        self.tidy()
        self.assertEqual(self.ids(), ids[3:])

    def test_it_is_told_and_noted(self):
        for _ in range(5):
            self.add(7)
        self.tidy()
        self.assertEqual(self.said("deleted the oldest 2 records, 14 bytes, of account user: over its quota"), 1)
        facts = {"account": self.world.account_id, "count": 2, "size": 14, "reason": "over its quota"}
        self.assertEqual(self.world.audit.of("records_expired"), [facts])

    def test_their_parts_go_as_well(self):
        for _ in range(4):
            self.add(3 * RECORD_PART)
        self.tidy()
        self.assertEqual(self.world.store.size, 3 * RECORD_PART)


MB = 1024 * 1024


class FreeSpaceTests(RoomCase):
    bounds = Bounds(keep_free=100 * MB)

    def setUp(self):
        super().setUp()
        self.world.disk.total = 500 * MB
        self.world.run(self.retention.load())

    def room(self, free: int) -> None:
        """Somebody else leaves so much of the disk."""
        self.world.disk.others = self.world.disk.total - self.world.store.size - self.world.store.free - free

    def free(self) -> int:
        """Bytes that are free on the disk and in the database."""
        return self.world.disk.room().free + self.world.store.free

    def test_enough_is_enough(self):
        ids = [self.add(MB) for _ in range(5)]
        self.room(100 * MB)
        self.add(0 + 1)
        self.room(100 * MB)
        self.tidy()
        self.assertEqual(self.ids()[:5], ids)

    def test_who_took_the_space_gives_it_back_and_some_more(self):
        """The other account keeps all, older ones too."""
        other = self.other()
        theirs = [self.add(MB, other) for _ in range(20)]
        ids = [self.add(MB) for _ in range(20)]
        self.room(150 * MB)
        self.tidy()
        self.room(100 * MB)
        self.assertEqual(self.wanted, 0)
        ids.append(self.add(MB))
        self.assertEqual(self.wanted, 1, "right behind the write that made it so")
        self.tidy()
        self.assertEqual((self.ids(other), self.ids()), (theirs, ids[1 + AHEAD // MB :]))
        self.assertEqual(self.free(), 100 * MB + AHEAD)

    def test_what_one_gave_ahead_is_not_for_another_to_take(self):
        other = self.other()
        theirs = [self.add(MB, other) for _ in range(3)]
        ids = [self.add(MB) for _ in range(20)]
        self.room(150 * MB)
        self.tidy()
        self.room(100 * MB)
        ids.append(self.add(MB))
        self.tidy()
        for _ in range(5):
            theirs.append(self.add(AHEAD // 4, other))
            self.tidy()
        self.assertEqual(self.ids(), ids[1 + AHEAD // MB :])
        self.assertEqual(self.ids(other), theirs[-1:])

    def test_messages_make_nobody_elses_records_go_and_are_refused(self):
        other = self.other()
        theirs = [self.add(MB, other) for _ in range(20)]
        self.room(120 * MB)
        drafts = [Draft("m", "", '"' + "x" * (MB - 2) + '"')]
        sent = 0
        with self.assertRaises(DiskFull):
            while sent < 90:
                self.world.run(self.world.services.messages.send(self.session, drafts, False))
                self.world.disk.others += MB
                sent += 1
                self.tidy()
        self.assertEqual(self.ids(other), theirs)
        self.assertTrue(15 <= sent <= 20 + 100 // 8, sent)
        self.assertGreater(self.free(), 80 * MB)
        self.world.run(self.world.services.messages.send(self.session, [], True))

    def test_messages_make_the_same_accounts_records_go(self):
        ids = [self.add(MB) for _ in range(20)]
        self.room(100 * MB)
        self.tidy()
        drafts = [Draft("m", "", '"' + "x" * (MB - 2) + '"')]
        for _ in range(18):
            self.world.run(self.world.services.messages.send(self.session, drafts, False))
            self.world.disk.others += MB
            self.tidy()
        self.assertLess(len(self.ids()), 20)
        self.assertEqual(self.ids()[-1], ids[-1])

    def test_nothing_goes_when_that_is_not_enough_and_the_log_says_so(self):
        """Another program fills the disk."""
        other = self.other()
        theirs, mine = [self.add(MB, other) for _ in range(3)], [self.add(MB) for _ in range(3)]
        self.tidy()
        self.room(95 * MB)
        for _ in range(3):
            self.world.run(self.retention.sweep())
        self.assertEqual((self.ids(other), self.ids()), (theirs, mine))
        self.world.clock.advance(3600)
        self.tidy()
        self.assertEqual(self.said("no more records are deleted for it, since that doesn't help"), 2)

    def test_another_program_that_takes_all_that_becomes_free_does_not_get_it_all(self):
        ids = [self.add(MB) for _ in range(300)]
        self.tidy()
        for _ in range(30):
            self.room(80 * MB - self.world.store.free)
            self.tidy()
        self.assertGreaterEqual(len(self.ids()), len(ids) - (100 * MB + AHEAD) // MB)
        self.assertLess(len(self.ids()), len(ids))
        self.room(200 * MB)
        self.tidy()
        self.room(80 * MB - self.world.store.free)
        before = len(self.ids())
        self.tidy()
        self.assertLess(len(self.ids()), before, "the disk was fine in between")

    def test_of_what_no_account_took_those_give_that_hold_most(self):
        other = self.other()
        theirs, mine = [self.add(MB, other) for _ in range(3)], [self.add(MB) for _ in range(10)]
        self.tidy()
        self.room(96 * MB)
        self.tidy()
        self.assertEqual((self.ids(other), self.ids()), (theirs, mine[4:]))

    def test_a_record_that_is_being_written_stays_and_makes_room_for_itself(self):
        ids = [self.add(10 * MB) for _ in range(3)]
        self.room(100 * MB + RECORD_PART)
        upload = self.begin(3 * RECORD_PART + 1)
        self.assertGreater(self.wanted, 0, "while it is written")
        self.tidy()
        self.assertEqual(self.ids(), ids[2:])
        record_id = self.world.run(self.world.services.records.end(upload))
        self.assertEqual(self.ids(), [ids[2], record_id])

    def test_it_warns_before_and_tells_what_it_deleted(self):
        self.add(MB)
        self.add(MB)
        self.room(100 * MB - 1)
        self.events.clear()
        self.tidy()
        lines = [each for each in self.events if "delet" in each]
        what = "deleting the oldest records, first those of the accounts that took the space"
        self.assertEqual(
            lines,
            [
                f"less than {100 * MB} bytes of the disk are free: {what}",
                f"deleted the oldest 1 records, {MB} bytes, of account user: for space on the disk",
            ],
        )
        facts = {"account": self.world.account_id, "count": 1, "size": MB, "reason": "for space on the disk"}
        self.assertEqual(self.world.audit.of("records_expired"), [facts])

    def test_a_write_waits_for_room_when_half_of_it_is_gone(self):
        ids = [self.add(10 * MB) for _ in range(20)]
        self.tidy()
        self.room(50 * MB)
        ids.append(self.add(MB))
        self.assertEqual(self.ids(), ids, "half is there")
        self.tidy()
        self.room(50 * MB - 1 - self.world.store.free)
        held = len(self.ids())
        ids.append(self.add(MB))
        self.assertLess(len(self.ids()), held, "it was made room for before")
        self.assertEqual(self.ids()[-1], ids[-1])

    def test_what_the_file_has_still_to_grow_by_is_not_free(self):
        ids = [self.add(MB) for _ in range(3)]
        self.room(101 * MB)
        real = self.world.store.space

        async def space():
            return replace(await real(), growth=2 * MB)

        self.world.store.space = space
        self.tidy()
        self.assertEqual(self.ids(), ids[2:])

    def test_it_is_as_quick_as_what_comes(self):
        """Whatever is written, when what it wanted was done there is room again."""
        self.room(200 * MB)
        for _ in range(150):
            self.add(3 * MB)
            if self.wanted:
                self.wanted = 0
                self.tidy()
            self.assertGreaterEqual(self.free(), 100 * MB - 3 * MB)


class FullDiskTests(RoomCase):
    bounds = Bounds(keep_free=0)

    def test_without_being_asked_nothing_is_deleted_for_space(self):
        self.world.disk.total = 10 * MB
        ids = [self.add(MB) for _ in range(9)]
        self.world.run(self.retention.sweep())
        self.assertEqual((self.wanted, self.ids()), (0, ids))

    def look(self, total: int, free: int) -> DiskState:
        self.world.disk.total, self.world.disk.others = total, total - free - self.world.store.free
        self.retention.space.look()
        return self.retention.space.state

    def test_it_warns_by_the_disks_own_figures_when_nothing_else_works(self):
        """Once, and each hour; at once when it becomes worse."""

        async def refuse(*_):
            raise DatabaseFail("refused")

        for name in ("space", "holdings", "facts", "oldest_records"):
            setattr(self.world.store, name, refuse)
        states: list[DiskState] = []
        self.retention.space.on_state = states.append
        for free in (300 * MB, 99 * MB, 98 * MB, 2 * MB, 2 * MB, 300 * MB):
            self.look(1000 * MB, free)
        self.assertEqual(states, [DiskState.LOW, DiskState.FULL, DiskState.FINE])
        warnings = [each for each in self.events if " of 1048576000 bytes free" in each]
        self.assertEqual(
            [each.split(":")[0] for each in warnings],
            ["low disk space", "the disk is full", "disk space is fine again"],
        )
        self.assertIn("Delete records, free space on the disk, or set keep-free", warnings[1])

    def test_it_warns_again_each_hour(self):
        for _ in range(70):
            self.look(1000 * MB, 50 * MB)
            self.world.clock.advance(60)
        self.assertEqual(self.said("low disk space"), 2)

    def test_the_space_of_deleted_records_goes_back_to_the_disk_when_that_is_low(self):
        self.assertEqual(self.retention.space.worthless(100 * MB, 3 * MB), 0)
        self.look(1000 * MB, 50 * MB)
        self.assertEqual(self.retention.space.worthless(100 * MB, 3 * MB), 3 * MB)


class DefaultTests(RoomCase):
    """The operator set nothing."""

    def load(self, total: int) -> int:
        self.world.disk.total = total
        self.world.run(self.retention.load())
        return self.retention.space.keep_free

    def test_5_percent_of_the_disk_but_no_more_than_512_MB_and_no_less_than_4(self):
        self.assertEqual([self.load(each * MB) for each in (64, 1000, 100_000)], [4 * MB, 50 * MB, 512 * MB])

    def test_nothing_in_a_database_of_an_earlier_release_and_a_value_is_recommended_once(self):
        self.world.run(self.world.store.set_fact(EARLIER_RELEASE, "3"))
        self.assertEqual(self.load(100_000 * MB), 0)
        for _ in range(3):
            self.world.run(self.retention.sweep())
        self.assertEqual(self.said("Set keep-free = 512M to delete the oldest records instead"), 1)
        world = World(bounds=self.bounds)
        self.world.store.connection.backup(world.store.connection)
        world.run(world.retention.load())
        self.assertEqual(self.said("Set keep-free ="), 1, "nor by the next process")

    def test_what_the_operator_sets_holds_there_too(self):
        for keep_free in (0, 7):
            self.bounds = Bounds(keep_free=keep_free)
            self.setUp()
            self.world.run(self.world.store.set_fact(EARLIER_RELEASE, "3"))
            self.assertEqual(self.load(100_000 * MB), keep_free)
        self.assertEqual(self.said("Set keep-free ="), 0)


class PartsTests(RoomCase):
    def test_parts_of_an_upload_that_is_given_up_go(self):
        self.begin(3 * RECORD_PART).give_up()
        self.assertEqual((self.wanted, self.world.store.size), (1, 3 * RECORD_PART))
        self.tidy()
        self.assertEqual(self.world.store.size, 0)

    def test_when_storage_refuses_that_the_next_sweep_does_it(self):
        real = self.world.store.give_up_uploads

        async def refuse(*_):
            raise DatabaseFail("disk full")

        self.world.store.give_up_uploads = refuse
        self.begin(3 * RECORD_PART).give_up()
        self.failureResultOf(self.retention.tidy(), DatabaseFail)
        self.world.store.give_up_uploads = real
        self.world.run(self.retention.sweep())
        self.assertEqual(self.world.store.size, 0)

    def test_parts_that_an_earlier_process_left_go(self):
        upload = self.world.run(self.world.store.begin_upload())
        self.world.run(self.world.store.upload_part(upload, 0, bytes(RECORD_PART)))
        self.world.run(self.retention.sweep())
        self.assertEqual(self.world.store.size, RECORD_PART)
        self.world.run(self.retention.load())
        self.world.run(self.retention.sweep())
        self.assertEqual(self.world.store.size, 0)

    def test_deleted_records_give_their_space_without_waiting_for_the_next_sweep(self):
        record_id = self.add(RECORD_PART)
        self.world.run(self.world.services.records.delete(self.session, [record_id], False))
        self.assertEqual(self.wanted, 1)
        self.tidy()
        self.assertEqual(self.world.store.size, 0)

    def test_what_is_wanted_while_something_is_done_is_done_after_it(self):
        record_id = self.add(1)
        self.world.run(self.world.services.records.delete(self.session, [record_id], False))
        self.world.run(self.world.services.records.delete(self.session, [record_id], False))
        self.assertEqual(self.wanted, 1, "it is asked for once")
        self.tidy()
        self.world.run(self.world.services.records.delete(self.session, [record_id], False))
        self.assertEqual(self.wanted, 2)

    def test_steps_follow_what_the_disk_takes(self):
        limits = []
        real = self.world.store.drop_parts

        async def drop(limit):
            limits.append(limit)
            dropped = await real(limit)
            self.world.store.held = limit * 0.01
            return dropped

        self.world.store.drop_parts = drop
        self.add(64 * RECORD_PART)
        self.add(1)
        self.world.run(self.world.services.records.delete(self.session, self.ids()[:1], False))
        self.tidy()
        self.assertEqual((limits[0], set(limits[1:])), (8, {4}))
        self.assertEqual(self.world.store.size, 1)
