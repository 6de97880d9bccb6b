"""How many requests came within a minute: one bound for what is asked by pages, not by devices."""

from __future__ import annotations

REQUESTS = 3000
"""Requests within a minute that somebody's pages may make: a gallery that is scrolled fast makes a tenth of that."""

_MINUTE = 60.0


class Minute:
    """A minute that begins with the first request behind the one before. Times are steady seconds."""

    __slots__ = ("_asked", "_since")

    def __init__(self) -> None:
        self._asked = 0
        self._since = 0.0

    def allows(self, now: float) -> bool:
        """Whether one more request may come, which is counted."""
        if self.is_over(now):
            self._asked, self._since = 0, now
        self._asked += 1
        return self._asked <= REQUESTS

    def is_over(self, now: float) -> bool:
        """Whether the next request begins another."""
        return now - self._since >= _MINUTE
