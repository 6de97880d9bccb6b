"""One attack against a server, and what a well-behaved client and the server's memory show of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from tests.abuse.client import Experience, behave
from tests.abuse.lines import Attack, Target, Toll, attack_from_here
from tests.benchmarks.client import ask
from tests.benchmarks.processes import PROCESSES, cpu_seconds, peak_memory
from tests.support.process import Server
from tests.support.trail import PASSWORD

P99 = 50.0
"""Milliseconds in which a well-behaved client is answered, but for one of a hundred times."""

LATE = "p99"
"""What is said when it isn't held: a busy machine can be the reason."""

GROWTH = 20e6
"""Bytes that the server may hold more than before."""

SWELL = 100e6
"""Bytes more at the peak: an address has 64 MiB of bodies, and a connection 16 MiB of answers."""

SESSION_SWELL, PLACE_SWELL = 60e6, 30e3
"""The same for an attack whose connections are counted, and for each of these."""

OPTIONS = (f"--frame-memory={40 * 1024 * 1024}", "--cooldown=0")
"""Of the server: so little memory for frames that attacks fill it, and who broke a limit may log in again."""

SETTLE = 3.0
PATIENCE = 10.0
"""Seconds after an attack (of a short one, as many as it took) until memory is looked at, and for which it is looked at
again when it has not come back."""

RECORD = 4_000_000
SESSIONS = 8
"""Of the well-behaved client: 20 questions a second are 150 a minute of each."""

HOSTILE_SESSIONS = 40
_MOST = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]


@dataclass(frozen=True)
class Ground:
    """A server, prepared: an account for the well-behaved, one for the attacker."""

    server: Server
    tokens: tuple[str, ...]
    target: Target
    hostile: str = ""
    """The attacker's account."""

    @classmethod
    def prepare(cls, server: Server, hostile_sessions: int = HOSTILE_SESSIONS) -> Ground:
        """Log everybody in, and store the record that the attacker asks for."""
        tokens = cls._log_in(server, server.new_account(), SESSIONS)
        account = server.new_account()
        hostile = cls._log_in(server, account, hostile_sessions)
        with server.client() as client:
            client.post(f"/addRecord.json?shash={hostile[0]}", content=os.urandom(RECORD)).raise_for_status()
        (record,) = ask(server.port, "getRecordCount.json", shash=hostile[0])["records"]
        return cls(server, tokens, Target(server.port, hostile, record["rid"]), account)

    def before(self, attack: Attack) -> Ground:
        """Return what the attack finds: new sessions, if it is about those. Attacks before it may have ended them."""
        if not attack.places:
            return self
        tokens = self._log_in(self.server, self.hostile, min(attack.lines, HOSTILE_SESSIONS))
        return replace(self, target=replace(self.target, tokens=tokens))

    @staticmethod
    def _log_in(server: Server, account: str, sessions: int) -> tuple[str, ...]:
        """What a session may ask for at once is what the limit was when it logged in: it is raised before."""

        def log_in(device: str) -> str:
            token: str = ask(server.port, "authorize.json", name=account, device=device, **{"pass": PASSWORD})["shash"]
            return token

        ask(server.port, "setConfig.json", shash=log_in("operator"), config=_MOST)
        return tuple(log_in(f"device {number}") for number in range(sessions))


@dataclass(frozen=True)
class Outcome:
    """Of one attack. Bytes of memory; ``cpu``: the server's share of a core."""

    attack: Attack
    toll: Toll
    experience: Experience
    cpu: float
    before: int
    peak: int
    after: int

    @property
    def failures(self) -> list[str]:
        """The bounds that were not held."""
        found = []
        if self.experience.wrong:
            found.append(f"{len(self.experience.wrong)} answers ({self.experience.wrong[0]})")
        if self.experience.quantile(0.99) >= P99:
            found.append(LATE)
        places = self.attack.places
        swell = SESSION_SWELL + PLACE_SWELL * places if places else SWELL
        if self.after - self.before > GROWTH or self.peak - self.before > swell:
            held = " to ".join(f"{size / 1e6:.1f}" for size in (self.before, self.after))
            found.append(f"memory: {held} MB, at most {self.peak / 1e6:.1f}")
        if self.attack.prompt and not self.toll.cut + self.toll.refused:
            found.append("not cut off")
        return found


@contextmanager
def process(function: Any, *args: Any) -> Iterator[Connection]:
    """A process beside this one, and the pipe to it; waited for at the end."""
    ours, theirs = PROCESSES.Pipe()
    other = PROCESSES.Process(target=function, args=(*args, theirs))
    other.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        other.join()


def attacked(ground: Ground, attack: Attack, seconds: float, patience: float = 0.0) -> Outcome:
    """Attack for so long (*patience*: at most so much longer, until it is cut off) while the client goes on."""
    server = ground.server
    before, cpu = server.resident(), cpu_seconds(server.pid)
    peak_memory(server.pid, anew=True)
    with process(behave, server.port, ground.tokens) as client:
        client.recv()
        begun = time.monotonic()
        with process(attack_from_here, attack, ground.target, seconds, patience) as attacker:
            toll = attacker.recv()
        client.send("enough")
        experience = client.recv()
        cpu = (cpu_seconds(server.pid) - cpu) / (time.monotonic() - begun)
    highest = peak_memory(server.pid)
    return Outcome(attack, toll, experience, cpu, before, highest, _settled(server, before, min(seconds, SETTLE)))


def _settled(server: Server, before: int, settle: float) -> int:
    time.sleep(settle)
    late = time.monotonic() + PATIENCE
    while server.resident() - before > GROWTH and time.monotonic() < late:
        time.sleep(0.2)
    return server.resident()
