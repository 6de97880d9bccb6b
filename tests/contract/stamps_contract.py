"""The contract of stamps: within an account each is greater than every one before."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.defer import Deferred, gatherResults

from tests.contract.promises import ALL, KEEP_ALL, Contract, at, draft, running, when
from tests.support.clock import moment_of
from webcam.model import Expiry, stamp_before


class StampsContract(Contract):
    async def message(self, account_id: int, now: str) -> str:
        return await self.store.add_messages(account_id, "phone", moment_of(now), [draft("m")], None)

    async def record(self, account_id: int, now: str) -> str:
        return (await self.store.add_record(account_id, "phone", "", moment_of(now), [b"x"]))[1]

    def assertRising(self, stamps: list[str]) -> None:
        for earlier, later in pairwise(stamps):
            self.assertGreater(later, earlier)

    async def test_the_stamp_is_the_time_where_it_can_be(self):
        account_id = await self.account()
        self.assertEqual(await self.message(account_id, at(0)), at(0))
        self.assertEqual(await self.record(account_id, at(1)), at(1))

    async def test_messages_and_records_share_one_rising_order_when_the_clock_steps_back(self):
        account_id = await self.account()
        stamps = []
        for second in (0, 0, -3600, 5, 5, 4.999999, -(10**9), 5.5):
            stamps.append(await self.message(account_id, at(second)))
            stamps.append(await self.record(account_id, at(second)))
        self.assertRising(stamps)
        self.assertEqual(stamps[-2], at(5.5))

    async def test_the_messages_of_one_request_rise_and_the_last_is_the_answer(self):
        account_id = await self.account()
        drafts = [draft(f"m{number}") for number in range(5)]
        newest = await self.store.add_messages(account_id, "phone", when(0), drafts, None)
        found = await self.store.messages(account_id, "camera", ALL, KEEP_ALL)
        self.assertEqual([each.name for each in found], [each.name for each in drafts])
        self.assertRising([each.stamp for each in found])
        self.assertEqual((found[0].stamp, found[-1].stamp), (at(0), newest))

    async def test_the_messages_of_one_request_stand_a_microsecond_apart(self):
        """Events are told with the stamps that follow from the last one."""
        account_id = await self.account()
        await self.message(account_id, at(3))
        for now in (5, 0):
            newest = await self.store.add_messages(account_id, "phone", when(now), [draft("m")] * 3, None)
            found = (await self.store.messages(account_id, "camera", ALL, KEEP_ALL))[-3:]
            stamps = [stamp_before(stamp_before(newest)), stamp_before(newest), newest]
            self.assertEqual([each.stamp for each in found], stamps)

    async def test_writes_at_once_are_done_in_the_order_of_their_stamps(self):
        """Events are told when a write is done, and a client goes on behind the stamp that it was told last."""
        account_id = await self.account()
        done: list[str] = []

        async def write(number: int) -> None:
            done.append(await (self.record if number % 3 else self.message)(account_id, at(0)))

        await gatherResults([Deferred.fromCoroutine(write(number)) for number in range(300)])
        self.assertRising(done)

    async def test_a_stamp_carries_over_into_the_next_second(self):
        account_id = await self.account()
        stamps = [await self.message(account_id, at(0.999999)) for _ in range(3)]
        self.assertEqual(stamps, [at(0.999999), at(1), at(1.000001)])

    async def test_the_account_knows_its_newest_stamp(self):
        account_id = await self.account()
        stamp = await self.message(account_id, at(5))
        self.assertEqual((await self.store.account("user")).last_stamp, stamp)
        stamp = await self.record(account_id, at(3))
        self.assertEqual((await self.store.account("user")).last_stamp, stamp)
        self.assertEqual([each.last_stamp for each in await self.store.accounts()], [stamp])

    async def test_a_mark_alone_makes_no_stamp(self):
        account_id = await self.account()
        stamp = await self.message(account_id, at(5))
        self.assertEqual(await self.store.add_messages(account_id, "camera", when(9), [], ""), stamp)
        self.assertEqual((await self.store.account("user")).last_stamp, stamp)

    async def test_deleted_messages_and_records_still_count(self):
        account_id = await self.account()
        message, record = await self.message(account_id, at(9)), await self.record(account_id, at(9))
        await self.store.expire_messages(account_id, Expiry(0, running(99), running(99)), (0, 300), 9)
        await self.store.expire_records(account_id, Expiry(running(99), 0, 0), 9)
        self.assertRising(
            [message, record, await self.message(account_id, at(0)), await self.record(account_id, at(0))]
        )

    async def test_a_deleted_record_still_counts(self):
        account_id = await self.account()
        record_id, stamp = await self.store.add_record(account_id, "c", "", when(9), [b"x"])
        await self.store.delete_records(account_id, [record_id], True)
        self.assertGreater(await self.record(account_id, at(0)), stamp)

    async def test_accounts_count_apart(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.message(account_id, at(9))
        self.assertEqual(await self.message(other_id, at(0)), at(0))
        self.assertEqual((await self.store.account("user")).last_stamp, at(9))
