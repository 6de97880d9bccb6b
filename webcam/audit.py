"""The audit log: a JSON line for each event that an operator may ask for later, in a file of its own.

The server appends to it and rotates it; the operator's program appends to the same file, also while the server runs.
Every event opens the file anew: that costs 20 µs, events are as rare as logins, and so it doesn't matter who renames
or removes the file meanwhile.
"""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from webcam.durable import create_private
from webcam.http.limits import NOTICE
from webcam.ports import Clock
from webcam.token_bucket import TokenBucket

SIZE = 10 * 1024 * 1024
"""Bytes of one file, at most."""

FILES = 10
"""As many there are: the newest has no number, the oldest the highest."""

TEXT = 300
"""Bytes of a fact as JSON writes it, 12 for some characters; what is longer is cut, and ends in ``…``."""

USUAL = (2000.0, 1.0)
STRANGERS = (200.0, 0.05)
"""Lines of one kind of event at once, and each second from then on. What strangers can cause is less:
1 MB a day, 4 at worst, so that it pushes out nothing for two weeks."""

BY_STRANGERS = frozenset({"limit_met", "link_used", "locked_out", "login_refused"})

Fact = str | int | None


class Share(TokenBucket):
    """What one kind of event may write; there are as many as kinds."""

    __slots__ = ()


class AuditLog:
    """See :class:`webcam.ports.Audit`.

    What can't be written is counted, and *report* gets a line about it, once a minute at most; the count follows in the
    file when it can be written again. *rotates*: for the one process that moves the files on, the server.
    """

    def __init__(self, path: Path, clock: Clock, report: Callable[[str], None], rotates: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._report = report
        self._rotates = rotates
        self._shares: dict[str, Share] = {}
        self._left_out: Counter[str] = Counter()
        self._lost = 0
        self._reported = -NOTICE
        self.name_of: Callable[[int], str | None] = lambda _: None
        """The name of an account: events name it by its id where that is all that is known."""

    def note(self, event: str, **facts: Fact) -> None:
        """One event; more of its kind than its share are counted and left out."""
        now = self._clock.steady()
        share = self._shares.get(event)
        if share is None:
            burst, rate = STRANGERS if event in BY_STRANGERS else USUAL
            share = self._shares[event] = Share(burst, rate, now)
        if share.take(now):
            self._write(event, facts)
        else:
            self._left_out[event] += 1

    def tell_left_out(self) -> None:
        """Write how many were left out since the last time, by event. To be called each minute, and at the end."""
        left_out, self._left_out = self._left_out, Counter()
        for event, count in sorted(left_out.items()):
            self._write("left_out", {"of": event, "count": count})

    def _write(self, event: str, facts: dict[str, Fact]) -> None:
        try:
            self._append(self._line(event, facts))
            if self._lost:
                self._append(self._line("lost", {"count": self._lost}))
                self._lost = 0
        except OSError as error:
            self._lost += 1
            now = self._clock.steady()
            if now - self._reported >= NOTICE:
                self._reported = now
                missing = "1 event is" if self._lost == 1 else f"{self._lost} events are"
                self._report(f"the audit log {self._path} can't be written: {error.strerror}; {missing} missing in it")

    def _line(self, event: str, facts: dict[str, Fact]) -> bytes:
        """ASCII: whatever a client calls itself, it ends no line and begins none."""
        account = facts.get("account")
        if isinstance(account, int):
            facts = {**facts, "account": self.name_of(account) or account}
        time = datetime.fromtimestamp(self._clock.wall(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        known = {name: _bounded(fact) for name, fact in facts.items() if fact is not None}
        return json.dumps({"time": time, "event": event, **known}).encode("ascii") + b"\n"

    def _append(self, line: bytes) -> None:
        create_private(self._path)
        if self._rotates and 0 < self._path.stat().st_size > SIZE - len(line):
            self._rotate()
            create_private(self._path)
        number = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK)  # a full pipe must not stop the server
        try:
            size = os.fstat(number).st_size
            if size and os.pread(number, 1, size - 1) != b"\n":
                line = b"\n" + line  # the last one was broken off, by a full disk or a crash
            if os.write(number, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(number)

    def _rotate(self) -> None:
        for number in range(FILES - 1, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


def _bounded(fact: Fact) -> Fact:
    if not isinstance(fact, str):
        return fact
    text = fact[:TEXT]
    while len(json.dumps(text)) > TEXT + len('""'):
        text = text[: len(text) * 3 // 4]
    return fact if text == fact else f"{text}…"
