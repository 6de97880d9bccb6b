"""What is there after the restart, as the protocol tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from tests.crash.client import A_SESSION, read
from tests.crash.operations import LogIn

PAGE = 1000


class Refused(Exception):
    """An answer that isn't good; the text is the answer."""


class Inspector:
    """Looks at everything as any device of the account, by sessions of its own; none of them ever acknowledges."""

    def __init__(self, client: httpx.Client, account: str) -> None:
        self._client = client
        self._account = account
        self._tokens: dict[str, tuple[str, int]] = {}

    def close(self) -> None:
        """Its connection."""
        self._client.close()

    def messages(self, device: str, after: str) -> list[dict[str, Any]]:
        """All that the device may have, later than a stamp, oldest first."""
        return self._pages("getMsgs.json", "msgs", device, after)

    def records(self) -> list[dict[str, Any]]:
        """All of the account, oldest first."""
        return self._pages("getRecordCount.json", "records", "inspector", "2000")

    def meta(self, record_id: int) -> str | None:
        """Metadata of a record; ``None`` when there is no such record."""
        answer = read(self._post("getRecordMeta.json", "inspector", rid=record_id))
        return None if answer.get("code") == 9 else answer["meta"]

    def data(self, record_id: int) -> bytes | None:
        """The bytes of a record; ``None`` when there is no such record."""
        answer = self._post("getRecordData.json", "inspector", rid=record_id)
        gone = answer.headers["content-type"] == "application/json" and read(answer).get("code") == 9
        return None if gone else answer.content

    def settings(self) -> dict[int, float]:
        """By kind."""
        answer = self._ask("getConfig.json", "inspector")
        return {each["kind"]: each["fv"] for each in answer["config"]}

    def lives(self, token: str) -> bool:
        """Whether a session goes on."""
        return bool(read(self._client.post("/heartBit.json", json={"shash": token})) == {"result": "OK"})

    def raise_limits(self, config: Sequence[dict[str, float]]) -> None:
        """Of the account."""
        self._ask("setConfig.json", "inspector", config=config)

    def log_in_anew(self) -> None:
        """Before the next request: sessions may have ended."""
        self._tokens.clear()

    def write(self) -> bool:
        """Whether storage takes one of each kind of write, in one go."""
        self.log_in_anew()
        try:
            self._ask("addMsgs.json", "inspector", msg="written")
            self._ask("getMsgsAndSync.json", "reader")
            self._ask("deleteRecords.json", "inspector", records=[self.add_record(b"written")])
            self._ask("setConfig.json", "inspector", config=[{"kind": 6, "fv": 30}])
        except Refused:
            return False
        return True

    def send(self, messages: Sequence[dict[str, Any]]) -> None:
        """Messages, in one request."""
        self._ask("addMsgs.json", "inspector", msgs=messages)

    def add_record(self, data: bytes) -> int:
        """Its id: that of the account's newest."""
        self._ask("heartBit.json", "inspector")
        params = {"shash": self._tokens["inspector"][0]}
        _good(self._client.post("/addRecord.json", params=params, content=data))
        return int(self.records()[-1]["rid"])

    def _pages(self, path: str, key: str, device: str, after: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            stamp = found[-1]["stamp"] if found else after or "2000"
            page = self._ask(path, device, stamp=stamp, limit=PAGE)[key]
            found += page
            if not page:
                return found

    def _ask(self, path: str, device: str, **params: Any) -> dict[str, Any]:
        return _good(self._post(path, device, **params))

    def _post(self, path: str, device: str, **params: Any) -> httpx.Response:
        token, used = self._tokens.get(device, ("", A_SESSION))
        if used >= A_SESSION:
            question = LogIn(self._account, device).question()
            token, used = str(_good(self._client.post(f"/{question.path}", json=question.params))["shash"]), 0
        self._tokens[device] = token, used + 1
        return self._client.post(f"/{path}", json={"shash": token, **params})


def _good(answer: httpx.Response) -> dict[str, Any]:
    found = read(answer)
    if found.get("result") != "OK":
        raise Refused(f"{answer.status_code} {found}")
    return found
