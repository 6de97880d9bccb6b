"""The soak's viewers and cameras, on a server that may refuse for a while."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from tests.soak.run import Minute, round_of
from tests.soak.world import World
from tests.support.census import CountedServer
from tests.support.process import Server

AGAIN = 1.0
"""Seconds after which somebody who wasn't let in tries again."""

STAYS = 120.0
"""Seconds for which what the last fault left may keep an account from being removed."""


class PatientWorld(World):
    """Whoever isn't let in tries again until it is time to go home."""

    async def log_in(self, device: str) -> str:
        while True:
            try:
                return await super().log_in(device)
            except (AssertionError, OSError):
                if self.over:
                    return ""
                await asyncio.sleep(AGAIN)

    async def leave(self, server: Server) -> None:
        """On a disk that is full an account can't be removed; it will be well again."""
        late = time.monotonic() + STAYS
        while True:
            try:
                return await super().leave(server)
            except AssertionError:
                if time.monotonic() > late:
                    raise
                await asyncio.sleep(AGAIN)


class Crowd(threading.Thread):
    """They come, live, die and come again beside everything else, for so many seconds."""

    def __init__(
        self, server: CountedServer, viewers: int, seconds: float, told: Callable[[Minute], None], each: float
    ) -> None:
        super().__init__(name="crowd", daemon=True)
        self.wrong: list[str] = []
        self._round = lambda: round_of(server, viewers, seconds, told, each, PatientWorld)

    def run(self) -> None:
        try:
            world = asyncio.run(self._round())
        except Exception as error:
            self.wrong.append(f"the crowd: {type(error).__name__}: {error}")
        else:
            self.wrong += [f"{what}: {times} times" for what, times in world.wrong.items()]
