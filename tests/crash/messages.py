"""Messages: acknowledged ones are there, refused ones are not, the others wholly or not at all, each for whom it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.crash.history import Event
from tests.crash.marks import Marks
from tests.crash.operations import Note, Send
from tests.crash.problems import Look, Problem
from tests.crash.stamps import Stamped
from tests.crash.workload import NOBODY


class Messages:
    """What the account's devices may have, by device, and how far each has acknowledged.

    ``swept``: the server runs long enough to delete a targeted message that its target has acknowledged.
    """

    def __init__(self, devices: Sequence[str], swept: bool = False) -> None:
        self.marks = Marks(devices)
        self._devices = [*devices, NOBODY]
        self._swept = swept
        self._visible: dict[str, list[tuple[str, str]]] = {each: [] for each in self._devices}
        self._targeted: set[str] = set()

    def learn(self, events: Sequence[Event], look: Look, newest: str) -> tuple[list[Stamped], list[Problem]]:
        """Of one life: what it stored, later than *newest*, and what is wrong with that."""
        life = _Life(events)
        problems: list[Problem] = []
        for device in self._devices:
            for entry in look.messages(device, newest):
                problems += life.found(device, entry)
        stored = {name: life.sends[name] for name in life.stamps}
        for device in self._devices:
            self._visible[device] += sorted((stamp, name) for name, stamp in life.seen[device].items())
        self._targeted.update(name for name in stored if life.notes[name].target)
        problems += self.marks.learn(events, self._visible, stored)
        problems += life.whole(self._may_be_gone)
        for device in self._devices:
            problems += life.for_whom(device)
        return [Stamped(life.stamps[name], name, each.asked, each.over) for name, each in stored.items()], problems

    def _may_be_gone(self, note: Note, event: Event) -> bool:
        return self._swept and bool(note.target) and self.marks.may_have_passed(note.target, event.asked)

    def look_again(self, look: Look) -> Iterator[Problem]:
        """Whether all that earlier lives stored is still there; a sweep may take what its target has acknowledged."""
        for device in self._devices:
            found = {(entry["stamp"], entry["msg"]) for entry in look.messages(device, "")}
            known = set(self._visible[device])
            for stamp, name in sorted(known - found):
                if not (name in self._targeted and self.marks.passed(device, stamp)):
                    yield Problem(f"{device} doesn't find {name} any more", (name,))
            for _, name in sorted(found - known):
                yield Problem(f"{device} finds {name}, which was not there before", (name,))


class _Life:
    """The messages of one life of the server."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = [event for event in events if isinstance(event.operation, Send)]
        self.sends = {note.name: event for event in self._events for note in _notes(event)}
        self.notes = {note.name: note for event in self._events for note in _notes(event)}
        self.stamps: dict[str, str] = {}
        self.seen: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def found(self, device: str, entry: dict[str, Any]) -> Iterator[Problem]:
        """The device has this."""
        name, stamp = entry["msg"], entry["stamp"]
        note = self.notes.get(name)
        if note is None:
            yield Problem(f"{device} finds {name!r} at {stamp}, which nobody sent in this life", (name,))
            return
        if self.stamps.setdefault(name, stamp) != stamp or name in self.seen[device]:
            yield Problem(f"{name} is there twice, at {self.stamps[name]} and {stamp}", (name,))
        if entry["params"] != note.params or entry["device"] != self.sends[name].device:
            yield Problem(f"{name} came back as {entry}", (name,))
        self.seen[device][name] = stamp

    def whole(self, may_be_gone: Callable[[Note, Event], bool]) -> Iterator[Problem]:
        """Each request was done, or wasn't, as its answer says."""
        for event in self._events:
            wanted = [note.name for note in _notes(event)]
            found = [name for name in wanted if name in self.stamps]
            lost = [note.name for note in _notes(event) if note.name not in found and not may_be_gone(note, event)]
            if event.good and lost:
                yield Problem(f"acknowledged and lost: {lost}", tuple(lost))
            if event.refused and found:
                yield Problem(f"refused and kept: {found}", tuple(found))
            if event.open and found and lost:
                yield Problem(f"half done: {found} of {wanted}", tuple(wanted))
            stamps = [self.stamps[name] for name in found]
            if stamps != sorted(stamps):
                yield Problem(f"out of order: {found}", tuple(found))

    def for_whom(self, device: str) -> Iterator[Problem]:
        """Each is for its target, or for all but its sender."""
        for name in self.stamps:
            target, sender = self.notes[name].target, self.sends[name].device
            meant = target == device if target else sender != device
            if meant and name not in self.seen[device]:
                yield Problem(f"{device} doesn't find {name}", (name,))
            if not meant and name in self.seen[device]:
                yield Problem(f"{device} finds {name}, which is not for it", (name,))


def _notes(event: Event) -> tuple[Note, ...]:
    return event.operation.notes if isinstance(event.operation, Send) else ()
