"""Every text that JSON can carry comes back equal from the store, and is told from every other."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.contract.promises import ALL, KEEP_ALL, UNREAD, draft, saved, when
from tests.support.properties import tried
from tests.support.stores import BlockingStore
from webcam.model import Page

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
"""Unicode without half surrogate pairs, which are refused where JSON is read."""

NAMES = st.lists(ANY_TEXT, min_size=1, max_size=5, unique=True)


class AnyTextTests(SynchronousTestCase):
    def with_store(self, use: Any) -> None:
        self.successResultOf(use(BlockingStore()))

    @settings(tried, max_examples=30)
    @given(NAMES)
    def test_accounts_are_found_by_their_names_and_listed_in_order(self, names):
        async def use(store):
            ids = {name: await store.add_account(name, name) for name in names}
            self.assertEqual([each.name for each in await store.accounts()], sorted(names))
            for name, account_id in ids.items():
                account = await store.account(name)
                self.assertEqual((account.account_id, account.name, account.password_hash), (account_id, name, name))

        self.with_store(use)

    @settings(tried, max_examples=30)
    @given(NAMES, ANY_TEXT)
    def test_messages_reach_exactly_their_target(self, devices, text):
        async def use(store):
            account_id = await store.add_account("user", "hash")
            targets = [each for each in devices if each]
            for device in targets:
                await store.add_messages(account_id, text, when(0), [draft(device, device, text)], None)
            for device in targets:
                found = await store.messages(account_id, device, UNREAD, KEEP_ALL)
                self.assertEqual([(each.sender, each.name, each.params) for each in found], [(text, device, text)])

        self.with_store(use)

    @settings(tried, max_examples=30)
    @given(NAMES, ANY_TEXT)
    def test_records_and_sessions_keep_their_texts(self, devices, text):
        async def use(store):
            account_id = await store.add_account("user", "hash")
            for number, device in enumerate(devices):
                await store.add_record(account_id, device, text, when(0), [text.encode()])
                await store.save_sessions([saved(str(number), account_id, device=device, meta=text, address=text)])
            found = await store.records(account_id, ALL, KEEP_ALL)
            self.assertEqual([(each.device, each.meta) for each in found], [(device, text) for device in devices])
            sessions = sorted(await store.sessions(), key=lambda each: each.digest)
            self.assertEqual(
                [(each.device, each.meta, each.address) for each in sessions], [(each, text, text) for each in devices]
            )

        self.with_store(use)

    @settings(tried, max_examples=30)
    @given(ANY_TEXT)
    def test_a_stamp_to_go_on_from_may_be_any_text(self, after):
        async def use(store):
            account_id = await store.add_account("user", "hash")
            stamp = await store.add_messages(account_id, "camera", when(0), [draft("m")], None)
            found = await store.messages(account_id, "phone", Page(after, 9), KEEP_ALL)
            self.assertEqual(len(found), 1 if stamp > after else 0)

        self.with_store(use)
