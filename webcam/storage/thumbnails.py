"""Thumbnails that are kept: in a SQLite file of their own, beside the database.

What is in it can be made anew. So no backup needs to have it, no upgrade to bring it along, no answer waits for it to
be on disk, and damage ends with the file. One file with a bound is less than a hundred thousand small ones.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from twisted.logger import Logger

from webcam.durable import create_private
from webcam.model import Record
from webcam.service.passwords import Offload
from webcam.storage.connections import worthless
from webcam.storage.parts import ENDINGS
from webcam.storage.reserve import Reserve

FILE = "thumbnails.db"

LIMIT = 256 * 1024 * 1024
"""Bytes of those that are kept, some 25,000. For a new one the one goes that was made first."""

ROW = 100
"""Bytes that each has beside its own, also where there is none to make."""

LOG = 4 * 1024 * 1024
"""Bytes to which SQLite cuts its log."""

REST = 60.0
"""Seconds for which the file is left alone after it failed."""

_AT_ONCE = 500
_TABLE = """
CREATE TABLE IF NOT EXISTS thumbnails (
    number INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL UNIQUE,
    stamp TEXT NOT NULL,
    data BLOB NOT NULL
)
"""

_MADE = " ".join(_TABLE.replace("IF NOT EXISTS ", "").split())

LARGEST = 1024 * 1024
"""Bytes of a thumbnail, many times what one has."""

# What nobody of ours put there.
_WORTHLESS = f"""
DELETE FROM thumbnails WHERE TYPEOF(data) <> 'blob' OR LENGTH(data) > {LARGEST}
    OR TYPEOF(record_id) <> 'integer' OR TYPEOF(stamp) <> 'text'
"""

_T = TypeVar("_T")
_log = Logger(namespace="webcam")


def is_short(folder: Path) -> bool:
    """Whether the folder's disk has no space for what can be made anew."""
    reserve = Reserve(folder)
    return reserve.free < 2 * reserve.whole


class ThumbnailFile:
    """See :class:`webcam.ports.ThumbnailStore`. *offload* runs what it is given on another thread, one after the other.

    Without *path* they are kept in memory. *maker* is a number of 31 bits for what makes them: a picture of which one
    maker could make none may be tried by another.
    """

    def __init__(
        self,
        path: Path | None,
        offload: Offload,
        maker: int = 0,
        limit: int = LIMIT,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._offload = offload
        self._maker = maker
        self._limit = limit
        self._steady = steady
        self._connection: sqlite3.Connection | None = None
        self._size = 0
        self._rests_until = 0.0
        self._closed = False

    async def thumbnail(self, record: Record) -> bytes | None:
        found: bytes | None = await self._ask(self._read, None, record)
        return found

    async def keep(self, record: Record, data: bytes) -> None:
        await self._ask(self._keep, None, record, data)

    async def forget(self, record_ids: Collection[int]) -> None:
        if record_ids:
            await self._ask(self._forget, None, list(record_ids))

    async def kept(self, after: int, limit: int) -> list[int]:
        found: list[int] = await self._ask(self._list, [], after, limit)
        return found

    async def close(self) -> None:
        """For good."""
        self._closed = True
        await self._offload(self._close)

    # On the reactor's thread

    async def _ask(self, function: Callable[..., Any], otherwise: Any, *args: Any) -> Any:
        if self._closed or self._steady() < self._rests_until:
            return otherwise
        try:
            return await self._offload(self._run, function, *args)
        except (sqlite3.Error, OSError) as error:
            self._rests_until = self._steady() + REST
            _log.warn("no thumbnails are kept for {rest:.0f} s: {error}", rest=REST, error=str(error))
            return otherwise

    # On the other one

    def _run(self, function: Callable[..., _T], *args: Any) -> _T:
        try:
            if self._connection is None:
                self._connection = self._open()
            with self._connection:
                return function(self._connection, *args)
        except sqlite3.Error as error:
            self._close()
            if worthless(error):
                self._remove()
            raise

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            create_private(self._path)
        connection = sqlite3.connect(self._path or ":memory:", check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA journal_size_limit = {LOG}")
            connection.execute(_TABLE)
            _refuse_another(connection)
            connection.execute(_WORTHLESS)
            self._forget_another_maker(connection)
            connection.commit()
            (self._size,) = connection.execute(
                f"SELECT COALESCE(SUM(LENGTH(data) + {ROW}), 0) FROM thumbnails"
            ).fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _forget_another_maker(self, connection: sqlite3.Connection) -> None:
        (maker,) = connection.execute("PRAGMA user_version").fetchone()
        if maker != self._maker:
            connection.execute("DELETE FROM thumbnails WHERE data = x''")
            connection.execute(f"PRAGMA user_version = {self._maker:d}")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        for suffix in ENDINGS if self._path is not None else ():
            with suppress(OSError):
                Path(f"{self._path}{suffix}").unlink()

    def _read(self, connection: sqlite3.Connection, record: Record) -> bytes | None:
        row = connection.execute(
            "SELECT data FROM thumbnails WHERE record_id = ? AND stamp = ?", (record.record_id, record.stamp)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _list(self, connection: sqlite3.Connection, after: int, limit: int) -> list[int]:
        rows = connection.execute(
            "SELECT record_id FROM thumbnails WHERE record_id > ? ORDER BY record_id LIMIT ?", (after, limit)
        )
        return [record_id for (record_id,) in rows]

    def _keep(self, connection: sqlite3.Connection, record: Record, data: bytes) -> None:
        if self._path is not None and is_short(self._path.parent):
            return
        self._forget(connection, [record.record_id])
        connection.execute(
            "INSERT INTO thumbnails (record_id, stamp, data) VALUES (?, ?, ?)", (record.record_id, record.stamp, data)
        )
        self._size += len(data) + ROW
        if self._size > self._limit:
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        doomed = []
        with closing(connection.execute("SELECT record_id, LENGTH(data) FROM thumbnails ORDER BY number")) as rows:
            excess = self._size - self._limit
            for record_id, size in rows:
                if excess <= 0:
                    break
                doomed.append(record_id)
                excess -= size + ROW
        self._forget(connection, doomed)

    def _forget(self, connection: sqlite3.Connection, record_ids: list[int]) -> None:
        for start in range(0, len(record_ids), _AT_ONCE):
            some = record_ids[start : start + _AT_ONCE]
            named = f"FROM thumbnails WHERE record_id IN ({', '.join('?' * len(some))})"
            (size,) = connection.execute(f"SELECT COALESCE(SUM(LENGTH(data) + {ROW}), 0) {named}", some).fetchone()
            connection.execute(f"DELETE {named}", some)
            self._size -= size


def _refuse_another(connection: sqlite3.Connection) -> None:
    """Raise for a file with other tables, or with triggers, as for a damaged one: it is made anew."""
    connection.execute("PRAGMA trusted_schema = OFF")
    objects = connection.execute("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    if [" ".join(str(sql).split()) for (sql,) in objects] != [_MADE]:
        raise sqlite3.DatabaseError("it has other tables than the server makes")
