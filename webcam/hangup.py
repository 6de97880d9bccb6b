"""SIGHUP, by which an operator asks a running server to read its files again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

STDOUT = 1


class Hangup:
    """Calls *reload*, in the reactor's thread, for each SIGHUP from :meth:`install` to :meth:`restore`.

    The signal also comes when a terminal is closed. A server whose output went there, in the foreground, calls *stop*
    then: nobody would find it again.
    """

    def __init__(
        self, reactor: Any, reload: Callable[[], None], stop: Callable[[], None], output: int = STDOUT
    ) -> None:
        self._reactor = reactor
        self._reload = reload
        self._stop = stop
        self._output = output
        self._before: Any = None

    def install(self) -> None:
        """In the main thread, as signals want it."""
        self._on_terminal = os.isatty(self._output)
        self._before = signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._came))

    def restore(self) -> None:
        """What the signal did before."""
        if self._before is not None:
            signal.signal(signal.SIGHUP, self._before)
            self._before = None

    def _came(self) -> None:
        if self._on_terminal and not os.isatty(self._output):
            self._stop()
        else:
            self._reload()
