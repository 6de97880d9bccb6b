"""The timekeeper on its storage: what it knows survives restarts, what happens to the clock is told."""

from __future__ import annotations

from dataclasses import replace

from twisted.logger import Logger

from webcam.calendar import JUMP, SECOND, ClockState, Step, distance, micros_of
from webcam.model import stamp_of
from webcam.ports import ClockStore
from webcam.service.ages import Ages
from webcam.service.stamps import Stamps
from webcam.service.timekeeper import AGREED, AHEAD, Timekeeper

LEAD = 10 * SECOND
"""How far the remembered cursor is ahead of the one that is handed out, so that not every cursor costs a write."""

_log = Logger(namespace="webcam")


class Timekeeping:
    """Loads and saves what the timekeeper knows, and hands out cursors that are still good after a restart.

    Its user calls :meth:`load` once at the start, :meth:`look` every few seconds, :meth:`save` with each sweep, and
    :meth:`close` at the end, before storage is closed.
    """

    def __init__(self, store: ClockStore, timekeeper: Timekeeper, stamps: Stamps, ages: Ages) -> None:
        self._store = store
        self.timekeeper = timekeeper
        self._stamps = stamps
        self._ages = ages
        self._unsaved = False
        self._remembered = ""
        self._handed_out = ""
        self._told_ahead = False

    async def load(self) -> None:
        """Take over what earlier runs knew."""
        state, wall = await self._store.clock_state(), await self._store.trusted_clock()
        if state is not None and wall is not None:
            state = trusting(state, wall)
        self.take_over(state, await self._store.newest_running())
        self._remembered = await self._store.cursor_stamp()
        self._stamps.begin_after(self._remembered)
        await self.save()
        if wall is not None:
            await self._store.forget_trusted()

    def take_over(self, state: ClockState | None, newest: int) -> None:
        """Begin a run on a database that knows *state* and holds something of the running time *newest*."""
        self.timekeeper.begin(state, newest)
        self._ages.forget_decisions()
        self._remembered = ""
        self._unsaved = True
        self._tell_doubt()

    async def look(self) -> bool:
        """Compare the clocks; tell and save it if the wall clock has jumped, or if the operator trusts it.

        Return whether it has: then it has to be decided anew what goes by it.
        """
        step = self.timekeeper.look()
        if step is not None:
            self._ages.forget_decisions()
            self._unsaved = True
            if not self._tell_doubt(f"{told(step)}; "):
                text = "{jump}: large deletions by age wait until it has not jumped for an hour"
                _log.warn(text, jump=told(step))
        self.tell_ahead()
        await self._take_trust()
        if self._unsaved:
            await self.save()
        return step is not None

    async def save(self) -> None:
        """Let storage know what is known."""
        self._unsaved = True
        await self._store.save_clock(self.timekeeper.state)
        self._unsaved = False

    async def close(self) -> None:
        """Save what is known, and the newest cursor that was handed out."""
        await self.save()
        if self._handed_out and self._handed_out != self._remembered:
            await self._store.remember_cursor(self._handed_out)

    async def server_time(self, account_id: int | None = None) -> str:
        """A cursor, as :meth:`webcam.service.stamps.Stamps.server_time` gives it, that a restart doesn't make useless.

        Raises :class:`webcam.errors.DatabaseFail` when it can't be remembered.
        """
        cursor = self._stamps.server_time(account_id)
        if cursor > self._remembered:
            if self._unsaved:
                await self.save()
            later = stamp_of((micros_of(cursor) + LEAD) / SECOND)
            await self._store.remember_cursor(later)
            self._remembered = max(self._remembered, later)
        self._handed_out = max(self._handed_out, cursor)
        return cursor

    async def _take_trust(self) -> None:
        wall = await self._store.trusted_clock()
        if wall is None:
            return
        self.timekeeper.trust(wall)
        self._ages.forget_decisions()
        _log.info("the operator trusts the clock: deletions by age go on")
        await self.save()
        await self._store.forget_trusted()

    def _tell_doubt(self, before: str = "") -> bool:
        """Say so, behind *before*, where the clock is far from what is known; return whether it is."""
        doubt = self.timekeeper.doubt
        if doubt is None or abs(doubt.beyond) <= AHEAD:
            return False
        _log.warn("{before}{doubt}", before=before, doubt=told_doubt(doubt.beyond, doubt.left))
        return True

    def tell_ahead(self) -> None:
        """Say so in the log, once, where what is stored next is stamped later than the clock stands."""
        newest = self._stamps.newest
        ahead = micros_of(newest) - self.timekeeper.wall if newest else 0
        if ahead <= JUMP:
            self._told_ahead = False
        elif not self._told_ahead:
            self._told_ahead = True
            _log.warn(
                "stamps are {distance} ahead of the clock, and new ones go on from there, a microsecond apart; to"
                " correct them, stop the server and run webcam check --repair-stamps",
                distance=distance(ahead),
            )


def trusting(state: ClockState, wall: int) -> ClockState:
    """Purely: *state* when the operator trusts a clock that says *wall* (µs), and no server runs."""
    return replace(state, evidence=wall - state.running, agreed_since=state.running - AGREED, doubted_since=None)


def told(step: Step) -> str:
    """A line about a jump of the wall clock."""
    return f"the clock jumped {'ahead' if step.size > 0 else 'back'} by {distance(step.size)}"


def told_doubt(beyond: int, left: int) -> str:
    """A line about a clock that isn't trusted, *beyond* (µs) away from what is known, for so long (µs) at least."""
    if beyond < 0:
        return f"the clock is {distance(beyond)} behind the newest time that was trusted: set it"
    return (
        f"the clock is {distance(beyond)} ahead of the newest time that was trusted: large deletions by age wait until"
        f" the server has run for {distance(left)}; if the clock is right, run webcam check --trust-clock"
    )
