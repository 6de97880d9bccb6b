"""Sync marks: where a device's mark may stand, by what it asked, and whether each page begins right behind it.

After a kill some of it is known only within bounds: a sync may have been done or not, and what a session was given is
in storage some seconds late, so that its next sync may acknowledge too little (never too much). A mark is therefore two
stamps, the lowest and the highest that it may be; the next page shows where it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.crash.history import Event
from tests.crash.operations import Get, Send
from tests.crash.problems import Problem

NO, PERHAPS, YES = range(3)
"""Whether a session has asked for messages: one that has not acknowledges all up to now."""

END = "9999"


@dataclass
class Bounds:
    """Of a stamp."""

    low: str = ""
    high: str = ""

    def rise(self, low: str, high: str) -> None:
        """To somewhere in between, if that is higher."""
        self.low, self.high = max(self.low, low), max(self.high, high)


@dataclass
class _Session:
    asked: int = NO
    given: Bounds = field(default_factory=Bounds)


@dataclass
class _Device:
    name: str
    mark: Bounds = field(default_factory=Bounds)
    sessions: dict[int, _Session] = field(default_factory=dict)
    acknowledged: int = 0
    """The place of its last sync."""


Visible = Sequence[tuple[str, str]]
"""Stamps and names of all that a device may have, in order."""


class Marks:
    """The marks of all devices. Each device asks for one thing at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        self._devices = {name: _Device(name) for name in names}

    def restarted(self) -> None:
        """What sessions were given may be forgotten in part; that they asked is not."""
        for device in self._devices.values():
            for session in device.sessions.values():
                session.given.low = ""

    def may_have_passed(self, name: str, asked: int) -> bool:
        """Whether the device may have acknowledged something that was asked for at that place."""
        device = self._devices.get(name)
        return device is not None and device.acknowledged > asked

    def passed(self, name: str, stamp: str) -> bool:
        """Whether the device's mark may stand at or behind a stamp."""
        device = self._devices.get(name)
        return device is not None and device.mark.high >= stamp

    def learn(
        self, events: Sequence[Event], visible: Mapping[str, Visible], stored: Mapping[str, Event]
    ) -> list[Problem]:
        """What one life's answers say. *stored*: its messages that are there, by name."""
        problems: list[Problem] = []
        for name, device in self._devices.items():
            own = [event for event in events if event.device == name]
            problems += _Replay(device, visible[name], stored).over(own)
        return problems


class _Replay:
    """One device's events, one after the other, with all that it may have at hand."""

    def __init__(self, device: _Device, visible: Visible, stored: Mapping[str, Event]) -> None:
        self._device = device
        self._mark = device.mark
        self._visible = visible
        self._stamps = [stamp for stamp, _ in visible]
        self._stored = stored

    def over(self, events: Sequence[Event]) -> Iterator[Problem]:
        for event in events:
            session = self._device.sessions.setdefault(event.session, _Session())
            if event.refused:  # it may have got as far as to note that the session asked
                if isinstance(event.operation, Get):
                    session.asked = session.asked or PERHAPS
                continue
            if isinstance(event.operation, Get):
                yield from self._get(event, event.operation, session)
            elif isinstance(event.operation, Send) and event.operation.sync:
                self._sync(event, event.operation, session)

    # Syncs

    def _sync(self, event: Event, operation: Send, session: _Session) -> None:
        self._device.acknowledged = event.over
        low, high = session.given.low, session.given.high
        if session.asked != YES:  # all up to now
            now_low, now_high = self._up_to(event)
            high = max(high, now_high)
            low = low if session.asked == PERHAPS else max(low, now_low)
        done = event.good or any(note.name in self._stored for note in operation.notes)
        self._mark.rise(low if done else "", high)

    def _up_to(self, event: Event) -> tuple[str, str]:
        """The newest that was there before the event was asked for, and the newest that may have been at its end."""
        low = high = ""
        for stamp, name in reversed(self._visible):
            sent = self._stored.get(name)
            if sent is None or sent.asked < event.over:
                high = high or stamp
            if self._was_there(name, event):
                low = stamp
                break
        return low, high

    # Pages

    def _get(self, event: Event, operation: Get, session: _Session) -> Iterator[Problem]:
        if event.open:
            session.asked = session.asked or PERHAPS
            reach = self._reach(operation.limit)
            session.given.rise("", reach)
            if operation.take:
                self._device.acknowledged = event.over
                self._mark.rise("", reach)
            return
        assert event.answer is not None
        page = [(each["stamp"], each["msg"]) for each in event.answer["msgs"]]
        yield from self._page(event, operation, page)
        session.asked = YES
        if page:
            session.given.rise(page[-1][0], page[-1][0])
            if operation.take:
                self._device.acknowledged = event.over
                self._mark.low = self._mark.high = max(page[-1][0], self._mark.low)

    def _reach(self, limit: int) -> str:
        """How far a page may go that nobody saw."""
        start = bisect_right(self._stamps, self._mark.high)
        reached = self._stamps[start : start + limit]
        return reached[-1] if reached else self._mark.high

    def _page(self, event: Event, operation: Get, page: Visible) -> Iterator[Problem]:
        name = self._device.name
        if list(page) != sorted(page) or len(page) > operation.limit:
            yield Problem(f"{name}'s page isn't in order, or too long", (name, *(each for _, each in page[:3])))
        for stamp, again in page:
            if stamp <= self._mark.low:
                yield Problem(f"{name} is given {again}, which it has acknowledged", (again, name))
        for _, missed in sorted(self._wanted(event, operation, page) - set(page)):
            yield Problem(f"{name} isn't given {missed}, which it never acknowledged", (missed, name))
        for stamp, strange in sorted(set(page) - set(self._visible)):
            yield Problem(f"{name} is given {strange} at {stamp}, which isn't there", (strange, name))
        self._narrow(event, page[0][0] if page else END)

    def _wanted(self, event: Event, operation: Get, page: Visible) -> set[tuple[str, str]]:
        """What must be in the page: all behind the mark up to its end, and in one that isn't full, all that was there
        when it was asked for."""
        behind = bisect_right(self._stamps, self._mark.high)
        first = min(bisect_left(self._stamps, page[0][0]), behind) if page else behind
        last = bisect_right(self._stamps, page[-1][0]) if page else behind
        found = set(self._visible[first:last])
        if len(page) < operation.limit:
            found.update(each for each in self._visible[max(first, last) :] if self._was_there(each[1], event))
        return found

    def _was_there(self, name: str, event: Event) -> bool:
        sent = self._stored.get(name)
        return sent is None or sent.over < event.asked

    def _narrow(self, event: Event, first: str) -> None:
        """The mark stands right before the page's first message, or behind all that were there."""
        before = bisect_left(self._stamps, first)
        if first == END:
            low, _ = self._up_to(event)
        else:
            low = self._stamps[before - 1] if before else ""
            self._mark.high = max(self._mark.low, min(self._mark.high, low))
        self._mark.rise(low, low)
