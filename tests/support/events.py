"""Server-Sent Events as a client reads them (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """One event. ``last`` is the id from which a client goes on that has seen it."""

    kind: str
    data: Any
    last: str


class EventReader:
    """Feed it bytes; it keeps whole events, the id of the last block, and how many comments there were."""

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.last = ""
        self.comments = 0
        self.retry: int | None = None
        self._rest = b""

    def feed(self, data: bytes) -> list[Told]:
        """The events that end in it."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        found = [told for told in map(self._read, blocks) if told is not None]
        self.events += found
        return found

    def _read(self, block: bytes) -> Told | None:
        kind, data = "message", []
        for line in block.split(b"\n"):
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if not name:
                self.comments += 1
            elif name == b"id":
                self.last = value.decode()
            elif name == b"event":
                kind = value.decode()
            elif name == b"data":
                data.append(value)
            elif name == b"retry":
                self.retry = int(value)
            else:
                raise AssertionError(line)
        return Told(kind, json.loads(b"\n".join(data)), self.last) if data else None


def read_events(data: bytes) -> list[Told]:
    """The whole events in *data*."""
    return EventReader().feed(data)
