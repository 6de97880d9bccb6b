"""Cooling down: a device that asked too often may not log in from its address for a while."""

from __future__ import annotations

import math
from collections.abc import Callable

from webcam.errors import CoolingDown

DEVICES = 10_000
"""Devices that are remembered; more cool down unremembered."""

Who = tuple[int, int | None, str, str]
"""Account, secret (``None``: the password), device, address. What somebody does by a secret, its owner pays for."""


class Cooling:
    """Who cools down, each for ``seconds``; 0: nobody."""

    def __init__(self, steady: Callable[[], float], seconds: float) -> None:
        self._steady = steady
        self._seconds = seconds
        self._until: dict[Who, float] = {}
        self._told: set[Who] = set()

    def begin(self, who: Who) -> bool:
        """From now on; whether it does."""
        if self._seconds <= 0 or len(self._until) >= DEVICES:
            return False
        self._until[who] = self._steady() + self._seconds
        self._told.discard(who)
        return True

    def check(self, who: Who) -> None:
        """Raises :class:`CoolingDown` while it does."""
        wait = self._until.get(who, 0.0) - self._steady()
        if wait > 0:
            news = who not in self._told
            self._told.add(who)
            raise CoolingDown(math.ceil(wait), news)

    def sweep(self) -> None:
        """Forget those that have cooled down."""
        now = self._steady()
        self._until = {who: until for who, until in self._until.items() if until > now}
        self._told &= self._until.keys()
