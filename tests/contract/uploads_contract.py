"""The contract of records that come part by part."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, at, when
from tests.contract.records_contract import RecordParts
from webcam.errors import DatabaseFail, NoSuchAccount, NoSuchRecord
from webcam.model import Incoming, Record, Usage
from webcam.ports import RECORD_PART
from webcam.wire.sniff import UNKNOWN

FULL = bytes(range(256)) * (RECORD_PART // 256)


class UploadsContract(RecordParts):
    async def begun(self, parts: int) -> int:
        """An upload of which so many parts have come."""
        record_id = await self.store.begin_upload()
        for number in range(parts):
            await self.store.upload_part(record_id, number, FULL)
        return record_id

    async def test_a_record_appears_with_its_last_part_and_not_before(self):
        account_id = await self.account()
        for parts, tail in ((1, b"tail"), (2, b""), (3, FULL[:-1])):
            record_id = await self.begun(parts)
            before = await self.ids(account_id)
            self.assertNotIn(record_id, before)
            await self.refused(NoSuchRecord, self.store.record(account_id, record_id, KEEP_ALL))
            await self.refused(NoSuchRecord, self.store.record_part(record_id, 0))
            size = parts * RECORD_PART + len(tail)
            record = Incoming(account_id, "camera", "meta", size)
            stamp = await self.store.end_upload(record_id, record, when(parts), tail)
            self.assertEqual(stamp, at(parts))
            self.assertEqual(await self.ids(account_id), [*before, record_id])
            found = await self.store.record(account_id, record_id, KEEP_ALL)
            self.assertEqual(found, Record(record_id, "camera", "meta", stamp, size, UNKNOWN))
            self.assertTrue(b"".join(await self.data(record_id)) == FULL * parts + tail)

    async def test_its_stamp_is_of_its_end_and_above_all_before(self):
        account_id = await self.account()
        record_id = await self.begun(1)
        later = await self.add(account_id, 5)
        self.assertGreater(later, record_id)
        stamp = await self.store.end_upload(record_id, Incoming(account_id, "d", "", RECORD_PART), when(0), b"")
        self.assertGreater(stamp, at(5))
        self.assertEqual(await self.ids(account_id), [later, record_id])
        self.assertEqual((await self.store.account("user")).last_stamp, stamp)

    async def test_it_is_counted_when_it_appears(self):
        account_id = await self.account()
        record_id = await self.begun(2)
        self.assertEqual((await self.store.account("user")).usage, Usage(0, 0, 0))
        size = 2 * RECORD_PART + 3
        await self.store.end_upload(record_id, Incoming(account_id, "d", "", size), when(0), b"abc")
        self.assertEqual((await self.store.account("user")).usage, Usage(0, 1, size))

    async def test_ids_are_no_other_records_before_and_behind_it(self):
        account_id = await self.account()
        ids = [await self.begun(0), await self.add(account_id, 0), await self.begun(1), await self.add(account_id, 1)]
        await self.store.give_up_uploads([ids[2]])
        ids += [await self.begun(1), await self.add(account_id, 2)]
        self.assertEqual(ids, sorted(set(ids)))

    async def test_one_whose_parts_are_not_all_there_is_refused_and_does_not_appear(self):
        account_id = await self.account()
        for parts, size, tail in ((1, 2 * RECORD_PART, b""), (2, RECORD_PART, b""), (1, RECORD_PART + 2, b"a")):
            record_id = await self.begun(parts)
            record = Incoming(account_id, "d", "", size)
            await self.refused(DatabaseFail, self.store.end_upload(record_id, record, when(0), tail))
        self.assertEqual(await self.ids(account_id), [])
        self.assertEqual((await self.store.account("user")).usage, Usage(0, 0, 0))

    async def test_one_that_was_given_up_or_never_begun_takes_nothing(self):
        account_id = await self.account()
        given_up = await self.begun(1)
        await self.store.give_up_uploads([given_up, given_up, 999])
        for record_id in (given_up, 999):
            record = Incoming(account_id, "d", "", RECORD_PART)
            await self.refused(DatabaseFail, self.store.upload_part(record_id, 1, FULL))
            await self.refused(DatabaseFail, self.store.end_upload(record_id, record, when(0), b""))
        self.assertEqual(await self.ids(account_id), [])

    async def test_giving_up_all_spares_what_has_appeared(self):
        account_id = await self.account()
        done, begun = await self.begun(1), await self.begun(1)
        record = Incoming(account_id, "d", "", RECORD_PART)
        await self.store.end_upload(done, record, when(0), b"")
        await self.store.give_up_uploads(None)
        await self.refused(DatabaseFail, self.store.end_upload(begun, record, when(1), b""))
        self.assertEqual(await self.ids(account_id), [done])
        self.assertTrue(await self.data(done) == [FULL])

    async def test_of_an_account_that_is_gone_it_is_refused(self):
        record_id = await self.begun(1)
        record = Incoming(99, "d", "", RECORD_PART)
        await self.refused(NoSuchAccount, self.store.end_upload(record_id, record, when(0), b""))
        account_id = await self.account()
        await self.store.end_upload(record_id, Incoming(account_id, "d", "", RECORD_PART), when(0), b"")
        self.assertEqual(await self.ids(account_id), [record_id], "nothing of it was done before")

    async def test_one_that_appeared_is_deleted_like_any(self):
        account_id = await self.account()
        record_id = await self.begun(1)
        await self.store.end_upload(record_id, Incoming(account_id, "d", "", RECORD_PART), when(0), b"")
        await self.store.delete_records(account_id, [record_id], False)
        self.assertEqual((await self.store.records(account_id, ALL, KEEP_ALL), await self.data(record_id)), ([], []))
