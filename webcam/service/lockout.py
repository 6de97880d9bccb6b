"""Lockout: failed logins grow a wait, and no stranger keeps an owner out by them.

Three things are counted, all of them only failures, and all of them by the network of the address:

- a device's tries at an account: ten are free, then each one locks it, for 1 s at first, twice as long each time;
- tries at an account, and tries at any account: 100, and one more a second (twice that for the second). When they are
  used up, devices that logged in to the account from that network before are let try all the same, and nobody else.

So a stranger locks an owner's device out only from its own network and under its own name, and what an address costs in
hashes is bounded. A try counts as failed from its beginning, until it turns out well: those that run beside each other
count, too. Names that don't exist are counted as those that do. All of it is forgotten with the process.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from webcam.address import network_of
from webcam.errors import LockedOut, NoSuchUser
from webcam.ports import Clock
from webcam.token_bucket import TokenBucket

FREE = 10
"""Failures of a device that lock nothing."""

LONGEST = 900.0
"""Seconds that a device is locked out for at most."""

MEMORY = 3600.0
"""Seconds after the last failure in which a device's failures are remembered."""

BURST, RATE = 100.0, 1.0
"""Failures at one account from one network: so many at once, and so many a second. A hash takes some 25 ms."""

NETWORK = 2.0
"""So many times that for all accounts together: who tries one account leaves his neighbours their tries at theirs."""

PROXY = 5.0
"""The same where all come from one address, a proxy's: its owners share what a single network has elsewhere."""

KEYS = 10_000
"""Entries of each table. The one that was used longest ago goes for a new one."""

TOLD = 60.0
"""Seconds in which a lock that is met again and again is news once."""

Key = bytes

_V = TypeVar("_V")


class Table(Generic[_V]):
    """A bounded table: the entry that was used longest ago goes for a new one."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._entries: OrderedDict[Key, _V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> _V | None:
        """The entry, now used."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: _V) -> None:
        """Add or replace."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._bound:
            self._entries.popitem(last=False)

    def drop(self, key: Key) -> None:
        """Forget; a key that is gone is no error."""
        self._entries.pop(key, None)


@dataclass(slots=True)
class Streak:
    """Failures of a device in a row; locked ``until`` (s)."""

    failures: int = 0
    until: float = 0.0
    last: float = 0.0

    def count(self, now: float, failures: int = 0) -> None:
        """So many more, at *now*."""
        self.failures += failures
        self.last = now
        self.until = now + lock_after(self.failures)

    def give_back(self, now: float) -> None:
        """One was none."""
        self.failures -= 1
        self.until = min(self.until, now + lock_after(self.failures))


def lock_after(failures: int) -> float:
    """Seconds that a device is locked for by its failure of this number."""
    return min(LONGEST, 2.0 ** min(failures - FREE, 32)) if failures >= FREE else 0.0


class Lockout:
    """Decides which logins are looked at. ``one_address``: all come from one, as behind a proxy."""

    def __init__(self, clock: Clock, one_address: bool = False) -> None:
        self._clock = clock
        self._network = PROXY if one_address else NETWORK
        self._streaks: Table[Streak] = Table(KEYS)
        self._buckets: Table[TokenBucket] = Table(KEYS)
        self._known: Table[bool] = Table(KEYS)
        self._told: Table[float] = Table(KEYS)

    def remember(self, name: str, device: str, address: str) -> None:
        """The device logged in to the account of this name from there."""
        self._known.put(key_of(name, device, network_of(address)), True)

    def check_secret(self, secret_id: int) -> None:
        """One login by a secret. Raises :class:`LockedOut` where they are too many, failed or not: a stolen one, too,
        asks for no more than its sessions may."""
        now, key = self._clock.steady(), key_of(str(secret_id))
        bucket = self._bucket(key, 1.0, now)
        wait = bucket.wait(now)
        if wait > 0:
            raise LockedOut(math.ceil(wait), self._is_news(key, now))
        self._pay({key: bucket}, now)

    @contextmanager
    def attempt(self, name: str, device: str, address: str) -> Iterator[Key]:
        """A login, within the context. It failed if that ends in :class:`NoSuchUser`; any other failure counts nothing.

        The value is the group in which the login waits for its turn: a device that is known from there has its own,
        all others that try an account are one. Raises :class:`LockedOut`.
        """
        network = network_of(address)
        key, now = key_of(name, device, network), self._clock.steady()
        known = self._known.get(key) is not None
        streak = self._streak(key, now)
        buckets = self._of(name, network, now)
        wait = self._wait(streak, list(buckets.values()), known, now)
        if wait > 0:
            raise LockedOut(math.ceil(wait), self._is_news(key if streak.until > now else key_of("", network), now))
        streak.count(now, 1)
        self._streaks.put(key, streak)
        paid = self._pay(buckets, now)
        try:
            yield key if known else key_of(name)
        except NoSuchUser:
            streak.count(self._clock.steady())
            raise
        except BaseException:
            self._give_back(streak, paid)
            raise
        self._give_back(streak, paid)
        self._streaks.drop(key)
        self._known.put(key, True)

    def _wait(self, streak: Streak, buckets: list[TokenBucket], known: bool, now: float) -> float:
        """Seconds; 0 for a login that may be looked at."""
        if streak.until > now:
            return streak.until - now
        waits = [each.wait(now) for each in buckets]
        return 0.0 if known else max(waits)

    def _streak(self, key: Key, now: float) -> Streak:
        streak = self._streaks.get(key)
        return Streak() if streak is None or now - streak.last > MEMORY else streak

    def _of(self, name: str, network: str, now: float) -> dict[Key, TokenBucket]:
        """The buckets of a login."""
        shares = {key_of(name, network): 1.0, key_of("", network): self._network}
        return {key: self._bucket(key, share, now) for key, share in shares.items()}

    def _bucket(self, key: Key, share: float, now: float) -> TokenBucket:
        return self._buckets.get(key) or TokenBucket(BURST * share, RATE * share, now)

    def _pay(self, buckets: dict[Key, TokenBucket], now: float) -> list[TokenBucket]:
        """A device that is known may find them empty. Only who pays has an entry: refusals push nobody out."""
        paid = {key: each for key, each in buckets.items() if each.take(now)}
        for key, bucket in paid.items():
            self._buckets.put(key, bucket)
        return list(paid.values())

    def _give_back(self, streak: Streak, paid: list[TokenBucket]) -> None:
        streak.give_back(self._clock.steady())
        for bucket in paid:
            bucket.give_back()

    def _is_news(self, key: Key, now: float) -> bool:
        told = self._told.get(key)
        if told is not None and now - told < TOLD:
            return False
        self._told.put(key, now)
        return True


def key_of(*parts: str) -> Key:
    """A key of fixed size for texts of any: 16 bytes, so that a table's size is known."""
    return hashlib.blake2b(repr(parts).encode("utf-8"), digest_size=16).digest()
