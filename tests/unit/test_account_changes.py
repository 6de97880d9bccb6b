"""Accounts that the operator disables, sessions that he revokes, quotas that he sets, and hashes that are renewed."""

from __future__ import annotations

from argon2 import PasswordHasher
from twisted.internet.defer import Deferred

from tests.unit.test_accounts import HERE, AccountsCase
from webcam.errors import DatabaseFail, LockedOut, NoSuchSession, NoSuchUser, QuotaExceeded
from webcam.model import QUOTA_DEVICES, QUOTA_SESSIONS
from webcam.service.passwords import check_password, hash_password, is_outdated
from webcam.service.tokens import digest_of

OLD = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a password")
"""By parameters of another time."""


class DisabledTests(AccountsCase):
    def disable(self, disabled: bool = True) -> None:
        self.run_now(self.store.set_disabled("user", disabled))

    def test_sessions_and_streams_of_a_disabled_account_end(self):
        self.run_now(self.store.add_account("another", "hash"))
        token, other, told = self.authorize(), self.authorize("another"), []
        self.sessions.stream_opened(self.sessions.find(token), lambda: told.append("cut"))
        self.disable()
        self.refresh()
        self.assertEnded(token)
        self.assertEqual(told, ["cut"])
        self.sessions.find(other)

    def test_its_logins_fail_as_those_of_nobody_do_by_the_right_password_too(self):
        self.disable()
        failures = []
        for name in ("user", "nobody"):
            begun = self.begin(name)
            self.assertEqual(len(self.offload.running), 1, "a hash is computed")
            self.offload.finish(True)
            failures.append(self.failureResultOf(begun, NoSuchUser).value)
        self.assertEqual(str(failures[0]), str(failures[1]))

    def test_enabled_again_it_lets_in_and_the_old_sessions_stay_ended(self):
        token = self.authorize()
        self.disable()
        self.disable(False)
        self.refresh()
        self.assertEnded(token)
        again = self.authorize()
        self.refresh()
        self.sessions.find(again)

    def test_one_that_is_disabled_while_a_password_is_checked_lets_nobody_in(self):
        begun = self.begin()
        self.disable()
        self.refresh()
        self.offload.finish(True)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual(self.sessions.all(), [])

    def test_one_that_nobody_looked_at_yet_ends_its_newest_session_with_the_next_look(self):
        begun = self.begin()
        self.disable()
        self.offload.finish(True)
        token = self.successResultOf(begun)
        self.refresh()
        self.assertEnded(token)


class FollowTests(AccountsCase):
    def setUp(self):
        super().setUp()
        self.reads, accounts = 0, self.store.accounts

        async def counted():
            self.reads += 1
            return await accounts()

        self.patch(self.store, "accounts", counted)

    def follow(self) -> bool:
        return self.run_now(self.accounts.follow())

    def test_nothing_is_read_while_nothing_was_stored(self):
        self.authorize()
        self.assertTrue(self.follow())
        for _ in range(5):
            self.assertFalse(self.follow())
        self.assertEqual(self.reads, 1)

    def test_what_was_stored_is_noticed_with_the_next_look(self):
        token = self.authorize()
        self.follow()
        self.run_now(self.store.revoke_sessions("user", "camera"))
        self.assertTrue(self.follow())
        self.assertEnded(token)
        self.assertTrue(self.follow(), "that it ended was stored")
        self.assertFalse(self.follow())

    def test_a_look_that_failed_is_done_again(self):
        self.follow()
        self.run_now(self.store.add_account("another", "hash"))
        counted, failures = self.store.accounts, [DatabaseFail("refused")]

        async def refused():
            if failures:
                raise failures.pop()
            return await counted()

        self.patch(self.store, "accounts", refused)
        self.failureResultOf(Deferred.fromCoroutine(self.accounts.follow()), DatabaseFail)
        self.assertTrue(self.follow())
        self.assertEqual(len(self.accounts.known), 2)


class RevokedTests(AccountsCase):
    def test_revoked_sessions_end_with_the_next_look_and_are_forgotten(self):
        token, other = self.authorize(), self.authorize(device="phone")
        self.run_now(self.store.revoke_sessions("user", "camera"))
        self.sessions.find(token)
        self.refresh()
        self.assertEnded(token)
        self.sessions.find(other)
        self.assertEqual(self.run_now(self.store.revoked_sessions()), [])
        self.run_now(self.sessions.flush())
        self.assertEqual([each.device for each in self.run_now(self.store.sessions())], ["phone"])

    def test_one_that_is_revoked_while_it_is_stored_never_opens(self):
        self.store.saving = Deferred()
        begun = self.begin()
        self.offload.finish(True)
        self.run_now(self.store.revoke_sessions("user", None))
        self.refresh()
        held, self.store.saving = self.store.saving, None
        held.callback(None)
        self.failureResultOf(begun, NoSuchSession)
        self.assertEqual(self.sessions.all(), [])

    def test_revoked_before_the_start_is_revoked(self):
        token = self.authorize()
        self.run_now(self.store.revoke_sessions("user", None))
        self.sessions.end(self.sessions.find(token))
        self.run_now(self.accounts.load())
        self.assertEnded(token)
        self.assertEqual(self.run_now(self.store.revoked_sessions()), [])


