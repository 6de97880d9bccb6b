"""kill -9 under load: whatever was answered OK is there after the restart.

``WEBCAM_CRASH_ROUNDS`` says how often (3).
"""

from __future__ import annotations

import os
import random
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.process import Server
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD

ROUNDS = int(os.environ.get("WEBCAM_CRASH_ROUNDS", "3"))
WORKERS = 3
A_SESSION = 190
"""Requests of a session: below the most that a minute may have."""


@dataclass
class Answered:
    """What one worker was told OK for."""

    sessions: list[tuple[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    records: list[tuple[str, bytes]] = field(default_factory=list)
    lifetime: tuple[int, int] = (30, 30)
    """The last setting that was answered, and the last that was asked for."""


class Load(threading.Thread):
    """One client that writes as fast as it is answered, until the server is gone. Its devices bear its name."""

    def __init__(self, server: Server, name: str, settings: bool) -> None:
        super().__init__(name=name, daemon=True)
        self.answered = Answered()
        self.begun = threading.Event()
        self.wrong: list[Any] = []
        self._client = server.client()
        self._settings = settings

    def run(self) -> None:
        try:
            with self._client:
                while not self.wrong:
                    self._session()
        except httpx.TransportError:
            pass  # killed, as planned
        finally:
            self.begun.set()

    def _session(self) -> None:
        device = f"{self.name}-{len(self.answered.sessions)}"
        login = {"name": "user", "pass": PASSWORD, "device": device}
        shash = self._client.post("/authorize.json", json=login).json()["shash"]
        self.answered.sessions.append((shash, device))
        for number in range(0, A_SESSION, 3):
            self._message(shash, f"{device} message {number}")
            self._record(shash, device, f"{device} record {number} ".encode() * 300)
            if self._settings:
                self._setting(shash, 1 + number // 3)
            self.begun.set()

    def _message(self, shash: str, text: str) -> None:
        self._ask(self._client.post("/addMsgs.json", json={"shash": shash, "msg": text}))
        self.answered.messages.append(text)

    def _record(self, shash: str, device: str, data: bytes) -> None:
        self._ask(self._client.post("/addRecord.json", params={"shash": shash}, content=data))
        self.answered.records.append((device, data))

    def _setting(self, shash: str, days: int) -> None:
        self.answered.lifetime = (self.answered.lifetime[0], days)
        config = [{"kind": 6, "fv": days}]
        self._ask(self._client.post("/setConfig.json", json={"shash": shash, "config": config}))
        self.answered.lifetime = (days, days)

    def _ask(self, answer: httpx.Response) -> None:
        if answer.json() != OK:
            self.wrong.append(answer.text)


class Crash(ServerCase):
    """The same data over all rounds."""

    timeout = 60 + 30 * ROUNDS

    def test_answered_is_kept(self) -> None:
        """Messages, records, settings and sessions survive kill -9 at a random moment, every time."""
        self.own_server()
        seed = random.randrange(2**32)
        moments = random.Random(seed)
        raised = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        self.assertEqual(self.call("setConfig.json", shash=self.authorize("first"), config=raised), OK)
        for number in range(ROUNDS):
            with self.subtest(seed=seed, round=number):
                load = [Load(self.server, f"{number}-{worker}", not worker) for worker in range(WORKERS)]
                for each in load:
                    each.start()
                for each in load:
                    each.begun.wait()
                threading.Event().wait(moments.uniform(0.0, 1.0))  # the random moment
                self.server.kill()
                for each in load:
                    each.join()
                self.assertEqual([each.wrong for each in load if each.wrong], [])
                self.server.start()
                self.use_client(self.server.client())
                self.check([each.answered for each in load])

    def check(self, answered: list[Answered]) -> None:
        """All of one round's answers."""
        for each in answered:
            for shash, _ in each.sessions:
                self.assertEqual(self.call("getDevicesOnline.json", shash=shash)["result"], "OK")
        shash = self.authorize("checker")
        days = next(each["fv"] for each in self.call("getConfig.json", shash=shash)["config"] if each["kind"] == 6)
        self.assertIn(days, answered[0].lifetime)
        kept = {each["msg"] for each in self.listed("getMsgs.json", "msgs", shash)}
        for each in answered:
            self.assertEqual(set(each.messages) - kept, set())
            self.assertTrue(each.records)
        self.check_records(shash, answered)

    def check_records(self, shash: str, answered: list[Answered]) -> None:
        """By device: all that were answered, at most one more, and the last of them byte for byte."""
        by_device: dict[str, list[int]] = {}
        for each in self.listed("getRecordCount.json", "records", shash):
            by_device.setdefault(each["device"], []).append(each["rid"])
        for worker in answered:
            for _, device in worker.sessions:
                sent = [data for name, data in worker.records if name == device]
                kept = by_device.get(device, [])
                self.assertIn(len(kept) - len(sent), (0, 1))
                if sent:
                    wanted = {"shash": shash, "rid": kept[len(sent) - 1]}
                    fetched = self.http.post("/getRecordData.json", json=wanted).content
                    self.assertEqual(fetched, sent[-1])

    def listed(self, path: str, key: str, shash: str) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        while True:
            stamp = found[-1]["stamp"] if found else "2000"
            page = self.call(path, shash=shash, stamp=stamp, limit=1000)[key]
            if not page:
                return found
            found += page
