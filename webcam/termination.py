"""SIGTERM and SIGINT once more, while the server ends already: then it doesn't wait for answers under way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Termination:
    """Leaves the first such signal to whoever handled it before, and calls *hurry*, in the reactor's thread, for each
    further one, until the reactor has ended.

    Twisted's own handlers would try to stop a reactor that stops already, and log a traceback. The second signal may
    come before the reactor has seen the first one, so both come here.
    """

    def __init__(self, reactor: Any, hurry: Callable[[], None]) -> None:
        self._reactor = reactor
        self._hurry = hurry
        self._before: dict[int, Any] = {}
        self._is_ending = False

    def install(self) -> None:
        """Take the signals, but those that are ignored: in the main thread, when the reactor has its own handlers."""
        for each in SIGNALS:
            before = signal.getsignal(each)
            if callable(before):
                self._before[each] = before
                signal.signal(each, self._signalled)
        self._reactor.addSystemEventTrigger("after", "shutdown", self.restore)

    def begin(self) -> None:
        """Take every signal from now on for one more: the server ends, whoever asked it to."""
        self._is_ending = True

    def restore(self) -> None:
        """Give the signals back."""
        before, self._before = self._before, {}
        for number, handler in before.items():
            signal.signal(number, handler)

    def _signalled(self, number: int, frame: Any) -> None:
        if self._is_ending:
            self._reactor.callFromThread(self._hurry)
        else:
            self._is_ending = True
            self._before[number](number, frame)