class QuotaTests(AccountsCase):
    def test_a_quota_acts_with_the_next_look(self):
        self.authorize()
        self.run_now(self.store.set_quota("user", QUOTA_DEVICES, 1))
        self.refresh()
        begun = self.begin(device="phone")
        self.offload.finish(True)
        self.failureResultOf(begun, QuotaExceeded)
        self.authorize()
        self.run_now(self.store.set_quota("user", QUOTA_DEVICES, None))
        self.refresh()
        self.authorize(device="phone")

    def test_who_is_refused_for_a_quota_has_not_failed(self):
        self.authorize()
        self.run_now(self.store.set_quota("user", QUOTA_DEVICES, 1))
        for _ in range(20):
            begun = self.begin(device="phone")
            self.offload.finish(True)
            self.failureResultOf(begun, QuotaExceeded)


class RehashTests(AccountsCase):
    def setUp(self):
        super().setUp()
        self.run_now(self.store.set_password("user", OLD))
        self.refresh()

    def stored(self) -> str:
        account = self.run_now(self.store.account("user"))
        assert account is not None
        return account.password_hash

    def log_in(self) -> Deferred[str]:
        """As far as the password was right, and a better hash is being made."""
        begun = self.begin()
        self.offload.finish(True)
        self.assertEqual(self.offload.calls[-1], (hash_password, "a password"))
        return begun

    def test_a_hash_of_other_parameters_is_renewed_and_nobody_notices(self):
        self.assertTrue(is_outdated(OLD))
        earlier = self.run_now(self.store.account("user"))
        begun = self.log_in()
        new = hash_password("a password")
        self.offload.finish(new)
        token = self.successResultOf(begun)
        self.assertEqual(self.stored(), new)
        self.refresh()
        self.sessions.find(token)
        self.assertEqual(self.run_now(self.store.account("user")).generation, earlier.generation)
        self.assertTrue(check_password(new, "a password"))
        self.authorize()
        self.assertEqual(self.offload.running, [], "once is enough")

    def test_a_wrong_password_renews_nothing(self):
        begun = self.begin()
        self.offload.finish(False)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual((self.offload.running, self.stored()), ([], OLD))

    def test_a_password_that_was_changed_meanwhile_stays(self):
        begun = self.log_in()
        self.run_now(self.store.set_password("user", "another"))
        self.offload.finish(hash_password("a password"))
        self.successResultOf(begun)
        self.assertEqual(self.stored(), "another")

    def test_a_storage_that_refuses_keeps_nobody_out(self):
        begun = self.log_in()
        self.store.refusing = True
        self.offload.finish(hash_password("a password"))
        token = self.successResultOf(begun)
        self.sessions.find(token)
        self.assertEqual(self.stored(), OLD)

    def test_a_digest_is_no_hash_of_a_password(self):
        self.assertFalse(is_outdated(digest_of("a password")))
        self.assertFalse(is_outdated(hash_password("a password")))


class NotedTests(AccountsCase):
    """What an operator may ask for later."""

    def refuse(self, failure: type[Exception], good: bool = False, **who: str) -> None:
        begun = self.begin(**who)
        if self.offload.running:
            self.offload.finish(good)
        self.failureResultOf(begun, failure)

    def test_logins_and_refusals_are_noted_with_who_and_from_where(self):
        self.authorize()
        self.refuse(NoSuchUser, device="phone")
        who = {"account": "user", "address": HERE}
        self.assertEqual(self.audit.of("login"), [{**who, "device": "camera"}])
        reason = "wrong name or password"
        self.assertEqual(self.audit.of("login_refused"), [{**who, "device": "phone", "reason": reason}])

    def test_a_name_that_is_none_is_noted_nowhere(self):
        """It may be a password, typed into the wrong field."""
        for _ in range(10):
            self.refuse(NoSuchUser, name="a pass word")
        self.refuse(LockedOut, name="a pass word")
        self.assertEqual({facts.get("account") for _, facts in self.audit.told}, {None})
        self.assertNotIn("a pass word", repr(self.audit.told))

    def test_a_lock_is_noted_once_a_minute_however_often_it_is_met(self):
        for _ in range(10):
            self.refuse(NoSuchUser)
        for _ in range(50):
            self.refuse(LockedOut)
        self.assertEqual(self.audit.of("locked_out"), [{"account": "user", "device": "camera", "address": HERE}])

    def test_why_sessions_end_is_noted_once(self):
        self.authorize()
        self.run_now(self.store.set_disabled("user", True))
        self.refresh()
        self.refresh()
        (facts,) = self.audit.of("sessions_ended")
        self.assertEqual((facts["count"], facts["reason"]), (1, "the account is disabled"))
        self.run_now(self.store.set_disabled("user", False))
        self.authorize()
        self.run_now(self.store.revoke_sessions("user", None))
        self.refresh()
        self.run_now(self.store.set_quota("user", QUOTA_SESSIONS, 1))
        self.refresh()
        self.authorize()
        self.authorize()
        reasons = [facts["reason"] for facts in self.audit.of("session_ended")]
        self.assertEqual(reasons, ["revoked", "more sessions than the account may have"])

    def test_a_quota_that_was_met_is_noted(self):
        self.authorize()
        self.run_now(self.store.set_quota("user", QUOTA_DEVICES, 1))
        self.refresh()
        self.refuse(QuotaExceeded, good=True, device="phone")
        facts = {"account": "user", "device": "phone", "address": HERE, "reason": "more than 1 devices online"}
        self.assertEqual(self.audit.of("quota_met"), [facts])
