"""The half of :mod:`tests.support.faults` that runs inside the server's process; it brings in nothing but itself."""

from __future__ import annotations

import mmap
import sqlite3
import struct
import time
from pathlib import Path
from typing import Any

FORM = struct.Struct("=dd")
"""Seconds by which the wall clock is off, and seconds that a commit takes longer."""


def install(path: str) -> None:
    """Let the wall clock and the disk be as that file says; it may change at any time."""
    with Path(path).open("r+b") as file:
        memory = mmap.mmap(file.fileno(), FORM.size)
    real, connect = time.time, sqlite3.connect

    def wall() -> float:
        return real() + float(FORM.unpack_from(memory)[0])

    class Slow(sqlite3.Connection):
        """Commits of what was written take longer."""

        written = 0

        def commit(self) -> None:
            if self.total_changes != self.written:
                self.written = self.total_changes
                time.sleep(FORM.unpack_from(memory)[1])
            super().commit()

    def slow_connect(*args: Any, **more: Any) -> sqlite3.Connection:
        return connect(*args, factory=Slow, **more)

    time.time = wall
    sqlite3.connect = slow_connect  # type: ignore[assignment]
