"""Addresses, and what each has of something shared."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.address import Shares, network_of


class Networks(SynchronousTestCase):
    def test_what_counts_as_one_address(self) -> None:
        self.assertEqual(network_of("192.0.2.1"), "192.0.2.1")
        self.assertEqual(network_of("2001:db8::1"), "2001:db8::/64")
        self.assertEqual(network_of("2001:db8:0:0:ffff::1"), "2001:db8::/64")
        self.assertEqual(network_of("2001:db8:0:1::1"), "2001:db8:0:1::/64")

    def test_what_is_no_address_stands_for_itself(self) -> None:
        for name in ("/run/socket", "", "192.0.2.256"):
            self.assertEqual(network_of(name), name)


class SharesTests(SynchronousTestCase):
    def test_each_has_its_own(self) -> None:
        shares = Shares()
        shares.take("192.0.2.1", 5)
        shares.take("192.0.2.1")
        shares.take("2001:db8::1", 7)
        self.assertEqual([shares.of(each) for each in ("192.0.2.1", "192.0.2.2", "2001:db8::2")], [6, 0, 7])
        shares.give_back("192.0.2.1", 2)
        self.assertEqual(shares.of("192.0.2.1"), 4)

    def test_nothing_is_remembered_of_who_has_nothing(self) -> None:
        shares = Shares()
        for number in range(50):
            shares.take(f"192.0.2.{number}", number + 1)
            self.assertEqual(shares.of(f"198.51.100.{number}"), 0)
        self.assertEqual(len(shares), 50)
        for number in range(50):
            shares.give_back(f"192.0.2.{number}", number + 1)
        self.assertEqual(len(shares), 0)
