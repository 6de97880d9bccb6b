"""Group commit: writes that wait while a transaction runs are committed together, in the next one.

Each write says how many bytes of new data it brings, none if it is one that may use the reserve
(:mod:`webcam.storage.reserve`) when the disk is full.

A transaction costs a change of threads, and its commit waits for the disk (``synchronous=FULL``). Under load a hundred
writes share both; a single one waits for nobody. Each has a savepoint of its own: what fails takes nothing with it.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from webcam.errors import StorageClosed
from webcam.storage.connections import worthless
from webcam.storage.reserve import Reserve, admit, is_full, with_reserve

TOGETHER = 128
"""Writes of one transaction, at most."""

BYTES = 4 * 1024 * 1024
"""New data of one transaction, at most, if it has more than one write: on a small disk all of them need it twice."""

CHECKPOINT = 1000
"""Pages of 4 KiB in the log, SQLite's own default: the commit that finds more writes them to the database."""


@dataclass(slots=True)
class Write:
    """A function of a cursor that waits for its transaction; ``done`` fires when the outcome is on disk."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    size: int = 0
    timed: bool = False
    done: Deferred[Any] = field(default_factory=Deferred)

    def outcome(self, cursor: sqlite3.Cursor) -> Any:
        """What it returns, or the :class:`Failure` of what it raises."""
        try:
            return self.function(cursor, *self.args)
        except Exception:
            return Failure()


class Writer:
    """Runs writes on the one connection of *pool*, in the order in which they came."""

    def __init__(self, pool: ConnectionPool, reserve: Reserve) -> None:
        self._pool = pool
        self._reserve = reserve
        self._waiting: deque[Write] = deque()
        self._running: list[Write] = []
        self._closed = False

    def write(self, function: Callable[..., Any], args: tuple[Any, ...], size: int = 0) -> Deferred[Any]:
        """Fires with what ``function(cursor, *args)`` returns when that is on disk.

        Fails with what it raises, and then nothing of it was done: also with :class:`sqlite3.Error`, when SQLite
        refuses the write, or the transaction with it. With *size* bytes of new data it fails with
        :class:`webcam.errors.DiskFull` where the disk has no space for them; without any it may use the reserve.
        """
        return self._take(Write(function, args, size))

    def step(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Deferred[tuple[Any, float]]:
        """The same, in a transaction of its own, and for how many seconds that kept others from writing.

        Its commit leaves to others what the log holds for the database: that can take far longer than the step.
        """
        return self._take(Write(function, args, timed=True))

    def _take(self, write: Write) -> Deferred[Any]:
        if self._closed:
            write.done.errback(StorageClosed("closed"))
        else:
            self._waiting.append(write)
            self._go()
        return write.done

    async def close(self) -> None:
        """Take no more writes; returns when those that were taken are done."""
        self._closed = True
        await DeferredList([_end(write.done) for write in (*self._running, *self._waiting)])

    def _go(self) -> None:
        if self._running or not self._waiting:
            return
        self._running = self._next()
        self._transaction(self._running).addCallbacks(self._committed, self._refused)

    def _next(self) -> list[Write]:
        """Those of the next transaction."""
        writes = [self._waiting.popleft()]
        size = writes[0].size
        while self._waiting and len(writes) < TOGETHER and not (writes[0].timed or self._waiting[0].timed):
            size += self._waiting[0].size
            if size > BYTES:
                break
            writes.append(self._waiting.popleft())
        return writes

    def _transaction(self, writes: Sequence[Write]) -> Deferred[list[Any]]:
        deferred: Deferred[list[Any]] = self._pool.runInteraction(self._run, writes)
        return deferred

    def _run(self, cursor: sqlite3.Cursor, writes: Sequence[Write]) -> list[Any]:
        size = sum(each.size for each in writes)
        if size:
            admit(cursor, self._reserve, size)
        if len(writes) > 1:
            return _together(cursor, writes)
        if size:
            return _alone(cursor, writes[0])
        return with_reserve(cursor, self._reserve, lambda: _alone(cursor, writes[0]))

    def _committed(self, outcomes: list[Any]) -> None:
        writes, self._running = self._running, []
        self._go()
        for write, outcome in zip(writes, outcomes, strict=True):
            write.done.callback(outcome)  # a Failure fails it

    def _refused(self, failure: Failure) -> None:
        """Nothing of it was committed. Of many, each is tried again alone: only one may be at fault."""
        writes, self._running = self._running, []
        if len(writes) == 1:
            self._go()
            writes[0].done.errback(failure)
            return
        self._running = writes
        self._one_by_one(writes, [])

    def _one_by_one(self, writes: list[Write], outcomes: list[Any]) -> None:
        def next_one(outcome: Any) -> None:
            outcomes.extend(outcome if isinstance(outcome, list) else [outcome])
            self._one_by_one(writes, outcomes)

        if len(outcomes) == len(writes):
            self._committed(outcomes)
        else:
            self._transaction(writes[len(outcomes) : len(outcomes) + 1]).addBoth(next_one)


def _end(deferred: Deferred[Any]) -> Deferred[None]:
    """Fires with it, and leaves its result to its owner."""
    ended: Deferred[None] = Deferred()

    def tell(result: Any) -> Any:
        ended.callback(None)
        return result

    deferred.addBoth(tell)
    return ended


def _alone(cursor: sqlite3.Cursor, write: Write) -> list[Any]:
    if write.timed:
        return [_timed(cursor, write)]
    result, _ = _commit(cursor, write)
    return [result]


def _timed(cursor: sqlite3.Cursor, write: Write) -> tuple[Any, float]:
    cursor.execute("PRAGMA wal_autocheckpoint = 0")
    try:
        return _commit(cursor, write)
    finally:
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")


def _commit(cursor: sqlite3.Cursor, write: Write) -> tuple[Any, float]:
    """Its result, and how long others could not write."""
    cursor.execute("BEGIN IMMEDIATE")
    began = monotonic()
    result = write.function(cursor, *write.args)
    cursor.connection.commit()
    return result, monotonic() - began


def _together(cursor: sqlite3.Cursor, writes: Sequence[Write]) -> list[Any]:
    """Raises :class:`sqlite3.Error` when an error has ended the transaction, or means that the connection is of no
    use, or that the disk is full: some of the writes may use the reserve, when each is tried by itself."""
    cursor.execute("BEGIN IMMEDIATE")
    outcomes = []
    for write in writes:
        cursor.execute("SAVEPOINT one")
        outcome = write.outcome(cursor)
        if isinstance(outcome, Failure):
            if worthless(outcome.value) or is_full(outcome.value):
                outcome.raiseException()
            cursor.execute("ROLLBACK TO one")  # fails if there is no transaction any more
        cursor.execute("RELEASE one")
        outcomes.append(outcome)
    return outcomes
