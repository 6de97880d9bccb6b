"""Fault after fault, with what is there looked at in between; and what is left when everybody has gone."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.crash.client import pause
from tests.crash.ground import Ground, finish, start, tell, unanswered
from tests.faults.disturbances import FAULTS, Fault, Scene
from tests.faults.world import Crowd
from tests.soak.run import Minute, settled
from tests.support.census import Census

DEVICES = 4
PACE = 0.08
"""Seconds between two questions of a device, on average."""

LARGEST = 600_000
"""Bytes of the largest record."""

EACH = 40.0
"""Seconds that a fault lasts."""

SETTLE = 1.0
"""Seconds in which the server does what nobody waits for any more."""

RECOVERY = 10.0
"""Seconds behind a fault until everything is acknowledged again."""

WHOLLY = 7
"""After so many faults, all that was ever stored is looked at."""

GROWTH = 16e6
"""Bytes by which the process may be larger at the end than after the first round. See :data:`tests.soak.run.GROWTH`;
here its caches of the database's pages come to it."""

LEFT = 8 * 1024 * 1024
"""Bytes by which the database may be larger, when its accounts are gone and a sweep has given their space back."""

GIVEN_BACK = 180.0
"""Seconds for that, at most."""


@dataclass(frozen=True)
class Epoch:
    """What a fault was like: answers by what they say, seconds until all was well again, the database's bytes."""

    number: int
    fault: str
    answers: Counter[str]
    recovered: float
    resident: int
    size: int


@dataclass
class Day:
    """One account's time on the server, from its making to its removal. ``patience``: seconds behind a fault until all
    has to be well."""

    scene: Scene
    seed: str
    patience: float = RECOVERY
    wrong: list[str] = field(default_factory=list)
    events: int = 0

    def live(
        self, seconds: float, each: float, viewers: int, told: Callable[[Epoch], None], minute: Callable[[Minute], None]
    ) -> None:
        """Every fault, and again for so long, *each* for so many seconds, in the midst of a crowd; then all go."""
        server = self.scene.server
        ground = Ground(server, self.seed, DEVICES, LARGEST, failing=True, swept=True)
        crowd = Crowd(server, viewers, seconds, minute, 60.0)
        end = time.monotonic() + seconds
        crowd.start()
        faults = [fault for fault in FAULTS if fault.possible(self.scene)]
        number = 0
        while number < len(faults) or time.monotonic() < end - each:
            fault = faults[number % len(faults)]
            number += 1
            told(self._epoch(ground, fault, number, each * fault.longer))
        crowd.join()
        self.wrong += crowd.wrong
        self._look_at_all(ground)
        ground.end()

    def _epoch(self, ground: Ground, fault: Fault, number: int, seconds: float) -> Epoch:
        server = self.scene.server
        over = threading.Event()
        devices = ground.devices(number, over.is_set, fault.share, PACE)
        start(devices)
        try:
            fault.run(self.scene, seconds)
        finally:
            fault.over(self.scene)
        recovered = self._recovery(ground, fault)
        over.set()
        finish(devices)
        pause(SETTLE)
        ground.other.write()
        events = ground.history.close()
        self.events += len(events)
        problems = [*(() if fault.share else unanswered(events)), *ground.learn(events, devices)]
        self.wrong += [f"{number}, {fault.name}: {line}" for line in tell(problems, events)]
        if number % WHOLLY == 0:
            self._look_at_all(ground)
        answers = Counter(event.kind for event in events)
        return Epoch(number, fault.name, answers, recovered, server.resident(), _size(self.scene))

    def _recovery(self, ground: Ground, fault: Fault) -> float:
        recovered = ground.other.recovery(self.patience)
        if recovered is None:
            self.wrong.append(f"{fault.name}: not well again within {self.patience:.0f} s")
            return self.patience
        return recovered

    def _look_at_all(self, ground: Ground) -> None:
        look = ground.inspector()
        self.wrong += [each.text for each in ground.model.look_again(look, self.scene.chance, wholly=True)]
        look.close()


@dataclass(frozen=True)
class Rest:
    """What there is when nobody is there."""

    census: Census
    resident: int
    size: int
    files: frozenset[str]

    @classmethod
    def of(cls, scene: Scene, before: Rest | None = None) -> Rest:
        """When it has settled, and the database is as small as it was, if it will be."""
        late = time.monotonic() + GIVEN_BACK
        while before is not None and _size(scene) > before.size + LEFT and time.monotonic() < late:
            pause(1.0)
        census = settled(scene.server, before.census if before else None)
        return cls(census, scene.server.resident(), _size(scene), _files(scene))

    def against(self, before: Rest) -> Iterator[str]:
        """What there is more of than *before*."""
        yield from self.census.left_over(before.census)
        if self.resident > before.resident + GROWTH:
            yield f"memory: {before.resident / 1e6:.1f} MB -> {self.resident / 1e6:.1f} MB"
        if self.size > before.size + LEFT:
            yield f"database: {before.size} -> {self.size} bytes"
        if self.files - before.files:
            yield f"files: {sorted(self.files - before.files)}"


def _size(scene: Scene) -> int:
    return (scene.server.data / "webcam.db").stat().st_size


def _files(scene: Scene) -> frozenset[str]:
    found = scene.server.data.rglob("*")
    return frozenset(str(each.relative_to(scene.server.data)) for each in found)
