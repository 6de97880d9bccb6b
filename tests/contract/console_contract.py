"""The contract of what people look at: lists from their newest end, devices that were there, links, passwords."""

from __future__ import annotations

from tests.contract.promises import KEEP_ALL, TEXTS, Contract, at, draft, running, saved, when
from webcam.consolemodel import Day, Seen, Share, Thread, Window
from webcam.errors import NoSuchAccount, QuotaExceeded
from webcam.model import PAGE_BYTES, Expiry, Incoming, Role
from webcam.ports import RECORD_PART

JPEG = b"\xff\xd8\xff\xe0 and more"
ALL = Window("", "", 0, 1000)
HOUR = 3600
DAY = 24 * HOUR


class NewestContract(Contract):
    async def stored_at(self, account_id: int, *seconds: float, device: str = "camera") -> list[int]:
        """Records of these times; their ids."""
        return [(await self.store.add_record(account_id, device, "", when(each), [b"data"]))[0] for each in seconds]

    async def newest_ids(
        self, account_id: int, window: Window = ALL, *devices: str, expiry: Expiry = KEEP_ALL
    ) -> list[int]:
        found = await self.store.newest_records(account_id, window, expiry, frozenset(devices))
        return [each.record_id for each in found]

    async def days_of(self, account_id: int, offset: int = 0, *devices: str, expiry: Expiry = KEEP_ALL) -> list[Day]:
        return await self.store.record_days(account_id, offset, expiry, frozenset(devices))

    async def test_newest_first_and_of_this_account_alone(self):
        account_id, other_id = await self.account(), await self.account("other")
        first, second, third = await self.stored_at(account_id, 0, 1, 2)
        await self.stored_at(other_id, 3)
        self.assertEqual(await self.newest_ids(account_id), [third, second, first])
        self.assertEqual(await self.newest_ids(other_id + 1), [])

    async def test_pages_by_skipping_and_by_stamps(self):
        account_id = await self.account()
        ids = (await self.stored_at(account_id, *range(10)))[::-1]
        self.assertEqual(await self.newest_ids(account_id, Window("", "", 3, 2)), ids[3:5])
        self.assertEqual(await self.newest_ids(account_id, Window("", "", 9, 5)), ids[9:])
        self.assertEqual(await self.newest_ids(account_id, Window("", "", 10, 5)), [])
        self.assertEqual(await self.newest_ids(account_id, Window("", "", 2**63 - 1, 5)), [])
        self.assertEqual(await self.newest_ids(account_id, Window(at(2), at(5), 0, 9)), ids[5:8], "from 2 on, before 5")
        self.assertEqual(await self.newest_ids(account_id, Window(at(2), at(5), 1, 1)), ids[6:7])
        self.assertEqual(await self.newest_ids(account_id, Window("", at(1)[:-7], 0, 9)), ids[9:], "compared as text")

    async def test_of_some_devices_and_what_expired_never(self):
        account_id = await self.account()
        (mine,) = await self.stored_at(account_id, 0)
        (porch,) = await self.stored_at(account_id, 1, device="porch")
        (gate,) = await self.stored_at(account_id, 2, device="gate")
        self.assertEqual(await self.newest_ids(account_id, ALL, "porch"), [porch])
        self.assertEqual(await self.newest_ids(account_id, ALL, "porch", "camera", "none"), [porch, mine])
        expiry = Expiry(records=running(1), broadcasts=0, messages=0)
        self.assertEqual(await self.newest_ids(account_id, expiry=expiry), [gate, porch])
        self.assertEqual(await self.newest_ids(account_id, Window("", "", 1, 9), expiry=expiry), [porch])
        self.assertEqual(await self.days_of(account_id, expiry=expiry), [Day(at(1)[:10], 2)])

    async def test_they_are_whole_with_what_kind_of_data_they_are(self):
        account_id = await self.account()
        await self.store.add_record(account_id, "camera", "a picture", when(0), [b"", JPEG[:2], JPEG[2:]])
        await self.store.add_record(account_id, "camera", "a page", when(1), [b"<script>alert(1)</script>"])
        page, picture = await self.store.newest_records(account_id, ALL, KEEP_ALL)
        self.assertEqual((picture.meta, picture.size, picture.kind), ("a picture", len(JPEG), "image/jpeg"))
        self.assertEqual((page.device, page.stamp, page.kind), ("camera", at(1), "application/octet-stream"))
        self.assertEqual(await self.store.record(account_id, picture.record_id, KEEP_ALL), picture)

    async def test_a_large_one_is_of_a_kind_too(self):
        account_id = await self.account()
        record_id = await self.store.begin_upload()
        await self.store.upload_part(record_id, 0, JPEG.ljust(RECORD_PART, b"."))
        incoming = Incoming(account_id, "camera", "", RECORD_PART + 1)
        await self.store.end_upload(record_id, incoming, when(0), b".")
        (found,) = await self.store.newest_records(account_id, ALL, KEEP_ALL)
        self.assertEqual(found.kind, "image/jpeg")

    async def test_days_are_those_of_the_place(self):
        """The tests' epoch is 2023-11-14 22:13:20 in UTC."""
        account_id = await self.account()
        await self.stored_at(account_id, -3 * DAY, 0, 1, HOUR)
        await self.stored_at(account_id, 2 * HOUR, device="porch")
        self.assertEqual(
            await self.days_of(account_id), [Day("2023-11-15", 1), Day("2023-11-14", 3), Day("2023-11-11", 1)]
        )
        self.assertEqual(await self.days_of(account_id, 120), [Day("2023-11-15", 4), Day("2023-11-12", 1)])
        self.assertEqual(await self.days_of(account_id, -300), [Day("2023-11-14", 4), Day("2023-11-11", 1)])
        self.assertEqual(await self.days_of(account_id, 0, "camera"), [Day("2023-11-14", 3), Day("2023-11-11", 1)])
        self.assertEqual(await self.days_of(account_id, 0, "camera", "porch"), await self.days_of(account_id))
        self.assertEqual(await self.days_of(account_id + 1), [])

    async def test_the_first_microsecond_of_a_day_is_of_it(self):
        account_id = await self.account()
        midnight = 2 * HOUR - 13 * 60 - 20  # of UTC, after the epoch
        await self.stored_at(account_id, midnight - 1e-6, midnight)
        self.assertEqual(await self.days_of(account_id), [Day("2023-11-15", 1), Day("2023-11-14", 1)])


