"""A journal: the newest events of an account, in memory, in the order in which they happened."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from webcam.model import Event
from webcam.wire import events

MOST = 1000
"""Events that are held of an account."""

ROOM = 1024 * 1024
"""Bytes of them; the newest one is held however large it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its number, which counts from 1, and the newest stamp up to it.

    ``block`` is how it is sent to everybody who has seen all before it.
    """

    number: int
    event: Event
    newest: str
    block: bytes


class Journal:
    """What clients go on from when they come back.

    *floor* is the account's newest stamp now: whatever is stored later than it has to be added here, in the order of
    its stamps. What falls out of the journal is not lost if it has a stamp, for storage has it; ``lost`` is the number
    of the newest entry that fell out without one, and ``floor`` the stamp of the newest that fell out with one.
    """

    def __init__(self, epoch: str, floor: str, most: int = MOST, room: int = ROOM) -> None:
        self.epoch = epoch
        self.floor = self.newest = self._began = floor
        self.lost = 0
        self.last = 0
        self._most = most
        self._room = room
        self._size = 0
        self._entries: deque[Entry] = deque()

    @property
    def first(self) -> int:
        """The number of the oldest entry that is held; of the next one, when none is."""
        return self.last + 1 - len(self._entries)

    @property
    def cursor(self) -> events.Cursor:
        """Behind all of it."""
        return events.Cursor(self.epoch, self.last, self.newest)

    def entry(self, number: int) -> Entry:
        """One that is held."""
        return self._entries[number - self.first]

    def add(self, event: Event) -> None:
        """The newest event. One that was stored before the journal began is left out: its stamp is below the floor."""
        if event.stamp and event.stamp <= self._began:
            return
        assert not event.stamp or event.stamp > self.newest, "stamps of an account rise"
        self.last += 1
        self.newest = event.stamp or self.newest
        entry = Entry(self.last, event, self.newest, events.block(event, self.cursor))
        self._entries.append(entry)
        self._size += len(entry.block)
        while len(self._entries) > self._most or (self._size > self._room and len(self._entries) > 1):
            self._drop()

    def leave_out(self, stamp: str) -> None:
        """What was stored up to *stamp*, and wasn't added, is left to storage: whoever goes on from before reads it
        there."""
        if stamp > self._began:
            assert stamp > self.newest, "stamps of an account rise"
            self.floor = self.newest = stamp

    def _drop(self) -> None:
        entry = self._entries.popleft()
        self._size -= len(entry.block)
        if entry.event.stamp:
            self.floor = entry.event.stamp
        else:
            self.lost = entry.number
