"""The contract of accounts, settings and sessions."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.promises import ALL, KEEP_ALL, TEXTS, Contract, at, draft, running, saved, when
from webcam.errors import AccountExists, NoSuchAccount
from webcam.model import Account


class AccountsContract(Contract):
    async def test_a_store_begins_without_accounts(self):
        self.assertEqual(await self.store.accounts(), [])
        self.assertEqual(await self.store.sessions(), [])

    async def test_an_account_comes_back_as_it_was_added(self):
        account_id = await self.store.add_account("user", "a hash")
        account = await self.store.account("user")
        self.assertEqual(account, Account(account_id, "user", "a hash", account.generation, "", {}))
        self.assertEqual(await self.store.accounts(), [account])

    async def test_an_unknown_name_is_no_account(self):
        await self.account("user")
        for name in ("", "use", "users", "User", "user\x00", "user "):
            self.assertIsNone(await self.store.account(name), repr(name))

    async def test_accounts_are_listed_by_name(self):
        names = ["b", "a", "\U0001f4f7", "\uffff", "B", "a\x00", "\xe9"]
        for name in names:
            await self.account(name)
        self.assertEqual([each.name for each in await self.store.accounts()], sorted(names))

    async def test_a_name_exists_once(self):
        account_id = await self.account()
        await self.refused(AccountExists, self.store.add_account("user", "another"))
        account = await self.store.account("user")
        self.assertEqual((account.account_id, account.password_hash), (account_id, "hash of user"))
        self.assertEqual(len(await self.store.accounts()), 1)

    async def test_names_and_hashes_keep_every_character(self):
        for text in TEXTS:
            await self.store.add_account(text, text)
        found = {each.name: each.password_hash for each in await self.store.accounts()}
        self.assertEqual(found, {text: text for text in TEXTS})
        for text in TEXTS:
            self.assertEqual((await self.store.account(text)).name, text)

    async def test_the_id_of_a_removed_account_is_never_used_again(self):
        first = await self.account()
        await self.store.remove_account("user")
        second = await self.account()
        self.assertGreater(second, first)

    async def test_another_password_is_another_generation_and_ends_the_sessions(self):
        account_id, other_id = await self.account(), await self.account("other")
        before = await self.store.account("user")
        await self.store.save_sessions([saved("d1", account_id), saved("d2", account_id), saved("d3", other_id)])
        await self.store.set_password("user", "new hash")
        after = await self.store.account("user")
        self.assertEqual((after.account_id, after.password_hash), (account_id, "new hash"))
        self.assertGreater(after.generation, before.generation)
        self.assertEqual([each.digest for each in await self.store.sessions()], ["d3"])

    async def test_another_password_leaves_messages_records_and_settings(self):
        account_id = await self.account()
        await self.store.set_settings(account_id, {2: 20})
        await self.store.add_messages(account_id, "phone", when(0), [draft("kept")], None)
        await self.store.add_record(account_id, "phone", "", when(1), [b"data"])
        await self.store.set_password("user", "new hash")
        self.assertEqual((await self.store.account("user")).settings, {2: 20})
        self.assertEqual(await self.unread(account_id, "camera"), ["kept"])
        self.assertEqual(len(await self.store.records(account_id, ALL, KEEP_ALL)), 1)

    async def test_another_hash_of_the_same_password_changes_nothing_else(self):
        account_id = await self.account()
        before = await self.store.account("user")
        await self.store.save_sessions([saved("d", account_id)])
        await self.store.rehash(account_id, "hash of user", "better hash")
        self.assertEqual(await self.store.account("user"), replace(before, password_hash="better hash"))
        self.assertEqual([each.digest for each in await self.store.sessions()], ["d"])

    async def test_another_hash_takes_the_place_only_of_the_one_that_was_checked(self):
        account_id = await self.account()
        await self.store.set_password("user", "new")
        await self.store.rehash(account_id, "hash of user", "better hash")
        await self.store.rehash(account_id + 1, "new", "better hash")
        self.assertEqual((await self.store.account("user")).password_hash, "new")

    async def test_an_account_is_disabled_with_its_sessions_and_enabled_again_without(self):
        account_id, other_id = await self.account(), await self.account("other")
        first = await self.store.account("user")
        self.assertFalse(first.disabled)
        await self.store.save_sessions([saved("d1", account_id), saved("d2", other_id)])
        await self.store.set_disabled("user", True)
        disabled = await self.store.account("user")
        self.assertTrue(disabled.disabled)
        self.assertGreater(disabled.generation, first.generation, "or its sessions would outlive a short while")
        self.assertEqual([each.digest for each in await self.store.sessions()], ["d2"])
        self.assertEqual([each.disabled for each in await self.store.accounts()], [False, True])
        await self.store.set_disabled("user", False)
        enabled = await self.store.account("user")
        self.assertEqual(enabled, replace(disabled, disabled=False))
        await self.refused(NoSuchAccount, self.store.set_disabled("nobody", True))

    async def test_the_password_of_nobody_is_refused(self):
        await self.account()
        await self.refused(NoSuchAccount, self.store.set_password("nobody", "hash"))
        self.assertEqual((await self.store.account("user")).password_hash, "hash of user")

    async def test_removing_takes_all_that_the_account_holds_and_nothing_else(self):
        account_id, other_id = await self.account(), await self.account("other")
        ids = {}
        for each in (account_id, other_id):
            await self.store.set_settings(each, {1: 5.5})
            await self.store.save_sessions([saved(f"digest {each}", each)])
            await self.store.add_messages(each, "phone", when(0), [draft("hello")], "")
            ids[each], _ = await self.store.add_record(each, "phone", "", when(0), [b"data"])
        await self.store.remove_account("user")
        self.assertEqual([each.name for each in await self.store.accounts()], ["other"])
        self.assertEqual([each.account_id for each in await self.store.sessions()], [other_id])
        self.assertEqual(await self.unread(account_id, "camera"), [])
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL), [])
        self.assertEqual((await self.store.account("other")).settings, {1: 5.5})
        self.assertEqual(await self.unread(other_id, "camera"), ["hello"])
        self.assertEqual(await self.store.record_part(ids[other_id], 0), b"data")

    async def test_an_account_of_a_removed_name_begins_empty(self):
        account_id = await self.account()
        await self.store.set_settings(account_id, {1: 5})
        await self.store.add_messages(account_id, "phone", when(0), [draft("hello")], "")
        await self.store.remove_account("user")
        account_id = await self.account()
        account = await self.store.account("user")
        self.assertEqual((account.settings, account.last_stamp), ({}, ""))
        self.assertEqual(await self.unread(account_id, "camera"), [])

    async def test_nobody_can_not_be_removed(self):
        await self.account()
        await self.refused(NoSuchAccount, self.store.remove_account("nobody"))
        self.assertEqual(len(await self.store.accounts()), 1)


class QuotasContract(Contract):
    async def quotas(self) -> dict[str, dict[str, int]]:
        return {each.name: each.quotas for each in await self.store.accounts()}

    async def test_a_quota_is_of_its_account_and_kind(self):
        await self.account()
        await self.account("other")
        await self.store.set_quota("user", "records", 5)
        await self.store.set_quota("user", "messages", 2**40)
        await self.store.set_quota("user", "records", 0)
        self.assertEqual(await self.quotas(), {"user": {"records": 0, "messages": 2**40}, "other": {}})
        self.assertEqual((await self.store.account("user")).quotas, {"records": 0, "messages": 2**40})

    async def test_a_quota_that_is_taken_back(self):
        await self.account()
        await self.store.set_quota("user", "records", 5)
        for _ in range(2):
            await self.store.set_quota("user", "records", None)
            self.assertEqual(await self.quotas(), {"user": {}})

    async def test_nobodys_quota_is_refused(self):
        for value in (5, None):
            await self.refused(NoSuchAccount, self.store.set_quota("nobody", "records", value))

    async def test_quotas_go_with_their_account(self):
        await self.account()
        await self.store.set_quota("user", "records", 5)
        await self.store.remove_account("user")
        await self.account()
        self.assertEqual(await self.quotas(), {"user": {}})


class SettingsContract(Contract):
    async def test_settings_replace_the_kinds_that_were_chosen(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.set_settings(account_id, {1: 5.5, 2: 10})
        await self.store.set_settings(account_id, {2: 20, 6: 0.25})
        self.assertEqual((await self.store.account("user")).settings, {1: 5.5, 2: 20, 6: 0.25})
        self.assertEqual((await self.store.account("other")).settings, {})
        await self.store.set_settings(other_id, {3: 200})
        found = {each.name: each.settings for each in await self.store.accounts()}
        self.assertEqual(found, {"user": {1: 5.5, 2: 20, 6: 0.25}, "other": {3: 200}})

    async def test_no_chosen_settings_change_nothing(self):
        account_id = await self.account()
        await self.store.set_settings(account_id, {1: 5})
        await self.store.set_settings(account_id, {})
        self.assertEqual((await self.store.account("user")).settings, {1: 5})

    async def test_settings_of_an_account_that_is_gone_are_refused(self):
        account_id = await self.account()
        await self.store.remove_account("user")
        await self.refused(NoSuchAccount, self.store.set_settings(account_id, {1: 5}))
        await self.refused(NoSuchAccount, self.store.set_settings(account_id, {}))


class SessionsContract(Contract):
    async def test_a_session_comes_back_as_it_was_saved(self):
        account_id = await self.account()
        session = saved("digest", account_id, active=1_250_000, requests=7, given=at(0))
        fresh = saved("other", account_id, given=None)
        silent = saved("third", account_id, given="")
        await self.store.save_sessions([session, fresh, silent])
        found = {each.digest: each for each in await self.store.sessions()}
        self.assertEqual(found, {"digest": session, "other": fresh, "third": silent})

    async def test_saving_again_replaces_the_whole_session(self):
        account_id, other_id = await self.account(), await self.account("other")
        await self.store.save_sessions([saved("digest", account_id), saved("stays", account_id)])
        replacement = saved(
            "digest", other_id, device="d", meta="m", address="::1", active=EPOCH_LATER, requests=3, given=at(5)
        )
        await self.store.save_sessions([replacement])
        found = {each.digest: each for each in await self.store.sessions()}
        self.assertEqual(found, {"digest": replacement, "stays": saved("stays", account_id)})

    async def test_one_save_may_name_a_session_twice(self):
        account_id = await self.account()
        await self.store.save_sessions([saved("d", account_id, requests=1), saved("d", account_id, requests=2)])
        self.assertEqual([each.requests for each in await self.store.sessions()], [2])

    async def test_sessions_of_an_account_that_is_gone_are_left_out_and_the_others_saved(self):
        account_id = await self.account()
        await self.store.save_sessions([saved("no", account_id + 1), saved("yes", account_id)])
        self.assertEqual([each.digest for each in await self.store.sessions()], ["yes"])

    async def test_ended_sessions_are_gone_and_ending_twice_is_no_error(self):
        account_id = await self.account()
        await self.store.save_sessions([saved(each, account_id) for each in ("a", "b", "c")])
        await self.store.end_sessions(["a", "c", "never was"])
        await self.store.end_sessions(["a"])
        await self.store.end_sessions([])
        self.assertEqual([each.digest for each in await self.store.sessions()], ["b"])

    async def test_a_touch_replaces_what_changes_and_brings_nothing_back(self):
        account_id = await self.account()
        await self.store.save_sessions([saved("there", account_id, requests=1), saved("ended", account_id)])
        await self.store.end_sessions(["ended"])
        await self.store.touch_sessions(
            [
                saved("there", account_id, active=EPOCH_LATER, requests=2, given=at(5), device="other", meta="other"),
                saved("ended", account_id),
                saved("never was", account_id),
            ]
        )
        touched = saved("there", account_id, active=EPOCH_LATER, requests=2, given=at(5))
        self.assertEqual(await self.store.sessions(), [touched])

    async def test_saving_nothing_is_no_error(self):
        await self.store.save_sessions([])
        await self.store.touch_sessions([])
        self.assertEqual(await self.store.sessions(), [])

    async def test_a_session_keeps_every_character(self):
        account_id = await self.account()
        sessions = [
            saved(f"digest {number}", account_id, device=text, meta=text, address=text, given=text)
            for number, text in enumerate(TEXTS)
        ]
        await self.store.save_sessions(sessions)
        found = sorted(await self.store.sessions(), key=sessions.index)
        self.assertEqual(found, sessions)


EPOCH_LATER = running(0.5)
