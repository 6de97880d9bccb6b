"""A server whose clock and disk can be made wrong from outside.

:class:`FaultyServer` starts the same ``twistd``; what is installed in front of it puts its own ``time.time`` in place
of the system's, which Twisted takes, too, and slows commits down. For both clocks of the process time can seem to pass.
The server itself knows nothing of it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.support.census import CountedServer
from tests.support.faulty import FORM


def written(faults: Path, off: float, slow: float) -> str:
    """The program's first lines that take the faults of this file, which is written: a wall clock that is *off* by so
    many seconds, commits that are *slow* by so many."""
    faults.parent.mkdir(parents=True, exist_ok=True)
    faults.write_bytes(FORM.pack(off, slow, 0.0))
    return f"from tests.support import faulty; faulty.install({str(faults)!r})"


class FaultyServer(CountedServer):
    """Right at first."""

    def __init__(self, folder: Path, *options: str, **more: Any) -> None:
        super().__init__(folder, *options, **more)
        self._faults = folder / "faults"
        self._off = self._slow = self._passed = 0.0
        self._install = written(self._faults, self._off, self._slow)

    def command(self, *options: str) -> list[str]:
        """The same program with the faults installed first."""
        program, flag, run, *rest = super().command(*options)
        return [program, flag, f"{self._install}; {run}", *rest]

    def step_clock(self, seconds: float) -> None:
        """From now on the wall clock is so far from the right time."""
        self._off = seconds
        self._write()

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds more seem to have passed, for the wall clock and the monotonic clock alike."""
        self._passed += seconds
        self._write()

    def time(self) -> float:
        """The right time, with what seems to have passed, in seconds since the epoch."""
        return time.time() + self._passed

    def slow_down(self, seconds: float) -> None:
        """From now on a commit takes so much longer."""
        self._slow = seconds
        self._write()

    def _write(self) -> None:
        with self._faults.open("r+b") as file:
            file.write(FORM.pack(self._off, self._slow, self._passed))
