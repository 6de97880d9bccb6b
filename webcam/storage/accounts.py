"""Statements on accounts and settings. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from webcam.errors import AccountExists, DatabaseFail, NoSuchAccount
from webcam.model import Account, Quotas, Settings, Usage, is_stamp
from webcam.storage import quotas

_ACCOUNT = """
SELECT id, name, password_hash, generation, last_stamp, disabled, message_count, record_count, record_bytes,
    message_bytes
FROM accounts
"""


def changes_elsewhere(cursor: sqlite3.Cursor) -> tuple[int, int]:
    """Return a value that is another one when another connection than the one that writes has changed the database."""
    (version,) = cursor.execute("PRAGMA data_version").fetchone()
    return id(cursor.connection), version


def accounts(cursor: sqlite3.Cursor) -> list[Account]:
    rows = cursor.execute(f"{_ACCOUNT} ORDER BY name").fetchall()
    chosen: dict[int, Settings] = {}
    for account_id, kind, value in cursor.execute("SELECT account_id, kind, value FROM settings"):
        chosen.setdefault(account_id, {})[kind] = value
    bounds = quotas.all_quotas(cursor)
    return [_account(row, chosen.get(row[0], {}), bounds.get(row[0], {})) for row in rows]


def account(cursor: sqlite3.Cursor, name: str) -> Account | None:
    row = cursor.execute(f"{_ACCOUNT} WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    chosen = cursor.execute("SELECT kind, value FROM settings WHERE account_id = ?", (row[0],)).fetchall()
    return _account(row, dict(chosen), quotas.quotas(cursor, row[0]))


def _account(row: Sequence[Any], chosen: Settings, bounds: Quotas) -> Account:
    account_id, name, password_hash, generation, last_stamp, disabled, *held = row
    usage = Usage(*held)
    return Account(account_id, name, password_hash, generation, last_stamp, chosen, bounds, usage, bool(disabled))


def add_account(cursor: sqlite3.Cursor, name: str, password_hash: str) -> int:
    try:
        cursor.execute("INSERT INTO accounts (name, password_hash) VALUES (?, ?)", (name, password_hash))
    except sqlite3.IntegrityError:
        raise AccountExists(name) from None
    account_id = cursor.lastrowid
    assert account_id is not None, "an INSERT has a row id"
    return account_id


def set_password(cursor: sqlite3.Cursor, name: str, password_hash: str) -> None:
    cursor.execute(
        "UPDATE accounts SET password_hash = ?, generation = generation + 1 WHERE name = ?", (password_hash, name)
    )
    if cursor.rowcount != 1:
        raise NoSuchAccount(name)
    _end_sessions(cursor, name)


def change_password(cursor: sqlite3.Cursor, account_id: int, checked: str, password_hash: str, keep: str) -> bool:
    cursor.execute(
        "UPDATE accounts SET password_hash = ?, generation = generation + 1 WHERE id = ? AND password_hash = ?",
        (password_hash, account_id, checked),
    )
    if cursor.rowcount != 1:
        return False
    cursor.execute("DELETE FROM sessions WHERE account_id = ? AND digest <> ?", (account_id, keep))
    return True


def rehash(cursor: sqlite3.Cursor, account_id: int, checked: str, password_hash: str) -> None:
    cursor.execute(
        "UPDATE accounts SET password_hash = ? WHERE id = ? AND password_hash = ?", (password_hash, account_id, checked)
    )


def set_disabled(cursor: sqlite3.Cursor, name: str, disabled: bool) -> None:
    """Its generation rises, so that its sessions end also when it is enabled again before the server looks."""
    cursor.execute(
        "UPDATE accounts SET disabled = ?, generation = generation + ? WHERE name = ?",
        (int(disabled), int(disabled), name),
    )
    if cursor.rowcount != 1:
        raise NoSuchAccount(name)
    if disabled:
        _end_sessions(cursor, name)


def _end_sessions(cursor: sqlite3.Cursor, name: str) -> None:
    cursor.execute("DELETE FROM sessions WHERE account_id = (SELECT id FROM accounts WHERE name = ?)", (name,))


def id_of(cursor: sqlite3.Cursor, name: str) -> int:
    """Raises :class:`NoSuchAccount`."""
    row = cursor.execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NoSuchAccount(name)
    return int(row[0])


def remove_account(cursor: sqlite3.Cursor, name: str) -> None:
    """The parts of its records stay behind as loose, for a sweep to take."""
    cursor.execute(
        "INSERT INTO loose_records (id, uploading)"
        " SELECT id, 0 FROM records WHERE account_id = (SELECT id FROM accounts WHERE name = ?)",
        (name,),
    )
    cursor.execute("DELETE FROM accounts WHERE name = ?", (name,))
    if cursor.rowcount != 1:
        raise NoSuchAccount(name)


def set_settings(cursor: sqlite3.Cursor, account_id: int, chosen: Settings) -> None:
    exists(cursor, account_id)
    cursor.executemany(
        "INSERT INTO settings (account_id, kind, value) VALUES (?, ?, ?)"
        " ON CONFLICT (account_id, kind) DO UPDATE SET value = excluded.value",
        [(account_id, kind, float(value)) for kind, value in chosen.items()],
    )


def exists(cursor: sqlite3.Cursor, account_id: int) -> str:
    """The account's newest stamp. Raises :class:`NoSuchAccount`, and :class:`DatabaseFail` where none can follow it."""
    row = cursor.execute("SELECT last_stamp FROM accounts WHERE id = ?", (account_id,)).fetchone()
    if row is None:
        raise NoSuchAccount(str(account_id))
    stamp = str(row[0])
    if stamp and not is_stamp(stamp):
        raise DatabaseFail(f"no stamp can follow the newest one of account {account_id}: see webcam check")
    return stamp


def usage(cursor: sqlite3.Cursor, account_id: int) -> Usage:
    statement = "SELECT message_count, record_count, record_bytes, message_bytes FROM accounts WHERE id = ?"
    row = cursor.execute(statement, (account_id,)).fetchone()
    return Usage(*row) if row else Usage()


def count(
    cursor: sqlite3.Cursor, account_id: int, messages: int = 0, records: int = 0, size: int = 0, message_bytes: int = 0
) -> None:
    """The account holds so many more (or fewer) messages, records, bytes of records, and bytes of messages: to be told
    in each transaction that makes it so."""
    cursor.execute(
        "UPDATE accounts SET message_count = message_count + ?, record_count = record_count + ?,"
        " record_bytes = record_bytes + ?, message_bytes = message_bytes + ? WHERE id = ?",
        (messages, records, size, message_bytes, account_id),
    )
