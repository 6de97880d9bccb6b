"""Files under way: a database is copied to ``NAME.XXXXXXXX.part`` beside its target, and has its name when it is whole.

A part is locked (``flock``) while it is written. One that isn't, its writer was killed: the next run removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

ENDINGS = ("", "-wal", "-shm", "-journal")
"""Of a database's files, as SQLite names them."""

_ENDING = ".part"
_CHANCE = "[a-z0-9_]{8}"
"""The letters that ``tempfile`` puts into a name."""

_HEADER = b"SQLite format 3\0"


@contextlib.contextmanager
def new_part(path: Path) -> Iterator[Path]:
    """A file beside *path*, for its owner alone, that nobody takes for abandoned. After a failure it is removed.

    Raises :class:`OSError`.
    """
    number, part = _locked_part(path)
    try:
        yield part
    except BaseException:
        _remove(part)
        raise
    finally:
        os.close(number)


def _locked_part(path: Path) -> tuple[int, Path]:
    while True:
        number, name = tempfile.mkstemp(_ENDING, f"{path.name}.", path.parent)
        part = Path(name)
        try:
            ours = _lock(number) and part.exists()
        except OSError:
            ours = True  # without locks, no part is ever taken for abandoned
        if ours:
            return number, part
        os.close(number)  # another run took it for abandoned, in the moment before it was locked


def remove_abandoned(path: Path) -> list[tuple[Path, int]]:
    """Remove the parts beside *path* whose writers were killed; return each with the bytes that it had.

    Only what is named as a part of this very file and holds nothing, zeros or a database is one.
    """
    named = re.compile(re.escape(path.name) + rf"\.{_CHANCE}{re.escape(_ENDING)}")
    try:
        found = [each for each in sorted(path.parent.iterdir()) if named.fullmatch(each.name)]
    except OSError:
        return []  # a folder that can't be listed may be written all the same
    return [(each, size) for each in found if (size := _remove_if_abandoned(each)) is not None]


def _remove_if_abandoned(part: Path) -> int | None:
    """Return how many bytes were removed; ``None`` for what is left alone: in use, or somebody else's."""
    try:
        number = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or not _is_database(os.pread(number, len(_HEADER), 0)) or not _lock(number):
            return None
        _remove(part)
        return found.st_size
    except OSError:
        return None
    finally:
        os.close(number)


def _is_database(beginning: bytes) -> bool:
    """Or what a power cut leaves of one."""
    return beginning == _HEADER or not beginning.strip(b"\0")


def _lock(number: int) -> bool:
    """Return whether nobody else had it locked. Raises :class:`OSError` where the file system knows no locks."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(part: Path) -> None:
    for ending in ENDINGS:
        part.with_name(f"{part.name}{ending}").unlink(missing_ok=True)
