"""A device: a thread that asks, waits for the answer, and asks again, until the server is gone or its time is over."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.crash.history import Event, History
from tests.crash.operations import Fetch, LogIn, Operation
from tests.crash.workload import Workload, name_of

A_SESSION = 150
"""Requests of a session in one life of the server: below the most that a minute may have."""

KEPT = 3
"""Sessions that a device goes on with: the newest ones."""


@dataclass
class Sessions:
    """The tokens of a device, which outlive the server's lives. The newest ones are used."""

    tokens: dict[int, str] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)

    def add(self, number: int, token: str) -> None:
        """A new one."""
        self.tokens[number] = token
        for old in sorted(self.tokens)[:-KEPT]:
            del self.tokens[old]
        self.used = {each: self.used.get(each, 0) for each in self.tokens}

    def new_minute(self) -> None:
        """The server counts the requests of a minute from nothing."""
        self.used = dict.fromkeys(self.tokens, 0)

    def usable(self) -> list[int]:
        """Those that may ask on."""
        return [each for each, times in self.used.items() if times < A_SESSION]


class Device(threading.Thread):
    """Asks as it is answered. ``problem``: what ended it that should not have.

    An impatient one gives up such a share of its questions, at any moment. With a pace (s) it takes its time between
    two questions.
    """

    def __init__(
        self,
        client: httpx.Client,
        history: History,
        workload: Workload,
        sessions: Sessions,
        over: Callable[[], bool],
        impatience: float = 0.0,
        pace: float = 0.0,
    ) -> None:
        super().__init__(name=name_of(workload.number), daemon=True)
        self.problem = ""
        self._client = client
        self._history = history
        self._workload = workload
        self._sessions = sessions
        self._over = over
        self._impatience = impatience
        self._pace = pace

    def run(self) -> None:
        try:
            with self._client:
                while not self._over():
                    self._go_on()
        except httpx.TransportError:
            pass  # the server was killed
        except Exception as error:
            self.problem = f"{self.name}: {type(error).__name__}: {error}"

    def _go_on(self) -> None:
        if self._pace:
            pause(self._workload.chance.uniform(0.0, 2 * self._pace))
        usable = self._sessions.usable()
        if not usable:
            self.ask(self._workload.log_in(), 0)
            return
        operation = self._workload.next()
        session = usable[-1] if self._workload.chance.random() < 0.8 else self._workload.chance.choice(usable)
        patient = self._workload.chance.random() >= self._impatience
        try:
            self.ask(operation, session, None if patient else self._workload.chance.uniform(0, 0.02))
        except httpx.TransportError:
            if patient:
                raise

    def ask(self, operation: Operation, session: int, patience: float | None = None) -> Event:
        """One question. Raises :class:`httpx.TransportError` when there is no answer, or not within *patience* (s)."""
        logs_in = isinstance(operation, LogIn)
        event = self._history.ask(self.name, 0 if logs_in else session, operation)
        question = operation.question()
        params = question.params
        if not logs_in:
            params = {**params, "shash": self._sessions.tokens[session]}
            self._sessions.used[session] += 1
        more: dict[str, Any] = {} if patience is None else {"timeout": patience}
        if question.data is None:
            answer = self._client.post(f"/{question.path}", json=params, **more)
        else:
            answer = self._client.post(f"/{question.path}", params=params, content=question.data, **more)
        found = _read(operation, answer)
        if logs_in and found.get("result") == "OK":
            event.session = event.asked  # a number that nothing else has
            self._sessions.add(event.session, found["shash"])
        self._history.answered(event, answer.status_code, found)
        return event


def pause(seconds: float) -> None:
    """Let the server work."""
    threading.Event().wait(seconds)


def _read(operation: Operation, answer: httpx.Response) -> dict[str, Any]:
    """Of a record's data it is enough to know whether they are right."""
    if isinstance(operation, Fetch) and answer.headers.get("content-type") != "application/json":
        return {"result": "OK", "same": answer.content == operation.upload.bytes()}
    return read(answer)


def read(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; what is none stands in one."""
    try:
        found = answer.json()
    except json.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"not JSON": answer.text[:200]}
