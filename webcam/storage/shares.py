"""Statements on links that share a stream. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.consolemodel import Share
from webcam.errors import QuotaExceeded
from webcam.storage.accounts import exists

_SHARE = "SELECT shares.id, account_id, device, stored, lasts FROM shares"
_GOOD = "JOIN accounts ON accounts.id = shares.account_id AND accounts.disabled = 0"


def add_share(cursor: sqlite3.Cursor, share: Share, digest: str, bound: int) -> int:
    exists(cursor, share.account_id)
    if len(shares(cursor, share.account_id)) >= bound:
        raise QuotaExceeded(f"more than {bound} links")
    cursor.execute(
        "INSERT INTO shares (account_id, device, digest, stored, lasts) VALUES (?, ?, ?, ?, ?)",
        (share.account_id, share.device, digest, share.stored, share.lasts),
    )
    share_id = cursor.lastrowid
    assert share_id is not None, "an INSERT has a row id"
    return share_id


def shares(cursor: sqlite3.Cursor, account_id: int) -> list[Share]:
    return [Share(*row) for row in cursor.execute(f"{_SHARE} WHERE account_id = ? ORDER BY shares.id", (account_id,))]


def all_shares(cursor: sqlite3.Cursor) -> list[Share]:
    return [Share(*row) for row in cursor.execute(f"{_SHARE} ORDER BY shares.id")]


def share(cursor: sqlite3.Cursor, digest: str) -> Share | None:
    row = cursor.execute(f"{_SHARE} {_GOOD} WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else Share(*row)


def good_shares(cursor: sqlite3.Cursor, share_ids: Sequence[int]) -> list[Share]:
    statement = f"{_SHARE} {_GOOD} WHERE shares.id = ?"
    found = (cursor.execute(statement, (each,)).fetchone() for each in share_ids)
    return [Share(*row) for row in found if row is not None]


def remove_share(cursor: sqlite3.Cursor, account_id: int, share_id: int) -> bool:
    cursor.execute("DELETE FROM shares WHERE id = ? AND account_id = ?", (share_id, account_id))
    return cursor.rowcount == 1


def remove_shares(cursor: sqlite3.Cursor, share_ids: Sequence[int]) -> None:
    cursor.executemany("DELETE FROM shares WHERE id = ?", [(each,) for each in share_ids])
