"""Which device asks for what: chosen by a seed, so that the same seed asks the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.crash.operations import AskTime, Configure, Delete, Fetch, Get, LogIn, Note, Operation, Send, Upload

NOBODY = "stranger"
"""A device that never comes; what is sent to it waits."""

KEEPER, OPERATOR = 0, 1
"""Numbers of the devices that delete all that is older, and that change settings."""

SMALL, LARGE = 40_000, 1_000_000
PART = 256 * 1024
SIZES = (PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 17)
"""Records are stored in parts of 256 KiB: those around their edges."""

LIMITS = (1, 5, 32, 1000)

CHANGED = (5, 6)
"""Kinds of settings that are changed: how long messages are kept."""


def name_of(number: int) -> str:
    """Of a device."""
    return f"device-{number}"


@dataclass
class Workload:
    """One device in one life of the server. ``mine`` are records of it, ``others`` is one of another account."""

    seed: str
    account: str
    number: int
    devices: int
    mine: Mapping[int, Upload]
    others: int = 0
    largest: int = LARGE
    chance: random.Random = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed} {self.number}")
        self.deletable = sorted(self.mine)

    def next(self) -> Operation:
        """What it does now."""
        chosen = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        return chosen(self)

    def log_in(self) -> LogIn:
        """A new session of the device."""
        return LogIn(self.account, name_of(self.number))

    # Messages

    def broadcast(self) -> Operation:
        return Send((self._note(""),))

    def targeted(self) -> Operation:
        return Send((self._note(self._target()),))

    def several(self) -> Operation:
        notes = [self._note(self.chance.choice(("", self._target()))) for _ in range(self.chance.randint(2, 6))]
        return Send(tuple(notes), sync=self.chance.random() < 0.3, spoiled=self.chance.random() < 0.2)

    def sync(self) -> Operation:
        return Send(sync=True)

    def get(self) -> Operation:
        return Get(self.chance.choice(LIMITS), take=self.chance.random() < 0.4)

    def _note(self, target: str) -> Note:
        return Note(self._tag("m"), target)

    def _target(self) -> str:
        others = [name_of(each) for each in range(self.devices)]
        return self.chance.choice([*others, NOBODY])

    # Records

    def small_record(self) -> Operation:
        return Upload(self._tag("r"), self.chance.randint(0, SMALL) if self.chance.random() < 0.9 else 0)

    def large_record(self) -> Operation:
        size = self.chance.choice([*SIZES, self.chance.randint(PART, LARGE)])
        return Upload(self._tag("r"), min(size, self.largest))

    def delete(self) -> Operation:
        """Some by id, or all up to one; what belongs to another account spoils it."""
        if not self.deletable:
            return self.small_record()
        if self.number == KEEPER and self.chance.random() < 0.4:
            up_to = self.chance.randrange(len(self.deletable))
            named, self.deletable = self.deletable[up_to], self.deletable[up_to + 1 :]
            return Delete((named,), older=True)
        some = self.chance.sample(self.deletable, min(len(self.deletable), self.chance.randint(1, 3)))
        if self.others and self.chance.random() < 0.3:
            return Delete(tuple(some), others=(self.others,))
        self.deletable = [each for each in self.deletable if each not in some]
        return Delete(tuple(some))

    def fetch(self) -> Operation:
        if not self.deletable:
            return self.small_record()
        record_id = self.chance.choice(self.deletable)
        return Fetch(record_id, self.mine[record_id])

    # The rest

    def settings(self) -> Operation:
        if self.number != OPERATOR:
            return self.get()
        values = tuple((kind, float(self.chance.randint(20, 120))) for kind in CHANGED)
        return Configure(values, spoiled=self.chance.random() < 0.2)

    def time(self) -> Operation:
        return AskTime()

    def _tag(self, kind: str) -> str:
        self.sent += 1
        return f"{kind} {self.seed} {self.number} {self.sent}"


_WEIGHTS: dict[Callable[[Workload], Operation], float] = {
    Workload.broadcast: 12,
    Workload.targeted: 16,
    Workload.several: 6,
    Workload.sync: 8,
    Workload.get: 16,
    Workload.small_record: 14,
    Workload.large_record: 4,
    Workload.fetch: 5,
    Workload.delete: 5,
    Workload.settings: 5,
    Workload.log_in: 2,
    Workload.time: 4,
}
