"""Viewers: each life is one look at a stream, on a connection of its own or a shared one, and one of many deaths."""

from __future__ import annotations

import asyncio
import time

from tests.benchmarks.client import frame
from tests.soak.wires import GOAWAY, HEADERS, LARGEST, Gone, Stream, Wire1, Wire2
from tests.soak.world import World

LIVES = 1.0, 12.0
"""Seconds of a life."""

ABOARD = 20
"""Viewers on a shared connection."""

ASHORE = 0.3
"""Seconds to wait when there is nothing to see."""

DEATHS = (
    "RST_STREAM",
    "TCP reset",
    "TCP closed",
    "TLS closed",
    "stalled",
    "GOAWAY",
    "half of a head",
    "stalled, reset",
)
DEATHS_1 = ("TCP reset", "TCP closed", "TLS closed", "stalled", "half of a head")


def path(world: World, every: bool = False) -> str:
    """Of the stream of some camera."""
    device = world.chance.choice(world.cameras)
    return f"/output.raw?shash={world.token}&device={device}{'&every=1' if every else ''}"


async def _look(world: World, wire: Wire2, every: bool = False) -> Stream:
    """Until it has seen enough; a stream that is over, or isn't there, is followed by another. The last one."""
    end = time.monotonic() + world.chance.uniform(*LIVES)
    while True:
        stream = await wire.ask(path(world, every))
        try:
            await asyncio.wait_for(stream.over.wait(), max(0.0, min(end, world.until) - time.monotonic()))
        except asyncio.TimeoutError:
            pass
        world.size += stream.size
        if not stream.over.is_set() or time.monotonic() > end or world.over or wire.gone:
            return stream
        await world.sleep(ASHORE)


async def alone(world: World) -> None:
    """A life on an HTTP/2 connection of its own; some have small windows, which shut, and some want every frame."""
    wire = await Wire2.open(world.port, world.chance.choice([LARGEST, LARGEST, LARGEST, 65535]))
    try:
        stream = await _look(world, wire, every=world.chance.random() < 0.1)
        await _die(world, wire, stream)
    finally:
        wire.vanish()


async def _die(world: World, wire: Wire2, stream: Stream) -> None:
    if stream.over.is_set():
        world.ends["viewer: stream over"] += 1
        await wire.close()
        return
    name = world.chance.choice(DEATHS)
    if name == "RST_STREAM":
        await wire.reset(stream)
        await world.sleep(0.5)
        await wire.close()
    elif name == "TCP reset":
        wire.abort()
    elif name == "TLS closed":
        await wire.close()
    elif name.startswith("stalled"):
        wire.stall()
        await world.sleep(world.chance.uniform(1, 15))
        if name == "stalled, reset":
            wire.abort()
    elif name == "GOAWAY":
        await wire.send(frame(GOAWAY, 0, 0, bytes(8)))
        await world.sleep(0.2)
    elif name == "half of a head":
        await wire.send(frame(HEADERS, 0, 99, b"\x83\x87"))
        await world.sleep(0.2)
    world.ends[f"viewer: {name}"] += 1


async def old_fashioned(world: World) -> None:
    """A life on HTTP/1.1."""
    wire = await Wire1.open(world.port)
    try:
        end = time.monotonic() + world.chance.uniform(*LIVES)
        name = world.chance.choice(DEATHS_1)
        if name == "half of a head":
            await wire.send(f"POST {path(world)} HTTP/1.1\r\nHo".encode())
            await world.sleep(1)
        else:
            await wire.ask(path(world))
            if await wire.read_to_the_end(lambda: time.monotonic() > end or world.over):
                name = "stream over"
            world.size += wire.size
        if name == "TCP reset":
            wire.abort()
        elif name == "TLS closed":
            await wire.close()
        elif name == "stalled":
            await world.sleep(world.chance.uniform(1, 15))
        world.ends[f"viewer, HTTP/1.1: {name}"] += 1
    finally:
        wire.vanish()


class Ferry:
    """A connection that viewers share, and that sinks now and then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wire: Wire2 | None = None

    async def sail(self) -> None:
        """A new connection, for as long as it lasts; then another."""
        while not self._world.over:
            try:
                self._wire = wire = await Wire2.open(self._world.port)
                await self._world.sleep(self._world.chance.uniform(5, 30))
                name = self._world.chance.choice(("TCP reset", "TCP closed", "TLS closed", "GOAWAY"))
                await self._sink(wire, name)
                self._world.ends[f"shared connection: {name}"] += 1
            except (Gone, OSError):
                self._world.ends["shared connection: met its end early"] += 1
            finally:
                if self._wire is not None:
                    self._wire.vanish()
                    self._wire = None

    async def _sink(self, wire: Wire2, name: str) -> None:
        if name == "TCP reset":
            wire.abort()
        elif name == "TLS closed":
            await wire.close()
        elif name == "GOAWAY":
            await wire.send(frame(GOAWAY, 0, 0, bytes(8)))
            await self._world.sleep(0.2)

    async def ride(self) -> None:
        """A life on it; it ends by a reset, with the stream, or with the connection."""
        wire = self._wire
        if wire is None or wire.gone:
            await self._world.sleep(ASHORE)
            return
        stream = await _look(self._world, wire)
        if not stream.over.is_set():
            await wire.reset(stream)
        self._world.ends["viewer, shared: RST_STREAM or over"] += 1


async def viewer(world: World, number: int, ferries: list[Ferry]) -> None:
    """One life after the other: two of five share connections, one speaks HTTP/1.1."""
    while not world.over:
        begun = time.monotonic()
        try:
            if number % 5 < 2:
                await ferries[number // ABOARD % len(ferries)].ride()
            elif number % 5 == 2:
                await old_fashioned(world)
            else:
                await alone(world)
        except (Gone, OSError):
            world.ends["viewer: met its end early"] += 1
        if time.monotonic() - begun < ASHORE:
            await world.sleep(ASHORE)
