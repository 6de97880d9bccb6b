"""Statements on quotas. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3

from webcam.errors import NoSuchAccount
from webcam.model import Quotas


def quotas(cursor: sqlite3.Cursor, account_id: int) -> Quotas:
    """Those that are set for the account."""
    return dict(cursor.execute("SELECT kind, value FROM quotas WHERE account_id = ?", (account_id,)).fetchall())


def all_quotas(cursor: sqlite3.Cursor) -> dict[int, Quotas]:
    """Those of every account that has any."""
    found: dict[int, Quotas] = {}
    for account_id, kind, value in cursor.execute("SELECT account_id, kind, value FROM quotas"):
        found.setdefault(account_id, {})[kind] = value
    return found


def set_quota(cursor: sqlite3.Cursor, name: str, kind: str, value: int | None) -> None:
    """Bound what the account of this name may hold; ``None`` gives it back to the server's default, 0 is no bound.

    Raises :class:`NoSuchAccount`.
    """
    row = cursor.execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NoSuchAccount(name)
    if value is None:
        cursor.execute("DELETE FROM quotas WHERE account_id = ? AND kind = ?", (row[0], kind))
    else:
        cursor.execute(
            "INSERT INTO quotas (account_id, kind, value) VALUES (?, ?, ?)"
            " ON CONFLICT (account_id, kind) DO UPDATE SET value = excluded.value",
            (row[0], kind, value),
        )
