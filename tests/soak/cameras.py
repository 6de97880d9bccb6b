"""Cameras: each life is a session, a stream of frames, and one of many deaths."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable

from tests.benchmarks.client import frame
from tests.soak.wires import DATA, GOAWAY, Gone, Stream, Wire1, Wire2
from tests.soak.world import World

PACE = 8.0
"""Frames a second."""

SMALLEST, LARGEST = 500, 40_000
LIVES = 3.0, 15.0
"""Seconds of a life."""

PATIENCE = 30.0
"""Seconds in which the server has to end what it has to end."""


def picture(size: int) -> bytes:
    """A frame of *size* bytes."""
    return b"\xaa\xaa" + (size - 6).to_bytes(4, "little") + bytes(size - 6)


class Life:
    """A camera's life on HTTP/2."""

    def __init__(self, world: World, device: str, token: str, wire: Wire2, stream: Stream) -> None:
        self.world = world
        self.device = device
        self.token = token
        self.wire = wire
        self.stream = stream

    async def publish(self, seconds: float) -> bool:
        """Frames for so long; whether the last one was whole: a viewer of every frame may hold it back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.world.over:
            size = self.world.chance.randint(SMALLEST, LARGEST)
            try:
                await asyncio.wait_for(self.wire.upload(self.stream, picture(size)), 2)
            except asyncio.TimeoutError:
                return False
            await self.world.sleep(1 / PACE)
        return True

    async def cut(self, why: str) -> None:
        """The server has to end the upload."""
        try:
            await asyncio.wait_for(self.stream.over.wait(), PATIENCE)
        except asyncio.TimeoutError:
            self.world.wrong[f"not cut: {why}"] += 1


async def _end(life: Life) -> None:
    await life.wire.end(life.stream)
    await life.cut("an upload that has ended")
    await life.wire.close()


async def _reset(life: Life) -> None:
    await life.wire.reset(life.stream)
    await life.world.sleep(0.5)
    await life.wire.close()


async def _abort(life: Life) -> None:
    life.wire.abort()


async def _vanish(life: Life) -> None:
    life.wire.vanish()


async def _stall(life: Life) -> None:
    """Silent, and nothing answered, until the server is tired of it, or its device comes again by another way."""
    life.wire.stall()
    await life.world.sleep(life.world.chance.uniform(1, 13))
    life.wire.vanish()


async def _close(life: Life) -> None:
    await life.wire.close()


async def _frame_error(life: Life) -> None:
    await life.wire.upload(life.stream, b"\xab\xcd" + bytes(10))
    await life.cut("a wrong frame")
    await life.wire.close()


async def _too_large(life: Life) -> None:
    await life.wire.upload(life.stream, b"\xaa\xaa\xff\xff\xff\xff")
    await life.cut("a frame over the limit")
    await life.wire.close()


async def _half(life: Life) -> None:
    await life.wire.upload(life.stream, picture(LARGEST)[: LARGEST // 2])
    await life.wire.end(life.stream)
    await life.cut("half a frame and the end")
    await life.wire.close()


async def _half_and_gone(life: Life) -> None:
    await life.wire.upload(life.stream, picture(LARGEST)[: LARGEST // 2])
    life.wire.vanish()


async def _half_of_http(life: Life) -> None:
    await life.wire.send(frame(DATA, 0, life.stream.stream_id, bytes(8000))[:4000])
    life.wire.abort()


async def _goaway(life: Life) -> None:
    """A client that says why it goes."""
    await life.wire.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 2)))
    await life.cut("a GOAWAY with an error")
    await life.wire.close()


async def _goodbye(life: Life) -> None:
    """A client that makes no more requests and ends the one that it has."""
    await life.wire.send(frame(GOAWAY, 0, 0, bytes(8)))
    await life.wire.upload(life.stream, picture(SMALLEST))
    await life.wire.end(life.stream)
    await life.cut("an upload that has ended behind GOAWAY")
    await life.wire.close()


async def _not_http(life: Life) -> None:
    await life.wire.send(bytes(range(256)) * 8)
    await life.cut("what is not HTTP/2")
    life.wire.vanish()


async def _session_ends(life: Life) -> None:
    await life.world.overspend(life.token)
    await life.cut("its session's end")
    await life.wire.close()


async def _taken_over(life: Life) -> None:
    await _replace(life, life.token)


async def _logged_in_anew(life: Life) -> None:
    token = await life.world.log_in(life.device)
    if not token:
        raise Gone("nobody let it in, and it is time to go home")
    await _replace(life, token)


async def _replace(life: Life, token: str) -> None:
    """Another upload of the device comes, by this session or by a new one."""
    wire = await Wire2.open(life.world.port)
    try:
        stream = await wire.ask(f"/input.raw?shash={token}", ends=False)
        await life.cut("a takeover")
        life.wire.vanish()
        await Life(life.world, life.device, token, wire, stream).publish(2)
        await wire.end(stream)
    finally:
        await wire.close()


DEATHS: dict[str, Callable[[Life], Awaitable[None]]] = {
    "end": _end,
    "RST_STREAM": _reset,
    "TCP reset": _abort,
    "TCP closed": _vanish,
    "TLS closed": _close,
    "stalled": _stall,
    "frame error": _frame_error,
    "frame too large": _too_large,
    "half a frame, end": _half,
    "half a frame, closed": _half_and_gone,
    "half of a DATA frame": _half_of_http,
    "GOAWAY": _goaway,
    "GOAWAY, end": _goodbye,
    "not HTTP/2": _not_http,
    "session ended": _session_ends,
    "taken over": _taken_over,
    "logged in anew": _logged_in_anew,
}


DEATHS_1 = ("end", "TCP reset", "TCP closed", "TLS closed", "frame error", "half a chunk", "no chunk")


async def live_2(world: World, device: str) -> None:
    """A life on HTTP/2."""
    token = await world.log_in(device)
    wire = await Wire2.open(world.port)
    name = world.chance.choice(list(DEATHS))
    stalled = False
    try:
        stream = await wire.ask(f"/input.raw?shash={token}&subproto=RAW_JPEG", ends=False)
        life = Life(world, device, token, wire, stream)
        if not await life.publish(world.chance.uniform(*LIVES)):
            name = "TCP closed"
        if name == "stalled":
            world.leave_dying(_stall(life))
            stalled = True
        else:
            await DEATHS[name](life)
        world.ends[f"camera: {name}"] += 1
    finally:
        if not stalled:
            wire.vanish()


async def live_1(world: World, device: str) -> None:
    """A life on HTTP/1.1."""
    wire = await Wire1.open(world.port)
    try:
        await wire.ask(f"/input.raw?shash={await world.log_in(device)}", upload=True)
        end = time.monotonic() + world.chance.uniform(*LIVES)
        while time.monotonic() < end and not world.over:
            await asyncio.wait_for(wire.upload(picture(world.chance.randint(SMALLEST, LARGEST))), 2)
            await world.sleep(1 / PACE)
        await _die_1(world, wire)
    except asyncio.TimeoutError:
        pass  # held back by a viewer of every frame: it vanishes
    finally:
        wire.vanish()


async def _die_1(world: World, wire: Wire1) -> None:
    name = world.chance.choice(DEATHS_1)
    if name == "end":
        await wire.end()
    elif name == "TCP reset":
        wire.abort()
    elif name == "TLS closed":
        await wire.close()
    elif name == "frame error":
        await wire.upload(b"\xab\xcd" + bytes(10))
        if await asyncio.wait_for(wire.reader.read(), PATIENCE):
            world.wrong["a wrong frame on HTTP/1.1 was answered"] += 1
    elif name == "half a chunk":
        await wire.send(b"1000\r\n" + bytes(100))
    elif name == "no chunk":
        await wire.send(b"zzzz\r\n" + bytes(100))
        await asyncio.wait_for(wire.reader.read(), PATIENCE)
    world.ends[f"camera, HTTP/1.1: {name}"] += 1


async def camera(world: World, number: int) -> None:
    """One life after the other."""
    while not world.over:
        try:
            await (live_1 if number % 3 == 2 else live_2)(world, world.cameras[number])
        except (Gone, OSError):
            world.ends["camera: met its end early"] += 1
        await world.sleep(world.chance.uniform(0, 1))
