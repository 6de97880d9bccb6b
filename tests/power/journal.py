"""The log that ``recorder.c`` writes inside a server's process: compiled, switched on, and read."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_HEAD = struct.Struct("QQIIB7x")
_SOURCE = Path(__file__).with_name("recorder.c")


class NoCompiler(Exception):
    """The recorder can't be built here; the text says why."""


class Kind(Enum):
    """What happened. The values are those of ``recorder.c``; ``TOLD`` is a client's."""

    ROOT = ord("R")
    CREATE = ord("C")
    FOLDER = ord("F")
    WRITE = ord("W")
    TRUNCATE = ord("T")
    BEGIN = ord("B")
    END = ord("E")
    RENAME = ord("N")
    LINK = ord("L")
    UNLINK = ord("U")
    SAID = ord("S")
    TOLD = ord("K")


@dataclass(frozen=True)
class Entry:
    """One entry. ``first`` and ``second`` are names, or the bytes of a write, of a log line, of what a client knows."""

    kind: Kind
    inode: int = 0
    offset: int = 0
    first: bytes = b""
    second: bytes = b""


class Journal:
    """The log of one server, in *folder*, of what it does below *root*, which is there."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._log = folder / "journal"
        self._library = _compiled(folder)
        self._root = root.resolve()

    @property
    def environment(self) -> dict[str, str]:
        """What the server's process has to be given."""
        return {
            "LD_PRELOAD": str(self._library),
            "WEBCAM_POWER_ROOT": str(self._root),
            "WEBCAM_POWER_LOG": str(self._log),
        }

    def tell(self, text: bytes) -> None:
        """Write down that a client knows this now; whatever the server did for it stands before it."""
        number = os.open(self._log, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(number, _HEAD.pack(0, 0, len(text), 0, Kind.TOLD.value) + text)
        finally:
            os.close(number)

    def read(self) -> list[Entry]:
        """All entries, oldest first."""
        return list(_entries(self._log.read_bytes()))


def _entries(data: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(data):
        inode, offset, first, second, kind = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        middle, end = at + first, at + first + second
        yield Entry(Kind(kind), inode, offset, data[at:middle], data[middle:end])
        at = end


def _compiled(folder: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler("there is no C compiler (cc) to build the recorder")
    library = folder / "recorder.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise NoCompiler(f"the C compiler can't build the recorder: {built.stderr[:500]}")
    return library
