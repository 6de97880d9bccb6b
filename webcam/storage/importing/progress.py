"""How far an import is, in tables of its own: written in the transactions that do it, and gone with the last one."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

_ACCOUNTS = """
CREATE TABLE IF NOT EXISTS import_accounts (
    old_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    password_hash TEXT                          -- NULL: not hashed yet
)
"""
_PROGRESS = """
CREATE TABLE IF NOT EXISTS import_progress (
    step TEXT NOT NULL PRIMARY KEY,             -- the others are those of Done
    old_id INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    bytes_left_out INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    wrapped INTEGER NOT NULL
)
"""

OWNED = "account_id IN (SELECT account_id FROM import_accounts)"
"""For rows of accounts that are being imported."""


@dataclass
class Done:
    """How far a step is: its last row's id, rows taken and left out, their bytes; of messages those left out for being
    sync marks, and those taken whose parameters were no JSON."""

    old_id: int = -1
    taken: int = 0
    left_out: int = 0
    bytes: int = 0
    bytes_left_out: int = 0
    marks: int = 0
    wrapped: int = 0


def begin(cursor: sqlite3.Cursor) -> dict[int, str]:
    """The accounts of an import that was broken off: names by the ids that they had."""
    cursor.execute(_ACCOUNTS)
    cursor.execute(_PROGRESS)
    begun = dict(cursor.execute("SELECT old_id, name FROM import_accounts").fetchall())
    if not begun:  # the operator removed them all, and with them what was done
        cursor.execute("DELETE FROM import_progress")
    return begun


def end(cursor: sqlite3.Cursor) -> None:
    for table in ("import_accounts", "import_progress"):
        cursor.execute(f"DROP TABLE {table}")


def done(cursor: sqlite3.Cursor, step: str) -> Done:
    row = cursor.execute("SELECT * FROM import_progress WHERE step = ?", (step,)).fetchone()
    return Done(*row[1:]) if row else Done()


def save(cursor: sqlite3.Cursor, step: str, now: Done) -> None:
    cursor.execute("INSERT OR REPLACE INTO import_progress VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (step, *astuple(now)))


def found(cursor: sqlite3.Cursor, table: str, what: str = "COUNT(*)") -> int:
    """Of the accounts that are being imported, what is here."""
    (number,) = cursor.execute(f"SELECT {what} FROM {table} WHERE {OWNED}").fetchone()
    return int(number or 0)
