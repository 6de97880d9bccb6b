"""The contract of what an account is said to hold: always what it does hold."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, TEXTS, Contract, draft, running, when
from webcam.errors import NoSuchAccount, NoSuchRecord, QuotaExceeded
from webcam.model import Draft, Expiry, Usage


class UsageContract(Contract):
    async def usage(self, name: str = "user") -> Usage:
        account = await self.store.account(name)
        self.assertIn(account, await self.store.accounts())
        return account.usage

    async def test_a_new_account_holds_nothing(self):
        await self.account()
        self.assertEqual(await self.usage(), Usage(0, 0, 0, 0))

    async def test_what_is_added_is_counted_for_its_account_alone(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.add_messages(account_id, "d", when(0), [draft("a"), draft("b", "c")], None)
        await self.store.add_messages(account_id, "d", when(1), [], "")
        await self.store.add_messages(other_id, "d", when(0), [draft("a")], "")
        for data in ([b"abc", b"de"], [], [bytes(300_000)]):
            await self.store.add_record(account_id, "d", "", when(2), data)
        self.assertEqual(await self.usage(), Usage(2, 3, 300_005, 9))
        self.assertEqual(await self.usage("other"), Usage(1, 0, 0, 4))

    async def test_a_message_is_as_large_as_its_texts_in_utf_8(self):
        account_id = await self.account()
        for text in TEXTS:
            before = (await self.usage()).message_bytes
            await self.store.add_messages(account_id, text, when(0), [Draft(text, text, text)], None)
            self.assertEqual((await self.usage()).message_bytes - before, 4 * len(text.encode()), repr(text))
        for _ in TEXTS:
            await self.store.expire_messages(account_id, Expiry(0, running(9), running(9)), (0, 1), 1)
        self.assertEqual(await self.usage(), Usage())

    async def test_what_expires_is_counted_no_more(self):
        account_id = await self.account()
        for second in range(5):
            await self.store.add_messages(account_id, "d", when(second), [draft("a")], None)
            await self.store.add_record(account_id, "d", "", when(second), [b"x" * (second + 1)])
        expiry = Expiry(running(4), running(4), running(4))
        for left in (2, 1, 1):
            await self.store.expire_messages(account_id, expiry, (0, 1), 2)
            await self.store.expire_records(account_id, expiry, 2)
            held = len(await self.store.messages(account_id, "e", ALL, KEEP_ALL))
            found = await self.store.records(account_id, ALL, KEEP_ALL)
            self.assertEqual(await self.usage(), Usage(held, len(found), sum(each.size for each in found), 4 * held))
            self.assertGreaterEqual(held, left)
        self.assertEqual(await self.usage(), Usage(1, 1, 5, 4))

    async def test_what_is_deleted_is_counted_no_more(self):
        account_id = await self.account()
        ids = [(await self.store.add_record(account_id, "d", "", when(n), [b"x" * 10**n]))[0] for n in range(6)]
        await self.store.delete_records(account_id, [ids[0], ids[0], 999], False)
        self.assertEqual(await self.usage(), Usage(0, 5, 111_110))
        await self.store.delete_records(account_id, [ids[4], ids[3]], True)
        self.assertEqual(await self.usage(), Usage(0, 1, 100_000))
        await self.store.delete_records(account_id, ids, True)
        self.assertEqual(await self.usage(), Usage(0, 0, 0))

    async def test_what_was_refused_is_not_counted(self):
        account_id, other_id = await self.account(), await self.account("other")
        mine, _ = await self.store.add_record(account_id, "d", "", when(0), [b"abc"])
        foreign, _ = await self.store.add_record(other_id, "d", "", when(0), [b"abcd"])
        await self.refused(NoSuchRecord, self.store.delete_records(account_id, [mine, foreign], True))
        await self.refused(NoSuchAccount, self.store.add_record(99, "d", "", when(0), [b"abc"]))
        await self.refused(NoSuchAccount, self.store.add_messages(99, "d", when(0), [draft("a")], None))
        self.assertEqual((await self.usage(), await self.usage("other")), (Usage(0, 1, 3), Usage(0, 1, 4)))


class MessageBoundContract(Contract):
    async def test_up_to_the_bound_and_no_further_and_then_nothing_of_it_is_done(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.add_messages(account_id, "d", when(0), [draft("a")] * 2, None, 5)
        await self.store.add_messages(other_id, "d", when(0), [draft("theirs")] * 5, None, 5)
        await self.store.add_messages(account_id, "d", when(1), [draft("b")] * 3, None, 5)
        for drafts in ([draft("c")], [draft("c")] * 2):
            await self.refused(QuotaExceeded, self.store.add_messages(account_id, "e", when(2), drafts, "", 5))
        self.assertEqual(
            await self.unread(account_id, "e"), ["a", "a", "b", "b", "b"], "its mark stands where it stood"
        )
        self.assertEqual((await self.store.account("user")).usage, Usage(5, 0, 0, 20))

    async def test_up_to_so_many_bytes_and_no_further(self):
        """What is there already stays, also when it is more than the bound."""
        account_id = await self.account()
        large = Draft("a", "", '"' + "x" * 996 + '"')
        await self.store.add_messages(account_id, "d", when(0), [large], None, None, 1000)
        for byte_bound in (1999, 1000, 10):
            await self.refused(
                QuotaExceeded, self.store.add_messages(account_id, "d", when(1), [large], "", None, byte_bound)
            )
        self.assertEqual((await self.store.account("user")).usage, Usage(1, 0, 0, 1000))
        await self.store.add_messages(account_id, "d", when(1), [large], "", None, 2000)
        await self.store.add_messages(account_id, "d", when(2), [], "", None, 10)
        self.assertEqual(await self.unread(account_id, "e"), ["a", "a"])

    async def test_a_mark_alone_is_never_too_much(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "d", when(0), [draft("a")] * 2, None)
        await self.store.add_messages(account_id, "e", when(1), [], "", 1)
        self.assertEqual(await self.unread(account_id, "e"), [])

    async def test_what_went_makes_room(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "d", when(0), [draft("a")], None, 1)
        await self.refused(QuotaExceeded, self.store.add_messages(account_id, "d", when(1), [draft("b")], None, 1))
        await self.store.expire_messages(account_id, Expiry(0, running(1), running(1)), (0, 1), 5)
        await self.store.add_messages(account_id, "d", when(2), [draft("c")], None, 1)
        self.assertEqual(await self.unread(account_id, "e"), ["c"])
