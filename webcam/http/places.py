"""Places: from which addresses one more connection may come, when there are not enough for all.

Half of them are for addresses that are known, because somebody used a session from there in the last ten minutes. The
fuller the other half is, the fewer one address may have of it: whoever takes many keeps nobody else out.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from functools import lru_cache

from webcam.address import Networks, network_of, networks_of

KNOWN = 600.0
"""Seconds for which an address is known after a session was used from there."""

MOST_KNOWN = 10_000
"""Addresses that are known; the one that was heard of longest ago is forgotten first."""

FEW = 4
"""Places that an address may always have, as long as there are any."""

IN_ALL, OF_AN_ADDRESS = "connections in all", "connections of an address"


class Places:
    """``total`` places, of which one address has ``per_address`` at most, and IPv6's /56 and /48 twice and four times
    as many as a /64. ``exempt`` addresses may have all, and so may every address where one may have as many as there
    are: all connections are a proxy's then."""

    def __init__(self, total: int, per_address: int, exempt: Networks) -> None:
        self._total = total
        self._for_guests = total - total // 2
        self._per_address = per_address
        self._is_among_exempt = lru_cache(maxsize=4096)(exempt.__contains__)
        self._nobody_shares = per_address >= total
        self._taken = 0
        self._guests = 0
        """Those that are taken from addresses which are not known."""
        self._of: Counter[str] = Counter()
        """By network, and by the wider ones of IPv6; exempt ones are not counted."""
        self._known: OrderedDict[str, float] = OrderedDict()
        """When each was heard of last; the one that was heard of longest ago comes first."""

    def __len__(self) -> int:
        return self._taken

    def vouch(self, address: str, now: float) -> None:
        """Somebody used a session from there."""
        if self._is_exempt(address):
            return
        network = network_of(address)
        if network not in self._known:
            self._guests -= self._of[network]
        self._known[network] = now
        self._known.move_to_end(network)
        self._forget(now)

    def is_known(self, address: str) -> bool:
        """Whether somebody used a session from there lately. Exempt addresses are always known."""
        return network_of(address) in self._known or self._is_exempt(address)

    def met(self, address: str, now: float) -> str | None:
        """The limit that one more connection from there would meet, if any."""
        self._forget(now)
        known = self.is_known(address)
        if self._taken >= self._total or not (known or self._guests < self._for_guests):
            return IN_ALL
        if not self._is_exempt(address) and self._is_crowded(address, self._share(known)):
            return OF_AN_ADDRESS
        return None

    def take(self, address: str) -> None:
        """A connection from there has its place."""
        self._count(address, 1)

    def give_back(self, address: str) -> None:
        """It is gone."""
        self._count(address, -1)

    def _count(self, address: str, amount: int) -> None:
        self._taken += amount
        if self._is_exempt(address):
            return
        if network_of(address) not in self._known:
            self._guests += amount
        for network in networks_of(address):
            self._of[network] += amount
            if not self._of[network]:
                del self._of[network]

    def _forget(self, now: float) -> None:
        """Those of whom nothing was heard for too long, and those that are too many."""
        while self._known:
            network, heard = next(iter(self._known.items()))
            if now - heard <= KNOWN and len(self._known) <= MOST_KNOWN:
                return
            del self._known[network]
            self._guests += self._of[network]

    def _share(self, known: bool) -> int:
        """Places that one address may have now: all that are its due while half are free, and fewer from then on."""
        taken, places = (
            (self._taken - self._guests, self._total - self._guests) if known else (self._guests, self._for_guests)
        )
        share = int(self._per_address * min(1.0, 2.0 * (1.0 - taken / places)))
        return max(share, min(FEW, self._per_address))

    def _is_crowded(self, address: str, share: int) -> bool:
        return any(self._of[network] >= share * 2**wider for wider, network in enumerate(networks_of(address)))

    def _is_exempt(self, address: str) -> bool:
        return self._nobody_shares or self._is_among_exempt(address)
