"""Which users can get at the files of the data folder, and what the operator can do about it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o007
"""Bits of a mode for users who are neither the owner nor in the file's group."""

NOT_OWNER = 0o077
"""Bits of a mode for everybody but the owner."""


def mode_of(path: Path) -> int:
    """The permission bits, of what a link leads to; 0 for what isn't there. Raises :class:`OSError`."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0


def open_to_others(folder: Path) -> Iterator[str]:
    """Say that the data folder is open to other users, and which databases in it are, a line each.

    In a folder that nobody else can enter, the modes of files mean nothing. Raises :class:`OSError`.
    """
    mode = mode_of(folder)
    if not mode & NOT_OWNER:
        return
    yield f"the data folder {folder} is open to other users (mode {mode:04o}): chmod 700 {folder}"
    for each in sorted(folder.glob("*.db*")):
        if mode_of(each) & NOT_OWNER:
            yield f"{each} can be read by other users (mode {mode_of(each):04o}): chmod 600 {each}"


def make_private(path: Path) -> str | None:
    """Let nobody but the owner get at a file of ours; say what was done, or what the operator has to do.

    What isn't there, and what a link leads to, is left alone.
    """
    try:
        found = path.lstat()
    except OSError:
        return None
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode) or not mode & NOT_OWNER:
        return None
    try:
        path.chmod(0o600)
    except OSError:
        return f"{path} can be read by other users (mode {mode:04o}): chmod 600 {path}"
    return f"{path} could be read by other users (mode {mode:04o}), its mode is 0600 now"


def readable_by_all(path: Path) -> str | None:
    """Say that all users can get at a file of the operator's; its group is his own choice."""
    try:
        mode = mode_of(path)
    except OSError:
        return None
    return f"{path} can be read by all users (mode {mode:04o}): chmod o-rwx {path}" if mode & OTHERS else None
