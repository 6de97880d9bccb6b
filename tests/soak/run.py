"""A round of the soak, what it leaves over, and the minutes in between."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.processes import cpu_seconds
from tests.soak.cameras import camera
from tests.soak.doomed import doomed
from tests.soak.viewers import ABOARD, Ferry, viewer
from tests.soak.world import PASSWORD, World
from tests.support.census import Census, CountedServer

CAMERAS = 9
SETTLE = 90.0
"""Seconds at most until nothing is left over: an idle connection is closed after 60."""

GROWTH = 8e6
"""Bytes by which the process may be larger at the end than after the first round. No object is left; but what the
allocator has is in more pieces, and how many depends on how many viewers stalled at the same time."""


@dataclass(frozen=True)
class Minute:
    """What a look at a server under load shows. Bytes are those that viewers saw since the last look."""

    number: int
    ends: int
    size: int
    cpu: float
    census: Census
    resident: int


async def round_of(
    server: CountedServer,
    viewers: int,
    seconds: float,
    told: Callable[[Minute], None],
    each: float = 60.0,
    made: type[World] = World,
) -> World:
    """Everybody comes, lives, dies and comes again, until they all go home; *told* of each so many seconds."""
    world = made(server.port, server.new_account(PASSWORD), [f"camera-{n}" for n in range(CAMERAS)], math.inf)
    await world.prepare()
    world.until = time.monotonic() + seconds
    ferries = [Ferry(world) for _ in range(max(1, viewers // ABOARD // 2))]
    await asyncio.gather(
        world.renew(),
        doomed(world),
        *(camera(world, number) for number in range(CAMERAS)),
        *(ferry.sail() for ferry in ferries),
        *(viewer(world, number, ferries) for number in range(viewers)),
        _watch(server, world, told, each),
    )
    await asyncio.gather(*world.dying)
    await world.leave(server)
    return world


async def _watch(server: CountedServer, world: World, told: Callable[[Minute], None], each: float) -> None:
    number = 0
    ends, size, cpu, since = 0, 0, cpu_seconds(server.pid), time.monotonic()
    while world.until - time.monotonic() > each / 2:
        await world.sleep(each - 1)  # a look while everybody is there
        number += 1
        census = await asyncio.to_thread(server.census)
        now, used = time.monotonic(), cpu_seconds(server.pid)
        share = (used - cpu) / (now - since)
        told(Minute(number, world.ends.total() - ends, world.size - size, share, census, server.resident()))
        ends, size, cpu, since = world.ends.total(), world.size, used, now


def settled(server: CountedServer, before: Census | None = None) -> Census:
    """What lives when nobody is there: as soon as nothing is left over, or two looks show the same."""
    late = time.monotonic() + SETTLE
    last: list[str] | None = None
    time.sleep(3)
    while True:
        census = server.census()
        left = census.left_over(before) if before is not None else [str(census.count("Channel"))]
        done = not left if before is not None else left == ["0"] and left == last
        if done or time.monotonic() > late:
            return census
        last = left
        time.sleep(2)


@dataclass(frozen=True)
class Soaked:
    """What came of it all. ``left``: a line for each kind of thing that there is more of than after the first round."""

    left: list[str]
    grown: int
    tracked: int
    ends: Counter[str]
    wrong: Counter[str]

    @property
    def failures(self) -> list[str]:
        """What was not held."""
        found = [*self.left, *(f"{what}: {times} times" for what, times in self.wrong.items())]
        if self.grown > GROWTH:
            found.append(f"memory: {self.grown / 1e6:+.1f} MB")
        return found


def soak(
    server: CountedServer, viewers: int, warm: float, seconds: float, told: Callable[[Minute], None], each: float = 60.0
) -> Soaked:
    """A first round that makes whatever is made once, and the round that counts."""
    asyncio.run(round_of(server, viewers, warm, lambda _: None, each))
    before = settled(server)
    resident = server.resident()
    world = asyncio.run(round_of(server, viewers, seconds, told, each))
    after = settled(server, before)
    return Soaked(
        after.left_over(before),
        server.resident() - resident,
        after.tracked - before.tracked,
        world.ends,
        world.wrong,
    )
