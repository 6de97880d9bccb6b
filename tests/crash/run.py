"""The rounds: load, kill -9, start, look."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.crash.client import pause
from tests.crash.ground import Ground, finish, start, tell
from tests.crash.history import Event
from tests.crash.workload import LARGE
from tests.support.faults import FaultyServer

DEVICES = 6
EACH = 60
"""Answers of each device in a round, at most and on average twice as many as there are."""

PATIENCE = 20.0
"""Seconds of a round at most, on a machine that is slower than that."""

BACK = 1200.0
"""Seconds that the wall clock may be behind: it is set anew while the server is down."""

STILLBORN = 0.1
"""The share of starts that are killed before the server is ready."""

WHOLLY = 20
"""After so many rounds, everything that was ever stored is looked at."""


@dataclass(frozen=True)
class Round:
    """What a round was like. ``under_way``: questions that had no answer when the server was killed."""

    number: int
    answered: int
    under_way: int
    messages: int
    records: int
    stillborn: bool


class Crashes:
    """A server that is killed again and again, and the model that it is held to, with its *rules*."""

    rules: Mapping[str, bool] = {}
    server_class: type[FaultyServer] = FaultyServer

    def __init__(self, folder: Path, seed: int, devices: int = DEVICES) -> None:
        self.server = self.server_class(folder, "--cooldown=0")
        self._seed = seed
        self._devices = devices
        self._ground: Ground | None = None

    def run(self, rounds: int, told: Callable[[Round], None]) -> list[str]:
        """So many rounds on the same data, until one shows something wrong: then what, and the history."""
        self.server.start()
        self._ground = Ground(self.server, str(self._seed), self._devices, LARGE, **self.rules)
        self._prepare(self._ground)
        for number in range(1, rounds + 1):
            last = number == rounds or number % WHOLLY == 0
            wrong = self._round(self._ground, number, random.Random(f"{self._seed} {number}"), last, told)
            if wrong:
                return [f"in round {number}, by seed {self._seed}:", *wrong]
        return []

    def _round(
        self, ground: Ground, number: int, chance: random.Random, wholly: bool, told: Callable[[Round], None]
    ) -> list[str]:
        said = self.server.said
        over = threading.Event()
        devices = ground.devices(number, over.is_set)
        start(devices)
        self._disturb(number)
        ground.history.wait_for_answers(chance.randint(1, EACH * len(devices)), PATIENCE)
        pause(chance.uniform(0.0, 0.02))
        self.server.kill()
        over.set()
        finish(devices)
        events = ground.history.close()
        stillborn = self._start(number, chance)
        ground.new_minute()
        ground.model.restarted()
        problems = ground.learn(events, devices)
        look = ground.inspector()
        problems += ground.model.look_again(look, chance, wholly)
        look.close()
        told(_round(number, events, stillborn))
        trouble = self.server.trouble(said)
        return [*tell(problems, events), *trouble]

    def _prepare(self, ground: Ground) -> None:
        """What is done once, before the first round."""

    def _disturb(self, number: int) -> None:
        """What is done to the server in a round, besides killing it."""

    def _start(self, number: int, chance: random.Random) -> bool:
        """Again, with another time; now and then it is killed in its start, first."""
        self.server.step_clock(-chance.uniform(0.0, BACK))
        stillborn = chance.random() < STILLBORN
        if stillborn:
            self.server.spawn()
            pause(chance.uniform(0.0, 1.5))
            self.server.kill()
        self.server.start()
        return stillborn


def _round(number: int, events: list[Event], stillborn: bool) -> Round:
    good = [event.operation.question().path for event in events if event.good]
    open_ones = sum(event.open for event in events)
    return Round(
        number, len(events) - open_ones, open_ones, good.count("addMsgs.json"), good.count("addRecord.json"), stillborn
    )
