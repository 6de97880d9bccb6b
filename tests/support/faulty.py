"""The half of :mod:`tests.support.faults` that runs inside the server's process; it brings in nothing but itself."""

from __future__ import annotations

import mmap
import sqlite3
import struct
import time
from pathlib import Path
from typing import Any

FORM = struct.Struct("=ddd")
"""Seconds by which the wall clock is off, seconds that a commit takes longer, and seconds that seem to have passed."""


def install(path: str) -> None:
    """Let the wall clock and the disk be as that file says; it may change at any time."""
    with Path(path).open("r+b") as file:
        memory = mmap.mmap(file.fileno(), FORM.size)
    real, steady, connect = time.time, time.monotonic, sqlite3.connect

    def wall() -> float:
        off, _, passed = FORM.unpack_from(memory)
        return real() + float(off) + float(passed)

    def monotonic() -> float:
        return steady() + float(FORM.unpack_from(memory)[2])

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

    time.time, time.monotonic = wall, monotonic
    sqlite3.connect = slow_connect  # type: ignore[assignment]
