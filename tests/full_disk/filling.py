"""A disk of 64 MB that the server's own data fill: what is refused then, and what must never be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.process import Server
from tests.support.small_disk import SmallDisk
from tests.support.trail import PASSWORD

MB = 1024 * 1024
SIZE = 64 * MB
RECORD = 400_000
MESSAGE = 200_000
MOST = 1000
"""Uploads after which a disk of this size must long be full."""

PATIENCE = 20.0
"""Seconds within which all is well when there is space again."""

PER_SESSION = 150
"""Requests, of the 200 a minute that the account allows a session."""


@dataclass
class Filling:
    """One account on a server whose data are on *disk*. What doesn't hold is in ``wrong``."""

    server: Server
    disk: SmallDisk
    client: httpx.Client
    wrong: list[str] = field(default_factory=list)
    _name: str = ""
    _token: str = ""
    _asked: int = 0

    def begin(self) -> None:
        """Make the account, which allows many requests."""
        self._name = self.server.new_account()
        self.log_in()
        self.ask("setConfig.json", config=[{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}])
        self.log_in()  # a session has the limit of when it began

    # What the account does

    def log_in(self) -> int:
        """Another session; the status."""
        login = {"name": self._name, "pass": PASSWORD, "device": "camera"}
        answer = self.client.post("/authorize.json", json=login)
        if answer.status_code == 200:
            self._token, self._asked = answer.json()["shash"], 0
        return answer.status_code

    def ask(self, path: str, **parameters: object) -> httpx.Response:
        self._renew()
        return self.client.post(f"/{path}", json={"shash": self._token, **parameters})

    def _renew(self) -> None:
        self._asked += 1
        if self._asked > PER_SESSION:
            self.log_in()

    def add_record(self, size: int = RECORD) -> int:
        """The status."""
        self._renew()
        answer = self.client.post("/addRecord.json", params={"shash": self._token}, content=os.urandom(size))
        return answer.status_code

    def send(self, size: int = MESSAGE) -> int:
        """The status."""
        return self.ask("addMsgs.json", msg="m", params=["x" * size]).status_code

    def records(self) -> list[int]:
        """Ids, oldest first."""
        found = self.ask("getRecordCount.json", limit=1000).json()
        return [int(each["rid"]) for each in found.get("records", [])]

    def delete(self, ids: list[int]) -> int:
        """The status."""
        return self.ask("deleteRecords.json", records=ids).status_code

    # What is held to

    def expect(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.wrong.append(f"{what}: {found}, not {wanted}")

    def expect_log(self, pattern: str) -> None:
        """The log says so."""
        try:
            self.server.wait_for(pattern)
        except AssertionError:
            self.wrong.append(f"the log doesn't say {pattern!r}")

    def until_refused(self, write: Callable[[], int]) -> int:
        """Write until three are refused; how many were not."""
        written = refused = 0
        while refused < 3 and written < MOST:
            status = write()
            if status == 200:
                written += 1
            else:
                self.expect("a write on a full disk", status, 503)
                refused += 1
        self.expect("refused", refused, 3)
        return written

    def answers(self, when: str) -> None:
        """Logins, settings, sync marks and deletions are done."""
        for _ in range(5):
            self.expect(f"{when}: login", self.log_in(), 200)
            self.expect(f"{when}: settings", self.ask("setConfig.json", config=[{"kind": 1, "fv": 9}]).status_code, 200)
            self.expect(f"{when}: sync", self.ask("addMsgs.json", msg="sync").status_code, 200)
            oldest = self.records()[:1]
            self.expect(f"{when}: delete", self.delete(oldest or [1]), 200)

    def restart(self) -> None:
        """As after a crash."""
        self.server.kill()
        self.server.start()
        self.client.close()
        self.client = self.server.client()

    def well_again(self, write: Callable[[], int]) -> None:
        """Within some seconds every kind of write is done."""
        deadline = time.monotonic() + PATIENCE
        while write() != 200 or self.add_record(1000) != 200 or self.send(1000) != 200:
            if time.monotonic() > deadline:
                self.wrong.append(f"not well again: {self.disk.free} bytes are free")
                return
            time.sleep(0.2)

    def finish(self) -> list[str]:
        """The database is whole."""
        self.expect("check", self.server.check(), "")
        self.wrong += self.server.trouble()
        return self.wrong


def by_default(filling: Filling) -> None:
    """With default options: three times as many records as the disk holds are stored, the oldest are gone."""
    refused = 0
    for _ in range(3 * SIZE // RECORD):
        refused += filling.add_record() != 200
    filling.expect("refused uploads", refused, 0)
    ids = filling.records()
    if not 20 <= len(ids) < SIZE // RECORD or ids[-1] != 3 * SIZE // RECORD:
        filling.wrong.append(f"{len(ids)} records, {ids[:1]} to {ids[-1:]}")
    filling.answers("space is kept free")
    filling.expect_log("deleted the oldest .* for space on the disk")


def without_keeping(filling: Filling, by_messages: bool) -> None:
    """With ``--keep-free 0``: new data are refused, all else is done, also by a server that was killed; and when enough
    is deleted all is well."""
    write = filling.send if by_messages else filling.add_record
    filling.until_refused(write)
    filling.expect_log("the disk is full: .* bytes free. New records and messages are refused")
    filling.answers("full")
    filling.until_refused(write)
    filling.restart()
    filling.expect("the page", filling.ask("console/session.json").json().get("disk"), "full")
    filling.answers("full, after a restart")
    if by_messages:
        filling.server.account("remove", filling._name)
        filling.begin()
    else:
        filling.expect("delete", filling.delete(filling.records()), 200)
    filling.well_again(write)


def by_another(filling: Filling) -> None:
    """Another program takes the last byte, and the records are too few to give what is to be kept free."""
    for _ in range(5):
        filling.expect("with space", filling.add_record(), 200)
    filling.disk.fill()
    filling.until_refused(filling.send)
    filling.expect_log("the disk is full: ")
    filling.expect("records", len(filling.records()), 5)
    filling.answers("full")
    filling.restart()
    filling.answers("full, after a restart")
    filling.disk.empty()
    filling.well_again(filling.add_record)


CASES: dict[str, tuple[tuple[str, ...], Callable[[Filling], None]]] = {
    "by its records, default options": ((), by_default),
    "by its records, --keep-free 0": (("--keep-free=0",), lambda filling: without_keeping(filling, by_messages=False)),
    "by its messages, --keep-free 0": (("--keep-free=0",), lambda filling: without_keeping(filling, by_messages=True)),
    "by another program, default options": ((), by_another),
    "by another program, --keep-free 0": (("--keep-free=0",), by_another),
}
"""How the disk is filled: the server's options, and what is done and held to."""


def run(case: str, folder: Path, disk: SmallDisk) -> list[str]:
    """One of :data:`CASES` on a server of its own, whose data folder is ``data`` in *folder*; what didn't hold."""
    options, fill = CASES[case]
    server = Server(folder, "--cooldown=0", *options)
    server.start()
    try:
        filling = Filling(server, disk, server.client())
        try:
            filling.begin()
            fill(filling)
            return filling.finish()
        finally:
            filling.client.close()
    finally:
        server.stop()
