"""A database copied to a file of its own: whole under its name, or not there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from webcam import durable
from webcam.errors import Refused
from webcam.storage.parts import new_part, remove_abandoned

Progress = Callable[[int, int], None]
"""How much is done, of how much."""

STEP = 1024
"""Pages that are copied before progress is told: 4 MiB."""

BUSY = 5000
"""Milliseconds to wait for another process that writes (the operator's program)."""


def check_regular(file: Path) -> None:
    """Raise :class:`Refused` for what can't be read from its beginning again: a folder, a pipe, a device."""
    if not file.exists():
        raise Refused(f"there is no file {file}")
    if not file.is_file():
        raise Refused(f"{file} is no regular file")


def open_existing(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a database that is there; nothing is made when it isn't."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY}")
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection for reading a file of somebody else's, be it on a disk that can't be written."""
    try:
        return _readable(open_existing(path, "ro"))
    except sqlite3.OperationalError:
        if path.with_name(f"{path.name}-wal").exists():
            raise
        # In WAL mode SQLite wants to make files beside it, unless it is told that nobody writes.
        return _readable(open_existing(path, "ro&immutable=1"))


def _readable(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """What is read within is of one moment, whoever writes meanwhile; in WAL mode they don't wait."""
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def copy(source: sqlite3.Connection, path: Path, progress: Progress | None = None) -> None:
    """Copy all that *source* holds at this moment to *path*, replacing it, readable by its owner alone.

    It is on disk when this returns, and then one file that needs no other beside it. After a failure, or a crash, what
    *path* held is still there; what a crash left of earlier copies is removed. Raises :class:`OSError` and
    :class:`sqlite3.Error`.
    """
    remove_abandoned(path)
    with new_part(path) as part:
        with one_state(source):  # without it, every write of another process would begin the copy anew
            _fill(part, source, progress)
        part.replace(path)
        durable.sync(path.parent)


def _fill(part: Path, source: sqlite3.Connection, progress: Progress | None) -> None:
    def tell(_status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)

    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous = OFF")  # synced below, once
        source.backup(target, pages=STEP, progress=tell)
        target.execute("PRAGMA journal_mode = DELETE")
    durable.sync(part)
