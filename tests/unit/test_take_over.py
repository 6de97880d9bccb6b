"""What the server does with its memory when its storage has become another one."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred

from tests.support.sessions import SessionsCase
from tests.unit.test_accounts import AccountsCase
from webcam.errors import NoSuchUser
from webcam.model import Account, SavedSession


class SessionsTests(SessionsCase):
    def saved(self) -> list[SavedSession]:
        return self.successResultOf(Deferred.fromCoroutine(self.store.sessions()))

    def test_a_session_that_the_other_storage_has_goes_on_as_it_is(self) -> None:
        token, told = self.open(), []
        saved = self.saved()
        self.sessions.charge(token)
        self.sessions.stream_opened(self.sessions.find(token), lambda: told.append("cut"))
        self.assertEqual(self.sessions.take_over(saved), 0)
        self.assertEqual((self.sessions.charge(token).requests, told), (2, []))
        self.sweep()
        self.assertEqual([each.requests for each in self.saved()], [2])

    def test_a_session_that_it_does_not_have_ends_with_its_streams(self) -> None:
        self.open("old")
        saved = self.saved()
        token, told = self.open("new"), []
        self.sessions.stream_opened(self.sessions.find(token), lambda: told.append("cut"))
        self.assertEqual(self.sessions.take_over(saved), 1)
        self.assertEnded(token)
        self.assertEqual((told, self.offline), (["cut"], ["new"]))

    def test_a_session_of_another_account_there_is_another_session(self) -> None:
        token = self.open()
        self.assertEqual(self.sessions.take_over([replace(each, account_id=99) for each in self.saved()]), 1)
        self.assertEnded(token)

    def test_what_ended_stays_ended_though_the_other_storage_has_it(self) -> None:
        token = self.open()
        saved = self.saved()
        self.sessions.end(self.sessions.find(token))
        self.sweep()
        self.sessions.take_over(saved)
        self.assertEnded(token)
        self.successResultOf(Deferred.fromCoroutine(self.store.save_sessions(saved)))  # it is in the other storage
        self.sweep()
        self.assertEqual(self.saved(), [])


class AccountsTests(AccountsCase):
    def account(self) -> Account:
        return self.run_now(self.store.account("user"))

    def exchange(self, *accounts: Account) -> None:
        """The store holds these accounts, and no session is lost by it."""
        by_name = {each.name: each for each in accounts}
        self.patch(self.store, "accounts", lambda: self.coroutine(list(accounts)))
        self.patch(self.store, "account", lambda name: self.coroutine(by_name.get(name)))
        self.accounts.take_over(accounts)

    async def coroutine(self, result: object) -> object:
        return result

    def test_an_older_password_is_the_password_and_ends_nobody(self) -> None:
        before = self.account()
        self.run_now(self.store.set_password("user", "new hash"))
        self.refresh()
        token = self.authorize()
        self.exchange(before)
        self.refresh()
        self.sessions.find(token)
        self.authorize()
        self.assertEqual(self.offload.calls[-1][1], "hash")

    def test_settings_are_those_of_the_other_storage(self) -> None:
        before = replace(self.account(), settings={2: 20})
        self.run_now(self.services.settings.change(self.account_id, {2: 30, 1: 1}))
        self.exchange(before)
        self.assertEqual(self.services.settings.of(self.account_id)[2], 20)
        self.assertEqual(self.services.settings.of(self.account_id)[1], 30, "the default")

    def test_accounts_are_those_of_the_other_storage(self) -> None:
        self.exchange(replace(self.account(), account_id=7, name="other"))
        self.assertEqual((self.accounts.known, self.accounts.name_of(7)), ([7], "other"))
        self.assertIsNone(self.accounts.name_of(self.account_id))
        begun = self.begin()
        self.offload.finish(True)
        self.failureResultOf(begun, NoSuchUser)

    def test_stamps_never_step_back(self) -> None:
        given = "2999-01-01 00:00:00.000000"
        before = self.account()
        self.services.stamps.saw(self.account_id, given)
        self.assertEqual(self.services.stamps.newest, given)
        self.exchange(before)
        self.assertEqual(self.services.stamps.server_time(self.account_id), given)

    def test_the_newest_stamp_is_one_that_was_given_out_or_seen(self) -> None:
        self.assertEqual(self.services.stamps.newest, "")
        now = self.services.stamps.server_time()
        self.assertEqual(self.services.stamps.newest, now)
