"""Backups of a database, and the way back."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from webcam.errors import Refused
from webcam.storage import copying, schema
from webcam.storage.checks import Holding, holdings
from webcam.storage.copying import ENDINGS, Progress, copy, open_existing, open_read_only
from webcam.storage.lock import FolderLock
from webcam.storage.schema import FILE

BEFORE = "before-restore"
_FRESH = f"{FILE}.restoring"
_HEADER = b"SQLite format 3\0"


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
    of the two is whole in its place. Raises :class:`Refused`, with nothing changed: when a server runs on the folder,
    and for a file that is damaged, of a newer version, or none of this server's.
    """
    with FolderLock(data, "webcam restore"):
        path = data / FILE
        if not file.is_file():
            raise Refused(f"there is no file {file}")
        if file.resolve() in _files_of(path):
            raise Refused(f"{file} is the database itself")
        fresh = data / _FRESH
        try:
            _remove_left(data)
            held = _fetch(file, fresh, progress)
            return _exchange(path, fresh), held
        except OSError as error:
            raise Refused(f"can't restore {file} into {data}: {error.strerror}") from None
        finally:
            _remove_left(data)


def _remove_left(data: Path) -> None:
    for each in data.glob(f"{_FRESH}*"):
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
    copying.give_to_owner(fresh)
    copying.sync(fresh)
    return held


def _is_ours(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return version > 0 and {"accounts", "messages", "records"} <= tables


def _exchange(path: Path, fresh: Path) -> Path | None:
    """The new one into the place of the old one, which gets another name; that name."""
    there, kept = path.exists(), _free_name(path)
    try:
        if there:
            with _alone_on(path):
                _keep(path, kept)
                _place(fresh, path)
                return kept
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise Refused(f"the database {path} is in use by another program") from None
        _keep(path, kept)  # damaged: as it lies
    _keep_beside(path, kept)
    _place(fresh, path)
    return kept if there else None


@contextlib.contextmanager
def _alone_on(path: Path) -> Iterator[None]:
    """The database is one file, with the log merged into it; whoever comes from now on, waits until this ends.

    Raises :class:`sqlite3.Error`: when anybody else has it open, or it is damaged.
    """
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:  # SQLite would take the log away
            raise sqlite3.DatabaseError("no database")
    with contextlib.closing(open_existing(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        yield


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
        shutil.copyfile(path, kept)
        copying.sync(kept)
    copying.sync(path.parent)


def _keep_beside(path: Path, kept: Path) -> None:
    """A log that couldn't be merged, or has lost its database: SQLite would play it into the new one."""
    for ending in ENDINGS[1:]:
        beside = path.with_name(f"{path.name}{ending}")
        if beside.exists():
            beside.replace(kept.with_name(f"{kept.name}{ending}"))
    copying.sync(path.parent)


def _place(fresh: Path, path: Path) -> None:
    fresh.replace(path)
    copying.sync(path.parent)
