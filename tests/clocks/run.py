"""The rounds: load while the wall clock jumps, a sweep, kill -9, another jump, start, look; at the end, time passes."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.crash.client import pause
from tests.crash.ground import Ground
from tests.crash.run import Crashes, Round
from tests.support.faults import FaultyServer
from webcam.http.certificate import make_self_signed

HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365 * DAY
EPOCH = 1_000_000.0
"""The wall clock of a board that has just booted without knowing the time: some days into 1970."""

MANY = 150
"""Messages of each account to nobody: it never has so few that they would expire by a clock that isn't trusted."""

LOOK = 2.5
"""Seconds until the server, which looks at the clock every 2 s, has done so."""

SWEEP = 70.0
"""Seconds behind which the server has swept."""

SHORTEST = ({"kind": 1, "fv": 0.004}, {"kind": 5, "fv": 1}, {"kind": 6, "fv": 1})
"""The settings by which everything expires soonest, in a day."""


@dataclass(frozen=True)
class Jump:
    """Where the wall clock is set in a round: ``under_load``, and while the server is ``down`` behind it.

    Seconds away from the right time; ``None``: to 1970.
    """

    name: str
    under_load: float | None
    down: float | None


JUMPS = (
    Jump("right, and right again", 0.0, 0.0),
    Jump("a year ahead for a round", YEAR, 0.0),
    Jump("a year ahead over a restart", YEAR, YEAR),
    Jump("back to 1970 from there", None, None),
    Jump("right again while it runs", 0.0, 0.0),
    Jump("booted in 1970", 0.0, None),
    Jump("right behind that", 0.0, 0.0),
    Jump("booted a year ahead", 0.0, YEAR),
    Jump("right behind that", 0.0, 0.0),
    Jump("a day back, and a year ahead", -DAY, YEAR),
    Jump("1970, a year ahead, and right", None, 0.0),
)
"""One behind the other, and again from the first."""


class CertifiedServer(FaultyServer):
    """A server with an operator's certificate, which is valid by the right time: it stays whatever the clock says."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._certificate, key = folder / "certificate.pem", folder / "key.pem"
        folder.mkdir(parents=True, exist_ok=True)
        make_self_signed(self._certificate, key)
        super().__init__(folder, f"--certificate={self._certificate}", f"--key={key}", *options)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._certificate))


class Jumps(Crashes):
    """A server whose wall clock jumps, and the model that it is held to: what was acknowledged may go minutes later."""

    rules: ClassVar = {"swept": True}
    server_class = CertifiedServer

    def __init__(self, folder: Path, seed: int, devices: int, told: Callable[[Jump, Round], None]) -> None:
        super().__init__(folder, seed, devices)
        self._told = told

    def run_jumps(self, rounds: int) -> list[str]:
        """So many rounds, and then the time in which everything expires; what is wrong."""
        wrong = self.run(rounds, lambda each: self._told(_jump(each.number), each))
        return wrong or self._expire()

    def _prepare(self, ground: Ground) -> None:
        look = ground.inspector()
        try:
            for each in (look, ground.other.look):
                each.send([{"msg": "kept", "target": "nobody"}] * MANY)
        finally:
            look.close()

    def _disturb(self, number: int) -> None:
        """While devices ask, the clock jumps, and the server sweeps by what it says then."""
        pause(0.3)
        self._set(_jump(number).under_load)
        pause(LOOK)
        self._sweep()

    def _start(self, number: int, chance: random.Random) -> bool:
        self._set(_jump(number).down)
        self.server.start()
        self._sweep()
        return False

    def _sweep(self) -> None:
        self.server.pass_time(SWEEP)
        pause(1.0)

    def _set(self, off: float | None) -> None:
        self.server.step_clock(EPOCH - self.server.time() if off is None else off)

    def _expire(self) -> list[str]:
        """Time is right, and passes: nothing is left."""
        assert self._ground is not None, "it has run"
        ground = self._ground
        self._set(0.0)
        pause(LOOK)
        look = ground.inspector()
        for each in (look, ground.other.look):
            each.log_in_anew()
            each.raise_limits(SHORTEST)
        for seconds in (HOUR + SWEEP, DAY, SWEEP, SWEEP, SWEEP):
            self.server.pass_time(seconds)
            pause(2.0)
        look.close()
        held = self.server.held()
        return [
            f"at the end {name} has {held[name][0]} messages and {held[name][1]} records left"
            for name in (ground.account, ground.other.account)
            if any(held[name])
        ]


def _jump(number: int) -> Jump:
    return JUMPS[(number - 1) % len(JUMPS)]