class ThreadContract(Contract):
    async def said_at(self, account_id: int, sender: str, second: float, *drafts) -> None:
        await self.store.add_messages(account_id, sender, when(second), drafts, None)

    async def thread_names(
        self, account_id: int, other: str = "camera", before: str = "", limit: int = 100, expiry: Expiry = KEEP_ALL
    ) -> list[str]:
        """Of the thread between "phone" and *other*."""
        found = await self.store.thread(account_id, Thread("phone", other, before, limit), expiry)
        return [each.message.name for each in found]

    async def test_what_either_sent_to_the_other_or_to_all_newest_first(self):
        account_id = await self.account()
        await self.said_at(
            account_id, "camera", 0, draft("to all"), draft("to phone", "phone"), draft("to gate", "gate")
        )
        await self.said_at(
            account_id, "phone", 1, draft("phone to all"), draft("to camera", "camera"), draft("x", "gate")
        )
        await self.said_at(account_id, "gate", 2, draft("gate to all"), draft("gate to phone", "phone"))
        self.assertEqual(await self.thread_names(account_id), ["to camera", "phone to all", "to phone", "to all"])
        self.assertEqual(
            await self.thread_names(account_id, "gate"),
            ["gate to phone", "gate to all", "x", "phone to all"],
            "another one",
        )
        self.assertEqual(await self.thread_names(account_id, "nobody"), ["phone to all"])
        other_id = await self.account("other")
        self.assertEqual(await self.thread_names(other_id), [])

    async def test_a_thread_of_a_device_with_itself(self):
        account_id = await self.account()
        await self.said_at(account_id, "phone", 0, draft("to all"), draft("to itself", "phone"), draft("no", "camera"))
        self.assertEqual(await self.thread_names(account_id, "phone"), ["to itself", "to all"])

    async def test_each_is_whole(self):
        account_id = await self.account()
        await self.said_at(account_id, "camera", 0, draft("status", "phone", '{"n":1}'))
        (found,) = await self.store.thread(account_id, Thread("phone", "camera", "", 10), KEEP_ALL)
        self.assertEqual((found.message.stamp, found.message.sender, found.target), (at(0), "camera", "phone"))
        self.assertEqual(found.message.params, '{"n":1}')

    async def test_pages(self):
        account_id = await self.account()
        for second in range(6):
            await self.said_at(account_id, "camera" if second % 2 else "phone", second, draft(str(second)))
        self.assertEqual(await self.thread_names(account_id, limit=2), ["5", "4"])
        self.assertEqual(await self.thread_names(account_id, before=at(4), limit=3), ["3", "2", "1"])
        self.assertEqual(await self.thread_names(account_id, before=at(0)), [])

    async def test_a_page_ends_before_its_params_are_too_many(self):
        account_id = await self.account()
        large = f'["{"x" * (PAGE_BYTES // 2)}"]'
        for second in range(3):
            await self.said_at(account_id, "camera", second, draft(str(second), "", large))
        self.assertEqual(await self.thread_names(account_id), ["2"])

    async def test_what_expired_is_not_there(self):
        account_id = await self.account()
        await self.said_at(account_id, "camera", 0, draft("old"), draft("old to phone", "phone"))
        await self.said_at(account_id, "camera", 5, draft("new"), draft("new to phone", "phone"))
        expiry = Expiry(records=0, broadcasts=running(3), messages=0)
        self.assertEqual(await self.thread_names(account_id, expiry=expiry), ["new to phone", "new", "old to phone"])
        expiry = Expiry(records=0, broadcasts=0, messages=running(3))
        self.assertEqual(await self.thread_names(account_id, expiry=expiry), ["new to phone", "new"])


