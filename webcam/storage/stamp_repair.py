"""Stamps that lie ahead of the clock, since it was ahead when something was stored: found, and set right."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from webcam.calendar import SECOND, micros_of
from webcam.model import next_stamp, stamp_of
from webcam.storage.clock import cursor_stamp, remember_cursor, wall_times

AT_ONCE = 1000
"""Rows that are read and written at once."""


@dataclass(frozen=True)
class Ahead:
    """An account with stamps later than the clock: how many items, and its newest stamp."""

    account_id: int
    name: str
    items: int
    newest: str


_AHEAD = """
SELECT id, name,
    (SELECT COUNT(*) FROM messages WHERE account_id = accounts.id AND stamp > :now)
    + (SELECT COUNT(*) FROM records WHERE account_id = accounts.id AND stamp > :now),
    last_stamp
FROM accounts WHERE last_stamp > :now ORDER BY name
"""

_ITEMS = """
SELECT 'messages', id, stamp, stored FROM messages WHERE account_id = :account AND stamp > :now
UNION ALL SELECT 'records', id, stamp, stored FROM records WHERE account_id = :account AND stamp > :now
ORDER BY stamp
"""

_BEFORE = """
SELECT COALESCE(MAX(stamp), '') FROM (
    SELECT MAX(stamp) AS stamp FROM messages WHERE account_id = :account AND stamp <= :now
    UNION ALL SELECT MAX(stamp) FROM records WHERE account_id = :account AND stamp <= :now
)
"""

_PLACES = (("sync_marks", ("stamp", "settling", "settled")), ("sessions", ("given",)))
"""Where stamps stand beside those of items: table, and columns."""


def stamps_ahead(cursor: sqlite3.Cursor, now: str) -> list[Ahead]:
    """Return the accounts whose newest stamp is later than *now*, by name."""
    return [Ahead(*row) for row in cursor.execute(_AHEAD, {"now": now})]


def repair_stamps(cursor: sqlite3.Cursor, now: str) -> list[Ahead]:
    """Rewrite all stamps that are later than *now*, and return whose they were.

    Each becomes that of the time at which its item was stored, as far as it is known; their order stays. Cursors that
    clients hold are not known here: those that are later than *now* are of no use any more.
    """
    found = stamps_ahead(cursor, now)
    cursor.execute("CREATE TEMP TABLE repaired (old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID")
    for each in found:
        _repair_account(cursor, each, now)
        cursor.execute("DELETE FROM temp.repaired")
    cursor.execute("DROP TABLE temp.repaired")
    if cursor_stamp(cursor) > now:
        remember_cursor(cursor, now)
    return found


def _repair_account(cursor: sqlite3.Cursor, account: Ahead, now: str) -> None:
    values = {"account": account.account_id, "now": now}
    (before,) = cursor.execute(_BEFORE, values).fetchone()
    newest = before
    for items in _batches(cursor.connection.execute(_ITEMS, values)):
        new = list(_new_stamps(cursor, items, newest, now))
        newest = new[-1]
        for table in ("messages", "records"):
            rows = [(stamp, item[1]) for stamp, item in zip(new, items, strict=True) if item[0] == table]
            cursor.executemany(f"UPDATE {table} SET stamp = ? WHERE id = ?", rows)
        old = [(item[2], stamp) for stamp, item in zip(new, items, strict=True)]
        cursor.executemany("INSERT INTO temp.repaired (old, new) VALUES (?, ?)", old)
    _repair_places(cursor, account.account_id, before, now)
    cursor.execute("UPDATE accounts SET last_stamp = ? WHERE id = ?", (max(newest, now), account.account_id))


def _batches(rows: sqlite3.Cursor) -> Iterator[list[tuple[str, int, str, int]]]:
    """All rows first, as they were before any was changed, in a list of plain values: some 200 bytes each."""
    found = rows.fetchall()
    for start in range(0, len(found), AT_ONCE):
        yield found[start : start + AT_ONCE]


def _new_stamps(cursor: sqlite3.Cursor, items: list[tuple[str, int, str, int]], newest: str, now: str) -> Iterator[str]:
    wall_at = wall_times(cursor)
    for _, _, _, stored in items:
        stamp = stamp_of(min(wall_at(stored), micros_of(now)) / SECOND)
        newest = next_stamp(stamp, newest)
        yield newest


def _repair_places(cursor: sqlite3.Cursor, account_id: int, before: str, now: str) -> None:
    """What stood behind an item stands behind it still."""
    for table, columns in _PLACES:
        for column in columns:
            cursor.execute(
                f"UPDATE {table} SET {column} = COALESCE("
                f"(SELECT new FROM temp.repaired WHERE old <= {table}.{column} ORDER BY old DESC LIMIT 1), ?)"
                f" WHERE account_id = ? AND {column} > ?",
                (before, account_id, now),
            )
