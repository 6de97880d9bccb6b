"""What is in the older server's database, compared with what has become of it here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from webcam.storage.importing.olddata import settings_of
from webcam.storage.importing.oldfile import OldFile
from webcam.storage.importing.progress import Done, done, found


@dataclass(frozen=True)
class Counted:
    """What became of a table: rows in the file, of them taken over and left out; and what was found here at the end."""

    what: str
    in_file: int
    taken: int
    left_out: int
    found: int

    @property
    def differs(self) -> bool:
        """Whether something is missing, or there is more than there should be."""
        return self.in_file != self.taken + self.left_out or self.found != self.taken


@dataclass(frozen=True)
class Outcome:
    """The comparison, table by table; messages whose parameters were no JSON; and sync marks among those left out."""

    counted: list[Counted]
    wrapped: int
    marks: int


def compare(
    cursor: sqlite3.Cursor, file: OldFile, account_ids: Mapping[int, int], marks: int, sessions: int
) -> Outcome:
    """For the accounts by their ids in the file; so many marks and sessions were taken over."""

    def whole(what: str, table: str, now: Done) -> Counted:
        return Counted(what, file.count(table), now.taken, now.left_out, found(cursor, what))

    def rest(what: str, table: str, taken: int, here: int) -> Counted:
        rows = file.count(table)
        return Counted(what, rows, taken, rows - taken, here)

    messages, records = done(cursor, "messages"), done(cursor, "records")
    size = found(cursor, "records", "SUM(size)")
    settings = list(_chosen_settings(file, account_ids))
    counted = [
        rest("accounts", "clients", len(account_ids), found(cursor, "import_accounts")),
        rest("settings", "confs", len(settings), sum(_has_setting(cursor, *each) for each in settings)),
        whole("messages", "msgs", messages),
        whole("records", "records", records),
        Counted("bytes of records", file.bytes(), records.bytes, records.bytes_left_out, size),
        rest("sync marks", "syncs", marks, marks),
        rest("sessions", "sessions", sessions, found(cursor, "sessions")),
    ]
    return Outcome(counted, messages.wrapped, messages.marks)


def _chosen_settings(file: OldFile, account_ids: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Account and kind, where an account of the file chose a value that can be taken over."""
    for client, chosen in file.chosen().items():
        if client in account_ids:
            for kind in settings_of(chosen, {}):
                yield account_ids[client], kind


def _has_setting(cursor: sqlite3.Cursor, account_id: int, kind: int) -> bool:
    row = cursor.execute("SELECT 1 FROM settings WHERE account_id = ? AND kind = ?", (account_id, kind)).fetchone()
    return row is not None
