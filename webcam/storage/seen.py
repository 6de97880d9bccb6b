"""Statements on devices that were there. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.consolemodel import Seen

_SAW = """
INSERT INTO devices (account_id, device, meta, active)
SELECT id, ?, ?, ? FROM accounts WHERE id = ?
ON CONFLICT (account_id, device) DO UPDATE SET meta = excluded.meta, active = excluded.active
WHERE excluded.active >= devices.active
"""

_OLDER = """
DELETE FROM devices WHERE account_id = :account AND device IN (
    SELECT device FROM devices WHERE account_id = :account ORDER BY active DESC, device DESC LIMIT :all OFFSET :kept
)
"""


def saw_devices(cursor: sqlite3.Cursor, seen: Sequence[Seen], kept: int) -> None:
    cursor.executemany(_SAW, [(each.device, each.meta, each.active, each.account_id) for each in seen])
    for account_id in {each.account_id for each in seen}:
        cursor.execute(_OLDER, {"account": account_id, "all": 2**62, "kept": kept})


def seen_devices(cursor: sqlite3.Cursor, account_id: int) -> list[Seen]:
    rows = cursor.execute(
        "SELECT account_id, device, meta, active FROM devices WHERE account_id = ? ORDER BY active DESC, device DESC",
        (account_id,),
    )
    return [Seen(*row) for row in rows]
