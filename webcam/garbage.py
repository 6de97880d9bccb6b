"""When Python's garbage collector looks at everything that lives.

What is over is freed by its last reference; the collector is for the few things that lead back to themselves, and most
of those it finds while they are young, in a moment. A look at everything stops the server for as long as much lives:
some milliseconds, but 300 where 30,000 streams are open, and Python takes one whenever a quarter more lives than at the
last one. Here one is taken every few seconds while it is short.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

EVERY = 5.0
"""Seconds between two looks."""

SHORT = 0.02
"""Seconds that one may take, by what the last one took."""

LONGEST = 3600.0
MUCH = 1_000_000
"""Seconds after which one is taken however long it takes, and blocks of memory (some 100 MB) by which more may be in
use than behind the last one: they may be garbage. So may as many as were in use then."""

FEW = 50_000
"""Blocks of memory, some of them an object; so few are no measure of how long a look at one takes."""

A_BLOCK = 1e-7
"""Seconds of work that it takes, until that is measured."""

NEVER = 2**31 - 1

STEPWISE, GENERATIONS_AGAIN = (3, 14, 0), (3, 14, 5)
"""Pythons whose collector goes step by step, and needs nothing of this."""


class Garbage:
    """The one of this process. ``collector`` is the module :mod:`gc`, ``blocks`` tells how many are in use,
    ``worked`` for how many seconds this thread has."""

    def __init__(
        self,
        collector: Any = gc,
        blocks: Callable[[], int] = sys.getallocatedblocks,
        seconds: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
        version: tuple[int, ...] = sys.version_info[:3],
    ) -> None:
        self._collector = collector
        self._blocks = blocks
        self._seconds = seconds
        self._worked = worked
        self._by_generations = not STEPWISE <= version < GENERATIONS_AGAIN
        self._a_block = A_BLOCK

    def begin(self) -> None:
        """What lives now stays, and is never looked at; nor is all of the rest unless :meth:`look` says so.

        A collector that goes step by step is left alone.
        """
        self._collector.freeze()
        if self._by_generations:
            young, middle, _ = self._collector.get_threshold()
            self._collector.set_threshold(young, middle, NEVER)
        self._base = self._blocks()
        self._lived = 0
        self._last = self._seconds()

    def look(self) -> None:
        """Look at everything, if that is short, wasn't done for long, or there is much that may be garbage."""
        now = self._seconds()
        blocks = max(self._blocks() - self._base, 1)
        short = blocks * self._a_block <= SHORT
        late = now - self._last >= LONGEST
        much = blocks - self._lived > max(MUCH, self._lived)
        if not self._by_generations or not (short or late or much):
            return
        began = self._worked()
        self._collector.collect()
        a_block = (self._worked() - began) / max(blocks, FEW)
        if blocks >= FEW or a_block < self._a_block:
            self._a_block = a_block
        self._last = now
        self._lived = max(self._blocks() - self._base, 1)
