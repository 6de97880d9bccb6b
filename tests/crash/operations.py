"""What devices ask for: each operation knows its request, and what refuses it where it is meant to be refused."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.support.trail import PASSWORD

MALFORMED, EMPTY, OTHERS = 12, 11, 9
"""Reply codes of what is refused on purpose: a bad parameter, no data, a record of another account."""


@dataclass(frozen=True)
class Question:
    """A request: path, parameters and, for a record, the body that is its data."""

    path: str
    params: dict[str, Any]
    data: bytes | None = None


@dataclass(frozen=True)
class Operation:
    """Anything that a device asks for. ``refusal``: the code of the answer that it must get; ``None``: it is right."""

    @property
    def refusal(self) -> int | None:
        return None

    def question(self) -> Question:
        """Without the session's token."""
        raise NotImplementedError


@dataclass(frozen=True)
class LogIn(Operation):
    """A new session of the device."""

    account: str
    device: str

    def question(self) -> Question:
        return Question("authorize.json", {"name": self.account, "pass": PASSWORD, "device": self.device})


@dataclass(frozen=True)
class Note:
    """A message of its own name; without a target it is a broadcast."""

    name: str
    target: str

    @property
    def params(self) -> dict[str, Any]:
        """What it carries: longer for some than for others."""
        return {"of": self.name, "more": "\u00e9" * (len(self.name) * 7 % 200)}


@dataclass(frozen=True)
class Send(Operation):
    """Messages and perhaps a sync in one request, all or nothing. A spoiled one has a malformed message behind them."""

    notes: tuple[Note, ...] = ()
    sync: bool = False
    spoiled: bool = False

    @property
    def refusal(self) -> int | None:
        return MALFORMED if self.spoiled else None

    def question(self) -> Question:
        entries: list[dict[str, Any]] = [
            {"msg": note.name, "target": note.target, "params": note.params} for note in self.notes
        ]
        if self.sync:
            entries.insert(len(entries) // 2, {"msg": "sync"})
        if self.spoiled:
            entries.append({"msg": "spoiled", "params": 7})
        return Question("addMsgs.json", {"msgs": entries})


@dataclass(frozen=True)
class Get(Operation):
    """A page of messages behind the device's sync mark; with ``take`` it is acknowledged by the same request."""

    limit: int
    take: bool

    def question(self) -> Question:
        return Question("getMsgsAndSync.json" if self.take else "getMsgs.json", {"limit": self.limit})


@dataclass(frozen=True)
class Upload(Operation):
    """A record whose metadata are its tag, and whose bytes follow from it."""

    tag: str
    size: int

    @property
    def refusal(self) -> int | None:
        return None if self.size else EMPTY

    def question(self) -> Question:
        return Question("addRecord.json", {"meta": self.tag}, self.bytes())

    def bytes(self) -> bytes:
        """The same ones each time."""
        return random.Random(self.tag).randbytes(self.size)


@dataclass(frozen=True)
class Fetch(Operation):
    """The bytes of a record."""

    record_id: int
    upload: Upload

    def question(self) -> Question:
        return Question("getRecordData.json", {"rid": self.record_id})


@dataclass(frozen=True)
class Delete(Operation):
    """Records by id, with ``older`` all that are older than the oldest of them, too. ``others``: of another account."""

    record_ids: tuple[int, ...]
    older: bool = False
    others: tuple[int, ...] = ()

    @property
    def refusal(self) -> int | None:
        return OTHERS if self.others else None

    def question(self) -> Question:
        ids = [*self.record_ids, *self.others]
        return Question("deleteRecords.json", {"records": [-1, *ids] if self.older else ids})


@dataclass(frozen=True)
class Configure(Operation):
    """Settings by kind, all or none. A spoiled one has a value out of bounds among them."""

    values: tuple[tuple[int, float], ...]
    spoiled: bool = False

    @property
    def refusal(self) -> int | None:
        return MALFORMED if self.spoiled else None

    def question(self) -> Question:
        config = [{"kind": kind, "fv": value} for kind, value in self.values]
        if self.spoiled:
            config.append({"kind": 1, "fv": 1e6})
        return Question("setConfig.json", {"config": config})


@dataclass(frozen=True)
class AskTime(Operation):
    """The server's time, which is a cursor."""

    def question(self) -> Question:
        return Question("getServerTime.json", {})


def told(operation: Operation) -> str:
    """One line for a history."""
    question = operation.question()
    text = json.dumps(question.params, ensure_ascii=True)
    if question.data is not None:
        text += f" and {len(question.data)} bytes"
    return f"{question.path} {text if len(text) < 400 else text[:400] + '...'}"
