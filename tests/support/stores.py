"""Stores for tests: SQLite in memory and without threads, SQLite as the server runs it, and one that refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from weakref import finalize

from twisted.trial.unittest import TestCase

from webcam.errors import DatabaseFail
from webcam.model import SavedSession
from webcam.storage.database import Database
from webcam.storage.schema import make_ready, prepare, upgrade
from webcam.storage.sqlite import SQLiteStore


class BlockingDatabase:
    """Runs each function as one transaction, as :class:`webcam.storage.database.Database` does, on this thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changes = 0

    async def write(self, function: Callable[..., Any], *args: Any) -> Any:
        self.changes += 1
        return await self.write_aside(function, *args)

    async def write_aside(self, function: Callable[..., Any], *args: Any) -> Any:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            result = function(cursor, *args)
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
        return result

    read = write_aside

    async def add(self, _size: int, function: Callable[..., Any], *args: Any) -> Any:
        return await self.write(function, *args)

    async def step(self, function: Callable[..., Any], *args: Any) -> tuple[Any, float]:
        return await self.write(function, *args), 0.0

    async def trim_log(self) -> None:
        """Whoever tests that has a real database."""

    async def close(self) -> None:
        self._connection.close()


@cache
def _empty_database() -> sqlite3.Connection:
    """Return an empty database with the newest schema. One a process: each store begins as a copy of its pages."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    prepare(connection)
    upgrade(connection, 0)
    connection.execute("VACUUM")  # tests reckon with no free pages
    return connection


class BlockingStore(SQLiteStore):
    """The store that the server has, on a database in memory and on the caller's thread: a call needs no reactor."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        finalize(self, self.connection.close)
        _empty_database().backup(self.connection)
        prepare(self.connection)
        super().__init__(BlockingDatabase(self.connection))  # type: ignore[arg-type]

    def query(self, statement: str, *values: object) -> list[Any]:
        """Run SQL of a test's own, and return its rows."""
        return self.connection.execute(statement, values).fetchall()

    @property
    def size(self) -> int:
        """Bytes of all records' data, of those that come and go, too."""
        ((size,),) = self.query("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM record_parts")
        return int(size)

    @property
    def free(self) -> int:
        """Bytes of the database's free pages."""
        ((page,),), ((pages,),) = self.query("PRAGMA page_size"), self.query("PRAGMA freelist_count")
        return int(page * pages)


def open_database(case: TestCase, close: bool = True) -> tuple[Path, Database]:
    """A real database in a folder of its own, with the real reactor's threads; the test's cleanup closes it."""
    from twisted.internet import reactor

    folder = Path(case.mktemp())
    folder.mkdir(parents=True)
    path = make_ready(folder)
    database = Database(path, reactor)
    if close:
        case.addCleanup(database.close)
    return path, database


class RefusingStore(BlockingStore):
    """A store that refuses to keep or end sessions, or to keep a hash, while ``refusing`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.refusing = False
        self.touches = 0

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        if self.refusing:
            raise DatabaseFail("refused")
        await super().save_sessions(saved)

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        if self.refusing:
            raise DatabaseFail("refused")
        self.touches += 1
        await super().touch_sessions(saved)

    async def end_sessions(self, digests: Sequence[str]) -> None:
        if self.refusing:
            raise DatabaseFail("refused")
        await super().end_sessions(digests)

    async def rehash(self, account_id: int, checked: str, password_hash: str) -> None:
        if self.refusing:
            raise DatabaseFail("refused")
        await super().rehash(account_id, checked, password_hash)
