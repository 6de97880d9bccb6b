"""Keep the server able to start and to work beside rows that it can't compute with.

A database may have been changed by hand, or restored by a version that didn't look. ``webcam check`` names what is
wrong; here one bad row costs what hangs on it alone: a session ends, a setting or a quota is the default again, a
device is given its messages once more.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from twisted.logger import Logger

from webcam.errors import StartFailure
from webcam.storage.checks import SHOWN
from webcam.storage.rules import add_functions
from webcam.storage.schema import connect
from webcam.storage.values import bad_rows, bad_sequences, remove_bad_rows

_REMOVED = (
    "sessions",
    "revoked_sessions",
    "secrets",
    "settings",
    "quotas",
    "sync_marks",
    "devices",
    "shares",
    "clock",
    "runs",
)
"""Small tables that are read at the start or by every request of an account, and whose rows hold nothing stored."""

_BEARABLE = {
    "last_stamp": "this account can't store anything; see webcam check",
    "password_hash": "nobody can log in to this account; set a password by webcam account passwd",
}
"""Columns of an account that spoil its own writes or logins alone, with what that means."""

_log = Logger(namespace="webcam")


def isolate_bad_rows(path: Path) -> None:
    """Remove single rows that would keep the server from starting, and tell of those that will make it refuse writes.

    Raises :class:`StartFailure` for accounts that can't even be read, and :class:`sqlite3.Error`.
    """
    with closing(connect(path)) as connection:
        add_functions(connection)
        for column, line in bad_rows(connection, "accounts", last=_BEARABLE):
            if column not in _BEARABLE:
                raise StartFailure(
                    f"the database {path} can't be used: {line}; webcam check names all, restore a backup"
                )
            _log.error("{line}: {what}", line=line, what=_BEARABLE[column])
        for line in bad_sequences(connection):
            _log.error("no more rows can be stored: {line}; see webcam check", line=line)
        for table in _REMOVED:
            lines = [line for _, line in bad_rows(connection, table)]
            if not lines:
                continue
            remove_bad_rows(connection, table)
            for line in lines[:SHOWN]:
                _log.warn("removed a row that the server can't work with: {line}", line=line)
            if len(lines) > SHOWN:
                _log.warn("removed {count} more rows of {table}", count=len(lines) - SHOWN, table=table)
