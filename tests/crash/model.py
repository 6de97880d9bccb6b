"""What must be there after a life of the server, by what it was asked and what it answered."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from tests.crash.history import Event
from tests.crash.messages import Messages
from tests.crash.operations import OTHERS, Configure, Fetch
from tests.crash.problems import Look, Problem
from tests.crash.records import Records
from tests.crash.stamps import cursors, rising, told_times
from tests.crash.workload import CHANGED

SOME = 5
"""Earlier records whose bytes are looked at after each life."""


class Model:
    """One account over all lives. Its devices ask for one thing at a time each.

    ``failing``: storage may refuse (DATABASE_FAIL), which then has to mean that nothing was done. ``swept`` and
    ``pruned``: see :class:`Messages` and :class:`Records`.
    """

    def __init__(
        self, devices: Sequence[str], failing: bool = False, swept: bool = False, pruned: bool = False
    ) -> None:
        self.messages = Messages(devices, swept)
        self.records = Records(pruned)
        self.newest = ""
        self._failing = failing
        self._settings: dict[int, float] = {}

    def begin(self, look: Look) -> None:
        """Nobody has asked for anything yet."""
        self._settings = _of_interest(look)

    def restarted(self) -> None:
        """The server has begun another life."""
        self.messages.marks.restarted()

    def learn(self, events: Sequence[Event], look: Look, tokens: Mapping[int, str]) -> list[Problem]:
        """Compare what one life was asked with what is there. *tokens*: sessions that must go on."""
        problems = [*self._answers(events)]
        found, wrong = self.messages.learn(events, look, self.newest)
        recorded, more = self.records.learn(events, look)
        stamped = [*found, *recorded]
        problems += [*wrong, *more, *rising(stamped, self.newest), *cursors(events, stamped)]
        self.newest = max([self.newest, *(each.stamp for each in stamped), *told_times(events)])
        problems += self._configured(events, look)
        for session, token in tokens.items():
            if not look.lives(token):
                problems.append(Problem(f"session {session} is gone", (f"session {session}:",)))
        return problems

    def look_again(self, look: Look, chance: random.Random, wholly: bool) -> Iterator[Problem]:
        """At what earlier lives stored: at some of it, or at all."""
        kept = sorted(self.records.kept)
        yield from self.records.look_again(look, kept if wholly else chance.sample(kept, min(SOME, len(kept))))
        if wholly:
            yield from self.messages.look_again(look)

    def _answers(self, events: Sequence[Event]) -> Iterator[Problem]:
        """Each is what its question must be answered with."""
        for event in events:
            wanted = event.operation.refusal
            right = event.good if wanted is None else event.refused and _code(event) == wanted
            right = right or (isinstance(event.operation, Fetch) and _code(event) == OTHERS)
            if not (event.open or right or (self._failing and event.failed)):
                yield Problem(f"a wrong answer: {event}", (event.device,))

    def _configured(self, events: Sequence[Event], look: Look) -> Iterator[Problem]:
        """The settings are the last that were acknowledged, or those under way."""
        possible = [self._settings]
        for event in events:
            if isinstance(event.operation, Configure) and not event.refused:
                changed = {**possible[-1], **dict(event.operation.values)}
                possible = [changed] if event.good else [*possible, changed]
        self._settings = _of_interest(look)
        if self._settings not in possible:
            yield Problem(f"the settings are {self._settings}, not one of {possible}", ("setConfig",))


def _of_interest(look: Look) -> dict[int, float]:
    return {kind: value for kind, value in look.settings().items() if kind in CHANGED}


def _code(event: Event) -> object:
    return (event.answer or {}).get("code")
