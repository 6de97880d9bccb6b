"""One database exchanged for another, so that at every moment one of the two is whole in its place."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from webcam import durable
from webcam.errors import Refused
from webcam.model import LARGEST, is_stamp
from webcam.storage.clock import cursor_stamp
from webcam.storage.copying import open_existing
from webcam.storage.parts import ENDINGS, new_part
from webcam.storage.values import tables

BEFORE = "before-restore"
_HEADER = b"SQLite format 3\0"


@dataclass(frozen=True)
class Given:
    """What was given out so far and may not be given again: the newest stamp, and by table the highest id."""

    stamp: str = ""
    ids: dict[str, int] = field(default_factory=dict)


def exchange(path: Path, fresh: Path, newest: str = "") -> Path | None:
    """The new one into the place of the old one, which gets another name; that name.

    What is stamped from now on is later than *newest*, and than whatever the old one holds. Raises :class:`Refused`
    when another program has the old one open, and :class:`OSError`; the old one is in its place then.
    """
    there, kept = path.exists(), _free_name(path)
    try:
        if there:
            with _alone_on(path) as old:
                _carry_over(_given(old), newest, fresh)
                _keep(path, kept)
                _place(fresh, path)
                return kept
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise Refused(f"the database {path} is in use by another program") from None
        _keep(path, kept)  # damaged: as it lies
    _keep_beside(path, kept)
    _carry_over(Given(), newest, fresh)
    _place(fresh, path)
    return kept if there else None


def _given(old: sqlite3.Connection) -> Given:
    """What can't be gone on from was never given out: it would spoil the new one, too."""
    stamps = [stamp for (stamp,) in old.execute("SELECT last_stamp FROM accounts") if _is_good(stamp)]
    if old.execute("SELECT 1 FROM sqlite_master WHERE name = 'clock'").fetchone():
        stamps += [stamp for stamp in (cursor_stamp(old.cursor()),) if _is_good(stamp)]
    ids = old.execute("SELECT name, seq FROM sqlite_sequence WHERE TYPEOF(seq) = 'integer' AND seq < ?", (LARGEST,))
    known = tables()
    return Given(max(stamps, default=""), {name: highest for name, highest in ids if name in known})


def _is_good(stamp: object) -> bool:
    return isinstance(stamp, str) and is_stamp(stamp)


def _carry_over(given: Given, newest: str, fresh: Path) -> None:
    """Clients keep stamps as cursors, and ids: what they know must not come to mean something else.

    Raises :class:`Refused`.
    """
    try:
        with contextlib.closing(open_existing(fresh)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            stamp = max(given.stamp, newest if _is_good(newest) else "")
            connection.execute("UPDATE accounts SET last_stamp = ? WHERE last_stamp < ?", (stamp, stamp))
            connection.execute("UPDATE loose_records SET uploading = 0")  # of devices of another time
            for table, highest in given.ids.items():
                changed = connection.execute(
                    "UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?", (highest, table)
                )
                if not changed.rowcount:
                    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, highest))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise Refused(f"can't write {fresh}: {error}") from None


@contextlib.contextmanager
def _alone_on(path: Path) -> Iterator[sqlite3.Connection]:
    """The database is one file, with the log merged into it; whoever comes from now on, waits until this ends.

    Raises :class:`sqlite3.Error`: when anybody else has it open, or it is damaged.
    """
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:  # SQLite would take the log away
            raise sqlite3.DatabaseError("no database")
    with contextlib.closing(open_existing(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def _free_name(path: Path) -> Path:
    """Never that of another one that is kept; what a restore that was broken off has kept is this very file."""
    number = 1
    while True:
        name = path.with_name(f"{path.name}.{BEFORE}" + (f".{number}" if number > 1 else ""))
        if not name.exists() or name.samefile(path):
            return name
        number += 1


def _keep(path: Path, kept: Path) -> None:
    """Its second name; with the next step the first one is the new database's, at once."""
    if kept.exists():
        return
    try:
        os.link(path, kept)
    except OSError:  # a file system without links
        with new_part(kept) as part:
            shutil.copyfile(path, part)
            durable.sync(part)
            part.replace(kept)
    durable.sync(path.parent)


def _keep_beside(path: Path, kept: Path) -> None:
    """A log that couldn't be merged, or has lost its database: SQLite would play it into the new one."""
    for ending in ENDINGS[1:]:
        beside = path.with_name(f"{path.name}{ending}")
        if beside.exists():
            beside.replace(kept.with_name(f"{kept.name}{ending}"))
    durable.sync(path.parent)


def _place(fresh: Path, path: Path) -> None:
    fresh.replace(path)
    durable.sync(path.parent)
