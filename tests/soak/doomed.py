"""A process with a camera and some viewers in it that is killed in the midst of it."""

from __future__ import annotations

import asyncio
import time

from tests.benchmarks.processes import PROCESSES
from tests.soak.cameras import Life
from tests.soak.wires import Wire2
from tests.soak.world import World

VIEWERS = 5


async def _stay(port: int, token: str, viewer: str) -> None:
    world = World(port, "", [], time.monotonic() + 60)
    wire = await Wire2.open(port)
    life = Life(world, "", token, wire, await wire.ask(f"/input.raw?shash={token}", ends=False))
    publishing = asyncio.create_task(life.publish(60))
    watching = []
    for _ in range(VIEWERS):
        watching.append(await Wire2.open(port))
        await watching[-1].ask(f"/output.raw?shash={viewer}&device=doomed")
    await publishing


def stay(port: int, token: str, viewer: str) -> None:
    """What the process does until it is killed."""
    asyncio.run(_stay(port, token, viewer))


async def doomed(world: World) -> None:
    """One process after the other, each killed after some seconds."""
    while not world.over:
        process = PROCESSES.Process(target=stay, args=(world.port, await world.log_in("doomed"), world.token))
        await asyncio.to_thread(process.start)
        try:
            await world.sleep(world.chance.uniform(3, 8))
        finally:
            process.kill()
            await asyncio.to_thread(process.join)
        world.ends["process killed"] += 1
