"""SIGTERM and SIGINT once more, while the server ends already: then it doesn't wait for answers under way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Termination:
    """Calls *hurry*, in the reactor's thread, for each such signal from :meth:`install` to the end of the reactor.

    Twisted's own handlers would try to stop a reactor that stops already, and log a traceback.
    """

    def __init__(self, reactor: Any, hurry: Callable[[], None]) -> None:
        self._reactor = reactor
        self._hurry = hurry
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """In the main thread, as signals want it."""
        for each in SIGNALS:
            self._before[each] = signal.signal(each, lambda *_: self._reactor.callFromThread(self._hurry))
        self._reactor.addSystemEventTrigger("after", "shutdown", self.restore)

    def restore(self) -> None:
        """What the signals did before."""
        before, self._before = self._before, {}
        for number, handler in before.items():
            signal.signal(number, handler)
