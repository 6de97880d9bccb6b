"""Whose requests a trusted proxy brings, and what nobody is believed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from webcam.address import Networks
from webcam.http.forwarded import HOPS, client_behind

PROXIES = Networks.read("127.0.0.1, 10.0.0.0/8, ::1, unix")
CLIENT = "198.51.100.7"


def behind(*plain: str, peer: str = "127.0.0.1", standard: tuple[str, ...] = ()) -> str:
    """By ``X-Forwarded-For``."""
    return client_behind(peer, PROXIES, plain, standard)


def standing(*values: str, peer: str = "127.0.0.1") -> str:
    """By ``Forwarded``."""
    return client_behind(peer, PROXIES, (), values)


class WhoIsBelieved(SynchronousTestCase):
    def test_a_trusted_peer(self) -> None:
        for peer in ("127.0.0.1", "10.1.2.3", "::1", ""):
            self.assertEqual(behind(CLIENT, peer=peer), CLIENT)
            self.assertEqual(standing(f"for={CLIENT}", peer=peer), CLIENT)

    def test_nobody_else(self) -> None:
        for peer in ("192.0.2.1", "2001:db8::1", "127.0.0.2"):
            self.assertEqual(behind(CLIENT, peer=peer), peer)
            self.assertEqual(standing(f"for={CLIENT}", peer=peer), peer)

    def test_a_proxy_that_says_nothing(self) -> None:
        self.assertEqual(behind(), "127.0.0.1")


class Chains(SynchronousTestCase):
    def test_what_the_proxy_wrote_itself_counts(self) -> None:
        """It stands at the right end, in the last of several fields; the rest may be made up."""
        for chain in (["6.6.6.6, " + CLIENT], ["6.6.6.6", CLIENT], ["nonsense,,\"'" + f",{CLIENT}"], [f" {CLIENT} "]):
            self.assertEqual(behind(*chain), CLIENT)
        for chain in (
            ["for=6.6.6.6, for=" + CLIENT],
            ["for=6.6.6.6", f"for={CLIENT}"],
            [f'for="6.6.6.6, for={CLIENT}'],
        ):
            self.assertEqual(standing(*chain), CLIENT)

    def test_proxies_before_proxies(self) -> None:
        self.assertEqual(behind(f"6.6.6.6, {CLIENT}, 10.0.0.1, 10.0.0.2"), CLIENT)
        self.assertEqual(standing(f'for=6.6.6.6, for={CLIENT};by=10.0.0.1, for="10.0.0.1:80"'), CLIENT)

    def test_a_client_among_the_proxies(self) -> None:
        """The farthest that all of them vouch for."""
        self.assertEqual(behind("10.0.0.1, 10.0.0.2"), "10.0.0.1")

    def test_so_many_hops(self) -> None:
        self.assertEqual(behind(", ".join([CLIENT, *["10.0.0.1"] * (HOPS - 1)])), CLIENT)
        self.assertEqual(behind(", ".join([CLIENT, *["10.0.0.1"] * HOPS])), "10.0.0.1")


class Spellings(SynchronousTestCase):
    def test_addresses_with_ports_and_brackets(self) -> None:
        spelt = {
            "198.51.100.7:4711": CLIENT,
            "::ffff:198.51.100.7": CLIENT,
            "2001:db8::7": "2001:db8::7",
            "[2001:DB8::7]": "2001:db8::7",
            "[2001:db8::7]:4711": "2001:db8::7",
        }
        self.assertEqual({each: behind(each) for each in spelt}, spelt)
        self.assertEqual({each: standing(f'for="{each}"') for each in spelt}, spelt)

    def test_pairs(self) -> None:
        for element in (f"proto=https;for={CLIENT};host=a", f'FOR="{CLIENT}"', f'host="a\\"b" ; for={CLIENT}'):
            self.assertEqual(standing(element), CLIENT)

    def test_what_is_malformed_is_the_peers(self) -> None:
        for wrong in (
            "",
            "unknown",
            "localhost",
            f"{CLIENT}:",
            f"{CLIENT}:x",
            f"{CLIENT}:123456",
            "[2001:db8::7",
            "[]",
        ):
            self.assertEqual(behind(f"{CLIENT}, {wrong}"), "127.0.0.1", wrong)
            self.assertEqual(standing(f'for={CLIENT}, for="{wrong}"'), "127.0.0.1", wrong)
        elements = ("", "for", "by=10.0.0.1", f"for={CLIENT};for={CLIENT}", f'for="{CLIENT}', f'for={CLIENT};a="')
        for wrong in (*elements, "for=_hidden", f"for={CLIENT};", f"for ={CLIENT}", f'for={CLIENT};a=\\"b"'):
            self.assertEqual(standing(f"for={CLIENT}, {wrong}"), "127.0.0.1", wrong)


class BothFields(SynchronousTestCase):
    """A proxy writes one; the other may come from the client."""

    def test_that_agree(self) -> None:
        self.assertEqual(behind(CLIENT, standard=(f"for={CLIENT}",)), CLIENT)

    def test_that_dont(self) -> None:
        for other in ("for=6.6.6.6", "for=unknown", ""):
            self.assertEqual(behind(CLIENT, standard=(other,)), "127.0.0.1")
        self.assertEqual(behind("nonsense", standard=(f"for={CLIENT}",)), "127.0.0.1")


class Anything(SynchronousTestCase):
    @tried
    @given(st.lists(st.text(alphabet='for=;,:"\\[]. 10a', max_size=40), max_size=3))
    def test_whatever_a_client_sends(self, made_up: list[str]) -> None:
        """It never has another address by it than the one that the proxy saw."""
        self.assertEqual(behind(*made_up, CLIENT), CLIENT)
        self.assertEqual(behind(",".join([*made_up, CLIENT])), CLIENT)
        self.assertEqual(standing(",".join([*made_up, f"for={CLIENT}"])), CLIENT)
        self.assertIn(behind(CLIENT, standard=tuple(made_up)), (CLIENT, "127.0.0.1"))
