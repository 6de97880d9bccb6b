"""When Python's garbage collector looks at everything that lives.

What is over is freed by its last reference; the collector is for the few things that lead back to themselves, and most
of those it finds while they are young, in a moment. A look at everything stops the server for as long as much lives:
some milliseconds, but 300 where 30,000 streams are open, and Python takes one whenever a quarter more lives than at the
last one. Here one is taken now and then, when it is short.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

EVERY = 30.0
"""Seconds between two looks."""

SHORT = 0.02
"""Seconds that one may take, by what the last one took."""

LONGEST = 3600.0
"""Seconds after which one is taken however long it takes."""

FEW = 50_000
"""Blocks of memory, some of them an object; so few are no measure of how long a look at one takes."""

A_BLOCK = 1e-7
"""Seconds that it takes, until that is measured."""

NEVER = 2**31 - 1


class Garbage:
    """The one of this process. ``collector`` is the module :mod:`gc`, ``blocks`` tells how many are in use."""

    def __init__(
        self,
        collector: Any = gc,
        blocks: Callable[[], int] = sys.getallocatedblocks,
        seconds: Callable[[], float] = time.monotonic,
        version: tuple[int, ...] = sys.version_info[:2],
    ) -> None:
        self._collector = collector
        self._blocks = blocks
        self._seconds = seconds
        self._by_generations = version < (3, 14)
        self._a_block = A_BLOCK

    def begin(self) -> None:
        """What lives now stays, and is never looked at; nor is all of the rest unless :meth:`look` says so.

        From Python 3.14 on the collector may go step by step, and is left alone.
        """
        self._collector.freeze()
        if self._by_generations:
            young, middle, _ = self._collector.get_threshold()
            self._collector.set_threshold(young, middle, NEVER)
        self._base = self._blocks()
        self._last = self._seconds()

    def look(self) -> None:
        """Look at everything, if that is short or wasn't done for long."""
        began = self._seconds()
        blocks = max(self._blocks() - self._base, 1)
        late = began - self._last >= LONGEST
        if not self._by_generations or (blocks * self._a_block > SHORT and not late):
            return
        self._collector.collect()
        self._last = self._seconds()
        if blocks >= FEW:
            self._a_block = (self._last - began) / blocks
