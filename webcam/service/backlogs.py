"""Backlogs: work that is done a step at a time, and in turn, so that none of it waits for all of another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
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
    failure: Exception | None = None

    async def do_step(self) -> bool:
        """Do one step; return whether there is more to do now. What the step raises is kept as ``failure``."""
        limit = self.pace.size
        try:
            done = await self.step(limit)
        except Exception as failure:
            self.failure = failure
            return False
        self.pace.took(self.held())
        self.done += done
        return done >= limit


async def take_turns(backlogs: Iterable[Backlog], others: Backlog, turn: DeferredLock) -> None:
    """Do a step of each backlog in turn until all are done or have failed, and a step of *others* behind each round.

    Each step holds *turn*, so that whoever wants it waits for one step. *others* is what the steps leave to be done;
    some of it may be left at the end.
    """
    left = list(backlogs)
    while left:
        left = [each for each in left if await _do_step(each, turn)]
        await _do_step(others, turn)


async def _do_step(backlog: Backlog, turn: DeferredLock) -> bool:
    async with turn:
        return await backlog.do_step()
