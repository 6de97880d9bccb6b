"""Statements on secrets. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from webcam.errors import NoSuchSecret, SecretExists
from webcam.model import Role, Secret
from webcam.storage.accounts import id_of

_SECRET = "SELECT id, label, role, devices, every_frame FROM secrets"


def add_secret(
    cursor: sqlite3.Cursor,
    name: str,
    label: str,
    digest: str,
    role: Role,
    devices: frozenset[str],
    every_frame: bool = False,
) -> int:
    values = (id_of(cursor, name), label, digest, role.value, json.dumps(sorted(devices)), int(every_frame))
    try:
        cursor.execute(
            "INSERT INTO secrets (account_id, label, digest, role, devices, every_frame) VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
    except sqlite3.IntegrityError:
        raise SecretExists(label) from None
    secret_id = cursor.lastrowid
    assert secret_id is not None, "an INSERT has a row id"
    return secret_id


def secrets(cursor: sqlite3.Cursor, name: str) -> list[Secret]:
    rows = cursor.execute(f"{_SECRET} WHERE account_id = ? ORDER BY label", (id_of(cursor, name),))
    return [_secret(row) for row in rows]


def secret(cursor: sqlite3.Cursor, name: str, digest: str) -> Secret | None:
    row = cursor.execute(
        f"{_SECRET} WHERE digest = ? AND account_id = (SELECT id FROM accounts WHERE name = ?)", (digest, name)
    ).fetchone()
    return None if row is None else _secret(row)


def remove_secret(cursor: sqlite3.Cursor, name: str, label: str) -> None:
    row = cursor.execute(
        "SELECT id FROM secrets WHERE account_id = ? AND label = ?", (id_of(cursor, name), label)
    ).fetchone()
    if row is None:
        raise NoSuchSecret(label)
    # Before their rows go with the secret's, by the schema.
    cursor.execute(
        "INSERT INTO revoked_sessions (digest) SELECT digest FROM sessions WHERE secret_id = ? ON CONFLICT DO NOTHING",
        row,
    )
    cursor.execute("DELETE FROM secrets WHERE id = ?", row)


def secret_of(row: Sequence[Any]) -> Secret | None:
    """Of an outer join's columns: id, label, role, devices, every_frame."""
    return None if row[0] is None else _secret(row)


def _secret(row: Sequence[Any]) -> Secret:
    secret_id, label, role, devices, every_frame = row
    return Secret(secret_id, label, Role(role), frozenset(json.loads(devices)), bool(every_frame))
