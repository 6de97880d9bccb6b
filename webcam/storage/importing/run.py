"""One run of an import, a batch a transaction: after a crash the next run goes on behind the last whole batch.

The accounts are there from the first transaction on, but only the last one gives them their passwords: nobody is let in
who would find half of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from webcam.calendar import micros
from webcam.errors import AccountExists, Refused
from webcam.model import Draft, SavedSession
from webcam.storage import accounts
from webcam.storage.clock import running_times
from webcam.storage.copying import Progress
from webcam.storage.importing.compare import Outcome, compare
from webcam.storage.importing.olddata import following, params_of, seconds_of, settings_of, stamp_of_old
from webcam.storage.importing.oldfile import REQUIRED, OldFile, OldMessage, OldRecord
from webcam.storage.importing.progress import OWNED, Done, begin, done, end, save
from webcam.storage.messages import raise_mark
from webcam.storage.records import parts
from webcam.storage.sessions import save_sessions
from webcam.wire.sniff import HEAD, content_type

ROWS = 500
"""Rows of a batch, at most."""

BYTES = 8 * 1024 * 1024
"""Bytes of records at which a batch is full."""

HASHES = 32
"""Passwords of a batch: each takes tens of milliseconds."""

SYNC = "sync"

_NEWEST = """
UPDATE accounts SET last_stamp = MAX(last_stamp,
    (SELECT COALESCE(MAX(stamp), '') FROM messages WHERE account_id = accounts.id),
    (SELECT COALESCE(MAX(stamp), '') FROM records WHERE account_id = accounts.id),
    (SELECT COALESCE(MAX(stamp), '') FROM sync_marks WHERE account_id = accounts.id))
WHERE id IN (SELECT account_id FROM import_accounts)
"""
_LET_IN = """
UPDATE accounts SET password_hash = (SELECT password_hash FROM import_accounts WHERE account_id = accounts.id)
WHERE id IN (SELECT account_id FROM import_accounts)
"""

_Row = TypeVar("_Row", OldMessage, OldRecord)


@dataclass(frozen=True)
class Secrets:
    """How this server keeps passwords and tokens."""

    hash_passwords: Callable[[Sequence[str]], Sequence[str]]
    digest_of: Callable[[str], str]


class Import:
    """*target* is a database that no server runs on; *now* is the newest stamp that may be in *file*."""

    def __init__(self, file: OldFile, target: sqlite3.Connection, now: str, secrets: Secrets) -> None:
        self._file = file
        self._target = target
        self._now = now
        self._secrets = secrets
        self._account_ids: dict[int, int] = {}
        self._marks: list[tuple[int, str, str]] = []
        self._running_of = running_times(target.cursor())

    def run(self, skip_taken: bool, progress: Progress) -> Outcome:
        """Take over what is left, and compare. Whoever calls this has refused what can't be taken over.

        Raises :class:`Refused`, with nothing changed: for an account that is here already, unless *skip_taken* leaves
        such ones out, for a record's id that is, and for another file than that of an import that was broken off.
        """
        with self._transaction() as cursor:
            self._add_accounts(cursor, skip_taken)
            self._account_ids = dict(cursor.execute("SELECT old_id, account_id FROM import_accounts").fetchall())
        self._marks = list(self._old_marks())
        total = sum(self._file.count(table) for table in REQUIRED)
        rows = 0
        for step in (self._hash_passwords, self._take_messages, self._take_records):
            for more in step():
                rows += more
                progress(rows, total)
        with self._transaction() as cursor:
            outcome = self._finish(cursor)
        progress(total, total)
        return outcome

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._target.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            if self._target.in_transaction:
                cursor.execute("ROLLBACK")
            raise

    # The beginning

    def _add_accounts(self, cursor: sqlite3.Cursor, skip_taken: bool) -> None:
        clients, begun = self._file.clients(), begin(cursor)
        for old_id, name in begun.items():
            if clients.get(old_id) != name:
                raise Refused(f"an import of another file, with an account {name!r}, was broken off: finish that first")
        defaults, chosen = self._file.defaults(), self._file.chosen()
        for old_id, name in clients.items():
            account_id = None if old_id in begun else _added(cursor, name, skip_taken)
            if account_id is not None:
                cursor.execute("INSERT INTO import_accounts VALUES (?, ?, ?, NULL)", (old_id, name, account_id))
                accounts.set_settings(cursor, account_id, settings_of(chosen.get(old_id, {}), defaults))
        self._reserve_ids(cursor)

    def _reserve_ids(self, cursor: sqlite3.Cursor) -> None:
        """Clients keep the ids of records: none may be taken here, nor given to another record later."""
        largest = self._file.largest_record_id()
        here = cursor.execute(
            f"SELECT id FROM records WHERE NOT {OWNED} AND id <= :largest"
            " UNION SELECT id FROM loose_records WHERE id <= :largest",
            {"largest": largest},
        )
        for (record_id,) in here.fetchall():
            if self._file.has_record(record_id):
                raise Refused(
                    f"there is a record {record_id} here and in the file: import into a folder without records"
                )
        cursor.execute("UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = 'records'", (largest,))
        if not cursor.rowcount:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('records', ?)", (largest,))

    def _old_marks(self) -> Iterator[tuple[int, str, str]]:
        """Account, device, stamp, of what can be taken over."""
        for client, device, text in self._file.marks():
            account_id, stamp = self._account_ids.get(client), stamp_of_old(text, self._now)
            if account_id is not None and stamp:
                yield account_id, device, stamp

    # Row by row: each step tells how many it has done

    def _hash_passwords(self) -> Iterator[int]:
        yield self._target.execute("SELECT COUNT(password_hash) FROM import_accounts").fetchone()[0]
        waiting = "SELECT old_id FROM import_accounts WHERE password_hash IS NULL LIMIT ?"
        while rows := self._target.execute(waiting, (HASHES,)).fetchall():
            hashes = self._secrets.hash_passwords([self._file.password(old_id) for (old_id,) in rows])
            named = [(password_hash, old_id) for password_hash, (old_id,) in zip(hashes, rows, strict=True)]
            with self._transaction() as cursor:
                cursor.executemany("UPDATE import_accounts SET password_hash = ? WHERE old_id = ?", named)
            yield len(rows)

    def _take_messages(self) -> Iterator[int]:
        marks: dict[int, list[str]] = {}
        for account_id, _, stamp in self._marks:
            marks.setdefault(account_id, []).append(stamp)

        def take(cursor: sqlite3.Cursor, message: OldMessage, account_id: int, last: str, now: Done) -> str:
            if message.name.lower() == SYNC:  # once a mark was a message: it stands behind all before it
                now.left_out += 1
                now.marks += 1
                if last:
                    raise_mark(cursor, account_id, message.sender, last)
                return last
            now.taken += 1
            stamp = following(message.stamp, last, marks.get(account_id, ()), self._now)
            now.wrapped += _add_message(cursor, message, account_id, stamp, self._running_of(stamp))
            return stamp

        return self._take("messages", self._file.messages, take)

    def _take_records(self) -> Iterator[int]:
        def take(cursor: sqlite3.Cursor, record: OldRecord, account_id: int, last: str, now: Done) -> str:
            now.taken += 1
            now.bytes += record.size
            stamp = following(record.stamp, last, (), self._now)
            _add_record(cursor, record, account_id, stamp, self._running_of(stamp))
            accounts.count(cursor, account_id, records=1, size=record.size)
            return stamp

        return self._take("records", self._file.records, take)

    def _take(
        self,
        table: str,
        rows: Callable[[int], Iterator[_Row]],
        take: Callable[[sqlite3.Cursor, _Row, int, str, Done], str],
    ) -> Iterator[int]:
        """``take`` stores a row of an account behind the newest stamp that it has in *table*, and returns that then."""
        now = done(self._target.cursor(), table)
        yield now.taken + now.left_out
        newest = dict(
            self._target.execute(f"SELECT account_id, MAX(stamp) FROM {table} GROUP BY account_id").fetchall()
        )
        for batch in _batches(rows(now.old_id)):
            with self._transaction() as cursor:
                for row in batch:
                    account_id = self._account_ids.get(row.client)
                    if account_id is None:
                        now.left_out += 1
                        now.bytes_left_out += row.size
                    else:
                        newest[account_id] = take(cursor, row, account_id, newest.get(account_id, ""), now)
                now.old_id = batch[-1].old_id
                save(cursor, table, now)
            yield len(batch)

    # The end

    def _finish(self, cursor: sqlite3.Cursor) -> Outcome:
        for account_id, device, stamp in self._marks:
            raise_mark(cursor, account_id, device, stamp)
        sessions = self._take_sessions(cursor)
        cursor.execute(_NEWEST)
        cursor.execute(_LET_IN)
        outcome = compare(cursor, self._file, self._account_ids, len(self._marks), sessions)
        end(cursor)
        return outcome

    def _take_sessions(self, cursor: sqlite3.Cursor) -> int:
        """Where a session was in its messages isn't known: its first sync acknowledges all up to then."""
        saved = {
            digest: SavedSession(digest, account_id, device, meta, address, active, requests, None)
            for client, token, device, meta, address, requests, day in self._file.sessions()
            if (account_id := self._account_ids.get(client)) is not None
            for digest, active in ((self._secrets.digest_of(token), micros(seconds_of(day, self._now))),)
        }
        save_sessions(cursor, list(saved.values()))
        return len(saved)


