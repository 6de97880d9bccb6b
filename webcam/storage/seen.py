"""Statements on devices that were there. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.consolemodel import Seen
from webcam.storage.accounts import id_of
from webcam.storage.sessions import revoke_sessions

_SAW = """
INSERT INTO devices (account_id, device, meta, active, secret_id)
SELECT id, ?, ?, ?, (SELECT id FROM secrets WHERE id = ?) FROM accounts WHERE id = ?
ON CONFLICT (account_id, device) DO UPDATE SET
    meta = excluded.meta, active = excluded.active, secret_id = excluded.secret_id
WHERE excluded.active >= devices.active
"""

_SAW_KNOWN = "UPDATE devices SET active = MAX(active, ?) WHERE account_id = ? AND device = ?"

_OLDER = """
DELETE FROM devices WHERE account_id = :account AND device IN (
    SELECT device FROM devices WHERE account_id = :account ORDER BY active DESC, device DESC LIMIT :all OFFSET :kept
)
"""

_OLDER_OF_SECRET = """
DELETE FROM devices WHERE secret_id = :secret AND device IN (
    SELECT device FROM devices WHERE secret_id = :secret ORDER BY active DESC, device DESC LIMIT :all OFFSET :kept
)
"""

_SEEN = """
SELECT account_id, device, meta, active, secret_id FROM devices WHERE account_id = ? ORDER BY active DESC, device DESC
"""


def saw_devices(cursor: sqlite3.Cursor, seen: Sequence[Seen], kept: int, kept_of_secret: int) -> None:
    new = [each for each in seen if not each.only_known]
    values = [(each.device, each.meta, each.active, each.secret_id, each.account_id) for each in new]
    cursor.executemany(_SAW, values)
    known = [(each.active, each.account_id, each.device) for each in seen if each.only_known]
    cursor.executemany(_SAW_KNOWN, known)
    for secret_id in {each.secret_id for each in new} - {None}:
        cursor.execute(_OLDER_OF_SECRET, {"secret": secret_id, "all": 2**62, "kept": kept_of_secret})
    for account_id in {each.account_id for each in new}:
        cursor.execute(_OLDER, {"account": account_id, "all": 2**62, "kept": kept})


def seen_devices(cursor: sqlite3.Cursor, account_id: int) -> list[Seen]:
    return [Seen(*row) for row in cursor.execute(_SEEN, (account_id,))]


def seen_devices_of(cursor: sqlite3.Cursor, name: str) -> list[Seen]:
    """Those of the account of this name. Raises :class:`webcam.errors.NoSuchAccount`."""
    return seen_devices(cursor, id_of(cursor, name))


def forget_device(cursor: sqlite3.Cursor, account_id: int, device: str) -> bool:
    """Return whether it was remembered."""
    cursor.execute("DELETE FROM devices WHERE account_id = ? AND device = ?", (account_id, device))
    return cursor.rowcount > 0


def forget_device_of(cursor: sqlite3.Cursor, name: str, device: str) -> bool:
    """Forget a device of the account of this name, and end its sessions; return whether there was anything of it.

    Raises :class:`webcam.errors.NoSuchAccount`.
    """
    ended = revoke_sessions(cursor, name, device)
    return forget_device(cursor, id_of(cursor, name), device) or ended > 0
