"""What the server knows of time: how long it has run, which wall time that is, and whether the wall clock is trusted.

The wall clock is a guess until it has agreed with the monotonic clock for an hour and is no more than a day beyond
the newest time that was trusted before, with the time that servers ran since. Where it is further ahead, it is
trusted after seven days of running time, or when the operator says so. What is certain meanwhile is that no less time
has gone by than servers ran.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from webcam.calendar import DAY, HOUR, JUMP, SECOND, Calendar, ClockState, Run, Step, last_before, micros, with_run
from webcam.ports import Clock

AGREED = HOUR
"""Running time for which the wall clock has to agree with the monotonic clock."""

AHEAD = DAY
"""A wall clock that is further ahead of the evidence isn't trusted; one that is further behind is no evidence."""

PATIENCE = 7 * DAY
"""Running time after which a doubted clock is trusted all the same."""


@dataclass(frozen=True)
class Doubt:
    """Why the wall clock isn't trusted: running time (µs) until it is, and how far (µs) it is from the evidence."""

    left: int
    beyond: int


class Timekeeper:
    """Running time and wall time, in microseconds (see :mod:`webcam.calendar`).

    Its user calls :meth:`look` every few seconds. Between two looks, wall time goes on with the monotonic clock,
    whatever the wall clock does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drawn: tuple[object, ...] = ()
        self.begin(None, 0)

    def begin(self, state: ClockState | None, newest: int) -> None:
        """Begin a run on a database that knows *state*, and holds something that was stored at running time *newest*.

        Without *state* no server has run on it yet; what it holds was stamped by an older version or elsewhere.
        """
        wall, self._steady = micros(self._clock.wall()), self._clock.steady()
        runs = state.runs if state else ()
        behind = [state.running] if state else []
        behind += [run.began + 1 for run in runs[-1:]]
        self._base = max([newest, *behind]) or wall
        self._offset = wall - self._base
        self._evidence = state.evidence if state else 0 if newest else self._offset
        self._evidence_before = self._evidence
        self._agreed_since = min(state.agreed_since, self._base) if state else self._base
        self._doubted_since = state.doubted_since if state else None
        self._step = state.step if state else None
        self._runs = with_run(runs, Run(self._base, self._offset))
        self._look_at_evidence()
        self._draw_calendars()

    # Time

    @property
    def running(self) -> int:
        """The running time now."""
        return self._base + micros(self._clock.steady() - self._steady)

    @property
    def wall(self) -> int:
        """The wall time now, by the last look at the wall clock."""
        return self.running + self._offset

    def running_at(self, steady: float) -> int:
        """The running time at a moment of the monotonic clock (s)."""
        return self._base + micros(steady - self._steady)

    def steady_at(self, running: int) -> float:
        """The moment of the monotonic clock (s) at a running time, as if servers had run without a pause since then."""
        return self._steady + (min(running, self.running) - self._base) / SECOND

    def steady(self) -> float:
        """The monotonic clock (s)."""
        return self._clock.steady()

    # Looks at the wall clock

    def look(self) -> Step | None:
        """Compare the clocks; return the step by which the wall clock has jumped since the last look, if it has."""
        offset = micros(self._clock.wall()) - self.running
        step = None
        if abs(offset - self._offset) > JUMP:
            step = self._step = Step(self.running, offset - self._offset)
            self._agreed_since = self.running
            self._set_offset(offset)
        self._look_at_evidence()
        if self.is_trusted:
            self._evidence = max(self._evidence, self._offset)
        if self._is_settled:
            self._runs = self._calendar.runs  # what is known of them by a clock that is right
        self._draw_calendars()
        return step

    def _set_offset(self, offset: int) -> None:
        self._offset = offset
        self._runs = (*self._runs[:-1], replace(self._runs[-1], offset=offset))

    def _look_at_evidence(self) -> None:
        """Notice when a doubt begins or ends."""
        if abs(self._offset - self._evidence) <= AHEAD:
            self._doubted_since = None
        elif self._doubted_since is None:
            self._doubted_since = self.running
        elif self._agrees and self.running - self._doubted_since >= PATIENCE:
            self._evidence, self._doubted_since = self._offset, None

    @property
    def _agrees(self) -> bool:
        return self.running - self._agreed_since >= AGREED

    def trust(self, wall: int) -> None:
        """Trust the wall clock: the operator does, and it said *wall* (µs) a moment ago."""
        self._evidence, self._doubted_since = wall - self.running, None
        self._agreed_since = self.running - AGREED
        self._look_at_evidence()
        self._draw_calendars()

    # What follows

    @property
    def is_trusted(self) -> bool:
        """Whether the wall clock is trusted."""
        return self._agrees and self._offset - self._evidence <= AHEAD

    @property
    def _is_settled(self) -> bool:
        """Whether it has been trusted for the first hour of this run, and is not behind what is known."""
        return self.is_trusted and self._doubted_since is None and self.running - self._base >= AGREED

    @property
    def doubt(self) -> Doubt | None:
        """Why the wall clock isn't trusted; ``None`` when it is."""
        if self.is_trusted:
            return None
        left = AGREED - (self.running - self._agreed_since)
        beyond = self._offset - self._evidence
        if beyond > AHEAD and self._doubted_since is not None:
            left = max(left, PATIENCE - (self.running - self._doubted_since))
        return Doubt(max(0, left), beyond)

    def _draw_calendars(self) -> None:
        """Make the calendars anew, if what they are made of has changed."""
        certain = min(self._offset, self._evidence)
        drawn = (self._runs, certain, self._evidence_before)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._calendar = Calendar(self._runs)
        self._certain = Calendar(self._runs, certain)
        self._patient = Calendar(self._runs, min(certain, self._evidence_before))

    def expired_at(self, age: int, now: int, certainly: bool = False) -> int:
        """Return the running time before which things are older than *age* (µs) at the running time *now*.

        By the wall clock, or, *certainly*, by the time that has gone by at the least.
        """
        calendar = self._certain if certainly else self._calendar
        return calendar.running_at(now + calendar.offset - age)

    def may_be_expired_at(self, age: int) -> int:
        """The same by whichever clock of a run makes most things older than *age*."""
        return last_before(self._runs, self.running + self._offset - age)

    def wall_at(self, running: int) -> int:
        """The wall time of something that was stored at this running time, as far as it is known now."""
        return self._calendar.wall_at(running)

    def age_of_link(self, running: int) -> int:
        """How old something is that must not end early because the clock jumped while no server ran.

        In the first hour of a run, and while the clock isn't trusted, time for which no server ran doesn't count.
        """
        now = self.running
        calendar = self._calendar if self._is_settled else self._patient
        return now + calendar.offset - calendar.wall_at(running)

    @property
    def state(self) -> ClockState:
        """What storage is to keep."""
        return ClockState(self.running, self._runs, self._evidence, self._agreed_since, self._doubted_since, self._step)