def _added(cursor: sqlite3.Cursor, name: str, skip_taken: bool) -> int | None:
    """The id of a new account that nobody can log in to yet: what it has for a hash is one of nothing."""
    try:
        return accounts.add_account(cursor, name, "")
    except AccountExists:
        if skip_taken:
            return None
        text = f"there is an account {name!r} already, and nothing was done; --skip-taken leaves such accounts out"
        raise Refused(text) from None


def _batches(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    batch: list[_Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += row.size
        if len(batch) >= ROWS or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _add_message(cursor: sqlite3.Cursor, message: OldMessage, account_id: int, stamp: str, running: int) -> bool:
    """Whether its parameters were no JSON."""
    params, wrapped = params_of(message.params)
    cursor.execute(
        "INSERT INTO messages (account_id, stamp, sender, target, name, params, stored) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account_id, stamp, message.sender, message.target, message.name, params, running),
    )
    size = Draft(message.name, message.target, params).size(message.sender)
    accounts.count(cursor, account_id, messages=1, message_bytes=size)
    return wrapped


def _add_record(cursor: sqlite3.Cursor, record: OldRecord, account_id: int, stamp: str, running: int) -> None:
    size, kind = (None, None) if record.data is None else (record.size, content_type(record.data[:HEAD]))
    cursor.execute(
        "INSERT INTO records (id, account_id, stamp, device, meta, size, type, stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (record.old_id, account_id, stamp, record.device, record.meta, size, kind, running),
    )
    for number, part in enumerate(parts([record.data or b""])):
        cursor.execute(
            "INSERT INTO record_parts (record_id, part, data) VALUES (?, ?, ?)", (record.old_id, number, part)
        )
