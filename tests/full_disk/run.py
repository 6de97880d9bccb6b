"""The phases: load on a disk with space, on one without, and on one with space again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.crash.client import Device, pause
from tests.crash.ground import Ground, finish, tell
from tests.crash.history import Event
from tests.crash.model import Model
from tests.crash.problems import Problem
from tests.crash.workload import name_of
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
        model = Model([name_of(each) for each in range(devices)], failing=True, swept=True, pruned=pruned)
        return cls(server, disk, Ground(server, str(seed), devices, model, LARGEST))

    def phase(self, name: str, seconds: float, meanwhile: Callable[[float], int]) -> Phase:
        """Load for so long while *meanwhile* does what it does to the disk, and tells its least free space."""
        self._round += 1
        said, begun = self.server.said, time.monotonic()
        over = threading.Event()
        devices = self.ground.devices(self._round, over.is_set)
        for each in devices:
            each.start()
        free = meanwhile(seconds)
        self._end(over, devices)
        took = time.monotonic() - begun
        events = self.ground.history.close()
        lines = self.server.said - said
        self._check(name, events, devices, lines, took)
        return Phase(name, took, Counter(_kind(event) for event in events), lines, free)

    def _end(self, over: threading.Event, devices: Sequence[Device]) -> None:
        over.set()
        finish(devices)

    def _check(self, name: str, events: list[Event], devices: Sequence[Device], lines: int, took: float) -> None:
        problems = [Problem(f"no answer: {event}", (event.device,)) for event in events if event.open]
        problems += self.ground.learn(events, devices)
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
        self.recovered = self._recovery()
        return least

    def _watch(self, seconds: float, each_time: Callable[[], None]) -> int:
        end = time.monotonic() + seconds
        least = self.disk.free
        while time.monotonic() < end:
            each_time()
            least = min(least, self.disk.free)
            pause(REFILL)
        return least

    def _recovery(self) -> float:
        """Until one of each kind of write has been acknowledged."""
        begun = time.monotonic()
        while not self.ground.other.write():
            if time.monotonic() > begun + 6 * RECOVERY:
                self.wrong.append("not well again")
                break
            pause(0.05)
        return time.monotonic() - begun


def _kind(event: Event) -> str:
    if event.open:
        return "none"
    return "OK" if event.good else "503" if event.failed else "refused as meant"
