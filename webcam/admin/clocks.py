"""What ``webcam check`` tells of the clock, and does about it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from webcam.admin.common import in_transaction
from webcam.calendar import DAY, SECOND, ClockState, distance, micros, micros_of
from webcam.errors import Refused
from webcam.model import stamp_of
from webcam.service.timekeeper import AGREED, AHEAD, PATIENCE
from webcam.storage.clock import clock_state, trust_clock, trusted_clock
from webcam.storage.lock import FolderLock
from webcam.storage.stamp_repair import repair_stamps, stamps_ahead


def clock_lines(connection: sqlite3.Connection) -> Iterator[str]:
    """What is known of the clock that an operator should know, a line each."""
    cursor, now = connection.cursor(), micros(time.time())
    state = clock_state(cursor)
    if state is not None:
        yield from _told(state)
    for each in stamps_ahead(cursor, stamp_of(now / SECOND)):
        ahead = distance(micros_of(each.newest) - now)
        yield f"the stamps of account {each.name} are {ahead} ahead of the clock: webcam check --repair-stamps"


def _told(state: ClockState) -> Iterator[str]:
    if state.step is not None:
        way, ago = "ahead" if state.step.size > 0 else "back", distance(state.running - state.step.at)
        yield f"the clock last jumped {way} by {distance(state.step.size)}; the server has run for {ago} since then"
    beyond = state.runs[-1].offset - state.evidence
    if state.doubted_since is not None and beyond > AHEAD:
        left = max(PATIENCE - (state.running - state.doubted_since), AGREED - (state.running - state.agreed_since))
        yield (
            f"the clock was {distance(beyond)} ahead of the newest time that was trusted: large deletions by"
            f" age wait for {distance(max(0, left))} of running time, or for webcam check --trust-clock"
        )


def trust(data: Path) -> str:
    """Let deletions by age go by the clock as it is now."""
    now = time.time()

    def note(cursor: sqlite3.Cursor) -> bool:
        trust_clock(cursor, micros(now))
        return cursor.rowcount == 1

    if not in_transaction(data, note):
        raise Refused("no server has run on this database yet: there is nothing that waits for the clock")
    return f"the clock, which says {stamp_of(now)[:19]} UTC, is trusted: deletions by age go on with the next sweep"


def repair(data: Path) -> str:
    """Set stamps right that lie ahead of the clock; no server may run."""
    with FolderLock(data, "webcam check --repair-stamps"):
        now = micros(time.time())

        def repaired(cursor: sqlite3.Cursor) -> list[str]:
            _check_clock(clock_state(cursor), trusted_clock(cursor), now)
            found = repair_stamps(cursor, stamp_of(now / SECOND))
            return [f"{each.name}: {each.items} stamps, up to {each.newest}, set right" for each in found]

        lines = in_transaction(data, repaired)
    if not lines:
        return "no stamp is ahead of the clock"
    more = "clients that hold a later stamp as a cursor miss new messages until they ask getMsgs.json without one"
    return "\n".join([*lines, more])


def _check_clock(state: ClockState | None, trusted: int | None, now: int) -> None:
    """Raise :class:`Refused` for a clock that is behind the newest trusted time: by it, everything would be ahead."""
    known = trusted or (state.running + state.evidence if state else 0)
    if now < known - DAY:
        raise Refused(
            f"the clock says {stamp_of(now / SECOND)[:19]} UTC, but it was {stamp_of(known / SECOND)[:19]} already:"
            " set the clock first, or trust it by --trust-clock"
        )
