"""When SQLite refuses: the failure that the port knows, and a line in the log that a full disk doesn't multiply."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from twisted.logger import Logger

from webcam.errors import DatabaseFail, DiskFull

NOTICE = 10.0
"""Seconds in which the same refusal is told of once: a full disk refuses hundreds of requests a second."""

KINDS = 100
"""Refusals of different texts that are remembered."""

_log = Logger()


class Refusals:
    """Makes failures of what SQLite refuses, and tells of them: what is refused within the context raises
    :class:`DatabaseFail`, of a full disk :class:`DiskFull`."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, DiskFull) or (isinstance(error, sqlite3.Error) and "disk is full" in str(error)):
            self._tell("the disk is full")
            raise DiskFull("the disk is full") from error
        if isinstance(error, sqlite3.Error):
            self._tell(f"{type(error).__name__}: {error}")
            raise DatabaseFail(type(error).__name__) from error

    def _tell(self, text: str) -> None:
        now = self._steady()
        if now - self._told.get(text, -NOTICE) < NOTICE:
            self._untold[text] = self._untold.get(text, 0) + 1
            return
        untold = self._untold.pop(text, 0)
        if len(self._told) >= KINDS:
            self._told.clear()
            self._untold.clear()
        self._told[text] = now
        more = f" ({untold} times more since the last such line)" if untold else ""
        _log.error("the database refused: {error}{more}", error=text, more=more)
