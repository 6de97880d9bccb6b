"""The contract of what storage deletes when messages expire."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, Contract, draft, running, when
from webcam.calendar import SECOND
from webcam.model import Expiry, Page

GRACE = 300 * SECOND
NOW = running(0)


class ExpiryContract(Contract):
    async def stored(self, account_id: int) -> int:
        """How many messages there are, found by deleting them."""
        return await self.store.expire_messages(account_id, Expiry(0, 0, running(10**6)), (0, GRACE), 10_000)

    async def expire(self, account_id: int, now: int, limit: int = 100) -> int:
        """Expire by acknowledgement alone."""
        return await self.store.expire_messages(account_id, KEEP_ALL, (now, GRACE), limit)

    async def acknowledged(self) -> int:
        """An account with one message to ``camera``, acknowledged."""
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("zoom", "camera")], None)
        await self.store.add_messages(account_id, "camera", when(1), [], "")
        return account_id

    async def test_a_mark_below_which_nothing_is_kept_goes_and_changes_nothing(self):
        """A device's mark is as old as the oldest message at most; without it, it is given all that is kept."""
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(1), [draft("old")], None)
        await self.store.add_messages(account_id, "phone", when(2), [], "")
        await self.store.add_messages(account_id, "camera", when(3), [draft("new")], None)
        expiry = Expiry(0, 0, running(3))
        await self.store.expire_messages(account_id, expiry, (NOW, GRACE), 10)
        found = await self.store.messages(account_id, "phone", Page(None), expiry)
        self.assertEqual([each.name for each in found], ["new"])
        # An earlier horizon shows that the mark is gone; a deleted message it can't bring back.
        found = await self.store.messages(account_id, "phone", Page(None), KEEP_ALL)
        self.assertEqual([each.name for each in found], ["new"])

    async def test_broadcasts_and_messages_expire_each_by_its_own_stamp(self):
        account_id = await self.account()
        for second in range(4):
            drafts = [draft(f"broadcast {second}"), draft(f"targeted {second}", "camera")]
            await self.store.add_messages(account_id, "phone", when(second), drafts, None)
        deleted = await self.store.expire_messages(
            account_id, Expiry(running(99), running(2), running(1)), (NOW, GRACE), 100
        )
        self.assertEqual(deleted, 3, "both of second 0, the broadcast of second 1")
        self.assertEqual(
            await self.unread(account_id, "camera"),
            ["targeted 1", "broadcast 2", "targeted 2", "broadcast 3", "targeted 3"],
        )
        again = await self.store.expire_messages(
            account_id, Expiry(running(99), running(2), running(1)), (NOW, GRACE), 100
        )
        self.assertEqual(again, 0)

    async def test_a_broadcast_may_outlive_no_overall_lifetime(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("b")], None)
        self.assertEqual(await self.store.expire_messages(account_id, Expiry(0, 0, running(1)), (NOW, GRACE), 100), 1)

    async def test_no_more_than_the_limit_goes_at_once(self):
        account_id = await self.account()
        drafts = [draft(f"m{number}", "camera" if number % 2 else "") for number in range(7)]
        await self.store.add_messages(account_id, "phone", when(0), drafts, None)
        expiry = Expiry(0, running(1), running(1))
        deleted = [await self.store.expire_messages(account_id, expiry, (NOW, GRACE), 3) for _ in range(4)]
        self.assertEqual(deleted, [3, 3, 1, 0])

    async def test_only_this_account_expires(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.add_messages(other_id, "phone", when(0), [draft("kept")], None)
        self.assertEqual(
            await self.store.expire_messages(account_id, Expiry(0, running(9), running(9)), (NOW, GRACE), 9), 0
        )
        self.assertEqual(await self.unread(other_id, "camera"), ["kept"])

    async def test_an_account_that_is_gone_has_nothing_to_expire(self):
        self.assertEqual(await self.store.expire_messages(99, Expiry(0, running(9), running(9)), (NOW, GRACE), 9), 0)

    async def test_an_acknowledged_message_stays_for_the_grace(self):
        account_id = await self.acknowledged()
        self.assertEqual(await self.expire(account_id, NOW), 0, "the mark is seen for the first time")
        self.assertEqual(await self.expire(account_id, NOW + GRACE - 1), 0)
        found = await self.store.messages(account_id, "camera", ALL, KEEP_ALL)
        self.assertEqual([each.name for each in found], ["zoom"], "by its stamp it can still be had")
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 1)
        self.assertEqual(await self.stored(account_id), 0)

    async def test_a_mark_that_moves_on_has_its_own_grace(self):
        account_id = await self.acknowledged()
        await self.expire(account_id, NOW)
        await self.store.add_messages(account_id, "phone", when(2), [draft("pan", "camera")], None)
        await self.store.add_messages(account_id, "camera", when(3), [], "")
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 1, "the first alone")
        self.assertEqual(await self.expire(account_id, NOW + 2 * GRACE - 1), 0)
        self.assertEqual(await self.expire(account_id, NOW + 2 * GRACE), 1)

    async def test_a_device_that_acknowledges_all_the_time_loses_old_messages_too(self):
        account_id = await self.account()
        deleted = 0
        for number in range(20):
            await self.store.add_messages(account_id, "phone", when(number), [draft(f"m{number}", "camera")], None)
            await self.store.add_messages(account_id, "camera", when(number), [], "")
            deleted += await self.expire(account_id, NOW + number * GRACE // 4)
        self.assertGreater(deleted, 10)

    async def test_what_is_not_acknowledged_stays(self):
        account_id = await self.acknowledged()
        await self.store.add_messages(account_id, "phone", when(5), [draft("later", "camera")], None)
        await self.store.add_messages(account_id, "phone", when(5), [draft("other", "viewer")], None)
        await self.expire(account_id, NOW)
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 1)
        self.assertEqual(await self.unread(account_id, "camera"), ["later"])
        self.assertEqual(await self.unread(account_id, "viewer"), ["other"])

    async def test_a_broadcast_stays_whoever_acknowledged_it(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("motion")], None)
        await self.store.add_messages(account_id, "camera", when(1), [], "")
        await self.expire(account_id, NOW)
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 0)
        self.assertEqual(await self.unread(account_id, "viewer"), ["motion"])

    async def test_a_mark_without_a_device_takes_no_broadcast_with_it(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("motion")], None)
        await self.store.add_messages(account_id, "", when(1), [], "")
        await self.expire(account_id, NOW)
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 0)

    async def test_only_this_accounts_acknowledged_messages_go(self):
        other_id = await self.acknowledged()
        await self.store.add_messages(other_id, "phone", when(0), [draft("pan", "camera")], None)
        await self.store.add_messages(other_id, "camera", when(2), [], "")
        account_id = await self.account("another")
        await self.expire(other_id, NOW)
        self.assertEqual(await self.expire(other_id, NOW + GRACE, limit=1), 1)
        self.assertEqual(await self.expire(account_id, NOW + GRACE), 0)
        self.assertEqual(await self.expire(other_id, NOW + GRACE), 1)

    async def test_the_limit_holds_for_acknowledged_messages(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft(f"m{n}", "camera") for n in range(5)], None)
        await self.store.add_messages(account_id, "camera", when(1), [], "")
        await self.expire(account_id, NOW)
        self.assertEqual([await self.expire(account_id, NOW + GRACE, 2) for _ in range(4)], [2, 2, 1, 0])

    async def test_a_deleted_message_leaves_the_mark_where_it_was(self):
        account_id = await self.acknowledged()
        await self.expire(account_id, NOW)
        await self.expire(account_id, NOW + GRACE)
        await self.store.add_messages(account_id, "phone", when(0), [draft("new", "camera")], None)
        self.assertEqual(await self.unread(account_id, "camera"), ["new"])
