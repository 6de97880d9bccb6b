"""From ages to stamps: which stamps an account still keeps. Each function runs inside a transaction of its caller's.

Within an account stamps and running times rise together, so what is expired by age is a beginning of either order.
Lists and sweeps go by stamps, whose indices they need anyway; one look along another index tells where the rest begins.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from webcam.model import Expiry

LAST = "\U0010ffff"
"""Later than any stamp."""


class MessageFloors(NamedTuple):
    """The stamps from which on messages, and broadcasts, are kept."""

    messages: str
    broadcasts: str


def record_floor(cursor: sqlite3.Cursor, account_id: int, expiry: Expiry) -> str:
    """The stamp from which on the account's records are kept; :data:`LAST` when all of them are expired."""
    return _floor(cursor, "records", account_id, expiry.records)


def message_floors(cursor: sqlite3.Cursor, account_id: int, expiry: Expiry) -> MessageFloors:
    """The same of its messages."""
    messages = _floor(cursor, "messages", account_id, expiry.messages)
    if expiry.broadcasts <= expiry.messages:
        return MessageFloors(messages, messages)
    return MessageFloors(messages, _floor(cursor, "messages", account_id, expiry.broadcasts))


def _floor(cursor: sqlite3.Cursor, table: str, account_id: int, running: int) -> str:
    if running <= 0:
        return ""
    row = cursor.execute(
        f"SELECT stamp FROM {table} WHERE account_id = ? AND stored >= ? ORDER BY stored, stamp LIMIT 1",
        (account_id, running),
    ).fetchone()
    return LAST if row is None else str(row[0])


def count_expired(cursor: sqlite3.Cursor, account_id: int, expiry: Expiry, limit: int) -> int:
    """How many messages and records of the account are expired by their age; *limit* if there are more."""
    floors = message_floors(cursor, account_id, expiry)
    values = {
        "account": account_id,
        "records": record_floor(cursor, account_id, expiry),
        "messages": floors.messages,
        "broadcasts": floors.broadcasts,
        "limit": limit,
    }
    (number,) = cursor.execute(_EXPIRED, values).fetchone()
    return int(number)


# Ranges of indices, each counted no further than the limit.
_EXPIRED = """
SELECT COUNT(*) FROM (
    SELECT * FROM (SELECT 1 FROM records WHERE account_id = :account AND stamp < :records LIMIT :limit)
    UNION ALL
    SELECT * FROM (SELECT 1 FROM messages WHERE account_id = :account AND stamp < :messages LIMIT :limit)
    UNION ALL
    SELECT * FROM (
        SELECT 1 FROM messages
        WHERE account_id = :account AND target = '' AND stamp >= :messages AND stamp < :broadcasts LIMIT :limit
    )
    LIMIT :limit
)
"""
