"""Addresses, and what each has of something shared."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.refusals import accepted
from webcam.address import Networks, Shares, network_of, read_address


class NetworksTests(SynchronousTestCase):
    def test_some_networks(self) -> None:
        some = Networks.read("127.0.0.1, 10.0.0.0/8 fd00::/8")
        within = ("127.0.0.1", "10.0.0.0", "10.255.255.255", "fd00::1", "fdff:ffff::")
        without = ("127.0.0.2", "11.0.0.0", "fe00::1", "::1", "", "/run/socket", "localhost")
        self.assertEqual([each in some for each in (*within, *without)], [True] * len(within) + [False] * len(without))

    def test_unix_sockets(self) -> None:
        """Who comes through one has no address."""
        self.assertEqual([each in Networks.read("unix") for each in ("", "127.0.0.1", "unix")], [True, False, False])
        self.assertIn("192.0.2.1", Networks.read("unix,192.0.2.1"))

    def test_what_names_none(self) -> None:
        wrong = ("", " , ", "localhost", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "::1%lo", "127.0.0.1; ::1", "Unix", "*")
        self.assertEqual(accepted(ValueError, Networks.read, wrong), [])

    def test_spellings_of_an_address(self) -> None:
        spelt = {"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:DB8:0::0:1": "2001:db8::1"}
        self.assertEqual({each: read_address(each) for each in spelt}, spelt)
        for wrong in ("", "192.0.2.1 ", "192.0.2.256", "fe80::1%eth0", "unknown", "1", "\u0661.1.1.1", "192.0.2.01"):
            self.assertIsNone(read_address(wrong), wrong)


class Shared(SynchronousTestCase):
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
