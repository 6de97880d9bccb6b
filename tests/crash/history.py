"""What was asked and what was answered, in the order in which it happened."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from tests.crash.operations import Operation, told

DATABASE_FAIL = 3


@dataclass(eq=False, slots=True)
class Event:
    """A question of a device, and its answer.

    ``asked`` and ``over`` are places in one order of all questions and answers: whatever the server did for it, it did
    between the two. ``answer`` is JSON; ``None``: none came, and it was done or it wasn't.
    """

    asked: int
    device: str
    session: int
    operation: Operation
    over: int = 0
    status: int = 0
    answer: dict[str, Any] | None = None

    @property
    def good(self) -> bool:
        """Whether it was acknowledged."""
        return self.answer is not None and self.answer.get("result") == "OK"

    @property
    def open(self) -> bool:
        """Whether there was no answer."""
        return self.answer is None

    @property
    def refused(self) -> bool:
        """Whether the answer says that nothing of it was done."""
        return self.answer is not None and not self.good

    @property
    def failed(self) -> bool:
        """Whether storage refused it."""
        return self.answer == {"result": "BAD", "code": DATABASE_FAIL} and self.status == 503

    @property
    def kind(self) -> str:
        """What the answer says, in a word or three."""
        if self.open:
            return "none"
        return "OK" if self.good else "503" if self.failed else "refused as meant"

    def __str__(self) -> str:
        answer = "no answer" if self.answer is None else f"{self.status} {str(self.answer)[:300]}"
        what = f"{self.device}, session {self.session}: {told(self.operation)}"
        return f"{self.asked:>7}-{self.over:<7} {what} -> {answer}"


class History:
    """Events of one life of the server, from many threads; the order goes on over its lives."""

    def __init__(self) -> None:
        self._order = 0
        self._lock = threading.Condition()
        self._events: list[Event] = []
        self._answers = 0

    def ask(self, device: str, session: int, operation: Operation) -> Event:
        """Right before the question is sent."""
        with self._lock:
            self._order += 1
            event = Event(self._order, device, session, operation)
            self._events.append(event)
        return event

    def answered(self, event: Event, status: int, answer: dict[str, Any]) -> None:
        """Right behind the answer."""
        with self._lock:
            self._order += 1
            event.status, event.answer, event.over = status, answer, self._order
            self._answers += 1
            self._lock.notify_all()

    def wait_for_answers(self, number: int, seconds: float) -> None:
        """Until so many came in this life, or until so long has passed."""
        with self._lock:
            self._lock.wait_for(lambda: self._answers >= number, seconds)

    def close(self) -> list[Event]:
        """The life is over: its events. What has no answer will never be done from now on."""
        with self._lock:
            self._order += 1
            events, self._events, self._answers = self._events, [], 0
            for event in events:
                event.over = event.over or self._order
        return events


def about(events: Collection[Event], wanted: Collection[str], most: int = 60) -> Iterator[str]:
    """The last lines of the history that have to do with any of *wanted*: names of messages, tags, devices."""
    pattern = re.compile("|".join(rf"{re.escape(each)}(?!\d)" for each in wanted))
    lines = [str(event) for event in events]
    found = [line for line in lines if pattern.search(line)] or lines
    if len(found) > most:
        yield f"({len(found) - most} earlier ones)"
    yield from found[-most:]
