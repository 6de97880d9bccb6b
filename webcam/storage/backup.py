"""Backups of a database, and the way back."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from webcam import durable
from webcam.errors import Refused
from webcam.storage import schema
from webcam.storage.checks import Holding, distrust, holdings, misshapen, unusable
from webcam.storage.copying import Progress, check_regular, copy, open_existing, open_read_only
from webcam.storage.exchange import exchange
from webcam.storage.lock import RESTORE_LOCK, FolderLock
from webcam.storage.parts import ENDINGS
from webcam.storage.schema import FILE, FRESH

NAMED = 3
"""Problems of a backup that are named when it is refused."""


def database_of(data: Path) -> Path:
    """The path of the folder's database. Raises :class:`Refused` when there is none."""
    path = data / FILE
    try:
        found = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        found = False
    except OSError as error:
        raise Refused(f"can't read the database {path}: {error.strerror}") from None
    if not found:
        raise Refused(f"there is no database {path}")
    return path


def back_up(data: Path, file: Path, replace: bool, progress: Progress | None = None) -> list[Holding]:
    """Copy the folder's database to *file*, also while a server writes; the answer is what the copy holds.

    The copy is of one moment. A link stays, and what it leads to is replaced. Raises :class:`Refused`: also for a file
    that is there, unless *replace* is set.
    """
    path = database_of(data)
    target = _target(file, replace)
    if _is_of(target, path):
        raise Refused(f"{file} is the database itself")
    try:
        with contextlib.closing(open_existing(path)) as source:
            schema.known_version(source, f"the database {path}")
            copy(source, target, progress)
        with contextlib.closing(open_read_only(target)) as made:
            return holdings(made)
    except OSError as error:
        raise Refused(f"can't write {file}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise Refused(f"can't copy the database {path} to {file}: {error}") from None


def _target(file: Path, replace: bool) -> Path:
    """Where a backup to *file* goes: behind links. Raises :class:`Refused` for what can't be replaced, or may not."""
    if file.is_symlink() and not file.exists():
        raise Refused(f"{file} is a link to nothing: remove it, or name a file")
    if file.is_dir():
        raise Refused(f"{file} is a folder: name a file in it")
    if file.exists() and not file.is_file():
        raise Refused(f"{file} is no regular file")
    if file.exists() and not replace:
        raise Refused(f"{file} is there already: --force replaces it")
    return file.resolve()


def _is_of(file: Path, path: Path) -> bool:
    """Whether *file* is one of the files of the database *path*, by whatever name."""
    real = path.resolve()
    files = [real.with_name(f"{real.name}{ending}") for ending in ENDINGS]
    return file.resolve() in files or any(file.exists() and each.exists() and file.samefile(each) for each in files)


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
    check_regular(file)
    path = data / FILE
    if path.is_symlink():
        raise Refused(f"the database {path} is a link: move the file that it leads to into its place first")
    if _is_of(file, path):
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
            distrust(connection)
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise Refused(f"{file} is damaged: {' '.join(found.split())}")
            _refuse(file, misshapen(connection))
            schema.upgrade(connection, version)
            _refuse(file, unusable(connection))
            held = holdings(connection)
    except sqlite3.Error as error:
        raise Refused(f"can't restore {file}: {error}") from None
    durable.give_to_owner(fresh)
    durable.sync(fresh)
    return held


def _refuse(file: Path, problems: Iterable[str]) -> None:
    """Raises :class:`Refused` when there are any, and names some."""
    if named := list(itertools.islice(problems, NAMED)):
        raise Refused(f"{file} holds what the server can't work with: {'; '.join(named)}")


def _is_ours(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return version > 0 and {"accounts", "messages", "records"} <= tables
