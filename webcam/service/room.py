"""Room on the disk: how much is kept free, who makes it, and when to warn. Decided purely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webcam.model import Aged, DiskState, Room

AGAIN = 3600.0
"""Seconds after which a warning that still holds is given again."""

MB = 1024 * 1024

KEPT_SHARE = 20
KEPT_MOST, KEPT_LEAST = 512 * MB, 4 * MB
"""Bytes that are kept free where nothing else is said: the 20th part of the disk within these bounds."""

AHEAD = 16 * MB
AHEAD_SHARE = 16
"""Bytes that are made free beyond those that have to be, on a small disk the 16th part of it: not each record that
comes makes another one go."""

LOW_SHARE, LOW_MOST = 10, 200 * MB
"""A disk is low with less than 5 % of it free, or the 10th part of a small one, up to so many bytes."""

FULL = 3 * MB
"""Bytes below which the disk is called full: the largest message would be refused (:mod:`webcam.storage.reserve`)."""


def default_keep_free(total: int) -> int:
    """Bytes to keep free on a disk of *total* bytes."""
    return max(KEPT_LEAST, min(KEPT_MOST, total // KEPT_SHARE))


def ahead_of(total: int) -> int:
    """Bytes to make free beyond those that have to be."""
    return min(AHEAD, total // AHEAD_SHARE)


def state_of(room: Room, keep_free: int) -> DiskState:
    """The state of a disk by its own figures. Where *keep_free* bytes are kept, it is low when that doesn't succeed."""
    if room.free < min(FULL, room.total // KEPT_SHARE):
        return DiskState.FULL
    low = max(room.total // KEPT_SHARE, min(LOW_MOST, room.total // LOW_SHARE))
    return DiskState.LOW if room.free < (min(low, keep_free * 3 // 4) if keep_free else low) else DiskState.FINE


@dataclass(frozen=True)
class Taker:
    """An account and its bytes: what it ``took`` of the disk since that was fine (negative: what it gave), what it
    holds, and what of that can be deleted."""

    account_id: int
    took: int
    size: int
    deletable: int


def taken_by_none(short: int, takers: Sequence[Taker]) -> int:
    """Of *short* bytes, those that no account took: another program did, say."""
    return max(0, short - sum(max(0, each.took) for each in takers))


def who_gives(short: int, ahead: int, takers: Sequence[Taker], level: bool = True) -> dict[int, int]:
    """Bytes of records that each account has to give so that *short* bytes become free; nothing if that can't succeed.

    Who took space since the disk was fine gives it back, whoever took most at first, and *ahead* bytes more if they can
    give all. What an account took and can't give, since it is in messages, is nobody else's to give. For what none of
    them took, those give that hold most, as if their bytes were levelled down; without *level* nobody does.
    """
    if short <= 0 or sum(each.deletable for each in takers) < short:
        return {}
    gives: dict[int, int] = {}
    left = short
    for each in sorted(takers, key=lambda taker: -taker.took):
        given = min(max(0, each.took), each.deletable, left)
        if given:
            gives[each.account_id] = given
            left -= given
    for account_id in list(gives)[:1] if not left else ():
        deletable = next(each.deletable for each in takers if each.account_id == account_id)
        gives[account_id] = min(deletable, gives[account_id] + ahead)
    for account_id, given in _levelled(taken_by_none(short, takers) if level else 0, gives, takers).items():
        gives[account_id] = gives.get(account_id, 0) + given
    return gives


def _levelled(short: int, gives: dict[int, int], takers: Sequence[Taker]) -> dict[int, int]:
    """Bytes of each account that make *short* in all, taken from those that hold most."""
    if short <= 0:
        return {}
    left = {each.account_id: each.deletable - gives.get(each.account_id, 0) for each in takers}
    low, high = 0, max(each.size for each in takers)

    def above(level: int) -> dict[int, int]:
        found = {each.account_id: min(left[each.account_id], each.size - level) for each in takers}
        return {account_id: size for account_id, size in found.items() if size > 0}

    while low < high:
        level = (low + high + 1) // 2
        if sum(above(level).values()) >= short:
            low = level
        else:
            high = level - 1
    return above(low)


def oldest_to_go(oldest: Iterable[Aged], records: int, size: int) -> list[Aged]:
    """Of records, oldest first: the fewest that are so many, and have so many bytes together, or all of them."""
    going: list[Aged] = []
    for each in oldest:
        if records <= 0 and size <= 0:
            break
        going.append(each)
        records -= 1
        size -= each.size
    return going


class Warned:
    """Whether it is time to warn: when something begins, and each hour while it lasts."""

    def __init__(self) -> None:
        self._since: float | None = None

    def due(self, holds: bool, now: float) -> bool:
        """Whether to warn now, of something that *holds* or doesn't."""
        if not holds:
            self._since = None
            return False
        if self._since is not None and now - self._since < AGAIN:
            return False
        self._since = now
        return True
