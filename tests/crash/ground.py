"""A server with an account, its devices and everything that was asked so far: what a tester's rounds have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from tests.crash.client import Device, Sessions, pause
from tests.crash.history import Event, History, about
from tests.crash.looking import Inspector
from tests.crash.model import Model
from tests.crash.operations import PASSWORD
from tests.crash.problems import Problem
from tests.crash.workload import Workload, name_of
from tests.support.faults import FaultyServer

_RAISED: list[dict[str, float]] = [{"kind": 2, "fv": 30}, {"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
"""An account's bounds that let its devices work, and let a clock step by twenty minutes while the server is down."""


class Ground:
    """The data are the same over all rounds; *rules* are the model's."""

    def __init__(self, server: FaultyServer, seed: str, devices: int, largest: int, **rules: bool) -> None:
        self.server = server
        self.model = Model([name_of(number) for number in range(devices)], **rules)
        self.history = History()
        self.account = server.new_account(PASSWORD)
        self._seed = seed
        self._largest = largest
        self._sessions = [Sessions() for _ in range(devices)]
        self.other = Other(server)
        look = self.inspector()
        look.raise_limits(_RAISED)
        self.model.begin(look)
        look.close()

    def inspector(self) -> Inspector:
        """To be closed by its user."""
        return Inspector(self.server.client(), self.account)

    def devices(
        self, number: int, over: Callable[[], bool], impatience: float = 0.0, pace: float = 0.0
    ) -> list[Device]:
        """Everybody, ready to start with this round's work: half of them over HTTP/2. See :class:`Device`."""
        found = []
        for each, sessions in enumerate(self._sessions):
            mine = self.model.records.of(name_of(each))
            workload = Workload(
                f"{self._seed}.{number}",
                self.account,
                each,
                len(self._sessions),
                mine,
                self.other.record_id,
                self._largest,
            )
            client = self.server.client(http2=each % 2 == 0)
            found.append(Device(client, self.history, workload, sessions, over, impatience, pace))
        return found

    def end(self) -> None:
        """Its accounts go, with all that they hold."""
        self.other.close()
        for account in (self.account, self.other.account):
            self.server.account("remove", account)

    def new_minute(self) -> None:
        """The server counts the requests of a minute from nothing."""
        for each in self._sessions:
            each.new_minute()

    def learn(self, events: Sequence[Event], devices: Sequence[Device]) -> list[Problem]:
        """What is wrong with what is there now."""
        look = self.inspector()
        tokens = {number: token for each in self._sessions for number, token in each.tokens.items()}
        try:
            problems = self.model.learn(events, look, tokens)
        finally:
            look.close()
        problems += [Problem(device.problem, (device.name,)) for device in devices if device.problem]
        damage = self.server.check()
        return [*problems, Problem(damage)] if damage else problems


class Other:
    """Another account, with a record that devices may not delete; by it, it is tried whether the server writes."""

    def __init__(self, server: FaultyServer) -> None:
        self.account = server.new_account(PASSWORD)
        self.look = Inspector(server.client(), self.account)
        self.record_id = self.look.add_record(b"of another account")

    def close(self) -> None:
        """Its connection."""
        self.look.close()

    def write(self) -> bool:
        """Whether everything that writes is acknowledged now: logging in, messages, records, deletions, settings."""
        return self.look.write()

    def recovery(self, patience: float) -> float | None:
        """Seconds from now until it does; ``None`` when that takes longer."""
        begun = time.monotonic()
        while not self.write():
            if time.monotonic() > begun + patience:
                return None
            pause(0.05)
        return time.monotonic() - begun


def start(devices: Sequence[Device]) -> None:
    """All of them."""
    for each in devices:
        each.start()


def finish(devices: Sequence[Device]) -> None:
    """Wait for all of them."""
    for each in devices:
        each.join()


def unanswered(events: Sequence[Event]) -> Iterator[Problem]:
    """Where everybody has to be answered."""
    for event in events:
        if event.open:
            yield Problem(f"no answer: {event}", (event.device,))


def tell(problems: list[Problem], events: list[Event], most: int = 20) -> Iterator[str]:
    """What doesn't hold, and the history that led to it."""
    for problem in problems[:most]:
        yield f"WRONG: {problem.text}"
        if problem.about:
            yield from (f"    {line}" for line in about(events, problem.about))
    if len(problems) > most:
        yield f"and {len(problems) - most} more"
