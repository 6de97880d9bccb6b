"""Reading the database of the older server: the only place that knows its tables.

Their columns may hold any type, and older forms of the file lack some of the tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from webcam.errors import Refused
from webcam.storage.importing.olddata import text_of

REQUIRED = ("clients", "records", "msgs")

REQUESTS = 2**31
"""Requests of a session: more than any may make."""


class OldMessage(NamedTuple):
    """A row of ``msgs``."""

    old_id: int
    client: int
    name: str
    sender: str
    target: str
    params: str
    stamp: str

    @property
    def size(self) -> int:
        """Bytes of data: messages have none."""
        return 0


class OldRecord(NamedTuple):
    """A row of ``records``; ``data`` may be missing."""

    old_id: int
    client: int
    device: str
    meta: str
    stamp: str
    data: bytes | None

    @property
    def size(self) -> int:
        """Bytes of data."""
        return len(self.data or b"")


class OldFile:
    """Raises :class:`Refused` when the database of the connection is none of the older server's; *name* is its own."""

    def __init__(self, connection: sqlite3.Connection, name: object) -> None:
        connection.text_factory = text_of
        self._connection = connection
        for table in REQUIRED:
            if not self._has(table):
                raise Refused(f"{name} is no database of the older server: it has no table {table}")

    def _has(self, table: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
        return found.fetchone() is not None

    def rows(self, table: str, columns: str, more: str = "", *values: object) -> Iterator[Any]:
        """These columns of a table, none if the file has no such table."""
        if self._has(table):
            yield from self._connection.execute(f"SELECT {columns} FROM {table} {more}", values)

    def count(self, table: str) -> int:
        """Its rows."""
        return int(next(self.rows(table, "COUNT(*)"), (0,))[0])

    def clients(self) -> dict[int, str]:
        """Names by id; a client without one could never log in."""
        return {old_id: text_of(name) for old_id, name in self.rows("clients", "id, name", "ORDER BY id") if name}

    def password(self, client: int) -> str:
        return text_of(next(self.rows("clients", "pass", "WHERE id = ?", client))[0])

    def defaults(self) -> dict[int, object]:
        """Kind to the value of who chose none."""
        return dict(self.rows("conf_set", "knd, dv"))

    def chosen(self) -> dict[int, dict[int, object]]:
        """By client: kind to value."""
        found: dict[int, dict[int, object]] = {}
        for client, kind, value in self.rows("confs", "cid, kind, fv"):
            found.setdefault(client, {})[kind] = value
        return found

    def messages(self, after: int) -> Iterator[OldMessage]:
        """Those with a greater id, in the order of their ids."""
        columns = "id, cid, msg, device, target, params, stamp"
        for old_id, client, *texts in self.rows("msgs", columns, "WHERE id > ? ORDER BY id", after):
            yield OldMessage(old_id, client, *map(text_of, texts))

    def records(self, after: int) -> Iterator[OldRecord]:
        """The same of records."""
        columns = "id, cid, device, metadata, stamp, CAST(data AS BLOB)"
        for old_id, client, device, meta, stamp, data in self.rows(
            "records", columns, "WHERE id > ? ORDER BY id", after
        ):
            yield OldRecord(old_id, client, text_of(device), text_of(meta), text_of(stamp), data)

    def bytes(self) -> int:
        """Of all records' data."""
        size = "CASE TYPEOF(data) WHEN 'blob' THEN LENGTH(data) ELSE LENGTH(CAST(data AS BLOB)) END"
        return int(next(self.rows("records", f"SUM({size})"))[0] or 0)

    def has_record(self, old_id: int) -> bool:
        return next(self.rows("records", "1", "WHERE id = ?", old_id), None) is not None

    def largest_record_id(self) -> int:
        """Of all that it ever gave out, as far as it knows."""
        (largest,) = next(self.rows("records", "MAX(id)"))
        given = self.rows("sqlite_sequence", "seq", "WHERE name = 'records'")
        return max([largest or 0, *(int(seq) for (seq,) in given)])

    def marks(self) -> Iterator[tuple[int, str, str]]:
        """Client, device, stamp: up to where the device has acknowledged."""
        for client, device, stamp in self.rows("syncs", "cid, device, stamp"):
            yield client, text_of(device), text_of(stamp)

    def sessions(self) -> Iterator[tuple[int, str, str, str, str, int, object]]:
        """Client, token, device, metadata, address, requests, Julian day of the last one."""
        columns = "cid, shash, device, metadata, ip, req_total, stamp"
        for client, token, device, meta, address, requests, day in self.rows("sessions", columns):
            if token:
                number = min(max(requests, 0), REQUESTS) if isinstance(requests, int) else 0
                yield client, text_of(token), text_of(device), text_of(meta), text_of(address), number, day
