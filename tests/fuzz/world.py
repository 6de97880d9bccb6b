"""What the requests find: accounts, sessions that their limits don't end, records, and a camera that streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.fuzz.wire import HTTP1, HTTP2, Answer, Request, Sender
from tests.support.field_client import FieldClient
from tests.support.images import jpeg
from tests.support.process import Server
from webcam.wire.frames import encode

OPTIONS = ("--cooldown=0", "--body-limit=16K", "--record-limit=64K", "--frame-limit=32K")
"""Of the server: limits that requests of this size meet."""

NAME, PASSWORD = "fuzz", "sesame-right"
PASSWORD_NAME = "changes-its-password"
SETTINGS_NAME = "settings"
"""The account whose settings change: its sessions may make few requests."""

ELSEWHERE = "127.0.0.2"
"""Where logins come from that may fail: so many of one address lock it out, and the others here have to log in."""

CAMERA = "camera"
RECORDS = 4
_CHARGES = {NAME: 190, PASSWORD_NAME: 40, SETTINGS_NAME: 15}
"""Requests of a session: below the 200 a minute that are set, the 50 as a rule, and the 20 that may be set."""

_GENEROUS = [{"kind": 2, "fv": 30}, {"kind": 3, "fv": 10_000}, {"kind": 4, "fv": 200}]


class World:
    """A running server's; ended by :meth:`close`."""

    def __init__(self, server: Server) -> None:
        for name in _CHARGES:
            server.account("add", name, password=PASSWORD)
        self.senders: Sequence[Sender] = (HTTP1(server), HTTP2(server))
        self.stranger = HTTP1(server, ELSEWHERE)
        self._tokens: dict[str, tuple[str, int]] = {}
        self._records: list[int] = []
        self._link = ""
        self._picture: int | None = None
        self.ask("setConfig.json", shash=self.token(), config=_GENEROUS)
        self._tokens.clear()  # what a session may ask for at once is what the limit was when it began
        self._camera = FieldClient(server)
        token = self.ask("authorize.json", name=NAME, **{"pass": PASSWORD}, device=CAMERA)["shash"]
        upload = self._camera.open("POST", f"/input.raw?shash={token}")
        self._camera.send(upload, encode(b"\xff\xd8\xffa picture"))
        self._camera.call("/getServerTime.json")  # what was sent before it has arrived

    def ask(self, path: str, **question: Any) -> Any:
        """A good question's answer. Raises ``AssertionError`` for a bad one."""
        return _good(path, self.senders[0](Request("POST", f"/{path}", body=json.dumps(question).encode())))

    def token(self, name: str = NAME) -> str:
        """Of a session that has a request left, counted as made."""
        token, left = self._tokens.get(name, ("", 0))
        if not left:
            token = self.ask("authorize.json", name=name, **{"pass": PASSWORD}, device="fuzzer")["shash"]
            left = _CHARGES[name]
        self._tokens[name] = token, left - 1
        return token

    def record(self, choice: int) -> int:
        """The id of a record that is there."""
        if not self._records:
            found = self.ask("getRecordCount.json", shash=self.token(), limit=RECORDS)["records"]
            while len(found) < RECORDS:
                query = [("shash", self.token())]
                _good(
                    "addRecord.json", self.senders[0](Request("POST", "/addRecord.json", query, body=b"GIF89a" * 900))
                )
                found = self.ask("getRecordCount.json", shash=self.token(), limit=RECORDS)["records"]
            self._records = [each["rid"] for each in found]
        return self._records[choice % len(self._records)]

    def picture(self) -> int:
        """The id of a record that is there, and a picture."""
        if self._picture is None:
            query = [("shash", self.token())]
            _good("addRecord.json", self.senders[0](Request("POST", "/addRecord.json", query, body=jpeg(64, 48))))
            self._picture = self.ask("console/records.json", shash=self.token(), limit=1)["records"][0]["rid"]
        return self._picture

    def link(self) -> str:
        """The token of a link to the camera, in the place of all that requests made before."""
        if not self._link:
            for each in self.ask("console/shares.json", shash=self.token())["shares"]:
                self.ask("console/unshare.json", shash=self.token(), id=each["id"])
            made = self.ask("console/share.json", shash=self.token(), device=CAMERA, hours=1)
            self._link = made["path"].partition("/")[2]
        return self._link

    def deleted(self) -> None:
        """Records may be gone."""
        self._records = []
        self._picture = None

    def logged_out(self) -> None:
        """A session may have ended."""
        self._tokens = {}

    def close(self) -> None:
        self._camera.close()
        for sender in (*self.senders, self.stranger):
            sender.close()


def _good(path: str, answer: Answer) -> Any:
    found = json.loads(answer.body)
    assert found["result"] == "OK", (path, found)
    return found
