"""Statements on messages and sync marks. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.errors import QuotaExceeded
from webcam.model import Draft, Expiry, Message, Moment, Page, next_stamp
from webcam.storage.accounts import count, exists
from webcam.storage.aging import LAST, message_floors
from webcam.storage.pages import bounded
from webcam.wire.replies import message_size

BYTES = (
    "LENGTH(CAST(sender AS BLOB)) + LENGTH(CAST(target AS BLOB)) + LENGTH(CAST(name AS BLOB))"
    " + LENGTH(CAST(params AS BLOB))"
)
"""Of a message, as :meth:`webcam.model.Draft.size` counts them."""

# Two ranges of one index, each already in order and cut to the page: a long backlog is never sorted.
_DELIVERED = """
SELECT stamp, sender, name, params FROM (
    SELECT * FROM (
        SELECT stamp, sender, name, params FROM messages
        WHERE account_id = :account AND target = '' AND stamp > :after AND stamp >= :broadcasts
            AND stamp >= :messages AND sender <> :device
        ORDER BY stamp LIMIT :limit
    ) AS broadcast
    UNION ALL
    SELECT * FROM (
        SELECT stamp, sender, name, params FROM messages
        WHERE account_id = :account AND target = :device AND stamp > :after AND stamp >= :messages
        ORDER BY stamp LIMIT :limit
    ) AS targeted
) AS delivered
ORDER BY stamp LIMIT :limit
"""

_SETTLE = """
UPDATE sync_marks SET settled = settling, settling = stamp, settling_since = :now
WHERE account_id = :account AND settling_since <= :now - :grace
"""

# A mark before every message that is kept holds nothing back, whatever time it is from.
_USELESS_MARKS = """
DELETE FROM sync_marks WHERE account_id = :account AND stamp < COALESCE(
    (SELECT MIN(stamp) FROM messages WHERE account_id = :account), :last)
"""

_OF_ACCOUNT = f"SELECT id, {BYTES} FROM messages WHERE account_id = :account"

_EXPIRED_BY_AGE = (
    f"{_OF_ACCOUNT} AND stamp < :messages LIMIT :limit",
    f"{_OF_ACCOUNT} AND target = '' AND stamp < :broadcasts LIMIT :limit",
)

# CROSS JOIN makes SQLite take the tables in this order, the marks first, of which there are few. It would rather look
# for the mark of each message of the account (https://www.sqlite.org/optoverview.html#crossjoin): 0.5 s for a million.
_ACKNOWLEDGED = f"""
SELECT messages.id, {BYTES} FROM sync_marks CROSS JOIN messages
    ON messages.account_id = sync_marks.account_id AND messages.target = sync_marks.device
    AND messages.stamp <= sync_marks.settled
WHERE sync_marks.account_id = :account AND messages.target <> '' LIMIT :limit
"""


def add_messages(
    cursor: sqlite3.Cursor,
    account_id: int,
    device: str,
    now: Moment,
    drafts: Sequence[Draft],
    mark: str | None,
    bound: int | None = None,
    byte_bound: int | None = None,
) -> str:
    last = exists(cursor, account_id)
    size = sum(each.size(device) for each in drafts)
    if drafts:
        _check_quota(cursor, account_id, len(drafts), size, (bound, byte_bound))
    if mark is not None:
        raise_mark(cursor, account_id, device, mark or last)
    rows = []
    for draft in drafts:
        last = next_stamp(now.stamp, last)
        rows.append((account_id, last, device, draft.target, draft.name, draft.params, now.running))
    cursor.executemany(
        "INSERT INTO messages (account_id, stamp, sender, target, name, params, stored) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    cursor.execute(
        "UPDATE accounts SET last_stamp = ?, message_count = message_count + ?, message_bytes = message_bytes + ?"
        " WHERE id = ?",
        (last, len(rows), size, account_id),
    )
    return last


def _check_quota(
    cursor: sqlite3.Cursor, account_id: int, number: int, size: int, bounds: tuple[int | None, int | None]
) -> None:
    """Raises :class:`QuotaExceeded` when so many messages more, of *size* bytes, are too many or too large."""
    statement = "SELECT message_count, message_bytes FROM accounts WHERE id = ?"
    held = cursor.execute(statement, (account_id,)).fetchone()
    for have, more, bound, what in zip(held, (number, size), bounds, ("messages", "bytes of messages"), strict=True):
        if bound is not None and have + more > bound:
            raise QuotaExceeded(f"more than {bound} {what}")


def messages(cursor: sqlite3.Cursor, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
    after = page.after
    if after is None:
        row = cursor.execute(
            "SELECT stamp FROM sync_marks WHERE account_id = ? AND device = ?", (account_id, device)
        ).fetchone()
        after = row[0] if row else ""
    floors = message_floors(cursor, account_id, expiry)
    values = {
        "account": account_id,
        "device": device,
        "after": after,
        "broadcasts": floors.broadcasts,
        "messages": floors.messages,
        "limit": page.limit,
    }
    return bounded((Message(*row) for row in cursor.execute(_DELIVERED, values)), page.size, message_size)


def take_messages(cursor: sqlite3.Cursor, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
    found = messages(cursor, account_id, device, page, expiry)
    if found:
        exists(cursor, account_id)
        raise_mark(cursor, account_id, device, found[-1].stamp)
    return found


def expire_messages(
    cursor: sqlite3.Cursor, account_id: int, expiry: Expiry, settle: tuple[int, int], limit: int
) -> int:
    floors = message_floors(cursor, account_id, expiry)
    values = {
        "account": account_id,
        "messages": floors.messages,
        "broadcasts": floors.broadcasts,
        "last": LAST,
        "now": settle[0],
        "grace": settle[1],
    }
    deleted = size = 0
    for statement in _EXPIRED_BY_AGE:
        number, more = _delete(cursor, statement, {**values, "limit": limit - deleted})
        deleted, size = deleted + number, size + more
    if deleted < limit:  # the marks are looked at once, not in each step of many
        cursor.execute(_SETTLE, values)
        cursor.execute(_USELESS_MARKS, values)
        number, more = _delete(cursor, _ACKNOWLEDGED, {**values, "limit": limit - deleted})
        deleted, size = deleted + number, size + more
    if deleted:
        count(cursor, account_id, messages=-deleted, message_bytes=-size)
    return deleted


def _delete(cursor: sqlite3.Cursor, statement: str, values: dict[str, object]) -> tuple[int, int]:
    """Delete the messages of which *statement* gives id and bytes; return how many there were, and their bytes."""
    found = cursor.execute(statement, values).fetchall()
    cursor.executemany("DELETE FROM messages WHERE id = ?", [(message_id,) for message_id, _ in found])
    return len(found), sum(size for _, size in found)


def raise_mark(cursor: sqlite3.Cursor, account_id: int, device: str, stamp: str) -> None:
    """It never falls."""
    cursor.execute(
        "INSERT INTO sync_marks (account_id, device, stamp) VALUES (?, ?, ?)"
        " ON CONFLICT (account_id, device) DO UPDATE SET stamp = excluded.stamp"
        " WHERE excluded.stamp > sync_marks.stamp",
        (account_id, device, stamp),
    )
