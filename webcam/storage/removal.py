"""Statements that take records away. Each function runs inside a transaction that its caller began.

A record leaves the lists at once, whatever its size: it becomes loose, and its parts go in later transactions, few at a
time, so that nobody waits long for the writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from webcam.errors import NoSuchRecord
from webcam.model import Expiry, Usage, next_stamp
from webcam.storage.accounts import count
from webcam.storage.aging import record_floor

_NAMES_AT_ONCE = 500
"""Below the number of variables that any SQLite takes in one statement (999)."""

_Found = tuple[int, int, str, int]
"""Of a record: id, account, stamp, bytes."""


def delete_records(cursor: sqlite3.Cursor, account_id: int, record_ids: Sequence[int], older: bool) -> str:
    found = list(_named(cursor, sorted(set(record_ids))))
    for record_id, owner, _, _ in found:
        if owner != account_id:
            raise NoSuchRecord(str(record_id))
    _loosen(cursor, found)
    if not (older and found):
        return ""
    oldest = min(stamp for _, _, stamp, _ in found)
    _loosen_older(cursor, account_id, oldest)
    return oldest


def expire_records(cursor: sqlite3.Cursor, account_id: int, expiry: Expiry, limit: int) -> tuple[int, str]:
    found = cursor.execute(
        "SELECT id, account_id, stamp, COALESCE(size, 0) FROM records"
        " WHERE account_id = ? AND stamp < ? ORDER BY stamp LIMIT ?",
        (account_id, record_floor(cursor, account_id, expiry), limit),
    ).fetchall()
    _loosen(cursor, found)
    return len(found), next_stamp("", found[-1][2]) if found else ""


def remove_records(cursor: sqlite3.Cursor, record_ids: Sequence[int]) -> dict[int, Usage]:
    found = list(_named(cursor, record_ids))
    return _loosen(cursor, found)


def kept_records(cursor: sqlite3.Cursor, record_ids: Sequence[int]) -> set[int]:
    return {record_id for record_id, *_ in _named(cursor, record_ids)}


def _named(cursor: sqlite3.Cursor, record_ids: Sequence[int]) -> Iterator[_Found]:
    for start in range(0, len(record_ids), _NAMES_AT_ONCE):
        some = list(record_ids[start : start + _NAMES_AT_ONCE])
        marks = ", ".join("?" * len(some))
        yield from cursor.execute(
            f"SELECT id, account_id, stamp, COALESCE(size, 0) FROM records WHERE id IN ({marks})", some
        ).fetchall()


def _loosen(cursor: sqlite3.Cursor, found: Sequence[_Found]) -> dict[int, Usage]:
    """What of it was of which account."""
    record_ids = [(record_id,) for record_id, *_ in found]
    cursor.executemany("INSERT INTO loose_records (id, uploading) VALUES (?, 0)", record_ids)
    cursor.executemany("DELETE FROM records WHERE id = ?", record_ids)
    gone: dict[int, Usage] = {}
    for _, account_id, _, size in found:
        before = gone.get(account_id, Usage())
        gone[account_id] = Usage(0, before.records + 1, before.record_bytes + size)
    for account_id, usage in gone.items():
        count(cursor, account_id, records=-usage.records, size=-usage.record_bytes)
    return gone


def _loosen_older(cursor: sqlite3.Cursor, account_id: int, stamp: str) -> None:
    """There may be very many of these: they are moved without being looked at."""
    older = "FROM records WHERE account_id = ? AND stamp < ?"
    values = (account_id, stamp)
    number, size = cursor.execute(f"SELECT COUNT(*), COALESCE(SUM(size), 0) {older}", values).fetchone()
    cursor.execute(f"INSERT INTO loose_records (id, uploading) SELECT id, 0 {older}", values)
    cursor.execute(f"DELETE {older}", values)
    count(cursor, account_id, records=-number, size=-size)
