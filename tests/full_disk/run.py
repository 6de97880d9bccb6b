"""The phases: load on a disk with space, on one without, and on one with space again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.crash.client import Device, pause
from tests.crash.ground import Ground, finish, start, tell, unanswered
from tests.crash.history import Event
from tests.crash.problems import Problem
from tests.support.faults import FaultyServer
from tests.support.small_disk import SmallDisk

MB = 1024 * 1024
SIZE = 160 * MB
"""Bytes of the disk."""

USABLE = 16 * MB
"""Bytes of it that a server has which keeps some of it free."""

LARGEST = 400_000
"""Bytes of the largest record."""

RECOVERY = 10.0
"""Seconds behind the return of space within which everything is well."""

PATIENCE = 6 * RECOVERY
"""Seconds that are waited for it."""

REFILL = 0.02
"""Seconds between two looks at whether a byte was freed."""

LINES = 400
LINES_A_SECOND = 5.0
"""Lines that the log may have at once, and each second, of a disk that is full."""


@dataclass(frozen=True)
class Phase:
    """What a phase was like: answers by what they say, the server's lines, and what the disk had free at the least."""

    name: str
    seconds: float
    answers: Counter[str]
    lines: int
    free: int


@dataclass
class FullDisk:
    """One server on one small disk."""

    server: FaultyServer
    disk: SmallDisk
    ground: Ground
    wrong: list[str] = field(default_factory=list)
    recovered: float = 0.0
    """Seconds from the return of space until every kind of write was acknowledged again."""
    _round: int = 0

    @classmethod
    def prepare(cls, server: FaultyServer, disk: SmallDisk, seed: int, devices: int, pruned: bool = False) -> FullDisk:
        """*server* runs with its data on *disk*."""
        ground = Ground(server, str(seed), devices, LARGEST, failing=True, swept=True, pruned=pruned)
        return cls(server, disk, ground)

    def phase(self, name: str, seconds: float, meanwhile: Callable[[float], int]) -> Phase:
        """Load for so long while *meanwhile* does what it does to the disk, and tells its least free space."""
        self._round += 1
        said, begun = self.server.said, time.monotonic()
        over = threading.Event()
        devices = self.ground.devices(self._round, over.is_set)
        start(devices)
        free = meanwhile(seconds)
        over.set()
        finish(devices)
        took = time.monotonic() - begun
        events = self.ground.history.close()
        lines = self.server.said - said
        self._check(name, events, devices, lines, took)
        return Phase(name, took, Counter(event.kind for event in events), lines, free)

    def _check(self, name: str, events: list[Event], devices: Sequence[Device], lines: int, took: float) -> None:
        problems = [*unanswered(events), *self.ground.learn(events, devices)]
        if lines > LINES + LINES_A_SECOND * took:
            problems.append(Problem(f"{lines} lines in {took:.0f} s"))
        self.wrong += [f"{name}: {line}" for line in tell(problems, events)]

    # What is done to the disk meanwhile

    def leave_alone(self, seconds: float) -> int:
        """Nothing; its least free space."""
        return self._watch(seconds, lambda: None)

    def keep_full(self, seconds: float) -> int:
        """Not a byte is free, for so long; then space comes back, and it is measured how soon all is well."""
        least = self._watch(seconds, self.disk.fill)
        self.disk.empty()
        recovered = self.ground.other.recovery(PATIENCE)
        if recovered is None:
            self.wrong.append("not well again")
        self.recovered = PATIENCE if recovered is None else recovered
        return least

    def _watch(self, seconds: float, each_time: Callable[[], None]) -> int:
        end = time.monotonic() + seconds
        least = self.disk.free
        while time.monotonic() < end:
            each_time()
            least = min(least, self.disk.free)
            pause(REFILL)
        return least
