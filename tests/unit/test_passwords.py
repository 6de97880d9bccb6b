"""Passwords: argon2id, only so many at once, only so many waiting."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.offload import ControlledOffload
from webcam.errors import Overloaded
from webcam.service.passwords import AT_ONCE, PER_ADDRESS, WAITING, Passwords, check_password, hash_password


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

    def tearDown(self):
        """A coroutine that is never finished ends by the garbage collector, amidst another test."""
        while self.offload.running:
            self.offload.finish(False)

    def check(self, password: str, password_hash: str | None = "hash", address: str = "192.0.2.1") -> Deferred[bool]:
        return Deferred.fromCoroutine(self.passwords.check(password_hash, password, address))

    def checks(self, count: int) -> list[Deferred[bool]]:
        """Of as many addresses."""
        return [self.check("p", address=f"198.51.100.{number}") for number in range(count)]

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
        checks = self.checks(AT_ONCE + WAITING)
        refusal = self.failureResultOf(self.check("one more"), Overloaded).value
        self.assertEqual((refusal.status, refusal.headers()), (503, {"retry-after": "5"}))
        self.assertEqual(str(refusal), "logins at once")
        self.offload.finish(True)
        self.assertNoResult(checks[-1])
        last = self.check("there is room again")
        for _ in range(AT_ONCE + WAITING):
            self.offload.finish(True)
        self.assertTrue(self.successResultOf(last))
        self.assertNotIn("one more", self.begun())

    def test_no_more_than_80_of_an_address_and_no_other_pays_for_it(self):
        self.assertEqual(PER_ADDRESS, 80)
        checks = [self.check(str(number)) for number in range(PER_ADDRESS)]
        refusal = self.failureResultOf(self.check("one more"), Overloaded).value
        self.assertEqual((refusal.status, refusal.headers()), (503, {"retry-after": "5"}))
        self.assertEqual(str(refusal), "logins at once of an address")
        other = self.check("other", address="192.0.2.2")
        self.offload.finish(True)
        self.assertTrue(self.successResultOf(checks[0]))
        again = self.check("again")
        self.failureResultOf(self.check("one more"), Overloaded)
        for _ in range(PER_ADDRESS + 1):
            self.offload.finish(True)
        self.assertTrue(self.successResultOf(other))
        self.assertTrue(self.successResultOf(again))
        self.assertNotIn("one more", self.begun())

    def test_a_household_of_ipv6_is_one_address(self):
        for number in range(PER_ADDRESS):
            self.check("p", address=f"2001:db8::{number:x}")
        self.failureResultOf(self.check("p", address="2001:db8::ffff:1"), Overloaded)
        self.assertNoResult(self.check("p", address="2001:db8:0:1::1"))

    def test_a_place_is_given_back_however_a_login_ends(self):
        for _ in range(3):
            checks = [self.check("p", None) for _ in range(PER_ADDRESS)]
            checks[PER_ADDRESS - 1].cancel()
            self.offload.finish(RuntimeError("no thread"))
            for _ in range(PER_ADDRESS - 2):
                self.offload.finish(False)
            for ended in checks:
                ended.addErrback(lambda failure: failure.trap(CancelledError, RuntimeError))
        self.assertEqual(len(self.passwords._turns._shares), 0)

    def test_behind_a_proxy_one_address_may_have_all(self):
        self.passwords = Passwords(self.offload, AT_ONCE + WAITING)
        for _ in range(AT_ONCE + WAITING):
            self.check("p")
        self.failureResultOf(self.check("one more"), Overloaded)

    def test_groups_of_an_address_are_checked_in_turn(self):
        checks = [
            Deferred.fromCoroutine(self.passwords.check("hash", password, "192.0.2.1", group))
            for password, group in (("0", "many"), ("1", "many"), ("2", "many"), ("3", "many"), ("4", "one"))
        ]
        for _ in checks:
            self.offload.finish(True)
        self.assertEqual(self.begun(), ["0", "1", "2", "4", "3"])

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
