"""Lockout: what a failed login costs, whom, and for how long."""

from __future__ import annotations

from contextlib import ExitStack

from twisted.trial.unittest import SynchronousTestCase

from tests.support.clock import FakeClock
from webcam.errors import LockedOut, NoSuchUser, Overloaded, ReplyCode
from webcam.service import lockout as module
from webcam.service.lockout import FREE, KEYS, LONGEST, MEMORY, NETWORK, PROXY, TOLD, Lockout, Table, lock_after

HERE, THERE = "192.0.2.1", "198.51.100.1"


class LockoutCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = FakeClock()
        self.lockout = Lockout(self.clock)

    def wait(self, device: str = "camera", name: str = "user", address: str = HERE) -> int:
        """Fail to log in; 0 when the login was looked at, else the seconds to wait."""
        try:
            self.attempt(NoSuchUser("wrong"), device, name, address)
        except LockedOut as failure:
            return failure.wait
        except NoSuchUser:
            return 0
        raise AssertionError("it neither failed nor was it locked")

    def attempt(self, failure: Exception, device: str = "camera", name: str = "user", address: str = HERE) -> None:
        """A login that ends in *failure*, unless it is locked out."""
        with self.lockout.attempt(name, device, address):
            raise failure

    def fail(self, times: int, device: str = "camera", name: str = "user", address: str = HERE) -> None:
        for _ in range(times):
            self.assertEqual(self.wait(device, name, address), 0)

    def fail_as_many(self, times: int, name: str = "user", address: str = HERE) -> None:
        """As many devices, once each."""
        for number in range(times):
            self.assertEqual(self.wait(f"device {number}", name, address), 0, number)

    def succeed(self, device: str = "camera", name: str = "user", address: str = HERE) -> None:
        with self.lockout.attempt(name, device, address):
            pass


class DeviceTests(LockoutCase):
    """A device's tries at an account."""

    def test_a_login_that_is_locked_out_is_told_to_wait(self):
        self.fail(FREE)
        with self.assertRaises(LockedOut) as caught, self.lockout.attempt("user", "camera", HERE):
            pass
        failure = caught.exception
        self.assertEqual(
            (failure.code, failure.status, failure.headers()), (ReplyCode.JSON_FAIL, 429, {"retry-after": "1"})
        )

    def test_ten_failures_are_free_and_each_further_one_doubles_the_wait(self):
        self.assertEqual(FREE, 10)
        self.fail(10)
        waits = []
        for _ in range(12):
            waits.append(self.wait())
            self.clock.advance(waits[-1] - 0.25)
            self.assertEqual(self.wait(), 1, "not a moment earlier")
            self.clock.advance(0.25)
            self.fail(1)
        self.assertEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])

    def test_what_is_locked_does_not_lengthen_the_wait(self):
        self.fail(10)
        for _ in range(1000):
            self.assertEqual(self.wait(), 1)
        self.clock.advance(1)
        self.fail(1)

    def test_the_wait_has_an_end_however_often(self):
        self.assertEqual([lock_after(each) for each in (9, 10, 10**6)], [0.0, 1.0, LONGEST])

    def test_failures_are_forgotten_an_hour_after_the_last(self):
        self.assertEqual(MEMORY, 3600.0)
        self.fail(9)
        self.clock.advance(3600)
        self.fail(1)
        self.assertEqual(self.wait(), 1)
        self.clock.advance(3600.25)
        self.fail(10)

    def test_a_success_clears_them(self):
        self.fail(9)
        self.succeed()
        self.fail(10)
        self.assertEqual(self.wait(), 1)

    def test_another_device_name_or_address_has_its_own_count(self):
        self.fail(10)
        self.assertEqual(self.wait(), 1)
        self.assertEqual((self.wait("other"), self.wait(name="other"), self.wait(address=THERE)), (0, 0, 0))

    def test_a_household_of_ipv6_is_one_address(self):
        for number in range(10):
            self.fail(1, address=f"2001:db8::{number}")
        self.assertEqual(self.wait(address="2001:db8::ffff"), 1)
        self.assertEqual(self.wait(address="2001:db8:0:1::1"), 0)

    def test_tries_beside_each_other_count_while_they_are_under_way(self):
        with ExitStack() as under_way:
            for _ in range(10):
                under_way.enter_context(self.lockout.attempt("user", "camera", HERE))
            self.assertEqual(self.wait(), 1)
            self.clock.advance(1)
            under_way.enter_context(self.lockout.attempt("user", "camera", HERE))
            self.clock.advance(1.75)
            self.assertEqual(self.wait(), 1)
        self.fail(10)

    def test_the_wait_begins_when_the_failure_is_known(self):
        self.fail(9)
        with self.assertRaises(NoSuchUser), self.lockout.attempt("user", "camera", HERE):
            self.clock.advance(30)
            raise NoSuchUser("wrong")
        self.assertEqual(self.wait(), 1)

    def test_what_failed_for_another_reason_counts_nothing(self):
        self.fail(9)
        for _ in range(300):
            self.assertRaises(Overloaded, self.attempt, Overloaded("logins at once"))
        self.fail(1)
        self.assertEqual(self.wait(), 1)


