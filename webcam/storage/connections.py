"""Connections to the database, one a thread, that are opened anew when the file can't be what it was taken for."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from twisted.enterprise import adbapi

from webcam.storage.schema import prepare


def pool(path: Path, reactor: Any, connections: int) -> adbapi.ConnectionPool:
    """Up to so many threads with a connection each; they start with their first call."""
    made = adbapi.ConnectionPool(
        "sqlite3",
        str(path),
        check_same_thread=False,
        cp_min=1,
        cp_max=connections,
        cp_openfun=_prepare,
        cp_noisy=False,
        cp_reactor=reactor,
    )
    made.connectionFactory = _Connection
    made.start()
    return made


def _prepare(connection: sqlite3.Connection) -> None:
    """One that can't be used is closed at once: as long as it is open, others share what it found."""
    try:
        prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise


def worthless(error: BaseException | None) -> bool:
    """Whether it tells of the connection, rather than of what was asked.

    SQLite remembers pages that it read, so a damaged one is damaged until it is read again; and a file that couldn't be
    written when it was opened stays open for reading alone.
    """
    if isinstance(error, sqlite3.OperationalError):
        return "readonly" in str(error)
    return type(error) is sqlite3.DatabaseError


class _Connection(adbapi.Connection):
    """Closed behind an error that makes it worthless; the next transaction opens another."""

    _cursor: sqlite3.Cursor

    def cursor(self) -> sqlite3.Cursor:
        """The one of the transaction: while it is open, the file is."""
        connection: Any = self._connection
        self._cursor = connection.cursor()
        return self._cursor

    def rollback(self) -> None:
        """Called by the pool while it handles what a transaction raised.

        The cursor is closed here, in its thread. Where a traceback took it along, whoever drops that would reset its
        statement, and with it what SQLite remembers as the connection's last error: a write that fails in another
        thread in this very moment would seem to have gone well, or have failed of nothing (``SystemError``).
        """
        error = sys.exc_info()[1]
        self._cursor.close()
        super().rollback()
        if worthless(error):
            self._pool.disconnect(self._connection)
