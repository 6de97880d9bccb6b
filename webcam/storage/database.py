"""Transactions on SQLite by adbapi: one writer, several readers, all off the reactor's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.enterprise import adbapi
from twisted.logger import Logger

from webcam.errors import DatabaseFail
from webcam.storage.schema import prepare

READERS = 3

_log = Logger()
_T = TypeVar("_T")


class Database:
    """Runs functions of a cursor, each as one transaction.

    WAL lets readers go on while the writer commits; the writer's commit returns when it is on disk. The threads start
    with the first call and end with :meth:`close`.
    """

    def __init__(self, path: Path, reactor: Any) -> None:
        self._writer = _pool(path, reactor, 1)
        self._readers = _pool(path, reactor, READERS)

    async def write(self, function: Callable[..., _T], *args: Any) -> _T:
        """``function(cursor, *args)`` alone on the database. Raises :class:`DatabaseFail` when SQLite refuses."""
        return await _run(self._writer, "BEGIN IMMEDIATE", function, args)

    async def read(self, function: Callable[..., _T], *args: Any) -> _T:
        """``function(cursor, *args)`` on one state of the database, beside whoever writes."""
        return await _run(self._readers, "BEGIN", function, args)

    def close(self) -> None:
        """Wait for running transactions, then close every connection."""
        self._readers.close()
        self._writer.close()


def _pool(path: Path, reactor: Any, connections: int) -> adbapi.ConnectionPool:
    pool = adbapi.ConnectionPool(
        "sqlite3",
        str(path),
        check_same_thread=False,
        cp_min=1,
        cp_max=connections,
        cp_openfun=prepare,
        cp_noisy=False,
        cp_reactor=reactor,
    )
    pool.start()
    return pool


async def _run(pool: adbapi.ConnectionPool, begin: str, function: Callable[..., _T], args: tuple[Any, ...]) -> _T:
    def interaction(cursor: sqlite3.Cursor) -> _T:
        cursor.execute(begin)
        return function(cursor, *args)

    if not pool.running:
        raise DatabaseFail("closed")
    try:
        result: _T = await pool.runInteraction(interaction)
    except sqlite3.Error as error:
        _log.error("the database refused: {error}", error=f"{type(error).__name__}: {error}")
        raise DatabaseFail(type(error).__name__) from error
    return result
