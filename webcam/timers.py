"""What somebody has yet to do, as long as he is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timers:
    """Calls to come. Those that were made, and those that were cancelled, hold on to nothing."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._calls: dict[int, IDelayedCall] = {}
        self._number = 0

    @property
    def pending(self) -> bool:
        """Whether any is to come."""
        return bool(self._calls)

    def later(self, delay: float, function: Callable[..., Any], *args: Any) -> None:
        """Call once, in so many seconds, unless :meth:`cancel` comes before."""
        self._number += 1
        self._calls[self._number] = self._clock.callLater(delay, self._due, self._number, function, args)

    def _due(self, number: int, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        del self._calls[number]
        function(*args)

    def cancel(self) -> None:
        """All of them."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
