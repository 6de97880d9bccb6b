"""Statements that read records and messages from their newest end. Each runs inside a transaction of its caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from webcam.consolemodel import Day, Posted, Thread, Window, beginning_of, day_of
from webcam.model import PAGE_BYTES, Expiry, Message, Record
from webcam.ports import ALL_DEVICES
from webcam.storage.aging import LAST, message_floors, record_floor
from webcam.storage.pages import bounded
from webcam.storage.records import RECORD, of_devices
from webcam.wire.replies import message_size

# A range of an index for each way, already in order and cut to the page.
_WAY = """
SELECT * FROM (
    SELECT stamp, sender, name, params, target FROM messages
    WHERE account_id = :account AND sender = :{sender} AND target = :{target} AND stamp < :before AND stamp >= :{oldest}
    ORDER BY stamp DESC LIMIT :limit
) AS {sender}_to_{target}
"""
_WAYS = (("device", "other", "messages"), ("other", "device", "messages"))
_TO_ALL = (("device", "everybody", "broadcasts"), ("other", "everybody", "broadcasts"))


def newest_records(
    cursor: sqlite3.Cursor, account_id: int, window: Window, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
) -> list[Record]:
    # What is skipped is counted along an index, its rows are not read.
    rows = cursor.execute(
        f"{RECORD} WHERE id IN (SELECT id FROM records WHERE account_id = ? AND stamp >= ? AND stamp < ?"
        f"{of_devices(devices)} ORDER BY stamp DESC LIMIT ? OFFSET ?) ORDER BY stamp DESC",
        (
            account_id,
            max(window.after, record_floor(cursor, account_id, expiry)),
            window.before or LAST,
            *devices,
            window.limit,
            window.skip,
        ),
    )
    return [Record(*row) for row in rows]


def record_days(
    cursor: sqlite3.Cursor, account_id: int, offset: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
) -> list[Day]:
    return list(_days(cursor, account_id, offset, expiry, devices))


def _days(
    cursor: sqlite3.Cursor, account_id: int, offset: int, expiry: Expiry, devices: frozenset[str]
) -> Iterator[Day]:
    """From one day to the one before: each is a range of an index, and as many there are as records are kept for."""
    before, floor = LAST, record_floor(cursor, account_id, expiry)
    kept = f"FROM records WHERE account_id = ? AND stamp >= ? AND stamp < ?{of_devices(devices)}"
    while True:
        (newest,) = cursor.execute(f"SELECT MAX(stamp) {kept}", (account_id, floor, before, *devices)).fetchone()
        if newest is None:
            return
        day = day_of(newest, offset)
        first = max(beginning_of(day, offset), floor)
        (number,) = cursor.execute(f"SELECT COUNT(*) {kept}", (account_id, first, before, *devices)).fetchone()
        yield Day(day, number)
        before = first


def thread(cursor: sqlite3.Cursor, account_id: int, thread: Thread, expiry: Expiry) -> list[Posted]:
    alone = thread.device == thread.other
    ways = (*(_WAYS[:1] if alone else _WAYS), *(_TO_ALL[:1] if alone else _TO_ALL))
    union = " UNION ALL ".join(
        _WAY.format(sender=sender, target=target, oldest=oldest) for sender, target, oldest in ways
    )
    floors = message_floors(cursor, account_id, expiry)
    values = {
        "account": account_id,
        "device": thread.device,
        "other": thread.other,
        "everybody": "",
        "before": thread.before or LAST,
        "messages": floors.messages,
        "broadcasts": floors.broadcasts,
        "limit": thread.limit,
    }
    rows = cursor.execute(f"SELECT * FROM ({union}) AS either ORDER BY stamp DESC LIMIT :limit", values).fetchall()
    targets = [row[-1] for row in rows]
    found = bounded((Message(*row[:-1]) for row in rows), PAGE_BYTES, message_size)
    return [Posted(message, target) for message, target in zip(found, targets, strict=False)]
