"""Room on the disk: what has to go for it, and when to warn. Decided purely."""

from __future__ import annotations

from collections.abc import Iterable

from webcam.model import Aged

AGAIN = 3600.0
"""Seconds after which a warning that still holds is given again."""


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