class NetworkTests(LockoutCase):
    """All tries of a network, whatever devices they name."""

    def test_a_hundred_failures_at_an_account_are_let_through_and_then_one_a_second(self):
        self.fail_as_many(100)
        self.assertEqual(self.wait("new"), 1)
        self.clock.advance(0.5)
        self.assertEqual(self.wait("new"), 1)
        self.clock.advance(0.5)
        self.fail(1, "new")
        self.assertEqual(self.wait("newer"), 1)
        self.clock.advance(60)
        self.fail_as_many(60)

    def test_another_network_and_a_neighbours_account_are_let_through(self):
        self.fail_as_many(100)
        self.fail(1, "new", address=THERE)
        self.fail(1, "new", name="neighbour")

    def test_over_all_accounts_it_is_twice_as_many(self):
        self.assertEqual(NETWORK, 2.0)
        for number in range(200):
            self.fail(1, name=f"name {number}")
        self.assertEqual(self.wait(name="another"), 1)
        self.fail(1, name="another", address=THERE)
        self.clock.advance(0.5)
        self.fail(1, name="another")

    def test_behind_a_proxy_all_share_five_times_as_many(self):
        self.assertEqual(PROXY, 5.0)
        self.lockout = Lockout(self.clock, one_address=True)
        for number in range(500):
            self.fail(1, name=f"name {number}")
        self.assertEqual(self.wait(name="another"), 1)
        self.clock.advance(0.2)
        self.fail(1, name="another")

    def test_a_device_that_was_in_before_is_let_through_under_its_own_count(self):
        self.succeed("phone")
        self.lockout.remember("user", "from before the start", HERE)
        self.fail_as_many(100)
        for device in ("phone", "from before the start"):
            self.assertEqual(self.wait("new"), 1)
            self.fail(10, device)
            self.assertEqual(self.wait(device), 1)
            self.clock.advance(1)
            self.assertEqual(self.wait("new"), 0, "they took nothing where nothing was")
            self.clock.advance(0.001)

    def test_a_device_is_known_at_its_account_and_from_its_network_only(self):
        self.succeed("phone")
        self.succeed("phone", name="other")
        self.fail_as_many(100, name="third")
        self.assertEqual(self.wait("phone", name="third"), 1)
        self.fail_as_many(100, address=THERE)
        self.assertEqual(self.wait("phone", address=THERE), 1)

    def test_successes_take_nothing(self):
        for number in range(1000):
            self.succeed(f"device {number}")
        self.fail_as_many(100)

    def test_a_network_that_is_used_up_creates_no_entries_for_what_it_asks(self):
        self.fail_as_many(100)
        before = len(self.lockout._buckets), len(self.lockout._streaks)
        for number in range(300):
            self.wait(f"more {number}")
        self.assertEqual((len(self.lockout._buckets), len(self.lockout._streaks)), before)

    def test_known_devices_wait_for_their_turn_apart_from_all_others(self):
        self.succeed("phone")
        groups = {}
        for device in ("phone", "a", "b"):
            with self.lockout.attempt("user", device, HERE) as groups[device]:
                pass
        with self.lockout.attempt("other", "c", HERE) as groups["c"]:
            pass
        self.assertEqual(groups["a"], groups["b"])
        self.assertEqual(len(set(groups.values())), 3)


class BoundTests(LockoutCase):
    def test_tables_are_bounded_and_the_entry_used_longest_ago_goes(self):
        self.assertEqual(KEYS, 10_000)
        table: Table[int] = Table(3)
        for number in range(3):
            table.put(b"%d" % number, number)
        table.get(b"0")
        table.put(b"3", 3)
        self.assertEqual([table.get(b"%d" % each) for each in range(4)], [0, None, 2, 3])
        self.assertEqual(len(table), 3)

    def test_every_table_of_the_lockout_has_the_bound(self):
        self.patch(module, "KEYS", 5)
        self.lockout = Lockout(self.clock)
        for number in range(50):
            address = f"192.0.2.{number}"
            self.fail(10, address=address)
            self.wait(address=address)
            self.lockout.remember("user", "camera", address)
        tables = [each for each in vars(self.lockout).values() if isinstance(each, Table)]
        self.assertEqual([len(each) for each in tables], [5] * 4)

    def test_a_key_has_one_size_whatever_the_text(self):
        for name in ("", "user", "\U0001f4f7" * 1024, "\ud800"):
            self.assertEqual(len(module.key_of(name, "camera")), 16)
        self.assertNotEqual(module.key_of("a", "b c"), module.key_of("a b", "c"))


class NewsTests(LockoutCase):
    """Somebody is told of a lock that is met again and again once a minute."""

    def news(self, device: str = "camera", times: int = 20) -> int:
        """How often it was, of so many logins that are locked out."""
        told = 0
        for _ in range(times):
            with self.assertRaises(LockedOut) as caught:
                self.attempt(NoSuchUser("wrong"), device)
            told += caught.exception.news
        return told

    def test_of_a_device(self):
        self.assertEqual(TOLD, 60.0)
        self.fail(10)
        self.assertEqual((self.news(), self.news()), (1, 0))
        while self.clock.seconds() < 63:
            self.clock.advance(self.wait())
            self.fail(1)
        self.assertEqual(self.news(), 1)
        self.fail(10, "other")
        self.assertEqual(self.news("other"), 1)

    def test_of_a_network_whatever_it_asks(self):
        self.fail_as_many(100)
        self.assertEqual(sum(self.news(f"new {number}", 1) for number in range(30)), 1)
