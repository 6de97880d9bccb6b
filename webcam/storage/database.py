"""Transactions on SQLite by adbapi: one writer, several readers, all off the reactor's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.task import deferLater

from webcam.errors import DatabaseFail, StorageClosed
from webcam.storage.connections import pool
from webcam.storage.copying import BUSY
from webcam.storage.refusals import Refusals
from webcam.storage.reserve import Reserve
from webcam.storage.schema import LOG, VERSION
from webcam.storage.writer import Writer

READERS = 3

_T = TypeVar("_T")


class Database:
    """Runs functions of a cursor, each whole or not at all.

    WAL lets readers go on while the writer commits; the writer's commit returns when it is on disk. The threads start
    with the first call and end with :meth:`close`; from then on, and within :meth:`closed`, calls raise
    :class:`StorageClosed`.
    """

    def __init__(self, path: Path, reactor: Any) -> None:
        self._path = path
        self._reactor = reactor
        self._ended = False
        self._refusals = Refusals()
        self._reserve = Reserve(path.parent)
        self.changes = 0
        """Writes that ended here so far, but for those by :meth:`write_aside`."""
        self._open()

    def _open(self) -> None:
        self._writing = pool(self._path, self._reactor, 1)
        self._writer = Writer(self._writing, self._reserve)
        self._reading = DeferredSemaphore(2 * READERS)
        self._readers = pool(self._path, self._reactor, READERS)
        self._closing = False

    async def write(self, function: Callable[..., _T], *args: Any) -> _T:
        """``function(cursor, *args)`` alone on the database, on disk when it returns.

        Where the disk is full it is done all the same, as long as the reserve lasts. Raises :class:`DatabaseFail` when
        SQLite refuses.
        """
        try:
            return await self.write_aside(function, *args)
        finally:
            self.changes += 1

    async def write_aside(self, function: Callable[..., _T], *args: Any) -> _T:
        """The same, of what :attr:`changes` needn't tell."""
        with self._refusals:
            result: _T = await self._writer.write(function, args)
            return result

    async def add(self, size: int, function: Callable[..., _T], *args: Any) -> _T:
        """The same with *size* bytes of new data, which may not use the reserve: nothing of them makes room.

        Raises :class:`webcam.errors.DiskFull` when the disk has no space for them.
        """
        try:
            with self._refusals:
                result: _T = await self._writer.write(function, args, max(1, size))
                return result
        finally:
            self.changes += 1

    async def step(self, function: Callable[..., _T], *args: Any) -> tuple[_T, float]:
        """The same in a transaction of its own, and for how many seconds that kept others from writing.

        What the log holds is written to the database then, while others go on.
        """
        try:
            with self._refusals:
                result: tuple[_T, float] = await self._writer.step(function, args)
        finally:
            self.changes += 1
        with suppress(DatabaseFail):  # the step is done all the same
            await self.read(_checkpoint)
        return result

    async def trim_log(self) -> None:
        """Write what is in the log to the database, while others go on; then let the log begin anew, and be cut.

        The reserve is made whole, if there is space for it.
        """
        if self._reserve.held < self._reserve.whole:
            await self.write_aside(lambda _cursor: self._reserve.refill())
        if self._log_size() <= LOG:
            return
        await self.read(_checkpoint)
        await self.step(_restart_log)

    def _log_size(self) -> int:
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        except FileNotFoundError:
            return 0

    async def read(self, function: Callable[..., _T], *args: Any) -> _T:
        """``function(cursor, *args)`` on one state of the database, beside whoever writes."""
        with self._refusals:
            if self._closing:
                raise StorageClosed("closed")
            async with self._reading:  # readers work so far ahead of whoever takes what they found: it doesn't pile up
                result: _T = await self._readers.runInteraction(_read, function, args)
            return result

    async def close(self) -> None:
        """Wait for what was begun, then close every connection, for good."""
        self._ended = True
        await self._close()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Within, no file of the database is open here, and whoever waited for it has been told of the outcome."""
        await self._close()
        try:
            yield
        finally:
            if not self._ended:
                self._open()

    async def _close(self) -> None:
        if self._closing:
            return
        self._closing = True
        await self._writer.close()
        for _ in range(self._reading.limit):
            await self._reading.acquire()
        await deferLater(self._reactor, 0)  # the last reader has its result when this turn is over
        for each in (self._readers, self._writing):
            each.close()


def _checkpoint(cursor: sqlite3.Cursor) -> None:
    """It waits for nobody, and nobody for it. What can't be written now is still in the log."""
    cursor.execute("COMMIT")
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _restart_log(cursor: sqlite3.Cursor) -> None:
    """Unless somebody reads in it. SQLite cuts it with the first commit that begins anew, to ``journal_size_limit``;
    this is one, and changes nothing."""
    cursor.execute("COMMIT")
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        cursor.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY}")
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute(f"PRAGMA user_version = {VERSION}")


def _read(cursor: sqlite3.Cursor, function: Callable[..., _T], args: tuple[Any, ...]) -> _T:
    cursor.execute("BEGIN")
    return function(cursor, *args)