class SeenContract(Contract):
    async def seen_names(self, account_id: int) -> list[str]:
        return [each.device for each in await self.store.seen_devices(account_id)]

    async def test_newest_first_as_they_were_last_seen(self):
        account_id, other_id = await self.account(), await self.account("other")
        first = [
            Seen(account_id, "a", "one", running(0)),
            Seen(account_id, "b", "{}", running(1)),
            Seen(other_id, "a", "x", running(5)),
        ]
        await self.store.saw_devices(first, 10, 10)
        self.assertEqual(await self.store.seen_devices(account_id), [first[1], first[0]])
        again = Seen(account_id, "a", "two", running(2))
        await self.store.saw_devices([again], 10, 10)
        self.assertEqual(await self.store.seen_devices(account_id), [again, first[1]])
        await self.store.saw_devices([Seen(account_id, "a", "late news", running(1))], 10, 10)
        self.assertEqual(await self.store.seen_devices(account_id), [again, first[1]], "what is older changes nothing")
        self.assertEqual(await self.store.seen_devices(other_id), [first[2]])

    async def test_the_newest_are_kept(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.saw_devices([Seen(other_id, "theirs", "", running(0))], 3, 3)
        await self.store.saw_devices([Seen(account_id, f"d{n}", "", running(n)) for n in (4, 1, 3, 0, 2)], 3, 3)
        self.assertEqual(await self.seen_names(account_id), ["d4", "d3", "d2"])
        await self.store.saw_devices(
            [Seen(account_id, "d9", "", running(9)), Seen(account_id, "d8", "", running(9))], 3, 3
        )
        self.assertEqual(await self.seen_names(account_id), ["d9", "d8", "d4"])
        self.assertEqual(await self.seen_names(other_id), ["theirs"])

    async def test_those_of_a_secret_push_out_each_other_alone_and_go_with_it(self):
        account_id = await self.account()
        secret_id = await self.store.add_secret("user", "gate", "digest", Role.PUBLISH, frozenset())
        await self.store.saw_devices([Seen(account_id, "camera", "", running(0))], 10, 2)
        named = [Seen(account_id, f"d{n}", "", running(n), secret_id) for n in (1, 2, 3)]
        await self.store.saw_devices(named, 10, 2)
        self.assertEqual(
            await self.store.seen_devices(account_id), [named[2], named[1], Seen(account_id, "camera", "", running(0))]
        )
        await self.store.remove_secret("user", "gate")
        self.assertEqual(await self.seen_names(account_id), ["camera"])
        await self.store.saw_devices(named[:1], 10, 2)
        self.assertEqual((await self.store.seen_devices(account_id))[0].secret_id, None)

    async def test_one_that_is_forgotten_is_made_known_by_a_login_alone(self):
        account_id, other_id = await self.account(), await self.account("other")
        for owner in (account_id, other_id):
            await self.store.saw_devices([Seen(owner, "a", "meta", running(0))], 10, 10)
        await self.store.saw_devices([Seen(account_id, "a", "", running(3), only_known=True)], 10, 10)
        self.assertEqual(await self.store.seen_devices(account_id), [Seen(account_id, "a", "meta", running(3))])
        await self.store.forget_device(account_id, "a")
        await self.store.forget_device(account_id, "a")
        await self.store.saw_devices([Seen(account_id, "a", "", running(4), only_known=True)], 10, 10)
        self.assertEqual((await self.seen_names(account_id), await self.seen_names(other_id)), ([], ["a"]))

    async def test_nobodys_are_left_out_and_they_go_with_their_account(self):
        account_id = await self.account()
        await self.store.saw_devices([Seen(99, "a", "", running(0)), Seen(account_id, "a", "", running(0))], 10, 10)
        self.assertEqual((await self.seen_names(99), await self.seen_names(account_id)), ([], ["a"]))
        await self.store.remove_account("user")
        self.assertEqual(await self.seen_names(account_id), [])

    async def test_names_and_metadata_keep_every_character(self):
        account_id = await self.account()
        await self.store.saw_devices([Seen(account_id, text, text, running(0)) for text in TEXTS], 100, 100)
        found = await self.store.seen_devices(account_id)
        self.assertEqual(sorted(each.device for each in found), sorted(TEXTS))
        self.assertEqual([each.meta for each in found], [each.device for each in found])


class SharesContract(Contract):
    async def new_share(self, account_id: int, digest: str, device: str = "camera") -> Share:
        made = Share(0, account_id, device, running(0), 100)
        share_id = await self.store.add_share(made, digest, 10)
        return Share(share_id, account_id, device, running(0), 100)

    async def test_a_link_is_found_by_its_digest_and_in_its_accounts_list(self):
        account_id, other_id = await self.account(), await self.account("other")
        first = await self.new_share(account_id, "first")
        second = await self.new_share(account_id, "second", "porch")
        theirs = await self.new_share(other_id, "theirs")
        self.assertEqual(len({each.share_id for each in (first, second, theirs)}), 3)
        self.assertEqual(await self.store.shares(account_id), [first, second])
        self.assertEqual(await self.store.all_shares(), [first, second, theirs])
        for share, digest in ((first, "first"), (second, "second"), (theirs, "theirs")):
            self.assertEqual(await self.store.share(digest), share)
        self.assertIsNone(await self.store.share("none"))
        self.assertEqual(await self.store.good_shares([first.share_id, 77]), [first])

    async def test_links_of_any_account_are_removed(self):
        account_id, other_id = await self.account(), await self.account("other")
        old = [await self.new_share(account_id, "old"), await self.new_share(other_id, "their old")]
        new = await self.new_share(account_id, "new")
        await self.store.remove_shares([*(each.share_id for each in old), 77])
        self.assertEqual(await self.store.all_shares(), [new])

    async def test_it_is_removed_by_its_account_alone(self):
        account_id, other_id = await self.account(), await self.account("other")
        share = await self.new_share(account_id, "digest")
        self.assertFalse(await self.store.remove_share(other_id, share.share_id))
        self.assertEqual(await self.store.share("digest"), share)
        self.assertTrue(await self.store.remove_share(account_id, share.share_id))
        self.assertFalse(await self.store.remove_share(account_id, share.share_id))
        self.assertIsNone(await self.store.share("digest"))

    async def test_an_account_has_only_so_many(self):
        account_id = await self.account()
        first = await self.new_share(account_id, "first")
        await self.new_share(account_id, "second")
        more = Share(0, account_id, "camera", running(0), 9)
        await self.refused(QuotaExceeded, self.store.add_share(more, "one more", 2))
        self.assertIsNone(await self.store.share("one more"))
        await self.store.remove_shares([first.share_id])
        await self.store.add_share(more, "one more", 2)

    async def test_it_is_of_no_use_while_its_account_is_disabled_and_goes_with_it(self):
        account_id = await self.account()
        share = await self.new_share(account_id, "digest")
        await self.store.set_disabled("user", True)
        self.assertIsNone(await self.store.share("digest"))
        self.assertEqual(await self.store.good_shares([share.share_id]), [])
        await self.store.set_disabled("user", False)
        self.assertEqual(await self.store.share("digest"), share)
        await self.store.remove_account("user")
        self.assertIsNone(await self.store.share("digest"))
        await self.refused(NoSuchAccount, self.store.add_share(share, "again", 10))


class ChangedPasswordContract(Contract):
    async def test_the_hash_changes_and_one_session_stays(self):
        account_id, other_id = await self.account(), await self.account("other")
        sessions = [saved("mine", account_id), saved("older", account_id), saved("theirs", other_id)]
        await self.store.save_sessions(sessions)
        self.assertTrue(await self.store.change_password(account_id, "hash of user", "a new hash", "mine"))
        account = await self.store.account("user")
        self.assertEqual((account.password_hash, account.generation), ("a new hash", 2))
        self.assertEqual([each.digest for each in await self.store.sessions()], ["mine", "theirs"])

    async def test_one_that_changed_meanwhile_stays(self):
        account_id = await self.account()
        await self.store.save_sessions([saved("mine", account_id), saved("older", account_id)])
        self.assertFalse(await self.store.change_password(account_id, "another hash", "a new hash", "mine"))
        self.assertFalse(await self.store.change_password(account_id + 1, "hash of user", "a new hash", "mine"))
        account = await self.store.account("user")
        self.assertEqual((account.password_hash, account.generation), ("hash of user", 1))
        self.assertEqual(len(await self.store.sessions()), 2)
