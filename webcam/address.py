"""Addresses of clients, and what each has of something that all share."""

from __future__ import annotations

import ipaddress
from collections import Counter
from functools import lru_cache


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What counts as one address: one household has 2**64 of IPv6's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


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
