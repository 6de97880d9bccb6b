"""Who has the data folder to itself: one server, or one program that changes what a server holds in memory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from webcam.durable import create_private, make_folder
from webcam.errors import StartFailure

LOCK = "lock"
RESTORE_LOCK = "restore-lock"
"""Of the program that restores a backup, beside the other one: one at a time copies it into the folder."""

SERVER = "a server"
"""Who has the lock of a folder on which a server runs."""


class FolderInUse(StartFailure):
    """Another has the lock: ``holder``."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"the data folder {folder} is in use: {holder} runs on it")
        self.holder = holder


class FolderLock:
    """A lock on the folder, which is made if need be; it ends by :meth:`release`, or with the process.

    It is the system's (``flock``), on a file that stays: what a crash leaves behind locks nobody out, and a daemon
    takes it along when it forks. ``holder`` says who has it, for the one who is refused; ``name`` is that of the file.

    Raises :class:`FolderInUse` when another has it, :class:`StartFailure` when the folder can't be used.
    """

    def __init__(self, folder: Path, holder: str, name: str = LOCK) -> None:
        self._file: int | None = None
        try:
            make_folder(folder)
            create_private(folder / name)
            self._file = os.open(folder / name, os.O_RDWR)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._file, 0)
            os.pwrite(self._file, f"{holder}\n".encode(), 0)
        except BlockingIOError:
            other = self._holder()
            self.release()
            raise FolderInUse(folder, other) from None
        except OSError as error:
            self.release()
            raise StartFailure(f"can't use the data folder {folder}: {error.strerror}") from None

    def _holder(self) -> str:
        assert self._file is not None, "it was opened"
        return os.pread(self._file, 100, 0).decode("utf-8", "replace").strip() or "another program"

    def release(self) -> None:
        """Let another have it."""
        number, self._file = self._file, None
        if number is not None:
            os.close(number)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Return whether a process has this file of a :class:`FolderLock` locked, or may have."""
    try:
        number = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False
