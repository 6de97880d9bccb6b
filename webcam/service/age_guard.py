"""Before a sweep by age: whether it may go by the wall clock, when that isn't trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

from webcam.calendar import HOUR, distance
from webcam.model import Expiry, Usage
from webcam.service.ages import Ages
from webcam.service.timekeeper import Timekeeper

FEW = 100
SHARE = 10
"""Up to FEW items of an account, or one in SHARE of them, expire by any clock. More wait until it is trusted."""

TOLD = HOUR
"""Running time in which it is told once that an account waits."""

_log = Logger(namespace="webcam")


class CountingStore(Protocol):
    """What the guard needs of storage."""

    async def usage(self, account_id: int) -> Usage:
        """What the account holds; nothing when it is gone."""

    async def count_expired(self, account_id: int, expiry: Expiry, limit: int) -> int:
        """How many messages and records are expired by age; *limit* if there are more."""


def is_much(expired: int, held: int) -> bool:
    """Purely: whether deleting so many of the items that an account holds waits for a clock that is trusted."""
    return expired > FEW and expired * SHARE > held


class AgeGuard:
    """Decides by account, before each sweep. ``name_of`` gives an account's name."""

    def __init__(
        self, store: CountingStore, ages: Ages, timekeeper: Timekeeper, name_of: Callable[[int], str | None]
    ) -> None:
        self._store = store
        self._ages = ages
        self._timekeeper = timekeeper
        self._name_of = name_of
        self._told: dict[int, int] = {}

    async def decide(self, account_id: int) -> Expiry:
        """Return what of the account a sweep may delete by age now; lists hide the same from now on."""
        certain, by_wall = self._ages.choice(account_id)
        if certain == by_wall:
            self._ages.decide(account_id, True)
            return certain
        jumps = self._ages.jumps
        usage = await self._store.usage(account_id)
        held = usage.messages + usage.records
        expired = await self._store.count_expired(account_id, self._ages.in_doubt(account_id), held + 1)
        if self._ages.jumps != jumps:
            return certain  # what was counted says nothing of the clock as it is now
        much = is_much(expired, held)
        self._ages.decide(account_id, not much)
        if much:
            self._tell(account_id, expired, held)
            return certain
        self._told.pop(account_id, None)
        return by_wall

    def _tell(self, account_id: int, expired: int, held: int) -> None:
        now, doubt = self._timekeeper.running, self._timekeeper.doubt
        if doubt is None or now - self._told.get(account_id, -TOLD) < TOLD:
            return
        self._told = {key: told for key, told in self._told.items() if now - told < TOLD}
        self._told[account_id] = now
        _log.warn(
            "account {account}: {expired} of {held} messages and records are expired by the clock, which isn't trusted"
            " yet; they stay until the server has run for another {left}. If the clock is right, run webcam check"
            " --trust-clock",
            account=self._name_of(account_id) or account_id,
            expired=expired,
            held=held,
            left=distance(doubt.left),
        )
