"""What clients do meanwhile, what they were told, and whether it is there afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.crash.operations import Upload
from tests.power.journal import Journal
from tests.support.process import Server
from webcam.firstaccount import NAME

DEVICES = 2
SMALL, LARGE = 2_000, 400_000
"""Bytes of records: in one transaction, and in several."""

EACH_LARGE, EACH_DELETED = 4, 3
PAUSE = 0.05
"""Seconds between two questions of a device: it stays below the most that a minute may have, by sessions of its own."""

A_SESSION = 40
LIMITS = [{"kind": 2, "fv": 30}, {"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
PAGE = 1000


@dataclass
class Known:
    """What clients know: what was acknowledged, and of records, which they asked to delete."""

    tokens: list[str] = field(default_factory=list)
    messages: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, told: Iterable[bytes]) -> Known:
        """From what was written down of it."""
        known = cls()
        for each in told:
            kind, text = json.loads(each)
            known.add(kind, text)
        return known

    def add(self, kind: str, text: str) -> None:
        """One thing more."""
        {
            "token": self.tokens.append,
            "message": self.messages.add,
            "record": self.records.add,
            "doomed": self.doomed.add,
            "deleted": self.deleted.add,
        }[kind](text)


class Client:
    """One device of the first account, over HTTP/2."""

    def __init__(self, server: Server, device: str, password: str) -> None:
        self._http = server.client()
        self._login = {"name": NAME, "pass": password, "device": device}
        self._left = 0
        self.token = ""

    def close(self) -> None:
        """Its connection."""
        self._http.close()

    def log_in(self) -> dict[str, Any]:
        """A new session, which the next questions use; the answer."""
        answer: dict[str, Any] = self._http.post("/authorize.json", json=self._login).json()
        self.token, self._left = answer.get("shash", ""), A_SESSION
        return answer

    def lives(self, token: str) -> bool:
        """Whether a session goes on."""
        return bool(self._http.post("/heartBit.json", json={"shash": token}).json() == {"result": "OK"})

    def ask(self, path: str, data: bytes | None = None, **params: Any) -> Any:
        """The answer, which must be good."""
        if not self._left:
            self.log_in()
        self._left -= 1
        params["shash"] = self.token
        if data is None:
            answer = self._http.post(f"/{path}", json=params)
        else:
            answer = self._http.post(f"/{path}", params=params, content=data)
        if answer.headers["content-type"] != "application/json":
            return answer.content
        found = answer.json()
        assert found["result"] == "OK", (path, found)
        return found

    def all(self, path: str, key: str) -> list[dict[str, Any]]:
        """A list, page by page."""
        found: list[dict[str, Any]] = []
        while page := self.ask(path, stamp=found[-1]["stamp"] if found else "1900", limit=PAGE)[key]:
            found += page
        return found


class Device(threading.Thread):
    """Stores messages and records and deletes some of these, until it is told to end."""

    def __init__(self, server: Server, journal: Journal, number: int, password: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.problem = ""
        self._client = Client(server, f"device {number}", password)
        self._journal = journal
        self._number = number
        self._over = over
        self._stored: list[int] = []

    def run(self) -> None:
        try:
            self._log_in()
            self._client.ask("setConfig.json", config=LIMITS)
            turn = 0
            while not self._over.wait(PAUSE):
                turn += 1
                self._turn(turn)
        except Exception as error:
            self.problem = f"device {self._number}: {type(error).__name__}: {error}"
        finally:
            self._client.close()

    def _tell(self, kind: str, text: str) -> None:
        self._journal.tell(json.dumps([kind, text]).encode())

    def _log_in(self) -> None:
        answer = self._client.log_in()
        assert answer["result"] == "OK", answer
        self._tell("token", self._client.token)

    def _turn(self, turn: int) -> None:
        if turn % A_SESSION == 0:
            self._log_in()
        name = f"{self._number}.{turn}"
        self._client.ask("addMsgs.json", msg=name, params={"turn": turn})
        self._tell("message", name)
        size = LARGE if turn % EACH_LARGE == 0 else SMALL
        self._client.ask("addRecord.json", upload(f"{name}.{size}").bytes(), meta=f"{name}.{size}")
        self._tell("record", f"{name}.{size}")
        if turn % EACH_DELETED == 0:
            self._delete_oldest()

    def _delete_oldest(self) -> None:
        """The oldest record of this device that it finds on the first page of what is stored."""
        for found in self._client.ask("getRecordCount.json", limit=PAGE)["records"]:
            if found["device"] == f"device {self._number}":
                meta = self._client.ask("getRecordMeta.json", rid=found["rid"])["meta"]
                self._tell("doomed", meta)
                self._client.ask("deleteRecords.json", records=[found["rid"]])
                self._tell("deleted", meta)
                return


def upload(meta: str) -> Upload:
    """The record that has this metadata."""
    return Upload(meta, int(meta.rpartition(".")[2]))


def work(server: Server, journal: Journal, password: str, seconds: float) -> list[str]:
    """Devices work for so long; what went wrong with them."""
    over = threading.Event()
    devices = [Device(server, journal, number, password, over) for number in range(DEVICES)]
    for each in devices:
        each.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(each.problem for each in devices):
        over.wait(0.05)
    over.set()
    for each in devices:
        each.join()
    return [each.problem for each in devices if each.problem]


def missing(known: Known, client: Client) -> list[str]:
    """What the server doesn't have, or has, that clients know otherwise. The client has logged in."""
    wrong = [f"the session {number} ended" for number, token in enumerate(known.tokens) if not client.lives(token)]
    if known.messages:
        there = {each["msg"] for each in client.all("getMsgs.json", "msgs")}
        wrong += [f"the message {name} is missing" for name in sorted(known.messages - there)]
    if known.records:
        metas = {client.ask("getRecordMeta.json", rid=rid)["meta"]: rid for rid in _record_ids(client)}
        wrong += [f"the record {meta} is missing" for meta in sorted(known.records - known.doomed - set(metas))]
        wrong += [f"the record {meta} was deleted" for meta in sorted(known.deleted & set(metas))]
        for meta, rid in list(metas.items())[-5:]:
            if client.ask("getRecordData.json", rid=rid) != upload(meta).bytes():
                wrong.append(f"the record {meta} has other bytes")
    return wrong


def _record_ids(client: Client) -> list[int]:
    return [each["rid"] for each in client.all("getRecordCount.json", "records")]
