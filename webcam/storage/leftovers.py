"""What killed backups, restores, upgrades and writes left in the data folder: removed at a start.

It may be as large as the database, several times over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from twisted.logger import Logger

from webcam.durable import new_name
from webcam.storage.lock import RESTORE_LOCK, FolderInUse, FolderLock
from webcam.storage.parts import remove_abandoned
from webcam.storage.schema import FILE, FRESH

_TARGET = re.compile(rf"({re.escape(FILE)}(?:\.[a-z0-9-]+)*)\.[a-z0-9_]{{8}}\.part")
"""Of a copy of the database within the folder: the file that it was to become, and what makes the name its own."""

_log = Logger(namespace="webcam")


def clear_leftovers(data: Path, written: Iterable[str]) -> None:
    """Remove them, and say so. The caller has the folder's lock; *written* are the names of files that it writes.

    What another program is writing right now stays. Raises :class:`OSError`.
    """
    for path, size in (*_restored(data), *_copied(data), *_written(data, written)):
        _log.info("removed {file}, {size} bytes, which a killed run left behind", file=str(path), size=size)


def _restored(data: Path) -> Iterator[tuple[Path, int]]:
    """Of a ``webcam restore`` that was killed; one that runs has its lock."""
    if not any(data.glob(f"{FRESH}*")):
        return
    try:
        with FolderLock(data, "removing what another webcam restore left", RESTORE_LOCK):
            for each in sorted(data.glob(f"{FRESH}*")):
                yield _removed(each)
    except FolderInUse:
        return


def _copied(data: Path) -> Iterator[tuple[Path, int]]:
    targets = {found[1] for each in data.iterdir() if (found := _TARGET.fullmatch(each.name))}
    for target in sorted(targets):
        yield from remove_abandoned(data / target)


def _written(data: Path, names: Iterable[str]) -> Iterator[tuple[Path, int]]:
    for name in names:
        left = new_name(data / name)
        if left.is_file() and not left.is_symlink():
            yield _removed(left)


def _removed(path: Path) -> tuple[Path, int]:
    size = path.lstat().st_size
    path.unlink()
    return path, size
