"""What the server does again and again: a job survives its own failure, and says so without filling the log."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from twisted.logger import Logger

from webcam.errors import DatabaseFail

AGAIN = 600.0
"""Seconds after which a failure that lasts is told of again."""

_log = Logger(namespace="webcam")


class Job:
    """*work* under the *name* that the log has for it, such as "retention"; *again*: when it is tried again."""

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        steady: Callable[[], float] = time.monotonic,
        again: str = "will retry",
    ) -> None:
        self._name = name
        self._work = work
        self._steady = steady
        self._again = again
        self._told: float | None = None

    async def run(self) -> None:
        """Do it once. Never fails: what storage refuses is told of when it begins, every 10 minutes while it lasts, and
        when it is over."""
        try:
            await self._work()
        except DatabaseFail as refusal:
            if self._told is None or self._steady() - self._told >= AGAIN:
                self._told = self._steady()
                _log.warn("{job} failed, {again}: {why}", job=self._name, again=self._again, why=str(refusal))
        except Exception:
            _log.failure("{job} failed, {again}", job=self._name, again=self._again)
        else:
            if self._told is not None:
                _log.info("{job} works again", job=self._name)
            self._told = None
