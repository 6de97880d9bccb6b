"""``webcam restore`` while a server runs: the program offers a database, which the server exchanges its own for.

Files beside the database are all that passes between the two. An offer is complete and on disk when it has its name.
The server takes it by renaming it, the program withdraws it by removing it: one of the two succeeds. It is done when
the offered file is the database, which its inode tells, whoever of the two is gone by then.

An offer holds as long as its program waits, which its lock tells. One whose program was killed is removed: who ran it
doesn't expect it any more, and it would drop what was acknowledged meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webcam import durable
from webcam.calendar import ClockState
from webcam.errors import Refused, StartFailure
from webcam.model import Account, SavedSession
from webcam.storage import accounts, clock, lock, sessions
from webcam.storage.backup import fetched
from webcam.storage.checks import Holding
from webcam.storage.copying import Progress, open_existing
from webcam.storage.exchange import BEFORE, exchange
from webcam.storage.lock import RESTORE_LOCK, FolderInUse, FolderLock
from webcam.storage.parts import ENDINGS
from webcam.storage.schema import FILE, connect

OFFER = f"{FILE}.restore"
TAKEN = f"{FILE}.restore-taken"
ANSWER = f"{FILE}.restore-answer"
LOCK = RESTORE_LOCK
"""Of the program, so that one at a time makes an offer, and the server knows whether it waits."""

HOLDER = "another webcam restore"

PATIENCE = 60.0
"""Seconds for the server to take an offer, and again to make it its database."""

POLL = 0.1
"""Seconds."""


@dataclass(frozen=True)
class Adopted:
    """The database that is in place now: where the one before is kept, and what a server has to know of this one."""

    kept: Path | None
    accounts: list[Account]
    sessions: list[SavedSession]
    clock: ClockState | None
    newest_running: int


# The server's half


def clear(data: Path) -> bool:
    """Remove, at a start, what was taken and never put in place, and an offer whose program is gone.

    A program that still waits is told by the absence of what was taken. Return whether there was such an offer.
    """
    for name in (TAKEN, ANSWER):
        _remove(data / name)
    return _remove_orphan(data)


def take(data: Path) -> Path | None:
    """Take the offer, if there is one whose program waits: it can't be withdrawn any more.

    Raises :class:`Refused` when its program is gone; then so is the offer.
    """
    if _remove_orphan(data):
        raise Refused("webcam restore was killed while it waited for the server, run it again")
    taken = data / TAKEN
    try:
        (data / OFFER).replace(taken)
    except FileNotFoundError:
        return None
    return taken


def _remove_orphan(data: Path) -> bool:
    """Remove an offer whose program is gone. Return whether there was one."""
    offer = data / OFFER
    return offer.exists() and not lock.is_locked(data / LOCK) and _remove(offer)


def put_in_place(data: Path, taken: Path, newest: str) -> Adopted:
    """Exchange the folder's database, which nobody has open, for *taken*. Blocking.

    Raises :class:`Refused`; then the old one is in its place. *newest*: see :func:`exchange`.
    """
    path, number = data / FILE, _inode(taken)
    kept = None
    try:
        with contextlib.closing(open_existing(taken)) as connection:
            cursor = connection.cursor()
            adopted = (
                accounts.accounts(cursor),
                sessions.sessions(cursor),
                clock.clock_state(cursor),
                clock.newest_running(cursor),
            )
        kept = exchange(path, taken, newest)
    except (OSError, sqlite3.Error) as error:
        if _inode(path) != number:
            raise Refused(f"can't exchange {path}: {error}") from None
    finally:
        with contextlib.suppress(sqlite3.Error):
            connect(path).close()  # to WAL mode, before several threads ask for it at once
    return Adopted(kept, *adopted)


def answer(data: Path, kept: Path | None = None, refusal: str | None = None) -> None:
    """Tell the program what came of its offer, and that the server goes on. Raises :class:`OSError`."""
    told = json.dumps({"kept": kept.name if kept else None, "refusal": refusal})
    durable.write_file(data / ANSWER, told.encode())
    _remove(data / TAKEN)


# The program's half


def hand_over(data: Path, file: Path, progress: Progress | None = None) -> tuple[Path | None, list[Holding]]:
    """Let the server that runs on the folder exchange its database for a copy of *file*, upgraded if need be.

    The answer is where the one before is kept, and what the restored one holds; the server works with it by then.
    Raises :class:`Refused`, also when the server doesn't do it in time.
    """
    with _alone_among_programs(data), fetched(data, file, progress) as (fresh, held):
        number = _inode(fresh)
        before = _inode(data / FILE)
        fresh.replace(data / OFFER)
        durable.sync(data)
        try:
            return _Waiting(data, number, before).outcome(), held
        finally:
            for name in (OFFER, ANSWER):
                _remove(data / name)


@contextlib.contextmanager
def _alone_among_programs(data: Path) -> Iterator[None]:
    """Hold the lock by which the server knows that somebody waits; what an earlier program left is gone.

    Raises :class:`webcam.storage.lock.FolderInUse`.
    """
    try:
        held = FolderLock(data, HOLDER, LOCK)
    except FolderInUse:
        time.sleep(POLL)  # a server looks whether it is locked, by locking it for a moment
        held = FolderLock(data, HOLDER, LOCK)
    with held:
        for name in (OFFER, ANSWER):
            _remove(data / name)
        yield


class _Waiting:
    """For what comes of an offer, the file with this inode; *before* is that of the database that was there."""

    def __init__(self, data: Path, offered: int, before: int) -> None:
        self._data = data
        self._offered = offered
        self._before = before
        self._locked = self._lock_taken()

    def _lock_taken(self) -> int:
        """When the folder's lock was taken: by another server, if that has changed."""
        return (self._data / lock.LOCK).stat().st_mtime_ns

    @property
    def _done(self) -> bool:
        return _inode(self._data / FILE) == self._offered

    def outcome(self) -> Path | None:
        """Where the database before is kept. Raises :class:`Refused`."""
        if self._until(self._decided):
            return self._told()
        withdrawn = _remove(self._data / OFFER)
        if withdrawn:
            raise Refused(f"the server didn't take it within {PATIENCE:g} s; nothing was changed")
        if self._until(self._decided):
            return self._told()
        now = "is in place" if self._done else "is not in place"
        raise Refused(f"the server took it, and didn't say in time that it is done; the restored database {now}")

    def _until(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _decided(self) -> bool:
        return (self._data / ANSWER).exists() or self._alone() or self._restarted()

    def _alone(self) -> bool:
        """Whether the server is gone. Then what it left undone is done here."""
        try:
            folder = FolderLock(self._data, "webcam restore")
        except StartFailure:
            return False
        with folder:
            if (self._data / ANSWER).exists():
                return True
            kept = None
            for name in (OFFER, TAKEN):
                if (self._data / name).exists() and not self._done:
                    kept = exchange(self._data / FILE, self._data / name)
            if kept is not None:
                answer(self._data, kept)
            return True

    def _kept(self) -> Path | None:
        """The name under which the database before is kept, by its inode."""
        found = self._data.glob(f"{FILE}.{BEFORE}*")
        return next((each for each in found if _inode(each) == self._before), None)

    def _restarted(self) -> bool:
        """Whether another server runs by now, which knows nothing of an offer that was taken."""
        before, taken = self._locked, self._lock_taken()
        if (self._data / OFFER).exists():
            self._locked = taken  # that one will take it
            return False
        return taken != before

    def _told(self) -> Path | None:
        try:
            kept, refusal = _read_answer(self._data / ANSWER)
        except FileNotFoundError:
            if self._done:
                return self._kept()
            raise Refused("the server ended meanwhile; the database is the one that it was") from None
        if refusal:
            raise Refused(refusal)
        return self._data / kept if kept else None


def _read_answer(path: Path) -> tuple[str | None, str | None]:
    """Where the database before is kept, and why the server refused. Raises :class:`Refused` for what is no answer."""
    try:
        told = json.loads(path.read_text())
        kept, refusal = told["kept"], told["refusal"]
    except (ValueError, LookupError, TypeError):
        raise Refused(f"{path} is no answer of the server: webcam check tells whether the database is whole") from None
    return None if kept is None else str(kept), None if refusal is None else str(refusal)


def _inode(path: Path) -> int:
    """0 for what isn't there."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _remove(path: Path) -> bool:
    """With what SQLite left beside it. Whether it was there."""
    there = True
    try:
        path.unlink()
    except FileNotFoundError:
        there = False
    for ending in ENDINGS[1:]:
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    return there
