"""Files that outlast a power cut: each is on disk, whole, before anybody relies on it.

Whatever the server or the operator's program depends on is written by :func:`write_file`, other than SQLite's files.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

PRIVATE = 0o600
"""Mode of a file that its owner alone reads and writes."""

NEW = ".{name}.new"
"""The name under which a file is written. What a crash leaves there is replaced by the next write."""


_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP}
"""How a file system answers, such as one of a network, that can't sync a folder."""


def sync(path: Path) -> None:
    """Return when the file's contents, or the folder's names, are on disk. Raises :class:`OSError`."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _UNSUPPORTED or not path.is_dir():
            raise
    finally:
        os.close(number)


def write_file(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file, replacing one that is there; it is on disk, with its name, when this returns.

    At every moment the name leads to the old content or to the new one, wholly, and never to a file that is open to
    more users than *mode* says. Raises :class:`OSError`; then nothing has changed.
    """
    new = new_name(path)
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            give_to_owner(new)
            if mode != PRIVATE:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    sync(path.parent)


def new_name(path: Path) -> Path:
    """The path under which :func:`write_file` writes first."""
    return path.with_name(NEW.format(name=path.name))


def make_folder(path: Path) -> None:
    """Make a folder that its owner alone can open, and the folders above it, where they are missing.

    Their names are on disk when this returns. Raises :class:`OSError`.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in missing:
        sync(each.parent)


def create_private(path: Path) -> None:
    """Create an empty file for its owner alone, where there is none, and have its name on disk. Raises
    :class:`OSError`, also for a file that can't be opened for writing."""
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE)
    except FileExistsError:
        os.close(os.open(path, os.O_RDWR))
        return
    os.close(number)
    give_to_owner(path)
    sync(path.parent)


def give_to_owner(path: Path) -> None:
    """Let what root makes belong to the owner of its folder: the server's user has to read it."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
