"""Running time, and which wall time it was: pure values, no clock.

The wall clock of a small board may be in 1970 or a year ahead until NTP corrects it, so nothing is aged by what it said
once. What is stored is kept with its running time: the time for which servers have run on this database, over all
restarts. It never jumps. One table of runs leads from there to wall time, and is corrected when the clock is.

All values are microseconds: wall times since the epoch. Running times begin at the wall time at which the database was
made, so they look like wall times. What was stored before running time was counted has the wall time of its stamp as
its running time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import accumulate, pairwise

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JUMP = 10 * SECOND
"""A wall clock that moves further than this against the monotonic clock has jumped."""

MAX_RUNS = 200
"""Runs that are remembered. With one more, the two whose offsets are nearest become one, with the later offset, so
that nothing seems older by that."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_STAMP_FORM = "0001-01-01 00:00:00.000000"


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * SECOND)


def micros_of(stamp: str) -> int:
    """The wall time of a stamp, which may lack digits at its end. Raises :class:`ValueError` for any other text."""
    whole = stamp + _STAMP_FORM[len(stamp) :]
    since = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc) - _EPOCH
    return (since.days * 86400 + since.seconds) * SECOND + since.microseconds


@dataclass(frozen=True)
class Run:
    """One run of a server: the running time at which it began, and wall time minus running time while it lasted."""

    began: int
    offset: int


@dataclass(frozen=True)
class Step:
    """A jump of the wall clock by ``size`` (negative: back), seen at this running time."""

    at: int
    size: int


@dataclass(frozen=True)
class ClockState:
    """What is known of time, as storage keeps it.

    ``evidence``: wall minus running time by the newest time that was trusted (clean shutdown, last sweep).
    ``agreed_since``: the running time since which the wall clock has not jumped. ``doubted_since``: that since which it
    is more than a day away from the evidence, ``None`` when it isn't.
    """

    running: int
    runs: tuple[Run, ...]
    evidence: int
    agreed_since: int
    doubted_since: int | None = None
    step: Step | None = None


class Calendar:
    """Leads from running time to wall time and back.

    Real time only goes on, so a run can't have ended later than the next one began: a run whose clock was ahead is
    taken to have ended when the next one began. So is one whose clock was behind that of an earlier run: where it
    really lay is not known, and the latest time makes what it stored youngest. The offset of the last run is believed,
    or is the one given.
    """

    def __init__(self, runs: Sequence[Run], offset: int | None = None) -> None:
        greatest = list(accumulate((run.offset for run in runs), max))  # up to each run
        self._runs = [(runs[-1].began, runs[-1].offset if offset is None else offset)]
        for number in range(len(runs) - 2, -1, -1):
            run, later = runs[number], self._runs[-1][1]
            known = min(greatest[number], later)
            self._runs.append((run.began, later if run.offset > later or run.offset < known - JUMP else run.offset))

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs with the offsets that are believed, the first one first."""
        return tuple(Run(*each) for each in reversed(self._runs))

    @property
    def offset(self) -> int:
        """Wall time minus running time, in the last run."""
        return self._runs[0][1]

    def wall_at(self, running: int) -> int:
        """The wall time at which something was stored with this running time.

        A run begins with the running time of the last thing that was stored before it.
        """
        for began, offset in self._runs:
            if running > began:
                return running + offset
        began, offset = self._runs[-1]
        return min(running, began + offset)

    def running_at(self, wall: int) -> int:
        """The running time at this wall time: where no server ran then, the first one of the next run."""
        first: int | None = None
        for began, offset in self._runs:
            if wall > began + offset:
                return wall - offset if first is None else min(wall - offset, first)
            first = began + 1
        return min(wall, self._runs[-1][0] + 1)


def last_before(runs: Sequence[Run], wall: int) -> int:
    """Return the latest running time that may lie before this wall time, if any run's clock may have been right."""
    ends = [*(run.began for run in runs[1:]), None]
    found = [runs[0].began if wall > runs[0].began else wall]
    for run, end in zip(runs, ends, strict=True):
        running = wall - run.offset
        if running > run.began:
            found.append(running if end is None else min(running, end + 1))
    return max(found)


def with_run(runs: Sequence[Run], run: Run) -> tuple[Run, ...]:
    """*runs* with one more, bounded."""
    kept = [*runs, run]
    while len(kept) > MAX_RUNS:
        gaps = [abs(after.offset - before.offset) for before, after in pairwise(kept[:-1])]
        one = gaps.index(min(gaps))
        kept[one : one + 2] = [Run(kept[one].began, kept[one + 1].offset)]
    return tuple(kept)


def distance(size: int) -> str:
    """A length of time as people say it: ``3 seconds``, ``5 minutes``, ``365 days``."""
    size = abs(size)
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if size >= 2 * unit or unit == SECOND:
            number = round(size / unit)
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    raise AssertionError("a second is the last unit")
