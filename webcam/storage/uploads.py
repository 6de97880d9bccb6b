"""Statements on records that come part by part. Each function runs inside a transaction that its caller began.

Until its last part is there, such a record is loose: in no list, with an id that no other will have.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webcam.errors import DatabaseFail
from webcam.model import Incoming, Moment
from webcam.ports import RECORD_PART
from webcam.storage.records import stamped
from webcam.wire.sniff import HEAD, content_type

_NEXT_ID = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'records'"
_FIRST_ID = "INSERT INTO sqlite_sequence (name, seq) VALUES ('records', 1)"
_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'records'"

_PART = """
INSERT INTO record_parts (record_id, part, data)
SELECT id, ?, ? FROM loose_records WHERE id = ? AND uploading = 1
"""

_HEAD = "SELECT SUBSTR(data, 1, ?) FROM record_parts WHERE record_id = ? AND part = 0"


def begin_upload(cursor: sqlite3.Cursor) -> int:
    cursor.execute(_NEXT_ID)
    if not cursor.rowcount:
        cursor.execute(_FIRST_ID)
    record_id = int(cursor.execute(_ID).fetchone()[0])
    cursor.execute("INSERT INTO loose_records (id, uploading) VALUES (?, 1)", (record_id,))
    return record_id


def upload_part(cursor: sqlite3.Cursor, record_id: int, part: int, data: bytes) -> None:
    cursor.execute(_PART, (part, data, record_id))
    if cursor.rowcount != 1:
        raise DatabaseFail(f"{record_id} is no upload any more")


def end_upload(cursor: sqlite3.Cursor, record_id: int, record: Incoming, now: Moment, tail: bytes) -> str:
    whole, rest = divmod(record.size, RECORD_PART)
    if tail:
        upload_part(cursor, record_id, whole, tail)
    (there,) = cursor.execute("SELECT COUNT(*) FROM record_parts WHERE record_id = ?", (record_id,)).fetchone()
    cursor.execute("DELETE FROM loose_records WHERE id = ? AND uploading = 1", (record_id,))
    if cursor.rowcount != 1 or len(tail) != rest or there != whole + bool(rest):
        raise DatabaseFail(f"{record_id} is no upload any more")  # its database was replaced by another one
    stamp = stamped(cursor, record.account_id, now.stamp, record.size)
    (head,) = cursor.execute(_HEAD, (HEAD, record_id)).fetchone() or (b"",)
    cursor.execute(
        "INSERT INTO records (id, account_id, stamp, device, meta, size, type, stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (record_id, record.account_id, stamp, record.device, record.meta, record.size, content_type(head), now.running),
    )
    return stamp


def give_up_uploads(cursor: sqlite3.Cursor, record_ids: Sequence[int] | None) -> None:
    if record_ids is None:
        cursor.execute("UPDATE loose_records SET uploading = 0 WHERE uploading = 1")
    else:
        cursor.executemany("UPDATE loose_records SET uploading = 0 WHERE id = ?", [(each,) for each in record_ids])
