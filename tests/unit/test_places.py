"""Places of connections: who gets one when there are not enough for all."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.address import Networks
from webcam.http.places import FEW, IN_ALL, KNOWN, MOST_KNOWN, OF_AN_ADDRESS, Places

TOTAL, SHARE = 4000, 400


class PlacesCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.places = Places(TOTAL, SHARE, Networks.read("203.0.113.0/24"))

    def fill(self, address: str, most: int = TOTAL) -> int:
        """Take as many as are given, up to *most*; how many that are."""
        for taken in range(most):
            if self.places.met(address, 0.0) is not None:
                return taken
            self.places.take(address)
        return most


class Shares(PlacesCase):
    def test_ten_addresses_leave_places_for_another_one(self) -> None:
        taken = [self.fill(f"192.0.2.{number}") for number in range(10)]
        self.assertEqual(taken[:2], [SHARE, SHARE])
        self.assertEqual(taken, sorted(taken, reverse=True))
        self.assertLess(sum(taken), TOTAL // 2)
        self.assertGreater(self.fill("198.51.100.1"), FEW)

    def test_whoever_took_little_before_gets_no_more_than_others_now(self) -> None:
        for number in range(10):
            self.fill(f"192.0.2.{number}")
        self.assertEqual(self.fill("192.0.2.1"), 0)
        self.assertEqual(self.places.met("192.0.2.1", 0.0), OF_AN_ADDRESS)

    def test_places_that_are_given_back_are_there_again(self) -> None:
        taken = self.fill("192.0.2.1")
        for _ in range(taken):
            self.places.give_back("192.0.2.1")
        self.assertEqual(len(self.places), 0)
        self.assertEqual(self.fill("192.0.2.1"), taken)

    def test_a_crowd_of_addresses_fills_half(self) -> None:
        taken = sum(self.fill(f"10.0.{number // 250}.{number % 250}") for number in range(1000))
        self.assertEqual(taken, TOTAL // 2)
        self.assertEqual(self.places.met("198.51.100.1", 0.0), IN_ALL)
        self.places.vouch("198.51.100.1", 0.0)
        self.assertEqual(self.fill("198.51.100.1"), SHARE, "the fullness of the guests' half is not theirs")

    def test_exempt_addresses_may_have_all(self) -> None:
        self.assertEqual(self.fill("203.0.113.7"), TOTAL)
        self.assertEqual(self.places.met("203.0.113.8", 0.0), IN_ALL)

    def test_where_one_may_have_all_every_address_may(self) -> None:
        self.places = Places(TOTAL, TOTAL, Networks(()))
        self.assertEqual(self.fill("192.0.2.1"), TOTAL)

    def test_one_place(self) -> None:
        self.places = Places(1, 1, Networks(()))
        self.assertEqual(self.fill("192.0.2.1", 3), 1)


class IPv6(PlacesCase):
    def test_a_56_has_twice_and_a_48_four_times_what_a_64_has(self) -> None:
        self.places = Places(100_000, SHARE, Networks(()))
        of_56 = [self.fill(f"2001:db8:0:{number:x}::1") for number in range(4)]
        self.assertEqual(of_56, [SHARE, SHARE, 0, 0])
        of_48 = [self.fill(f"2001:db8:0:{number:x}00::1") for number in range(1, 5)]
        self.assertEqual(of_48, [SHARE, SHARE, 0, 0])
        self.assertEqual(self.fill("2001:db8:1::1"), SHARE)

    def test_an_address_is_known_with_its_64(self) -> None:
        self.places.vouch("2001:db8::1", 0.0)
        self.assertTrue(self.places.is_known("2001:db8::ffff"))
        self.assertFalse(self.places.is_known("2001:db8:0:1::1"))


class Known(PlacesCase):
    def test_connections_that_were_there_before_count_as_a_known_ones(self) -> None:
        guests = self.fill("192.0.2.1")
        self.places.vouch("192.0.2.1", 0.0)
        crowd = sum(self.fill(f"10.0.{number // 250}.{number % 250}") for number in range(1000))
        self.assertEqual((guests, crowd), (SHARE, TOTAL // 2))

    def test_for_ten_minutes(self) -> None:
        self.fill("192.0.2.1")
        self.places.vouch("192.0.2.1", 0.0)
        self.places.vouch("192.0.2.2", 1.0)
        self.assertIsNone(self.places.met("192.0.2.3", KNOWN))
        self.assertTrue(self.places.is_known("192.0.2.1"))
        self.places.met("192.0.2.3", KNOWN + 0.5)
        self.assertFalse(self.places.is_known("192.0.2.1"))
        self.assertTrue(self.places.is_known("192.0.2.2"))
        crowd = sum(self.fill(f"10.0.{number // 250}.{number % 250}") for number in range(1000))
        self.assertEqual(crowd, TOTAL // 2 - SHARE, "those from there count as others' again")

    def test_no_more_than_so_many_are_remembered(self) -> None:
        for number in range(MOST_KNOWN + 1):
            self.places.vouch(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", 0.0)
        self.assertFalse(self.places.is_known("10.0.0.0"))
        self.assertTrue(self.places.is_known("10.0.0.1"))
