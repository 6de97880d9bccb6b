"""The reserve: disk space that is held by a file beside the database, for writes that must go on when the disk is full.

On a full disk SQLite can't even delete. The log (``-wal``) has no room to grow, and it can't be emptied, since what it
holds would make the database grow. The reserve holds as many blocks as both need: it is given up, the log is emptied
into the database, the write is done, and the reserve is made again from what the log took.

New data never take it. Before they are written, :func:`admit` sees to it that the reserve covers what the database has
still to grow by; when the disk has no space for that, new data are refused, until the reserve is whole again.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from webcam.durable import create_private
from webcam.errors import DiskFull
from webcam.storage.copying import BUSY

FILE = "reserve"

SIZE = 8 * 1024 * 1024
SHARE = 16
"""Bytes of the reserve; on a small file system the 16th part of it."""

SPARE = 1024 * 1024
SPARE_SHARE = 64
"""Bytes that new data leave free, for log files and what else the system writes; on a small file system the 64th."""

INDEX = 64 * 1024
"""Bytes that the reserve leaves free when it is made again on a full disk: SQLite makes its index of the log anew
(``-shm``, 32 KiB) when the first connection opens the database."""

PATIENCE = 1000
"""Milliseconds to wait for readers of the log before it is emptied."""

_NO_FALLOCATE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_T = TypeVar("_T")


class Reserve:
    """The reserve of a data folder. Its file may be taken and made again by any process that writes there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE

    @property
    def held(self) -> int:
        """Bytes that the reserve holds."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def whole(self) -> int:
        """Bytes of a whole reserve on this file system."""
        return min(SIZE, self._total // SHARE)

    @property
    def free(self) -> int:
        """Bytes of the file system that are free beside the reserve."""
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    @property
    def spare(self) -> int:
        """Bytes that new data leave free."""
        return min(SPARE, self._total // SPARE_SHARE)

    @property
    def _total(self) -> int:
        found = os.statvfs(self._folder)
        return found.f_blocks * found.f_frsize

    def hold(self, size: int) -> None:
        """Hold exactly *size* bytes. Raises :class:`OSError`, and then it holds what it held."""
        create_private(self._path)
        file = os.open(self._path, os.O_RDWR)
        try:
            held = os.fstat(file).st_size
            if size < held:
                _cut(file, size)
            elif size > held:
                try:
                    _allocate(file, held, size - held)
                except OSError:
                    _cut(file, held)
                    raise
        finally:
            os.close(file)

    def release(self) -> None:
        """Give up all of it."""
        with suppress(OSError):
            self.hold(0)

    def refill(self, leave: int = INDEX) -> None:
        """Hold the whole reserve again, or as much of it as there is without the last *leave* bytes of the disk."""
        held, found = self.held, os.statvfs(self._folder)
        ours = found.f_bavail if os.geteuid() else found.f_bfree  # what is kept for root is no less free for root
        more = min(self.whole - held, ours * found.f_frsize - leave)
        while more > 0:
            try:
                return self.hold(held + more)
            except OSError:
                more //= 2

    def release_on_full_disk(self) -> None:
        """Give it up if there is hardly anything else: before a start, which has to write as well."""
        if self.free < 2 * self.spare:
            self.release()


def _cut(file: int, size: int) -> None:
    """Shorten the file and sync it: some file systems free the blocks with the next commit of their journal alone."""
    os.ftruncate(file, size)
    os.fsync(file)


def _allocate(file: int, offset: int, size: int) -> None:
    """Real blocks, not a hole."""
    try:
        os.posix_fallocate(file, offset, size)
    except OSError as error:
        if error.errno not in _NO_FALLOCATE:
            raise
        while size:
            written = os.pwrite(file, bytes(min(size, 1024 * 1024)), offset)
            offset, size = offset + written, size - written


def admit(cursor: sqlite3.Cursor, reserve: Reserve, size: int) -> None:
    """Make sure that the reserve is large enough for what it is for, also after *size* bytes of new data.

    Raises :class:`DiskFull` when the disk has no space for that.

    Half of the whole reserve is for the writes that may use it, the rest for what the database has to grow by when the
    log is emptied. Where that is more, as behind a reader that keeps the log from being emptied, the reserve is larger.
    """
    wanted, missing = _plan(cursor, reserve, size)
    if missing or wanted != reserve.whole:
        _checkpoint(cursor, "PASSIVE")
        wanted, missing = _plan(cursor, reserve, size)
    if missing and _log_of(cursor):
        _empty_log(cursor, reserve)
        reserve.refill(0)
        wanted, missing = _plan(cursor, reserve, size)
    if missing:
        raise DiskFull("the disk is full")
    if wanted != reserve.held:
        try:
            reserve.hold(wanted)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull("the disk is full") from error
            # Whatever else is wrong with the folder, SQLite says so if it matters.


def _plan(cursor: sqlite3.Cursor, reserve: Reserve, size: int) -> tuple[int, int]:
    """Bytes that the reserve has to hold for new data of *size* bytes, and how many bytes of the disk are missing.

    The data are in the log and in the database, for a while.
    """
    growth = _growth(cursor, size)
    whole = reserve.whole
    wanted = max(whole, whole // 2 + growth)
    return wanted, max(0, size + growth + max(0, wanted - reserve.held) + reserve.spare - reserve.free)


def _growth(cursor: sqlite3.Cursor, size: int) -> int:
    """Bytes by which the database's file has to grow for what is in the log and for *size* bytes more."""
    page, pages, unused = (
        cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
    )
    return int(max(0, page * pages - _file_of(cursor).stat().st_size) + max(0, size - page * unused))


def _file_of(cursor: sqlite3.Cursor) -> Path:
    return Path(cursor.execute("PRAGMA database_list").fetchone()[2])


def _log_of(cursor: sqlite3.Cursor) -> int:
    """Bytes that the log takes on the disk."""
    file = _file_of(cursor)
    try:
        return file.with_name(f"{file.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _empty_log(cursor: sqlite3.Cursor, reserve: Reserve) -> None:
    """Write all of the log to the database, which has the space of the reserve to grow, and give its own back."""
    reserve.release()
    _checkpoint(cursor, "TRUNCATE")


def _checkpoint(cursor: sqlite3.Cursor, mode: str) -> None:
    """Empty the log as far as that is possible now."""
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
    try:
        with suppress(sqlite3.OperationalError):
            cursor.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY}")


def with_reserve(cursor: sqlite3.Cursor, reserve: Reserve, transaction: Callable[[], _T]) -> _T:
    """Do *transaction*, whole. Where the disk has no space for it, the reserve is given up before, and made behind it.

    The connection is in no transaction, before and after.
    """
    try:
        return transaction()
    except sqlite3.OperationalError as error:
        if not is_full(error):
            raise
    if cursor.connection.in_transaction:
        cursor.execute("ROLLBACK")
    _empty_log(cursor, reserve)
    try:
        return transaction()
    finally:
        reserve.refill(0)


def is_full(error: BaseException | None) -> bool:
    """Whether SQLite found the disk full. Where it can't make its index of the log larger, it calls that I/O error."""
    return isinstance(error, sqlite3.OperationalError) and any(
        text in str(error) for text in ("disk is full", "disk I/O error")
    )
