"""The operator changes accounts while the server runs, by ``webcam account`` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.web.client import RequestTransmissionFailed, ResponseNeverReceived

from tests.support.agent import Treq, Upload
from tests.support.process import DEADLINE, Server, environment
from tests.support.trail import PASSWORD, used

OTHER = "sesame-9Rw4tY"
BAD_SESSION = {"result": "BAD", "code": 6}
BAD_USER = {"result": "BAD", "code": 7}
OK = {"result": "OK"}

_WEBCAM = "import sys; from webcam.admin import main; sys.exit(main())"


def account(server: Server, *arguments: str, password: str = "") -> str:
    """What the console script prints."""
    command = [sys.executable, "-c", _WEBCAM, "account", *arguments, "--data", str(server.data)]
    said = f"{used('password', password)}\n" if password else None
    ended = subprocess.run(
        command, input=said, env=environment(), capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


async def ends(client: Treq, shash: str) -> Any:
    """Ask with a session until it is refused; the server looks at its accounts every other second."""
    deadline = reactor.seconds() + DEADLINE
    while reactor.seconds() < deadline:
        answer = await client.call("getServerTime.json", shash=shash)
        if answer["result"] == "BAD":
            return answer
        await task.deferLater(reactor, 0.05)
    raise AssertionError("the session goes on")


@pytest_twisted.ensureDeferred
async def test_added_account_logs_in(server: Server, treq: Treq) -> None:
    """An account works from the moment it is added, and not before."""
    assert await treq.authorize("added", "camera") == BAD_USER
    assert account(server, "add", "added", "--password-stdin", password=PASSWORD) == "added added\n"
    answer = await treq.authorize("added", "camera")
    assert answer["result"] == "OK"
    assert await treq.call("heartBit.json", shash=answer["shash"]) == OK
    assert "added" in account(server, "list").splitlines()


@pytest_twisted.ensureDeferred
async def test_changed_password_ends_sessions(server: Server, treq: Treq) -> None:
    """A new password ends the account's sessions; the old one logs nobody in."""
    account(server, "add", "changed", "--password-stdin", password=PASSWORD)
    account(server, "add", "untouched", "--password-stdin", password=PASSWORD)
    changed = (await treq.authorize("changed", "camera"))["shash"]
    untouched = (await treq.authorize("untouched", "camera"))["shash"]
    account(server, "passwd", "changed", "--password-stdin", password=OTHER)
    assert await ends(treq, changed) == BAD_SESSION
    assert await treq.authorize("changed", "camera") == BAD_USER
    assert (await treq.authorize("changed", "camera", OTHER))["result"] == "OK"
    assert await treq.call("heartBit.json", shash=untouched) == OK


@pytest_twisted.ensureDeferred
async def test_removed_account_is_gone(server: Server, treq: Treq) -> None:
    """A removed account's sessions and records are gone; one of the same name begins with nothing."""
    account(server, "add", "removed", "--password-stdin", password=PASSWORD)
    shash = (await treq.authorize("removed", "camera"))["shash"]
    stored = await treq.post("addRecord.json", params={"shash": shash}, data=b"picture")
    assert await stored.json() == OK
    account(server, "remove", "removed")
    assert await ends(treq, shash) == BAD_SESSION
    assert await treq.authorize("removed", "camera") == BAD_USER
    account(server, "add", "removed", "--password-stdin", password=PASSWORD)
    shash = (await treq.authorize("removed", "camera"))["shash"]
    assert (await treq.call("getRecordCount.json", shash=shash))["records"] == []


@pytest_twisted.ensureDeferred
async def test_removed_account_ends_its_stream(server: Server, treq: Treq) -> None:
    """The end of a session takes its live stream with it."""
    account(server, "add", "streaming", "--password-stdin", password=PASSWORD)
    shash = (await treq.authorize("streaming", "camera"))["shash"]
    upload = Upload()
    answer = Deferred.fromCoroutine(treq.post("input.raw", params={"shash": shash}, data=upload))
    await upload.begun
    while not (await treq.call("getStreams.json", shash=shash))["devices"]:
        pass
    account(server, "remove", "streaming")
    assert await ends(treq, shash) == BAD_SESSION
    with pytest.raises((ResponseNeverReceived, RequestTransmissionFailed)):
        await answer
