"""Passwords: argon2id, only so many at once, only so many waiting."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.offload import ControlledOffload
from webcam.errors import Unavailable
from webcam.service.passwords import AT_ONCE, WAITING, Passwords, check_password, hash_password


class HashTests(SynchronousTestCase):
    def test_the_right_password_alone_is_right(self):
        password_hash = hash_password("pass\x00wörd")
        self.assertTrue(check_password(password_hash, "pass\x00wörd"))
        for wrong in ("", "pass", "pass\x00word", "pass\x00wörd "):
            self.assertFalse(check_password(password_hash, wrong), repr(wrong))

    def test_a_hash_is_argon2id_with_its_own_salt_and_without_the_password(self):
        first, second = hash_password("secret"), hash_password("secret")
        self.assertTrue(first.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), first)
        self.assertNotEqual(first, second)
        self.assertNotIn("secret", first)

    def test_what_is_no_hash_makes_no_password_right(self):
        for damaged in ("", "no hash", "$argon2id$", hash_password("a")[:-10]):
            self.assertFalse(check_password(damaged, "a"), damaged)


class BoundTests(SynchronousTestCase):
    def setUp(self):
        self.offload = ControlledOffload()
        self.passwords = Passwords(self.offload)

    def check(self, password: str, password_hash: str | None = "hash") -> Deferred[bool]:
        return Deferred.fromCoroutine(self.passwords.check(password_hash, password))

    def begun(self) -> list[str]:
        """Passwords whose check has begun."""
        return [call[2] for call in self.offload.calls]

    def test_the_answer_is_the_offloads(self):
        for good in (True, False):
            checked = self.check("p")
            self.offload.finish(good)
            self.assertIs(self.successResultOf(checked), good)
        self.assertEqual(self.offload.calls, [(check_password, "hash", "p")] * 2)

    def test_nobodys_password_is_checked_as_anybodys_and_never_right(self):
        checked = self.check("p", None)
        function, password_hash, password = self.offload.calls[0]
        self.assertEqual((function, password), (check_password, "p"))
        self.assertEqual(password_hash.rsplit("$", 2)[0], hash_password("x").rsplit("$", 2)[0], "as costly as any")
        self.offload.finish(True)
        self.assertIs(self.successResultOf(checked), False)

    def test_no_more_than_two_are_hashed_at_once_the_others_in_order(self):
        self.assertEqual(AT_ONCE, 2)
        checks = [self.check(str(number)) for number in range(5)]
        self.assertEqual(self.begun(), ["0", "1"])
        self.offload.finish(True)
        self.assertEqual(self.begun(), ["0", "1", "2"])
        for _ in range(4):
            self.offload.finish(True)
        self.assertEqual(self.begun(), ["0", "1", "2", "3", "4"])
        for checked in checks:
            self.assertTrue(self.successResultOf(checked))

    def test_no_more_than_200_wait_and_one_more_is_refused(self):
        self.assertEqual(WAITING, 200)
        checks = [self.check("p") for _ in range(AT_ONCE + WAITING)]
        refusal = self.failureResultOf(self.check("one more"), Unavailable).value
        self.assertEqual((refusal.status, refusal.headers()), (503, {"retry-after": "5"}))
        self.offload.finish(True)
        self.assertNoResult(checks[-1])
        last = self.check("there is room again")
        for _ in range(AT_ONCE + WAITING):
            self.offload.finish(True)
        self.assertTrue(self.successResultOf(last))
        self.assertNotIn("one more", self.begun())

    def test_a_failure_gives_the_turn_to_the_next(self):
        checks = [self.check(str(number)) for number in range(4)]
        self.offload.finish(RuntimeError("no thread"))
        self.offload.finish(RuntimeError("no thread"))
        for failed in checks[:2]:
            self.failureResultOf(failed, RuntimeError)
        self.assertEqual(self.begun(), ["0", "1", "2", "3"])
        self.offload.finish(True)
        self.assertTrue(self.successResultOf(checks[2]))
        self.offload.finish(False)
        self.assertFalse(self.successResultOf(checks[3]))

    def test_a_login_that_is_given_up_while_it_waits_leaves_its_place(self):
        checks = [self.check(str(number)) for number in range(4)]
        checks[2].cancel()
        self.failureResultOf(checks[2], CancelledError)
        self.offload.finish(True)
        self.assertEqual(self.begun(), ["0", "1", "3"])
        self.offload.finish(True)
        self.offload.finish(True)
        self.assertTrue(self.successResultOf(checks[3]))

    def test_a_login_that_is_given_up_while_it_is_hashed_gives_its_turn_to_the_next(self):
        checks = [self.check(str(number)) for number in range(3)]
        checks[0].cancel()
        self.failureResultOf(checks[0], CancelledError)
        self.assertEqual(self.begun(), ["0", "1", "2"])
