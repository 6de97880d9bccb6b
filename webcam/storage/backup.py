"""Backups of a database, and the way back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from webcam import durable
from webcam.errors import Refused
from webcam.storage import schema
from webcam.storage.checks import Holding, holdings
from webcam.storage.copying import Progress, copy, open_existing, open_read_only
from webcam.storage.exchange import exchange
from webcam.storage.lock import RESTORE_LOCK, FolderLock
from webcam.storage.parts import ENDINGS
from webcam.storage.schema import FILE, FRESH


def database_of(data: Path) -> Path:
    """The path of the folder's database. Raises :class:`Refused` when there is none."""
    path = data / FILE
    if not path.is_file():
        raise Refused(f"there is no database {path}")
    return path


def back_up(data: Path, file: Path, replace: bool, progress: Progress | None = None) -> list[Holding]:
    """Copy the folder's database to *file*, also while a server writes; the answer is what the copy holds.

    The copy is of one moment. Raises :class:`Refused`: also for a file that is there, unless *replace* is set.
    """
    path = database_of(data)
    if file.resolve() in _files_of(path):
        raise Refused(f"{file} is the database itself")
    if file.exists() and not replace:
        raise Refused(f"{file} is there already: --force replaces it")
    try:
        with contextlib.closing(open_existing(path)) as source:
            schema.known_version(source, f"the database {path}")
            copy(source, file, progress)
        with contextlib.closing(open_read_only(file)) as made:
            return holdings(made)
    except OSError as error:
        raise Refused(f"can't write {file}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise Refused(f"can't copy the database {path} to {file}: {error}") from None


def _files_of(path: Path) -> list[Path]:
    real = path.resolve()
    return [real.with_name(f"{real.name}{ending}") for ending in ENDINGS]


def restore(data: Path, file: Path, progress: Progress | None = None) -> tuple[Path | None, list[Holding]]:
    """Put a copy of *file* in the place of the folder's database, upgraded if need be.

    The answer is where the database is kept that was there, and what the restored one holds. At every moment of it one
    of the two is whole in its place. Raises :class:`Refused`, with nothing changed: when a server runs on the folder
    (:class:`webcam.storage.lock.FolderInUse`), and as :func:`fetched` does.
    """
    with (
        FolderLock(data, "webcam restore"),
        FolderLock(data, "another webcam restore", RESTORE_LOCK),
        fetched(data, file, progress) as (fresh, held),
    ):
        return exchange(data / FILE, fresh), held


@contextlib.contextmanager
def fetched(data: Path, file: Path, progress: Progress | None) -> Iterator[tuple[Path, list[Holding]]]:
    """A copy of *file* in the folder, checked, upgraded and on disk, and what it holds; who doesn't move it, loses it.

    One at a time: the caller has the lock for it. Raises :class:`Refused` for a file that is damaged, of a newer
    version, or none of this server's.
    """
    if not file.is_file():
        raise Refused(f"there is no file {file}")
    if file.resolve() in _files_of(data / FILE):
        raise Refused(f"{file} is the database itself")
    fresh = data / FRESH
    try:
        _remove_left(data)
        yield fresh, _fetch(file, fresh, progress)
    except OSError as error:
        raise Refused(f"can't restore {file} into {data}: {error.strerror}") from None
    finally:
        _remove_left(data)


def _remove_left(data: Path) -> None:
    for each in data.glob(f"{FRESH}*"):
        each.unlink(missing_ok=True)


def _fetch(file: Path, fresh: Path, progress: Progress | None) -> list[Holding]:
    """Copy *file* to *fresh*, checked and upgraded; the answer is what it holds."""
    try:
        with contextlib.closing(open_read_only(file)) as source:
            version = schema.known_version(source, str(file))
            if not _is_ours(source):
                raise Refused(f"{file} is no backup of this server's database")
            copy(source, fresh, progress)
        with contextlib.closing(open_existing(fresh)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise Refused(f"{file} is damaged: {' '.join(found.split())}")
            schema.upgrade(connection, version)
            held = holdings(connection)
    except sqlite3.Error as error:
        raise Refused(f"can't restore {file}: {error}") from None
    durable.give_to_owner(fresh)
    durable.sync(fresh)
    return held


def _is_ours(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return version > 0 and {"accounts", "messages", "records"} <= tables
