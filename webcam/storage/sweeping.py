"""Statements of the sweeps. Each function runs inside a transaction of its own, small by its limit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from heapq import merge
from itertools import islice
from pathlib import Path

from webcam.model import Aged, FileSpace, Held

LOG_ROOM = 32 * 1024 * 1024
LOG_SHARE = 16
"""Bytes that the log may grow to under load, while it is read; on a small disk the 16th part of it."""

_HELD = """
SELECT id, record_bytes + message_bytes, record_bytes - COALESCE((
    SELECT size FROM records WHERE account_id = accounts.id ORDER BY stamp DESC LIMIT 1
), 0) FROM accounts
"""

_OLDEST = """
SELECT stamp, account_id, id, COALESCE(size, 0) FROM records
WHERE account_id = :account AND stamp < (SELECT MAX(stamp) FROM records WHERE account_id = :account)
ORDER BY stamp LIMIT :limit
"""

# The first ones first: SQLite looks for a page that it gives back among those that became free last, and it gives back
# the file's end. The other way round that takes a hundred times as long.
_PARTS = "SELECT record_id, part FROM record_parts WHERE record_id = ? ORDER BY part LIMIT ?"


def oldest_records(cursor: sqlite3.Cursor, account_ids: Sequence[int], limit: int) -> list[Aged]:
    found = [
        [Aged(*row) for row in cursor.execute(_OLDEST, {"account": account_id, "limit": limit})]
        for account_id in account_ids
    ]
    return list(islice(merge(*found), limit))


def held(cursor: sqlite3.Cursor) -> list[Held]:
    return [Held(*row) for row in cursor.execute(_HELD)]


def facts(cursor: sqlite3.Cursor) -> dict[str, str]:
    return dict(cursor.execute("SELECT name, value FROM facts").fetchall())


def set_fact(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    cursor.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def drop_parts(cursor: sqlite3.Cursor, limit: int) -> int:
    dropped = 0
    loose = cursor.execute("SELECT id FROM loose_records WHERE uploading = 0 ORDER BY id LIMIT ?", (limit,)).fetchall()
    for (record_id,) in loose:
        left = limit - dropped
        if left <= 0:
            break
        parts = cursor.execute(_PARTS, (record_id, left)).fetchall()
        cursor.executemany("DELETE FROM record_parts WHERE record_id = ? AND part = ?", parts)
        dropped += max(1, len(parts))
        if len(parts) < left:
            cursor.execute("DELETE FROM loose_records WHERE id = ?", (record_id,))
    return dropped


def space(cursor: sqlite3.Cursor) -> FileSpace:
    page, pages, free = (
        cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
    )
    size = page * pages
    file = Path(cursor.execute("PRAGMA database_list").fetchone()[2])
    if not file.name:  # a database in memory, which has no log
        return FileSpace(size, page * free)
    log = file.with_name(f"{file.name}-wal")
    found = os.statvfs(file.parent)
    wanted = min(LOG_ROOM, found.f_blocks * found.f_frsize // LOG_SHARE) - (log.stat().st_size if log.exists() else 0)
    return FileSpace(size, page * free, max(0, size - file.stat().st_size) + max(0, wanted))


def give_back(cursor: sqlite3.Cursor, size: int) -> int:
    before = space(cursor)
    (page,) = cursor.execute("PRAGMA page_size").fetchone()
    for _ in range(max(1, min(size, before.free) // page)):
        cursor.execute("PRAGMA incremental_vacuum")  # a page: Python's module takes one step of what has no columns
    return before.size - space(cursor).size
