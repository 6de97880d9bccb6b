"""Stamps rise: what was asked for behind an answer has a later stamp than what that answer was for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.crash.history import Event
from tests.crash.operations import AskTime
from tests.crash.problems import Problem


@dataclass(frozen=True, order=True)
class Stamped:
    """Something with a stamp, stored at some moment between two places in the order of events."""

    stamp: str
    name: str
    asked: int
    over: int


def rising(found: Sequence[Stamped], newest: str) -> Iterator[Problem]:
    """*found* is what a life stored, *newest* the newest stamp before it."""
    ordered = sorted(found)
    latest: Stamped | None = None
    last = newest
    for each in ordered:
        if each.stamp <= last:
            yield Problem(f"the stamp {each.stamp} of {each.name} is not later than {last}", (each.name,))
        if latest is not None and each.over < latest.asked:
            yield Problem(
                f"{each.name} was answered before {latest.name} was asked for, and has the later stamp {each.stamp}",
                (each.name, latest.name),
            )
        if latest is None or each.asked > latest.asked:
            latest = each
        last = each.stamp


def cursors(events: Sequence[Event], found: Sequence[Stamped]) -> Iterator[Problem]:
    """The server's time: what was answered before is no later, what was asked for behind it is later."""
    for event in events:
        if not (isinstance(event.operation, AskTime) and event.good and event.answer):
            continue
        time = event.answer["stamp"]
        for each in found:
            if each.over < event.asked and each.stamp > time:
                yield Problem(f"{each.name}, at {each.stamp}, is later than the server's time then, {time}", (time,))
            if each.asked > event.over and each.stamp <= time:
                yield Problem(f"{each.name}, at {each.stamp}, is not later than the server's time, {time}", (time,))


def told_times(events: Sequence[Event]) -> Iterator[str]:
    """The server's times that were told: whatever a later life stores is later than all of them."""
    for event in events:
        if isinstance(event.operation, AskTime) and event.good and event.answer:
            yield event.answer["stamp"]
