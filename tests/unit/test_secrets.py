"""Secrets: logins that may do less than the account's password, and what ends them."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.defer import Deferred

from tests.support.trail import used
from tests.unit.test_accounts import HERE, AccountsCase
from webcam.errors import CoolingDown, LockedOut, NoSuchSession, NoSuchUser, NotAllowed
from webcam.model import Role
from webcam.service.passwords import check_password
from webcam.service.tokens import digest_of, new_secret


class SecretsCase(AccountsCase):
    def secret(self, role: Role = Role.VIEW, *devices: str, label: str = "a secret", name: str = "user") -> str:
        """The text of a new one."""
        text = used("password", new_secret())
        self.run_now(self.store.add_secret(name, label, digest_of(text), role, frozenset(devices)))
        return text

    def log_in(self, secret: str, device: str = "camera", name: str = "user") -> Deferred[str]:
        return Deferred.fromCoroutine(self.accounts.authorize(name, secret, device, "{}", HERE))

    def open(self, secret: str, device: str = "camera") -> str:
        return self.successResultOf(self.log_in(secret, device))


class TextTests(SecretsCase):
    def test_a_secret_is_known_for_what_it_is_and_can_not_be_guessed(self):
        texts = {new_secret() for _ in range(100)}
        self.assertEqual(len(texts), 100)
        for text in texts:
            self.assertTrue(re.fullmatch(r"wcs_[A-Za-z0-9_-]{27}", text), text)


class LoginTests(SecretsCase):
    def test_a_secret_opens_a_session_of_its_role_at_once(self):
        session = self.sessions.find(self.open(self.secret(Role.VIEW, "camera"), "guest"))
        self.assertEqual((session.account_id, session.device, session.role), (self.account_id, "guest", Role.VIEW))
        self.assertEqual(session.sees, {"camera"})
        self.assertEqual(self.offload.calls, [])

    def test_a_login_by_a_secret_is_noted_by_its_label(self):
        secret = self.secret(label="front door")
        self.open(secret)
        (facts,) = self.audit.of("login")
        self.assertEqual((facts["account"], facts["secret"]), ("user", "front door"))
        self.assertNotIn(secret, repr(self.audit.told))

    def test_a_publisher_logs_in_as_one_of_its_devices_alone(self):
        secret = self.secret(Role.PUBLISH, "porch", "garden")
        self.assertEqual(self.sessions.find(self.open(secret, "porch")).role, Role.PUBLISH)
        failure = self.failureResultOf(self.log_in(secret, "phone"), NotAllowed).value
        self.assertEqual((failure.code, failure.status), (5, 403))
        self.open(self.secret(Role.PUBLISH, label="any"), "phone")

    def test_a_secret_of_no_account_or_of_another_fails_as_a_wrong_password_does(self):
        self.run_now(self.store.add_account("another", "hash"))
        secret, reasons = self.secret(), set()
        for name, text in (("another", secret), ("nobody", secret), ("user", new_secret()), ("user", "wrong")):
            begun = self.log_in(text, name=name)
            self.assertEqual(self.offload.calls[-1][0], check_password, "a hash is computed")
            self.offload.finish(False)
            reasons.add(str(self.failureResultOf(begun, NoSuchUser).value))
        self.assertEqual(len(reasons), 1)

    def test_a_password_that_looks_like_a_secret_is_one_all_the_same(self):
        begun = self.log_in("wcs_ is how it begins")
        self.offload.finish(True)
        self.assertEqual(self.sessions.find(self.successResultOf(begun)).role, Role.FULL)

    def test_a_disabled_account_lets_no_secret_in(self):
        secret = self.secret()
        token = self.open(secret)
        self.run_now(self.store.set_disabled("user", True))
        self.refresh()
        self.assertEnded(token)
        begun = self.log_in(secret)
        self.offload.finish(False)
        self.failureResultOf(begun, NoSuchUser)

    def test_another_password_ends_its_sessions_and_it_opens_new_ones(self):
        secret = self.secret()
        token = self.open(secret)
        self.run_now(self.store.set_password("user", "new hash"))
        self.refresh()
        self.assertEnded(token)
        self.open(secret)

    def test_failed_logins_keep_no_secret_out_and_its_own_clear_no_failures(self):
        secret = self.secret()
        for _ in range(10):
            begun = self.begin()
            self.offload.finish(False)
            self.failureResultOf(begun, NoSuchUser)
        self.failureResultOf(self.begin(), LockedOut)
        self.open(secret)
        self.failureResultOf(self.begin(), LockedOut)

    def test_who_guesses_secrets_is_locked_out_as_who_guesses_passwords(self):
        for _ in range(10):
            begun = self.log_in(new_secret())
            self.offload.finish(False)
            self.failureResultOf(begun, NoSuchUser)
        self.failureResultOf(self.log_in(new_secret()), LockedOut)

    def test_a_guest_makes_no_device_known(self):
        self.open(self.secret(), "guest")
        for number in range(100):
            begun = self.begin(device=f"device {number}")
            self.offload.finish(False)
            self.failureResultOf(begun, NoSuchUser)
        self.failureResultOf(self.begin(device="guest"), LockedOut)

    def test_a_secret_opens_a_hundred_sessions_and_one_more_a_second(self):
        secret, other = self.secret(), self.secret(label="other")
        for _ in range(100):
            self.open(secret)
        self.assertEqual(self.failureResultOf(self.log_in(secret), LockedOut).value.wait, 1)
        self.open(other)
        self.clock.advance(1)
        self.open(secret)
        self.failureResultOf(self.log_in(secret), LockedOut)

    def test_who_cools_down_does_so_by_the_way_he_came_in(self):
        secret = self.secret()
        token = self.open(secret)
        for _ in range(50):
            self.sessions.charge(token)
        self.assertRaises(NoSuchSession, self.sessions.charge, token)
        self.failureResultOf(self.log_in(secret), CoolingDown)
        self.authorize()
        self.clock.advance(60)
        self.open(secret)


class RemovedTests(SecretsCase):
    def remove(self, label: str = "a secret") -> None:
        self.run_now(self.store.remove_secret("user", label))

    def test_a_removed_secret_ends_its_sessions_and_no_others_with_the_next_look(self):
        secret, other = self.secret(), self.secret(label="other")
        token, kept = self.open(secret), [self.open(other), self.authorize()]
        self.remove()
        self.refresh()
        self.assertEnded(token)
        for each in kept:
            self.sessions.find(each)
        begun = self.log_in(secret)
        self.offload.finish(False)
        self.failureResultOf(begun, NoSuchUser)

    def slowly(self) -> Deferred[None]:
        """From now on a session's saving waits for this before it begins."""
        held: Deferred[None] = Deferred()
        save = self.store.save_sessions

        async def saved(sessions: Any) -> None:
            await held
            await save(sessions)

        self.patch(self.store, "save_sessions", saved)
        return held

    def test_one_that_was_removed_before_its_session_was_stored_opens_nothing(self):
        secret, held = self.secret(), self.slowly()
        begun = self.log_in(secret)
        self.remove()
        self.refresh()
        held.callback(None)
        self.failureResultOf(begun, NoSuchUser)
        self.assertEqual(self.sessions.all(), [])

    def test_one_that_was_removed_while_its_session_was_stored_opens_nothing(self):
        secret = self.secret()
        self.store.saving = Deferred()
        begun = self.log_in(secret)
        self.remove()
        self.refresh()
        held, self.store.saving = self.store.saving, None
        held.callback(None)
        self.failureResultOf(begun, NoSuchSession)
        self.assertEqual(self.sessions.all(), [])
