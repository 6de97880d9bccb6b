"""What was measured, and what follows from it: purely."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence

Figures = dict[str, float]
"""One measurement, by the keys of its load's columns."""

Measured = tuple[str, str]
"""A load's name and a server's."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a *share* of them (0 to 1) lies below; of none, 0."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def of(mine: float, theirs: float) -> float:
    """A share of what another takes."""
    return mine / theirs


def above(mine: float, theirs: float) -> float:
    """What is added to what another takes."""
    return mine - theirs


class Results:
    """All measurements of a run, by load, server and round; those that failed, and those that couldn't be made."""

    def __init__(self) -> None:
        self._rounds: dict[Measured, dict[int, Figures]] = defaultdict(dict)
        self._failed: dict[Measured, dict[int, str]] = defaultdict(dict)
        self._skipped: dict[Measured, str] = {}

    def add(self, load: str, server: str, number: int, figures: Figures) -> None:
        """What round *number* gave."""
        self._rounds[load, server][number] = figures

    def fail(self, load: str, server: str, number: int, reason: str) -> None:
        """Round *number* gave nothing."""
        self._failed[load, server][number] = reason

    def skip(self, load: str, server: str, reason: str) -> None:
        """No round will give anything."""
        self._skipped[load, server] = reason

    def skipped(self, load: str, server: str) -> bool:
        """Whether it can't be measured here."""
        return (load, server) in self._skipped

    def median(self, load: str, server: str, key: str) -> float | None:
        """Over the rounds that gave something; ``None`` where none did."""
        found = [each[key] for each in self._rounds[load, server].values() if key in each]
        return statistics.median(found) if found else None

    def against(
        self, load: str, server: str, other: str, key: str, how: Callable[[float, float], float] = of
    ) -> float | None:
        """The median of the rounds' own comparisons; a round in which one of the two failed has none."""
        mine, theirs = self._rounds[load, server], self._rounds[load, other]
        found = [how(mine[number][key], theirs[number][key]) for number in mine if number in theirs]
        return statistics.median(found) if found else None

    def trouble(self, load: str, server: str) -> str:
        """What a reader of the row has to know beside its figures; empty when all went well."""
        if self.skipped(load, server):
            return f"skipped: {_one_line(self._skipped[load, server])}"
        failed = self._failed[load, server]
        if not failed:
            return ""
        rounds = len(failed) + len(self._rounds[load, server])
        return f"failed: {len(failed)} of {rounds} ({_one_line(next(iter(failed.values())))})"


def _one_line(text: str, most: int = 200) -> str:
    return " ".join(text.split())[:most]
