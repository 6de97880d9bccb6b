"""Statements on sessions. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from webcam.model import SESSION_ID, SavedSession
from webcam.storage.accounts import id_of
from webcam.storage.secrets import secret_of

_SESSION = """
SELECT accounts.name, sessions.digest, sessions.account_id, device, meta, address, active, requests, given,
    secrets.id, secrets.label, secrets.role, secrets.devices, secrets.every_frame
FROM sessions JOIN accounts ON accounts.id = sessions.account_id LEFT JOIN secrets ON secrets.id = sessions.secret_id
"""


def sessions(cursor: sqlite3.Cursor) -> list[SavedSession]:
    return [session for _, session in _found(cursor.execute(f"{_SESSION} ORDER BY sessions.rowid"))]


def sessions_by_account(cursor: sqlite3.Cursor, name: str | None) -> list[tuple[str, SavedSession]]:
    """Those of the account of this name, or of all, with the account's name; by account, device and time.

    Raises :class:`webcam.errors.NoSuchAccount`.
    """
    order = "ORDER BY accounts.name, device, active"
    if name is None:
        return _found(cursor.execute(f"{_SESSION} {order}"))
    return _found(cursor.execute(f"{_SESSION} WHERE accounts.id = ? {order}", (id_of(cursor, name),)))


def _found(rows: sqlite3.Cursor) -> list[tuple[str, SavedSession]]:
    return [(name, _saved(values)) for name, *values in rows]


def _saved(row: Sequence[Any]) -> SavedSession:
    digest, account_id, device, meta, address, active, requests, given, *secret = row
    return SavedSession(digest, account_id, device, meta, address, int(active), requests, given, secret_of(secret))


def save_sessions(cursor: sqlite3.Cursor, saved: Sequence[SavedSession]) -> None:
    cursor.executemany(
        "INSERT INTO sessions (digest, account_id, device, meta, address, active, requests, given, secret_id)"
        " SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM accounts WHERE id = ?"
        " AND (? IS NULL OR EXISTS (SELECT 1 FROM secrets WHERE id = ?))"
        " ON CONFLICT (digest) DO UPDATE SET"
        " account_id = excluded.account_id, device = excluded.device, meta = excluded.meta, address = excluded.address,"
        " active = excluded.active, requests = excluded.requests, given = excluded.given,"
        " secret_id = excluded.secret_id",
        [_values(each) for each in saved],
    )


def _values(each: SavedSession) -> tuple[object, ...]:
    secret_id = each.secret.secret_id if each.secret else None
    life = (each.active, each.requests, each.given)
    return (each.digest, each.device, each.meta, each.address, *life, secret_id, each.account_id, secret_id, secret_id)


def touch_sessions(cursor: sqlite3.Cursor, saved: Sequence[SavedSession]) -> None:
    cursor.executemany(
        "UPDATE sessions SET active = ?, requests = ?, given = ? WHERE digest = ?",
        [(each.active, each.requests, each.given, each.digest) for each in saved],
    )


def end_sessions(cursor: sqlite3.Cursor, digests: Sequence[str]) -> None:
    cursor.executemany("DELETE FROM sessions WHERE digest = ?", [(each,) for each in digests])


# Revoking: the row goes at once, so that no start finds it, and a server that runs is told by a table.


def revoke_sessions(cursor: sqlite3.Cursor, name: str, device: str | None) -> int:
    account_id = id_of(cursor, name)
    if device is None:
        return revoke(cursor, "account_id = ?", account_id)
    return revoke(cursor, "account_id = ? AND device = ?", account_id, device)


def revoke_session(cursor: sqlite3.Cursor, session_id: str) -> int:
    """The session that begins with these :data:`SESSION_ID` digits; how many there were."""
    return revoke(cursor, f"substr(digest, 1, {SESSION_ID}) = ?", session_id)


def revoke(cursor: sqlite3.Cursor, condition: str, *values: object) -> int:
    """Those that meet the condition; how many."""
    cursor.execute(
        f"INSERT INTO revoked_sessions (digest) SELECT digest FROM sessions WHERE {condition} ON CONFLICT DO NOTHING",
        values,
    )
    cursor.execute(f"DELETE FROM sessions WHERE {condition}", values)
    return cursor.rowcount


def revoked_sessions(cursor: sqlite3.Cursor) -> list[str]:
    return [digest for (digest,) in cursor.execute("SELECT digest FROM revoked_sessions ORDER BY digest")]


def forget_revoked(cursor: sqlite3.Cursor, digests: Sequence[str]) -> None:
    cursor.executemany("DELETE FROM revoked_sessions WHERE digest = ?", [(each,) for each in digests])
