"""The contract of messages: delivery, pages, sync marks."""

from __future__ import annotations

from tests.contract.promises import ALL, KEEP_ALL, TEXTS, UNREAD, Contract, at, draft, running, when
from webcam.errors import NoSuchAccount
from webcam.model import PAGE_BYTES, Expiry, Message, Page


class DeliveryContract(Contract):
    async def test_a_broadcast_goes_to_every_device_but_its_sender(self):
        account_id = await self.account()
        stamp = await self.store.add_messages(account_id, "camera", when(0), [draft("motion", params='{"a":1}')], None)
        expected = [Message(stamp, "camera", "motion", '{"a":1}')]
        for device in ("phone", "never seen before"):
            self.assertEqual(await self.store.messages(account_id, device, UNREAD, KEEP_ALL), expected)
        self.assertEqual(await self.unread(account_id, "camera"), [])

    async def test_a_message_with_a_target_goes_to_it_alone(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("zoom", target="camera")], None)
        self.assertEqual(await self.unread(account_id, "camera"), ["zoom"])
        for device in ("phone", "other", "Camera", "camera\x00"):
            self.assertEqual(await self.unread(account_id, device), [], device)

    async def test_a_page_of_large_messages_is_shorter_and_holds_one_at_least(self):
        account_id = await self.account()
        large = '"' + "x" * (PAGE_BYTES // 2) + '"'
        drafts = [draft(f"m{number}", params=f"[{large}]") for number in range(4)]
        drafts.append(draft("huge", params=f"[{large},{large},{large}]"))
        stamp = await self.store.add_messages(account_id, "camera", when(0), drafts, None)
        names, after = [], None
        while True:
            found = await self.store.messages(account_id, "phone", Page(after), KEEP_ALL)
            if not found:
                break
            self.assertLessEqual(len(found), 2)
            names += [each.name for each in found]
            after = found[-1].stamp
        self.assertEqual(names, ["m0", "m1", "m2", "m3", "huge"])
        self.assertEqual(after, stamp)

    async def test_a_device_may_send_to_itself(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "phone", when(0), [draft("note", target="phone")], None)
        self.assertEqual(await self.unread(account_id, "phone"), ["note"])

    async def test_messages_of_another_account_are_never_given(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.add_messages(account_id, "phone", when(0), [draft("a"), draft("b", target="camera")], None)
        self.assertEqual(await self.unread(other_id, "camera"), [])

    async def test_messages_come_oldest_first_whatever_their_kind(self):
        account_id = await self.account()
        for number in range(6):
            target = "camera" if number % 2 else ""
            await self.store.add_messages(account_id, "phone", when(number), [draft(f"m{number}", target)], None)
        found = await self.store.messages(account_id, "camera", UNREAD, KEEP_ALL)
        self.assertEqual([each.name for each in found], ["m0", "m1", "m2", "m3", "m4", "m5"])
        self.assertEqual([each.stamp for each in found], sorted(each.stamp for each in found))

    async def test_pages_are_the_oldest_and_lead_from_one_to_the_next(self):
        account_id = await self.account()
        drafts = [draft(f"m{number}", "camera" if number % 3 else "") for number in range(10)]
        await self.store.add_messages(account_id, "phone", when(0), drafts, None)
        seen, after = [], ""
        while page := await self.store.messages(account_id, "camera", Page(after, 4), KEEP_ALL):
            self.assertLess(len(page), 5)
            seen += [each.name for each in page]
            after = page[-1].stamp
        self.assertEqual(seen, [each.name for each in drafts])

    async def test_a_page_goes_on_behind_its_stamp_compared_as_text(self):
        account_id = await self.account()
        first = await self.store.add_messages(account_id, "phone", when(0), [draft("first")], None)
        await self.store.add_messages(account_id, "phone", when(1), [draft("second")], None)

        async def after(stamp: str) -> list[str]:
            return [each.name for each in await self.store.messages(account_id, "camera", Page(stamp, 9), KEEP_ALL)]

        self.assertEqual(await after(first), ["second"])
        self.assertEqual(await after(first[:-1]), ["first", "second"])
        self.assertEqual(await after(first[:19]), ["first", "second"])
        self.assertEqual(await after(first + "0"), ["second"])
        self.assertEqual(await after("\x00"), ["first", "second"])
        self.assertEqual(await after("\U0010ffff"), [])

    async def test_every_text_of_a_message_keeps_every_character(self):
        account_id = await self.account()
        for text in TEXTS:
            await self.store.add_messages(
                account_id, text, when(0), [draft(text, "to", text), draft("to it", text)], None
            )
        found = await self.store.messages(account_id, "to", ALL, KEEP_ALL)
        self.assertEqual([(each.sender, each.name, each.params) for each in found], [(text,) * 3 for text in TEXTS])
        for text in TEXTS:
            self.assertEqual(await self.unread(account_id, text), ["to it"], repr(text))

    async def test_no_account_no_messages(self):
        account_id = await self.account()
        await self.refused(NoSuchAccount, self.store.add_messages(account_id + 1, "d", when(0), [draft("m")], ""))
        self.assertEqual(await self.unread(account_id + 1, "phone"), [])
        self.assertEqual(await self.store.take_messages(account_id + 1, "phone", UNREAD, KEEP_ALL), [])

    async def test_expired_messages_are_not_given(self):
        account_id = await self.account()
        for second in range(4):
            drafts = [draft(f"broadcast {second}"), draft(f"targeted {second}", "camera")]
            await self.store.add_messages(account_id, "phone", when(second), drafts, None)

        async def given(expiry: Expiry) -> list[str]:
            return [each.name for each in await self.store.messages(account_id, "camera", UNREAD, expiry)]

        self.assertEqual(
            await given(Expiry(running(99), running(3), running(2))),
            ["targeted 2", "broadcast 3", "targeted 3"],
            "kept is >=",
        )
        self.assertEqual(await given(Expiry(running(99), 0, running(3))), ["broadcast 3", "targeted 3"])
        self.assertEqual(await given(Expiry(0, running(99), running(3))), ["targeted 3"])
        taken = await self.store.take_messages(account_id, "camera", UNREAD, Expiry(0, running(99), running(3)))
        self.assertEqual([each.name for each in taken], ["targeted 3"])


class SyncMarkContract(Contract):
    async def test_a_mark_is_of_its_device_alone(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("motion")], None)
        await self.store.add_messages(account_id, "phone", when(1), [], "")
        self.assertEqual(await self.unread(account_id, "phone"), [])
        self.assertEqual(await self.unread(account_id, "viewer"), ["motion"])

    async def test_a_mark_passes_over_what_is_not_later_than_it(self):
        account_id = await self.account()
        stamps = [await self.store.add_messages(account_id, "c", when(n), [draft(f"m{n}")], None) for n in range(3)]
        await self.store.add_messages(account_id, "phone", when(9), [], stamps[1])
        self.assertEqual(await self.unread(account_id, "phone"), ["m2"])
        found = await self.store.messages(account_id, "phone", Page(stamps[0], 9), KEEP_ALL)
        self.assertEqual([each.name for each in found], ["m1", "m2"], "a stamp goes before the mark")

    async def test_a_mark_never_falls(self):
        account_id = await self.account()
        stamps = [await self.store.add_messages(account_id, "c", when(n), [draft(f"m{n}")], None) for n in range(3)]
        await self.store.add_messages(account_id, "phone", when(9), [], stamps[2])
        await self.store.add_messages(account_id, "phone", when(9), [], stamps[0])
        self.assertEqual(await self.unread(account_id, "phone"), [])

    async def test_an_empty_mark_acknowledges_all_before_the_drafts_and_not_them(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("old", "phone"), draft("all")], None)
        await self.store.add_messages(account_id, "phone", when(1), [draft("to myself", "phone")], "")
        self.assertEqual(await self.unread(account_id, "phone"), ["to myself"])

    async def test_an_empty_mark_of_an_empty_account_acknowledges_nothing_that_comes(self):
        account_id = await self.account()
        self.assertEqual(await self.store.add_messages(account_id, "phone", when(9), [], ""), "")
        await self.store.add_messages(account_id, "camera", when(0), [draft("later")], None)
        self.assertEqual(await self.unread(account_id, "phone"), ["later"])

    async def test_without_a_mark_nothing_is_acknowledged(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("motion")], None)
        await self.store.add_messages(account_id, "phone", when(1), [draft("answer")], None)
        self.assertEqual(await self.unread(account_id, "phone"), ["motion"])

    async def test_taking_acknowledges_exactly_what_it_returns(self):
        account_id = await self.account()
        drafts = [draft(f"m{number}", "phone" if number % 2 else "") for number in range(5)]
        await self.store.add_messages(account_id, "camera", when(0), drafts, None)
        taken = await self.store.take_messages(account_id, "phone", Page(None, 2), KEEP_ALL)
        self.assertEqual([each.name for each in taken], ["m0", "m1"])
        self.assertEqual(await self.unread(account_id, "phone"), ["m2", "m3", "m4"])
        taken = await self.store.take_messages(account_id, "phone", UNREAD, KEEP_ALL)
        self.assertEqual([each.name for each in taken], ["m2", "m3", "m4"])
        self.assertEqual(await self.store.take_messages(account_id, "phone", UNREAD, KEEP_ALL), [])

    async def test_taking_with_a_stamp_of_the_past_never_lets_the_mark_fall(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft(f"m{number}") for number in range(3)], None)
        await self.store.take_messages(account_id, "phone", UNREAD, KEEP_ALL)
        again = await self.store.take_messages(account_id, "phone", Page("", 1), KEEP_ALL)
        self.assertEqual([each.name for each in again], ["m0"])
        self.assertEqual(await self.unread(account_id, "phone"), [])

    async def test_taking_nothing_acknowledges_nothing(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("m")], None)
        self.assertEqual(await self.store.take_messages(account_id, "phone", Page(at(99), 9), KEEP_ALL), [])
        self.assertEqual(await self.unread(account_id, "phone"), ["m"])

    async def test_a_mark_of_one_account_is_none_of_another(self):
        account_id, other_id = await self.account(), await self.account("other")
        for each in (account_id, other_id):
            await self.store.add_messages(each, "camera", when(0), [draft("m")], None)
        await self.store.add_messages(account_id, "phone", when(1), [], "")
        self.assertEqual(await self.unread(other_id, "phone"), ["m"])
