"""Addresses of clients, networks of them, and what each has of something that all share."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache


@lru_cache(maxsize=4096)
def networks_of(address: str) -> tuple[str, ...]:
    """What an address counts by, the narrowest first: IPv6 by its /64, of which one household has all, its /56 and its
    /48, which one customer may have; any other by itself alone."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return (address,)
    if parsed.version == 4:
        return (address,)
    return tuple(str(ipaddress.ip_network((parsed, length), strict=False)) for length in (64, 56, 48))


def network_of(address: str) -> str:
    """What counts as one address: one household has 2**64 of IPv6's."""
    return networks_of(address)[0]


def read_address(text: str) -> str | None:
    """An address in its usual spelling, IPv4 in IPv6 as IPv4; ``None`` if it is none."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.scope_id is not None:
            return None
        parsed = parsed.ipv4_mapped or parsed
    return str(parsed)


UNIX = "unix"
"""Among networks: whoever comes through a Unix socket, and has no address."""


@dataclass(frozen=True)
class Networks:
    """Some addresses and networks; ``unix``: see :data:`UNIX`."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    unix: bool = False

    @classmethod
    def read(cls, text: str) -> Networks:
        """Of a text as ``127.0.0.1, 10.0.0.0/8, fd00::/8, unix``. Raises ``ValueError``."""
        names = text.replace(",", " ").split()
        try:
            networks = tuple(ipaddress.ip_network(name) for name in names if name != UNIX)
        except ValueError:
            names = []
        if not names or "%" in text:
            raise ValueError("want addresses and networks as 127.0.0.1, 10.0.0.0/8, fd00::/8, unix")
        return cls(networks, UNIX in names)

    def __contains__(self, address: str) -> bool:
        """Whether an address, or the empty one of a Unix socket, belongs to them."""
        if not address:
            return self.unix
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)


class Shares:
    """How much each address has, an IPv4 one or the /64 of an IPv6 one; nothing is kept of those that have nothing."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._taken)

    def of(self, address: str) -> int:
        """What it has."""
        return self._taken[network_of(address)]

    def take(self, address: str, amount: int = 1) -> None:
        """It has so much more."""
        self._taken[network_of(address)] += amount

    def give_back(self, address: str, amount: int = 1) -> None:
        """It has so much less."""
        network = network_of(address)
        self._taken[network] -= amount
        if not self._taken[network]:
            del self._taken[network]
