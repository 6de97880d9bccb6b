"""Backlogs: work that is done a step at a time, and in turn, so that none of it waits for all of another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from twisted.internet.defer import DeferredLock

from webcam.service.pace import Pace

Step = Callable[[int], Awaitable[int]]
"""Does so much of the work, at most, in one transaction. Returns how much: less than that, and nothing is left."""


@dataclass(eq=False)
class Backlog:
    """Work of one kind, for one account or for all. ``held`` tells for how long the last step held the writer (s)."""

    step: Step
    pace: Pace
    held: Callable[[], float]
    done: int = 0
    more: bool = True
    failure: Exception | None = None

    async def do_step(self) -> None:
        """Do one step, and set whether there is ``more`` to do now. What the step raises is kept as ``failure``."""
        limit = self.pace.size
        try:
            done = await self.step(limit)
        except Exception as failure:
            self.failure, self.more = failure, False
            return
        self.pace.took(self.held())
        self.done += done
        self.more = done >= limit


async def take_turns(
    backlogs: Collection[Backlog], turn: DeferredLock, after: Backlog, feeding: Collection[Backlog]
) -> None:
    """Do a step of each backlog in turn until all are done or have failed.

    Each step holds *turn*, so that whoever wants it waits for one step. Steps of *feeding*, which are some of
    *backlogs*, leave work to *after*: it has a step behind each round that did so. Some may be left at the end.
    """
    left = list(backlogs)
    while left:
        fed = _done(feeding)
        for each in left:
            await _do_step(each, turn)
        left = [each for each in left if each.more]
        if after.more or _done(feeding) > fed:
            await _do_step(after, turn)


def _done(backlogs: Iterable[Backlog]) -> int:
    return sum(each.done for each in backlogs)


async def _do_step(backlog: Backlog, turn: DeferredLock) -> None:
    async with turn:
        await backlog.do_step()
