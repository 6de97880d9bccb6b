"""Retention: one sweep deletes all that is expired by then, a little at a time."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.server import World
from webcam.errors import DatabaseFail
from webcam.model import Draft, Page, Swept
from webcam.service.retention import GRACE, MESSAGES_AT_ONCE, RECORDS_AT_ONCE

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
        self.assertEqual(GRACE, 300)
        self.send("phone")
        self.world.run(self.world.services.messages.send(self.phone, [], True))
        swept = []
        for _ in range(5):
            swept.append(self.sweep().messages)
            self.world.clock.advance(100)
        self.assertEqual(swept, [0, 0, 0, 1, 0])

    def test_a_sweep_goes_on_until_nothing_expired_is_left_a_little_at_a_time(self):
        self.assertTrue(MESSAGES_AT_ONCE <= 1000 and RECORDS_AT_ONCE <= 20)
        self.send(*[""] * (MESSAGES_AT_ONCE * 2 + 1))
        self.store(RECORDS_AT_ONCE * 2)
        self.world.clock.advance(31 * DAY)
        self.assertEqual(self.sweep(), Swept(MESSAGES_AT_ONCE * 2 + 1, RECORDS_AT_ONCE * 2))
        self.assertEqual(self.limits, [MESSAGES_AT_ONCE] * 3 + [RECORDS_AT_ONCE] * 3)
        self.assertEqual(self.world.run(self.world.services.messages.get(self.phone, ALL)), [])

    def test_every_account_is_swept_by_its_own_settings(self):
        other_id = self.world.run(self.world.store.add_account("other", "hash"))
        self.world.run(self.world.services.accounts.refresh())
        self.world.run(self.world.services.settings.change(other_id, {1: 60}))
        for account_id in (self.world.account_id, other_id):
            self.world.run(self.world.store.add_record(account_id, "c", "", "2023-11-14 22:13:20.000000", [b"x"]))
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
