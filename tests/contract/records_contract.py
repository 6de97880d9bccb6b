"""The contract of records."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, TEXTS, Contract, at, running, when
from webcam.errors import NoSuchAccount, NoSuchRecord
from webcam.model import Expiry, Page, Record
from webcam.ports import RECORD_PART
from webcam.wire.sniff import UNKNOWN


class RecordParts(Contract):
    """What suites about records share."""

    async def add(self, account_id: int, second: float, data: bytes = b"data") -> int:
        record_id, _ = await self.store.add_record(account_id, "camera", "", when(second), [data])
        return record_id

    async def ids(self, account_id: int, expiry: Expiry = KEEP_ALL) -> list[int]:
        return [each.record_id for each in await self.store.records(account_id, ALL, expiry)]

    async def data(self, record_id: int) -> list[bytes]:
        """Every part of a record."""
        parts: list[bytes] = []
        while True:
            try:
                parts.append(await self.store.record_part(record_id, len(parts)))
            except NoSuchRecord:
                return parts


class RecordsContract(RecordParts):
    """Storing and reading."""

    async def test_a_record_comes_back_as_it_was_added(self):
        account_id = await self.account()
        record_id, stamp = await self.store.add_record(account_id, "camera", '{"w":640}', when(0), [b"ab", b"", b"c"])
        expected = Record(record_id, "camera", '{"w":640}', stamp, 3, UNKNOWN)
        self.assertEqual(stamp, at(0))
        self.assertEqual(await self.store.record(account_id, record_id, KEEP_ALL), expected)
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL), [expected])
        self.assertEqual(await self.data(record_id), [b"abc"])

    async def test_a_record_without_bytes_has_size_0_and_no_part(self):
        account_id = await self.account()
        for data in ([], [b""]):
            record_id, _ = await self.store.add_record(account_id, "camera", "", when(0), data)
            self.assertEqual((await self.store.record(account_id, record_id, KEEP_ALL)).size, 0)
            await self.refused(NoSuchRecord, self.store.record_part(record_id, 0))

    async def test_data_are_kept_byte_for_byte_in_parts(self):
        account_id = await self.account()
        every = bytes(range(256)) * (RECORD_PART // 256)
        for size in (1, RECORD_PART - 1, RECORD_PART, RECORD_PART + 1, 2 * RECORD_PART, 2 * RECORD_PART + 5):
            whole = (every * 3)[:size]
            for cut in (100_000, RECORD_PART, size):
                chunks = [whole[start : start + cut] for start in range(0, size, cut)]
                record_id, _ = await self.store.add_record(account_id, "camera", "", when(0), chunks)
                parts = await self.data(record_id)
                self.assertTrue(b"".join(parts) == whole, f"{size} bytes in chunks of {cut}")
                self.assertEqual({len(each) for each in parts[:-1]} | {RECORD_PART}, {RECORD_PART})
                self.assertEqual(len(parts), -(-size // RECORD_PART))
                self.assertEqual((await self.store.record(account_id, record_id, KEEP_ALL)).size, size)

    async def test_chunks_may_be_any_bytes(self):
        account_id = await self.account()
        record_id, _ = await self.store.add_record(account_id, "c", "", when(0), [bytearray(b"\x00\xff"), b"'"])
        self.assertEqual(await self.data(record_id), [b"\x00\xff'"])

    async def test_with_devices_named_the_records_of_others_are_not_there_and_pages_are_full_all_the_same(self):
        account_id = await self.account()
        ids: dict[str, list[int]] = {"a": [], "b": [], "c": []}
        for number in range(9):
            device = "abc"[number % 3]
            record_id, _ = await self.store.add_record(account_id, device, "", when(number), [b"x"])
            ids[device].append(record_id)
        devices = frozenset(("a", "c", "never seen"))
        page = await self.store.records(account_id, Page("", 4), KEEP_ALL, devices)
        self.assertEqual([each.device for each in page], ["a", "c", "a", "c"])
        rest = await self.store.records(account_id, Page(page[-1].stamp, 4), KEEP_ALL, devices)
        self.assertEqual([each.record_id for each in rest], [ids["a"][2], ids["c"][2]])
        record = await self.store.record(account_id, ids["a"][0], KEEP_ALL, devices)
        self.assertEqual(record.device, "a")
        await self.refused(NoSuchRecord, self.store.record(account_id, ids["b"][0], KEEP_ALL, devices))
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL, frozenset(("never seen",))), [])

    async def test_texts_of_a_record_keep_every_character(self):
        account_id = await self.account()
        for text in TEXTS:
            await self.store.add_record(account_id, text, text, when(0), [b"x"])
        found = await self.store.records(account_id, ALL, KEEP_ALL)
        self.assertEqual([(each.device, each.meta) for each in found], [(text, text) for text in TEXTS])

    async def test_records_come_oldest_first_in_pages(self):
        account_id = await self.account()
        added = [await self.add(account_id, second) for second in (0, 5, 3, 4, 9)]
        seen: list[int] = []
        page = await self.store.records(account_id, Page(None, 2), KEEP_ALL)
        while page:
            self.assertLess(len(page), 3)
            seen += [each.record_id for each in page]
            page = await self.store.records(account_id, Page(page[-1].stamp, 2), KEEP_ALL)
        self.assertEqual(seen, added)

    async def test_the_stamp_of_a_page_is_compared_as_text(self):
        account_id = await self.account()
        await self.add(account_id, 0)
        for after, count in ((at(0), 0), (at(0)[:19], 1), ("", 1), (None, 1), (at(0) + "0", 0), ("\U0010ffff", 0)):
            self.assertEqual(len(await self.store.records(account_id, Page(after, 9), KEEP_ALL)), count, after)

    async def test_a_record_of_another_account_is_none(self):
        account_id, other_id = await self.account(), await self.account("other")
        record_id = await self.add(account_id, 0)
        await self.refused(NoSuchRecord, self.store.record(other_id, record_id, KEEP_ALL))
        self.assertEqual(await self.ids(other_id), [])

    async def test_ids_that_never_were(self):
        account_id = await self.account()
        record_id = await self.add(account_id, 0)
        for wrong in (0, record_id + 1, 2**63 - 1):
            await self.refused(NoSuchRecord, self.store.record(account_id, wrong, KEEP_ALL))
            await self.refused(NoSuchRecord, self.store.record_part(wrong, 0))
        await self.refused(NoSuchRecord, self.store.record_part(record_id, 1))

    async def test_an_account_that_is_gone_has_no_records(self):
        account_id = await self.account()
        record_id = await self.add(account_id, 0)
        await self.store.remove_account("user")
        await self.refused(NoSuchAccount, self.store.add_record(account_id, "d", "", when(0), [b"x"]))
        await self.refused(NoSuchRecord, self.store.record(account_id, record_id, KEEP_ALL))
        await self.refused(NoSuchRecord, self.store.record_part(record_id, 0))
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL), [])
        self.assertEqual(await self.store.expire_records(account_id, Expiry(running(9), 0, 0), 9), (0, ""))
        await self.store.delete_records(account_id, [record_id], True)


class DeletedRecordsContract(RecordParts):
    """What deletes records, by name and by age."""

    async def test_named_records_go_with_their_data_and_the_others_stay(self):
        account_id = await self.account()
        one, two, three = [await self.add(account_id, second) for second in range(3)]
        await self.store.delete_records(account_id, [three, one, one], False)
        self.assertEqual(await self.ids(account_id), [two])
        self.assertEqual(await self.data(one), [])
        self.assertEqual(await self.data(two), [b"data"])

    async def test_ids_that_are_gone_are_no_error(self):
        account_id = await self.account()
        one, two = [await self.add(account_id, second) for second in range(2)]
        await self.store.delete_records(account_id, [one], False)
        await self.store.delete_records(account_id, [one, two, two + 1, 0, 2**63 - 1], False)
        self.assertEqual(await self.ids(account_id), [])

    async def test_older_takes_all_before_the_oldest_that_was_named(self):
        account_id, other_id = await self.account(), await self.account("other")
        ids = [await self.add(account_id, second) for second in range(6)]
        other = await self.add(other_id, 0)
        self.assertEqual(await self.store.delete_records(account_id, [ids[5], ids[3]], True), at(3))
        self.assertEqual(await self.ids(account_id), [ids[4]])
        self.assertEqual(await self.ids(other_id), [other])

    async def test_older_than_records_that_are_gone_is_nothing(self):
        account_id = await self.account()
        one, two = [await self.add(account_id, second) for second in range(2)]
        self.assertEqual(await self.store.delete_records(account_id, [two], False), "")
        self.assertEqual(await self.store.delete_records(account_id, [two], True), "")
        self.assertEqual(await self.store.delete_records(account_id, [], True), "")
        self.assertEqual(await self.ids(account_id), [one])

    async def test_the_record_of_another_account_is_refused_and_nothing_deleted(self):
        account_id, other_id = await self.account(), await self.account("other")
        mine, foreign = await self.add(account_id, 5), await self.add(other_id, 0)
        for named in ([mine, foreign], [foreign, mine], [foreign]):
            for older in (False, True):
                await self.refused(NoSuchRecord, self.store.delete_records(account_id, named, older))
        self.assertEqual((await self.ids(account_id), await self.ids(other_id)), ([mine], [foreign]))
        self.assertEqual(await self.data(mine), [b"data"])

    async def test_more_ids_than_a_statement_takes_variables(self):
        account_id, other_id = await self.account(), await self.account("other")
        record_id, foreign = await self.add(account_id, 0), await self.add(other_id, 0)
        many = list(range(100_000, 101_500))
        await self.refused(NoSuchRecord, self.store.delete_records(account_id, [record_id, *many, foreign], False))
        self.assertEqual(await self.ids(account_id), [record_id])
        await self.store.delete_records(account_id, [*many, record_id], False)
        self.assertEqual(await self.ids(account_id), [])

    async def test_the_id_of_a_deleted_record_is_never_used_again(self):
        account_id = await self.account()
        first = await self.add(account_id, 0)
        await self.store.delete_records(account_id, [first], False)
        self.assertGreater(await self.add(account_id, 1), first)

    async def test_expired_records_are_not_given(self):
        account_id = await self.account()
        old, edge = await self.add(account_id, 0), await self.add(account_id, 1)
        expiry = Expiry(running(1), running(99), running(99))
        self.assertEqual(await self.ids(account_id, expiry), [edge], "kept is >=")
        await self.refused(NoSuchRecord, self.store.record(account_id, old, expiry))
        self.assertEqual((await self.store.record(account_id, edge, expiry)).record_id, edge)

    async def test_no_more_than_the_limit_expires_at_once_the_oldest_first(self):
        account_id, other_id = await self.account(), await self.account("other")
        ids = [await self.add(account_id, second) for second in range(6)]
        other = await self.add(other_id, 0)
        expiry = Expiry(running(5), 0, 0)
        self.assertEqual(await self.store.expire_records(account_id, expiry, 2), (2, at(1.000001)))
        self.assertEqual(await self.ids(account_id), ids[2:])
        again = [await self.store.expire_records(account_id, expiry, 2) for _ in range(3)]
        self.assertEqual(again, [(2, at(3.000001)), (1, at(4.000001)), (0, "")])
        self.assertEqual((await self.ids(account_id), await self.ids(other_id)), ([ids[5]], [other]))
        self.assertEqual(await self.data(ids[0]), [])
