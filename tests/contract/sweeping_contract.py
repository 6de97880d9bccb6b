"""The contract of what takes away, a step at a time, what has to go."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, at, draft, running, when
from tests.contract.records_contract import RecordParts
from webcam.errors import NoSuchRecord
from webcam.model import Aged, Expiry, Incoming, Usage
from webcam.ports import RECORD_PART

FULL = bytes(RECORD_PART)


class SweepingContract(RecordParts):
    async def drop_all(self, limit: int = 100) -> list[int]:
        """What each step dropped, until one dropped less than it might have."""
        dropped = []
        while not dropped or dropped[-1] == limit:
            dropped.append(await self.store.drop_parts(limit))
        return dropped

    async def test_usage_of_an_account(self):
        account_id = await self.account()
        await self.add(account_id, 0, b"abc")
        await self.store.add_messages(account_id, "d", when(1), [draft("m")], None)
        self.assertEqual(await self.store.usage(account_id), Usage(1, 1, 3, 4))
        self.assertEqual(await self.store.usage(account_id + 1), Usage())

    async def test_the_oldest_of_all_accounts_but_never_an_accounts_newest(self):
        one, two, three = await self.account(), await self.account("two"), await self.account("three")
        a, d = await self.add(one, 0, b"a"), await self.add(one, 4, b"dd")
        b, c, _ = await self.add(two, 1, b"bbb"), await self.add(two, 3), await self.add(two, 9)
        await self.add(three, 2)
        await self.add(one, 5)
        everyone = [three, one, two, 99]
        found = await self.store.oldest_records(everyone, 10)
        self.assertEqual([each.record_id for each in found], [a, b, c, d])
        self.assertEqual(found[:2], [Aged(at(0), one, a, 1), Aged(at(1), two, b, 3)])
        self.assertEqual(await self.store.oldest_records(everyone, 3), found[:3])
        self.assertEqual([each.record_id for each in await self.store.oldest_records([two], 10)], [b, c])
        self.assertEqual(await self.store.oldest_records([three], 10), [])
        self.assertEqual(await self.store.oldest_records([], 10), [])

    async def test_removed_records_leave_the_lists_whosever_they_are(self):
        one, two = await self.account(), await self.account("two")
        ids = [await self.add(one, 0, b"a"), await self.add(one, 1, b"bb"), await self.add(two, 0, b"ccc")]
        kept = await self.add(two, 1, b"d")
        gone = await self.store.remove_records([*ids, 999])
        self.assertEqual(gone, {one: Usage(0, 2, 3), two: Usage(0, 1, 3)})
        self.assertEqual((await self.ids(one), await self.ids(two)), ([], [kept]))
        self.assertEqual((await self.store.usage(one), await self.store.usage(two)), (Usage(), Usage(0, 1, 1)))
        self.assertEqual(await self.store.remove_records(ids), {})

    async def test_parts_of_what_is_in_no_list_go_few_at_a_time(self):
        account_id = await self.account()
        ids = [await self.add(account_id, n, FULL * (n + 1)) for n in range(4)]
        self.assertEqual(await self.drop_all(), [0])
        await self.store.delete_records(account_id, ids[1:3], False)
        dropped = await self.drop_all(2)
        self.assertTrue(max(dropped) == 2 and sum(dropped) >= 5, dropped)
        self.assertEqual(await self.drop_all(), [0])
        for record_id, parts in ((ids[0], 1), (ids[3], 4)):
            self.assertEqual(await self.data(record_id), [FULL] * parts)

    async def test_whatever_made_them_loose(self):
        account_id, other_id = await self.account(), await self.account("other")
        for second in range(3):
            await self.add(account_id, second)
        await self.store.expire_records(account_id, Expiry(running(1), 0, 0), 10)
        await self.store.delete_records(account_id, [3], True)
        await self.add(other_id, 0)
        await self.store.remove_account("other")
        upload = await self.store.begin_upload()
        await self.store.upload_part(upload, 0, FULL)
        await self.store.give_up_uploads([upload])
        self.assertEqual(await self.drop_all(), [5])

    async def test_records_without_parts_are_forgotten(self):
        account_id = await self.account()
        ids = [(await self.store.add_record(account_id, "d", "", when(n), []))[0] for n in range(5)]
        await self.store.delete_records(account_id, ids, False)
        self.assertEqual(await self.drop_all(3), [3, 2])
        self.assertEqual(await self.drop_all(), [0])

    async def test_what_is_being_uploaded_stays(self):
        account_id = await self.account()
        upload = await self.store.begin_upload()
        await self.store.upload_part(upload, 0, FULL)
        self.assertEqual(await self.drop_all(), [0])
        await self.store.end_upload(upload, Incoming(account_id, "d", "", RECORD_PART), when(0), b"")
        self.assertEqual(await self.drop_all(), [0])
        self.assertEqual(await self.data(upload), [FULL])

    async def test_each_step_tells_for_how_long_it_kept_others_waiting(self):
        account_id = await self.account()
        await self.add(account_id, 0)
        for step in (
            self.store.expire_messages(account_id, KEEP_ALL, (0, 1), 5),
            self.store.expire_records(account_id, KEEP_ALL, 5),
            self.store.remove_records([1]),
            self.store.drop_parts(5),
            self.store.give_back(1),
        ):
            await step
            self.assertGreaterEqual(self.store.held, 0.0)

    async def test_giving_space_back_loses_nothing(self):
        account_id = await self.account()
        ids = [await self.add(account_id, n, bytes([n]) * RECORD_PART * 2) for n in range(8)]
        await self.store.delete_records(account_id, ids[::2], False)
        await self.drop_all()
        before = await self.store.space()
        while (await self.store.space()).free and await self.store.give_back(100_000):
            pass
        after = await self.store.space()
        self.assertEqual((after.free, after.size <= before.size - before.free), (0, True))
        for number in range(1, 8, 2):
            self.assertEqual(await self.data(ids[number]), [bytes([number]) * RECORD_PART] * 2)
        await self.refused(NoSuchRecord, self.store.record_part(ids[0], 0))
        self.assertEqual(len(await self.store.records(account_id, ALL, KEEP_ALL)), 4)
        await self.store.trim_log()
