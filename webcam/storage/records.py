"""Statements on records. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from webcam.errors import NoSuchRecord
from webcam.model import Expiry, Moment, Page, Record, next_stamp
from webcam.ports import ALL_DEVICES, RECORD_PART
from webcam.storage.accounts import exists
from webcam.storage.aging import record_floor
from webcam.storage.pages import bounded
from webcam.wire.replies import record_size
from webcam.wire.sniff import HEAD, content_type

RECORD = "SELECT id, device, meta, stamp, size, type FROM records"


def add_record(
    cursor: sqlite3.Cursor, account_id: int, device: str, meta: str, now: Moment, data: Sequence[bytes]
) -> tuple[int, str]:
    size = sum(map(len, data))
    stamp = stamped(cursor, account_id, now.stamp, size)
    kind = content_type(head_of(data))
    cursor.execute(
        "INSERT INTO records (account_id, stamp, device, meta, size, type, stored) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account_id, stamp, device, meta, size, kind, now.running),
    )
    record_id = cursor.lastrowid
    assert record_id is not None, "an INSERT has a row id"
    for number, part in enumerate(parts(data)):
        cursor.execute("INSERT INTO record_parts (record_id, part, data) VALUES (?, ?, ?)", (record_id, number, part))
    return record_id, stamp


def head_of(data: Sequence[bytes]) -> bytes:
    """As much of the beginning as tells what kind of data they are."""
    head = b""
    for chunk in data:
        head += chunk[: HEAD - len(head)]
        if len(head) == HEAD:
            break
    return head


def stamped(cursor: sqlite3.Cursor, account_id: int, now: str, size: int) -> str:
    """The stamp of a record of so many bytes, which the account has from now on. Raises ``NoSuchAccount``."""
    stamp = next_stamp(now, exists(cursor, account_id))
    cursor.execute(
        "UPDATE accounts SET last_stamp = ?, record_count = record_count + 1, record_bytes = record_bytes + ?"
        " WHERE id = ?",
        (stamp, size, account_id),
    )
    return stamp


def parts(data: Sequence[bytes]) -> Iterator[bytes]:
    """The same bytes, cut to parts as they are stored; never more than one part is held."""
    part = bytearray()
    for chunk in data:
        start = 0
        while start < len(chunk):
            piece = chunk[start : start + RECORD_PART - len(part)]
            part += piece
            start += len(piece)
            if len(part) == RECORD_PART:
                yield bytes(part)
                part.clear()
    if part:
        yield bytes(part)


def records(
    cursor: sqlite3.Cursor, account_id: int, page: Page, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
) -> list[Record]:
    rows = cursor.execute(
        f"{RECORD} WHERE account_id = ? AND stamp > ? AND stamp >= ?{of_devices(devices)} ORDER BY stamp LIMIT ?",
        (account_id, page.after or "", record_floor(cursor, account_id, expiry), *devices, page.limit),
    )
    return bounded((Record(*row) for row in rows), page.size, record_size)


def record(
    cursor: sqlite3.Cursor, account_id: int, record_id: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
) -> Record:
    row = cursor.execute(
        f"{RECORD} WHERE id = ? AND account_id = ? AND stored >= ?{of_devices(devices)}",
        (record_id, account_id, expiry.records, *devices),
    ).fetchone()
    if row is None:
        raise NoSuchRecord(str(record_id))
    return Record(*row)


def of_devices(devices: frozenset[str]) -> str:
    """The condition that a record is of one of them; there are never too many for one statement."""
    return f" AND device IN ({', '.join('?' * len(devices))})" if devices else ""


def record_part(cursor: sqlite3.Cursor, record_id: int, part: int) -> bytes:
    row = cursor.execute(
        "SELECT data FROM record_parts WHERE record_id = ? AND part = ?"
        " AND EXISTS (SELECT 1 FROM records WHERE id = record_id)",  # or it is on its way, in or out
        (record_id, part),
    ).fetchone()
    if row is None:
        raise NoSuchRecord(f"{record_id}, part {part}")
    return bytes(row[0])
