"""What everybody in a soak shares: the server's port, an account, tokens to watch with, and what happened so far."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.client import ask, client_context
from tests.support.process import Server
from tests.support.trail import PASSWORD

SESSIONS = 12
"""That viewers watch with: each may ask 200 times a minute."""

RENEWED = 40.0
"""Seconds after which viewers log in anew."""

_MINUTE_LIMIT = 200
_SETTINGS = [{"kind": 2, "fv": 3}, {"kind": 3, "fv": 10000}, {"kind": 4, "fv": _MINUTE_LIMIT}]


@dataclass
class World:
    """``cameras`` are the names of devices that publish; ``until`` is when everybody goes home (monotonic)."""

    port: int
    account: str
    cameras: list[str]
    until: float
    chance: random.Random = field(default_factory=lambda: random.Random(20))
    ends: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    size: int = 0
    """Bytes that viewers have seen."""
    dying: set[asyncio.Task[None]] = field(default_factory=set)
    _tokens: itertools.cycle[str] = field(default_factory=lambda: itertools.cycle([""]))

    @property
    def over(self) -> bool:
        """Whether it is time to go home."""
        return time.monotonic() >= self.until

    @property
    def token(self) -> str:
        """To watch with."""
        return next(self._tokens)

    async def sleep(self, seconds: float) -> None:
        """Not longer than until all go home."""
        await asyncio.sleep(max(0.0, min(seconds, self.until - time.monotonic())))

    def leave_dying(self, end: Coroutine[Any, Any, None]) -> None:
        """Let somebody's end take its time while others come in their place."""
        task = asyncio.create_task(end)
        self.dying.add(task)
        task.add_done_callback(self.dying.discard)

    async def log_in(self, device: str) -> str:
        """The token of a new session; empty when it is time to go home and nobody was let in."""
        question = {"name": self.account, "pass": PASSWORD, "device": device}
        answer = await asyncio.to_thread(lambda: ask(self.port, "authorize.json", **question))
        return str(answer["shash"])

    async def prepare(self) -> None:
        """Limits of the account that many viewers need, and the first sessions."""
        token = await self.log_in("operator")
        await asyncio.to_thread(lambda: ask(self.port, "setConfig.json", shash=token, config=_SETTINGS))
        await self._renew()
        many = (asyncio.to_thread(lambda: ask(self.port, "getMsgs.json", shash=self.token)) for _ in range(50))
        await asyncio.gather(*many)  # the server's threads come one by one as they are needed, and stay

    async def leave(self, server: Server) -> None:
        """Remove the account when all have gone home."""
        await asyncio.to_thread(server.account, "remove", self.account)

    async def renew(self) -> None:
        """Log viewers in anew, again and again."""
        while not self.over:
            await self.sleep(RENEWED)
            await self._renew()

    async def _renew(self) -> None:
        self._tokens = itertools.cycle(
            await asyncio.gather(*(self.log_in(f"viewer {number}") for number in range(SESSIONS)))
        )

    async def overspend(self, token: str) -> None:
        """Ask so often that the session ends."""

        def spend() -> None:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=client_context("http/1.1"))
            for _ in range(3 * _MINUTE_LIMIT):  # more are let through while it asks
                connection.request("POST", f"/heartBit.json?shash={token}")
                if b'"OK"' not in connection.getresponse().read():
                    break
            connection.close()

        await asyncio.to_thread(spend)
