"""A file system of a few MB for a test alone, which can be filled to the last byte, and be made one to read from."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = 4096
"""What the file system gives away at once."""


class NoDisk(Exception):
    """It can't be made here; the text says why."""


KINDS = ("tmpfs", "ext4")
"""File systems that :func:`small_disk` makes."""


class SmallDisk:
    """A small file system: a tmpfs, whose space is the machine's memory, or an ext4 in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave nothing free; what others free is taken, too, when this is called again."""
        file = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for size in (256 * PAGE, PAGE):
                self._write(file, bytes(size))
        finally:
            os.close(file)

    @staticmethod
    def _write(file: int, data: bytes) -> None:
        try:
            while os.write(file, data) == len(data):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def leave(self, size: int) -> None:
        """Leave so many bytes free."""
        self.fill()
        os.truncate(self._filler, self._filler.stat().st_size - size)

    def empty(self) -> None:
        """Take the filler away."""
        self._filler.unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def read_only(self, on: bool) -> None:
        """Let nothing be written, or let it be again."""
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.folder))


@contextmanager
def small_disk(folder: Path, size: int, kind: str = "tmpfs") -> Iterator[SmallDisk]:
    """Mount a file system of *size* bytes, one of :data:`KINDS`, on *folder* for the time of the context.

    Raises :class:`NoDisk` where it can't be made.
    """
    if os.geteuid():
        raise NoDisk("only root can mount a file system")
    folder.mkdir(parents=True, exist_ok=True)
    image = folder.with_name(f"{folder.name}.{kind}")
    try:
        if kind == "tmpfs":
            _run("mount", "-t", kind, "-o", f"size={size},mode=0700", "webcam-tests", str(folder))
        else:
            with image.open("xb") as file:
                file.truncate(size)
            _run(f"mkfs.{kind}", "-q", str(image))
            _run("mount", "-t", kind, "-o", "loop", str(image), str(folder))
            folder.chmod(0o700)
        try:
            yield SmallDisk(folder)
        finally:
            _run("umount", "--lazy", str(folder))
    finally:
        image.unlink(missing_ok=True)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoDisk(f"there is no {command[0]} here") from None
    if done.returncode:
        raise NoDisk(f"{command[0]}: {done.stderr.strip()}")
