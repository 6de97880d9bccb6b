"""What lives in a server's process, counted from inside: for tests that something leaves nothing over.

:class:`CountedServer` starts the same ``twistd``, with a handler of SIGUSR1 that writes the counts to a file. The
server itself knows nothing of it.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import Server, until
from webcam.storage.database import READERS

THREADS = 16
"""A pool of threads grows to its bound when more is asked for at once, and stays: its threads and what belongs to them
are not held to how many there were, but to this."""

CONNECTIONS = 1 + READERS
"""The same of the threads that have the database open: the one that writes and those that read."""

DATABASE = ("/webcam.db", "/webcam.db-wal")
"""What each of them has open; the index of the log is shared by all."""

ELSEWHERE = ("twisted._threads.", "twisted.python.context.", "twisted.internet.base.DelayedCall")
"""Objects of such pools; and timers, which are counted while they are to go off: the reactor keeps cancelled ones until
their time has come."""

REMEMBERED = (
    *("webcam.audit.Share", "webcam.token_bucket.TokenBucket", "webcam.service.lockout.Streak"),
    *("webcam.calendar.", "Calendar._runs"),
)
"""Objects that stay on purpose when all have gone, in tables whose bounds unit tests hold: who logged in, and how the
clock went."""


@dataclass(frozen=True)
class Census:
    """Counts by name: objects by class, what the containers of the project's objects hold, timers by what they call,
    coroutines, descriptors by kind, and threads. ``tracked``: all objects that the collector knows of."""

    objects: dict[str, int]
    held: dict[str, int]
    timers: dict[str, int]
    coroutines: dict[str, int]
    files: dict[str, int]
    threads: int
    tracked: int

    def left_over(self, before: Census) -> list[str]:
        """What there is more of than *before*, a line each."""
        found = []
        for group in ("objects", "held", "timers", "coroutines", "files"):
            earlier = getattr(before, group)
            for name, count in sorted(getattr(self, group).items()):
                allowed = max(earlier.get(name, 0), CONNECTIONS if name.endswith(DATABASE) else 0)
                if count > allowed and not name.startswith(ELSEWHERE + REMEMBERED):
                    found.append(f"{group}: {name} {earlier.get(name, 0)} -> {count}")
        if self.threads > THREADS:
            found.append(f"threads: {before.threads} -> {self.threads}")
        return found

    def count(self, name: str) -> int:
        """Objects of the class of that name, in whatever module."""
        return sum(count for path, count in self.objects.items() if path.rpartition(".")[2] == name)


class CountedServer(Server):
    """A server that can be asked what lives in it."""

    def command(self, *options: str) -> list[str]:
        """The same program with the handler installed first."""
        program, flag, run, *rest = super().command(*options)
        install = f"from tests.support import counting; counting.install({str(self._report)!r})"
        return [program, flag, f"{install}; {run}", *rest]

    @property
    def _report(self) -> Path:
        return self.data.parent / "census.json"

    def census(self) -> Census:
        """Count now."""
        self._report.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        until(self._report.exists, "a census")
        return Census(**json.loads(self._report.read_text()))
