"""Statements on links that share a stream. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.consolemodel import Share
from webcam.errors import QuotaExceeded
from webcam.storage.accounts import exists

_SHARE = "SELECT shares.id, account_id, device, made, until FROM shares"
_GOOD = "JOIN accounts ON accounts.id = shares.account_id AND accounts.disabled = 0"


def add_share(cursor: sqlite3.Cursor, share: Share, digest: str, bound: int) -> int:
    exists(cursor, share.account_id)
    if len(shares(cursor, share.account_id, share.made)) >= bound:
        raise QuotaExceeded(f"more than {bound} links")
    cursor.execute(
        "INSERT INTO shares (account_id, device, digest, made, until) VALUES (?, ?, ?, ?, ?)",
        (share.account_id, share.device, digest, share.made, share.until),
    )
    share_id = cursor.lastrowid
    assert share_id is not None, "an INSERT has a row id"
    return share_id


def shares(cursor: sqlite3.Cursor, account_id: int, now: str) -> list[Share]:
    rows = cursor.execute(f"{_SHARE} WHERE account_id = ? AND until > ? ORDER BY until, shares.id", (account_id, now))
    return [Share(*row) for row in rows]


def share(cursor: sqlite3.Cursor, digest: str, now: str) -> Share | None:
    row = cursor.execute(f"{_SHARE} {_GOOD} WHERE digest = ? AND until > ?", (digest, now)).fetchone()
    return None if row is None else Share(*row)


def good_shares(cursor: sqlite3.Cursor, share_ids: Sequence[int], now: str) -> list[int]:
    statement = f"SELECT shares.id FROM shares {_GOOD} WHERE shares.id = ? AND until > ?"
    return [each for each in share_ids if cursor.execute(statement, (each, now)).fetchone()]


def remove_share(cursor: sqlite3.Cursor, account_id: int, share_id: int) -> bool:
    cursor.execute("DELETE FROM shares WHERE id = ? AND account_id = ?", (share_id, account_id))
    return cursor.rowcount == 1


def expire_shares(cursor: sqlite3.Cursor, now: str) -> None:
    cursor.execute("DELETE FROM shares WHERE until <= ?", (now,))
