"""Statements on what is known of time. Each function runs inside a transaction that its caller began."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from webcam.calendar import Calendar, ClockState, Run, Step, micros_of

_STATE = "SELECT running, evidence, agreed_since, doubted_since, step_at, step_size FROM clock"

_SAVE = """
INSERT INTO clock (id, running, evidence, agreed_since, doubted_since, step_at, step_size)
VALUES (1, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET running = excluded.running, evidence = excluded.evidence,
    agreed_since = excluded.agreed_since, doubted_since = excluded.doubted_since,
    step_at = excluded.step_at, step_size = excluded.step_size
"""

# One look along an index for each account.
_NEWEST = """
SELECT MAX(newest) FROM (
    SELECT (SELECT MAX(stored) FROM messages WHERE account_id = accounts.id) AS newest FROM accounts
    UNION ALL SELECT (SELECT MAX(stored) FROM records WHERE account_id = accounts.id) FROM accounts
    UNION ALL SELECT (SELECT MAX(active) FROM devices WHERE account_id = accounts.id) FROM accounts
    UNION ALL SELECT MAX(active) FROM sessions
)
"""


def clock_state(cursor: sqlite3.Cursor) -> ClockState | None:
    """What was saved; ``None`` where no server has run on the database since it has this version."""
    row = cursor.execute(_STATE).fetchone()
    if row is None:
        return None
    running, evidence, agreed_since, doubted_since, step_at, step_size = row
    runs = tuple(Run(*each) for each in cursor.execute("SELECT began, wall_offset FROM runs ORDER BY began"))
    step = None if step_at is None else Step(step_at, step_size)
    return ClockState(running, runs, evidence, agreed_since, doubted_since, step)


def save_clock(cursor: sqlite3.Cursor, state: ClockState) -> None:
    """Replace what was saved; the cursor, and what the operator trusts, stay."""
    step = (None, None) if state.step is None else (state.step.at, state.step.size)
    cursor.execute(_SAVE, (state.running, state.evidence, state.agreed_since, state.doubted_since, *step))
    began = [run.began for run in state.runs]
    known = [each for (each,) in cursor.execute("SELECT began FROM runs")]
    cursor.executemany("DELETE FROM runs WHERE began = ?", [(each,) for each in set(known) - set(began)])
    cursor.executemany(
        "INSERT INTO runs (began, wall_offset) VALUES (?, ?)"
        " ON CONFLICT (began) DO UPDATE SET wall_offset = excluded.wall_offset"
        " WHERE wall_offset <> excluded.wall_offset",
        [(run.began, run.offset) for run in state.runs],
    )


def newest_running(cursor: sqlite3.Cursor) -> int:
    """The greatest running time of anything that is stored; 0 when nothing is."""
    (newest,) = cursor.execute(_NEWEST).fetchone()
    return int(newest or 0)


def running_times(cursor: sqlite3.Cursor) -> Callable[[str], int]:
    """A function from the stamp of what was stored elsewhere to its running time here, which is no later than now."""
    state = clock_state(cursor)
    if state is None or not state.runs:
        return micros_of
    known, newest = Calendar(state.runs), state.running
    return lambda stamp: min(newest, known.running_at(micros_of(stamp)))


def wall_times(cursor: sqlite3.Cursor) -> Callable[[int], int]:
    """A function from a running time to the wall time (µs) that it was, as far as it is known."""
    state = clock_state(cursor)
    return Calendar(state.runs).wall_at if state is not None and state.runs else lambda running: running


# The newest cursor that was handed out, and the clock that the operator trusts


def cursor_stamp(cursor: sqlite3.Cursor) -> str:
    """The stamp after which nothing was handed out as a cursor; empty when nothing was."""
    row = cursor.execute("SELECT cursor FROM clock").fetchone()
    return str(row[0]) if row else ""


def remember_cursor(cursor: sqlite3.Cursor, stamp: str) -> None:
    """Remember that cursors up to *stamp* may have been handed out."""
    cursor.execute("UPDATE clock SET cursor = ?", (stamp,))


def trust_clock(cursor: sqlite3.Cursor, wall: int) -> None:
    """Note that the operator trusts the wall clock, which says *wall* (µs) now."""
    cursor.execute("UPDATE clock SET trusted = ?", (wall,))


def trusted_clock(cursor: sqlite3.Cursor) -> int | None:
    """The wall time (µs) that the operator trusts and no server knows of yet."""
    row = cursor.execute("SELECT trusted FROM clock").fetchone()
    return None if row is None else row[0]


def forget_trusted(cursor: sqlite3.Cursor) -> None:
    """Forget what :func:`trusted_clock` told."""
    cursor.execute("UPDATE clock SET trusted = NULL")
