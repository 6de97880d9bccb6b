"""Accounts: logging in, and what the operator's changes do to sessions while the server runs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.audit import Notes
from tests.support.clock import FakeClock, moment_of
from tests.support.decoder import FakeDecoder
from tests.support.disk import FakeDisk
from tests.support.offload import ControlledOffload
from tests.support.stores import RefusingStore
from webcam.api.services import Limits
from webcam.assembly import Outside, make_services
from webcam.errors import CoolingDown, DatabaseFail, LockedOut, NoSuchSession, NoSuchUser, Unavailable
from webcam.model import Bounds
from webcam.service.passwords import PER_ADDRESS, check_password
from webcam.storage.thumbnails import ThumbnailFile

HERE = "192.0.2.1"


class SlowStore(RefusingStore):
    """Holds back the saving of a session while ``saving`` is a Deferred."""

    saving: Deferred[None] | None = None

    async def save_sessions(self, saved: Any) -> None:
        await super().save_sessions(saved)
        if self.saving is not None:
            await self.saving


class AccountsCase(SynchronousTestCase):
    def setUp(self):
        self.clock = FakeClock()
        self.store = SlowStore()
        self.audit = Notes()
        self.offload = ControlledOffload()
        self.audit = Notes()
        self.make()
        self.account_id = self.run_now(self.store.add_account("user", "hash"))
        self.refresh()

    def make(self, limits: Limits | None = None) -> None:
        """The services, on the store as it is."""
        outside = Outside(
            store=self.store,
            kept=ThumbnailFile(None, self.offload),
            disk=FakeDisk(self.store),
            audit=self.audit,
            clock=self.clock,
            reactor=self.clock,
            offload=self.offload,
            decoder=FakeDecoder(),
        )
        self.services, _ = make_services(outside, limits or Limits(), Bounds(), 60.0)
        self.accounts, self.sessions = self.services.accounts, self.services.sessions

    def run_now(self, coroutine: Any) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def refresh(self) -> None:
        self.run_now(self.accounts.refresh())

    def begin(self, name: str = "user", device: str = "camera", address: str = HERE) -> Deferred[str]:
        return Deferred.fromCoroutine(self.accounts.authorize(name, "a password", device, "{}", address))

    def authorize(self, name: str = "user", device: str = "camera") -> str:
        begun = self.begin(name, device)
        self.offload.finish(True)
        return self.successResultOf(begun)

    def assertEnded(self, token: str) -> None:
        self.assertRaises(NoSuchSession, self.sessions.find, token)


class AuthorizeTests(AccountsCase):
    def test_the_right_password_opens_a_session(self):
        token = self.authorize()
        session = self.sessions.find(token)
        self.assertEqual((session.account_id, session.device), (self.account_id, "camera"))
        self.assertEqual(self.offload.calls, [(check_password, "hash", "a password")])

    def test_a_device_may_hold_several_sessions(self):
        first, second = self.authorize(), self.authorize()
        self.assertNotEqual(first, second)
        self.sessions.find(first)
        self.sessions.find(second)

    def test_a_wrong_name_and_a_wrong_password_take_the_same_way_to_the_same_failure(self):
        failures = []
        for name, hashed in (("user", False), ("nobody", True), ("nobody", False)):
            begun = self.begin(name)
            self.assertNoResult(begun)
            self.assertEqual(len(self.offload.running), 1, "a hash is computed whoever asks")
            self.offload.finish(hashed)
            failures.append(self.failureResultOf(begun, NoSuchUser).value)
        self.assertEqual(len({str(failure) for failure in failures}), 1)
        self.assertEqual(self.sessions.online(self.account_id), [])

    def test_an_account_that_was_added_while_the_server_runs_may_log_in_at_once(self):
        account_id = self.run_now(self.store.add_account("new", "hash"))
        self.run_now(self.store.set_settings(account_id, {2: 30}))
        token = self.authorize("new")
        self.assertEqual(self.services.settings.of(account_id)[2], 30)
        self.assertEqual(self.accounts.known, [self.account_id, account_id])
        self.refresh()
        self.sessions.find(token)

    def test_a_device_that_cools_down_is_refused_before_its_password_is_looked_at(self):
        token = self.authorize()
        for _ in range(50):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        before = len(self.offload.calls)
        self.assertEqual(self.failureResultOf(self.begin(), CoolingDown).value.wait, 60)
        self.assertEqual(len(self.offload.calls), before)
        self.authorize(device="another")
        self.clock.advance(60)
        self.authorize()

    def test_too_many_logins_at_once_are_refused(self):
        begun = [self.begin(address=f"198.51.100.{number}") for number in range(202)]
        self.failureResultOf(self.begin(), Unavailable)
        self.assertNoResult(begun[-1])
        while self.offload.running:
            self.offload.finish(False)
        for each in begun:
            self.failureResultOf(each, NoSuchUser)

    def test_too_many_logins_at_once_of_one_address_are_refused(self):
        begun = [self.begin(device=f"device {number}") for number in range(PER_ADDRESS)]
        self.failureResultOf(self.begin(), Unavailable)
        other = self.begin(address="192.0.2.2")
        self.offload.finish(False)
        begun.append(self.begin())
        self.assertNoResult(other)
        while self.offload.running:
            self.offload.finish(False)
        for each in (*begun, other):
            self.failureResultOf(each, NoSuchUser)

    def test_behind_a_proxy_all_logins_are_of_one_address(self):
        limits = Limits(connections=100, connections_per_address=100)
        self.make(limits)
        begun = [self.begin(f"name {number}") for number in range(202)]
        self.failureResultOf(self.begin(), Unavailable)
        while self.offload.running:
            self.offload.finish(False)
        for each in begun:
            self.failureResultOf(each, NoSuchUser)

    def test_failed_logins_lock_the_device_out_whether_the_name_exists_or_not(self):
        """At once, and without a hash; the right password, too."""
        answers = []
        for name in ("user", "nobody"):
            for _ in range(10):
                begun = self.begin(name)
                self.offload.finish(False)
                self.failureResultOf(begun, NoSuchUser)
            before = len(self.offload.calls)
            failure = self.failureResultOf(self.begin(name), LockedOut).value
            answers.append((failure.code, failure.status, failure.headers(), str(failure)))
            self.assertEqual(len(self.offload.calls), before)
        self.assertEqual(answers[0], answers[1])
        self.authorize(device="another")
        self.clock.advance(1)
        self.authorize()
        self.authorize()

    def test_logins_under_way_count_as_failed_until_they_succeed(self):
        begun = [self.begin() for _ in range(10)]
        self.failureResultOf(self.begin(), LockedOut)
        while self.offload.running:
            self.offload.finish(True)
        for each in begun:
            self.successResultOf(each)
        self.authorize()

    def test_a_storage_that_refuses_is_no_failed_login(self):
        self.store.refusing = True
        for _ in range(20):
            begun = self.begin()
            self.offload.finish(True)
            self.failureResultOf(begun, DatabaseFail)
        self.store.refusing = False
        self.authorize()

    def test_a_device_that_is_known_is_checked_though_a_stranger_beside_it_has_every_place(self):
        self.authorize(device="phone")
        begun = [self.begin(device=f"device {number}") for number in range(PER_ADDRESS)]
        self.failureResultOf(self.begin(device="another"), Unavailable)
        owner = self.begin(device="phone")
        self.failureResultOf(begun.pop(), Unavailable)
        for good in (False, False, False, True):
            self.offload.finish(good)
        self.successResultOf(owner)
        self.assertNoResult(begun[3])
        while self.offload.running:
            self.offload.finish(False)
        for each in begun:
            self.failureResultOf(each, NoSuchUser)

    def test_devices_that_were_in_before_a_restart_are_known_after_it(self):
        self.authorize(device="phone")
        self.make()
        self.run_now(self.accounts.load())
        for number in range(100):
            begun = self.begin(device=f"device {number}")
            self.offload.finish(False)
            self.failureResultOf(begun, NoSuchUser)
        self.failureResultOf(self.begin(device="another"), LockedOut)
        self.authorize(device="phone")

    def test_a_session_that_storage_refuses_is_none(self):
        self.store.refusing = True
        begun = self.begin()
        self.offload.finish(True)
        self.failureResultOf(begun, DatabaseFail)
        self.assertEqual(self.sessions.online(self.account_id), [])


class RefreshTests(AccountsCase):
    def test_the_known_accounts_are_those_in_storage(self):
        other_id = self.run_now(self.store.add_account("another", "hash"))
        self.refresh()
        self.assertEqual(self.accounts.known, [self.account_id, other_id])
        self.run_now(self.store.remove_account("user"))
        self.refresh()
        self.assertEqual(self.accounts.known, [other_id])

    def test_without_a_change_nobody_ends(self):
        token = self.authorize()
        self.refresh()
        self.sessions.find(token)

    def test_the_sessions_of_a_removed_account_end_and_its_settings_are_forgotten(self):
        self.run_now(self.services.settings.change(self.account_id, {2: 30}))
        token = self.authorize()
        self.run_now(self.store.remove_account("user"))
        self.refresh()
        self.assertEnded(token)
        self.assertEqual(self.services.settings.of(self.account_id)[2], 10)

    def test_the_sessions_of_an_account_with_another_password_end_and_no_others(self):
        self.run_now(self.store.add_account("another", "hash"))
        other, token = self.authorize("another"), self.authorize()
        self.run_now(self.store.set_password("user", "new hash"))
        self.refresh()
        self.assertEnded(token)
        self.sessions.find(other)
        again = self.authorize()
        self.refresh()
        self.sessions.find(again)

    def test_a_login_with_the_new_password_ends_the_sessions_of_the_old_one(self):
        old = self.authorize()
        self.run_now(self.store.set_password("user", "new hash"))
        new = self.authorize()
        self.assertEnded(old)
        self.refresh()
        self.sessions.find(new)

    def test_an_account_of_the_same_name_does_not_take_over_sessions(self):
        token = self.authorize()
        self.run_now(self.store.remove_account("user"))
        self.run_now(self.store.add_account("user", "hash"))
        self.authorize()
        self.refresh()
        self.assertEnded(token)
        self.assertEqual(self.sessions.online(self.account_id), [])

    def test_the_newest_stamp_of_storage_is_known(self):
        stamp = "2999-01-01 00:00:00.000000"
        self.run_now(self.store.add_record(self.account_id, "camera", "", moment_of(stamp), [b"x"]))
        self.refresh()
        self.assertEqual(self.services.stamps.server_time(self.account_id), stamp)

    def test_a_storage_that_refuses_ends_nobody(self):
        token = self.authorize()

        async def accounts():
            raise DatabaseFail("refused")

        self.patch(self.store, "accounts", accounts)
        self.failureResultOf(self.accounts.refresh(), DatabaseFail)
        self.sessions.find(token)


class MeanwhileTests(AccountsCase):
    """What changes while a password is checked or a session is stored."""

    def slow_refresh(self) -> tuple[Deferred[None], Deferred[None]]:
        """A refresh that has read the accounts and not looked at them yet, and what lets it go on."""
        release: Deferred[None] = Deferred()
        read = self.store.accounts

        async def slow():
            found = await read()
            await release
            return found

        self.patch(self.store, "accounts", slow)
        return Deferred.fromCoroutine(self.accounts.refresh()), release

    def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(self):
        begun = self.begin()
        self.run_now(self.store.set_password("user", "new hash"))
        self.refresh()
        self.offload.finish(True)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual(self.sessions.online(self.account_id), [])
        new = self.authorize()
        self.refresh()
        self.sessions.find(new)

    def test_a_password_that_was_changed_while_the_session_was_stored_opens_nothing(self):
        self.store.saving = Deferred()
        begun = self.begin()
        self.offload.finish(True)
        self.run_now(self.store.set_password("user", "new hash"))
        self.refresh()
        held, self.store.saving = self.store.saving, None
        held.callback(None)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual(self.sessions.online(self.account_id), [])

    def test_an_account_that_was_removed_while_the_session_was_stored_opens_nothing(self):
        self.store.saving = Deferred()
        begun = self.begin()
        self.offload.finish(True)
        self.run_now(self.store.remove_account("user"))
        self.refresh()
        held, self.store.saving = self.store.saving, None
        held.callback(None)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual(self.sessions.online(self.account_id), [])

    def test_a_login_does_not_bring_back_settings_of_the_time_when_it_began(self):
        begun = self.begin()
        self.run_now(self.services.settings.change(self.account_id, {2: 30}))
        self.offload.finish(True)
        self.successResultOf(begun)
        self.assertEqual(self.services.settings.of(self.account_id)[2], 30)

    def test_a_refresh_does_not_bring_back_settings_of_the_time_when_it_began(self):
        refreshed, release = self.slow_refresh()
        self.run_now(self.services.settings.change(self.account_id, {2: 30}))
        release.callback(None)
        self.successResultOf(refreshed)
        self.assertEqual(self.services.settings.of(self.account_id)[2], 30)

    def test_a_refresh_does_not_end_sessions_of_accounts_that_came_behind_its_look(self):
        refreshed, release = self.slow_refresh()
        self.run_now(self.store.add_account("new", "hash"))
        self.run_now(self.store.set_password("user", "new hash"))
        tokens = [self.authorize("new"), self.authorize("user")]
        release.callback(None)
        self.successResultOf(refreshed)
        for token in tokens:
            self.sessions.find(token)
