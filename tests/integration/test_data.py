"""The life of the data: ``webcam backup``, ``restore``, ``check``, ``import`` as processes of their own, and a server.

``WEBCAM_IMPORT_ROWS`` says how many records and messages the imported database has (3,000).
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from tests.support.old_database import CLIENTS, fill
from tests.support.process import DEADLINE, LOOPBACK, Server, environment, run_to_its_end, until
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD

ROWS = int(os.environ.get("WEBCAM_IMPORT_ROWS", "3000"))

A_SESSION = 190
"""Requests of a session: below the most that a minute may have."""

_WEBCAM = "import sys; from webcam.admin import main; sys.exit(main())"

_KILLED = """
import os, signal, sys
from webcam.admin import importing, main

left = int(sys.argv.pop(1))
real = importing.connect

def connect(path):
    connection = real(path)

    def count(_):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    connection.set_trace_callback(count)
    return connection

importing.connect = connect
sys.exit(main())
"""
"""``webcam``, killed right before so many statements on its own database were run."""


def webcam(data: Path, *arguments: str, program: str = _WEBCAM, more: tuple[str, ...] = ()) -> Any:
    """The process as it ended."""
    command = [sys.executable, "-c", program, *more, *arguments, "--data", str(data)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=2 * DEADLINE, check=False)


class Writer(threading.Thread):
    """Devices of ``user``, one after the other, that write as fast as they are answered; what that was for."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.messages: list[str] = []
        self.records: list[bytes] = []
        self.stopped = threading.Event()
        self.wrong: list[Any] = []
        self._client = server.client()

    def run(self) -> None:
        with self._client:
            for session in itertools.count():
                login = {"name": "user", "pass": PASSWORD, "device": f"writer {session}"}
                shash = self._client.post("/authorize.json", json=login).json()["shash"]
                for number in range(A_SESSION // 2):
                    self._write(shash, f"{session} {number}")
                    if self.stopped.is_set() or self.wrong:
                        return

    def _write(self, shash: str, text: str) -> None:
        self._ask(self._client.post("/addMsgs.json", json={"shash": shash, "msg": f"message {text}"}))
        self.messages.append(f"message {text}")
        data = f"record {text} ".encode() * 1000
        self._ask(self._client.post("/addRecord.json", params={"shash": shash}, content=data))
        self.records.append(data)

    def _ask(self, answer: httpx.Response) -> None:
        if answer.json() != OK:
            self.wrong.append(answer.text)


class DataCase(ServerCase):
    """``said`` runs the operator's program on the data of ``self.server``."""

    def said(self, *arguments: str) -> str:
        ended = webcam(self.server.data, *arguments)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        return str(ended.stdout)

    def refused(self, text: str, *arguments: str) -> None:
        ended = webcam(self.server.data, *arguments)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertIn(text, ended.stderr)
        self.assertEqual(ended.stderr.count("\n"), 1)

    def listed(self, path: str, key: str, shash: str) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        while page := self.call(path, shash=shash, stamp=found[-1]["stamp"] if found else "1970", limit=1000)[key]:
            found += page
        return found

    def data_of(self, shash: str, record_id: int) -> bytes:
        return self.http.post("/getRecordData.json", json={"shash": shash, "rid": record_id}).content


class BackupTests(DataCase):
    def busy(self) -> Writer:
        """A server of its own with two thousand messages, and somebody who writes to it."""
        self.own_server()
        shash = self.authorize("camera")
        for number in range(20):
            self.call("addMsgs.json", shash=shash, msgs=[{"msg": f"first {number} {each}"} for each in range(100)])
        raised = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        self.assertEqual(self.call("setConfig.json", shash=shash, config=raised), OK)
        writer = Writer(self.server)
        self.addCleanup(writer.join)
        self.addCleanup(writer.stopped.set)
        writer.start()
        return writer

    def test_while_the_server_writes_then_restored(self) -> None:
        """What was answered before the backup began is in it; the server misses nothing; the restored one serves it."""
        writer = self.busy()
        file = self.folder() / "backup.db"
        until(lambda: len(writer.records) > 3 or writer.wrong, "something is written")
        before = (len(writer.messages), list(writer.records))
        self.said("backup", str(file))
        self.assertIn("is whole", self.said("check"))
        after = len(writer.records)
        until(lambda: len(writer.records) > after or writer.wrong, "it goes on")
        writer.stopped.set()
        writer.join()
        self.assertEqual(writer.wrong, [])
        shash = self.authorize("checker")
        self.assertEqual(len(self.listed("getRecordCount.json", "records", shash)), len(writer.records))

        self.server.stop()
        self.assertIn("webcam.db.before-restore", self.said("restore", str(file)))
        self.server.start()
        self._client = None
        shash = self.authorize("checker")
        names = [each["msg"] for each in self.listed("getMsgs.json", "msgs", shash) if each["device"] != "camera"]
        self.assertEqual(names, writer.messages[: len(names)])
        self.assertGreaterEqual(len(names), before[0])
        kept = [self.data_of(shash, each["rid"]) for each in self.listed("getRecordCount.json", "records", shash)]
        self.assertEqual(kept, writer.records[: len(kept)])
        self.assertGreaterEqual(len(kept), len(before[1]))
        self.assertEqual(self.call("addMsgs.json", shash=shash, msg="life goes on"), OK)

    def test_after_kill(self) -> None:
        """A server that was killed locks nobody out, and what it had answered is in the backup."""
        self.own_server()
        shash = self.authorize("camera")
        self.assertEqual(self.call("addMsgs.json", shash=shash, msg="the last one"), OK)
        self.server.kill()
        file = self.folder() / "backup.db"
        self.said("backup", str(file))
        self.said("restore", str(file))
        self.server.start()
        self._client = None
        found = self.listed("getMsgs.json", "msgs", self.authorize("phone"))
        self.assertEqual([each["msg"] for each in found], ["the last one"])


class LockTests(DataCase):
    def test_two_servers_of_one_folder(self) -> None:
        """The second is refused in one line, and the first goes on."""
        self.own_server()
        ended = run_to_its_end(self.server.data, f"--listen={LOOPBACK}")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn(f"webcam: the data folder {self.server.data} is in use: a server runs on it\n", ended.stdout)
        self.assertNotIn("Traceback", ended.stdout)
        self.assertEqual(self.call("heartBit.json", shash=self.authorize("phone")), OK)

    def test_a_daemon_keeps_the_folder_to_itself(self) -> None:
        """It forks when it has the lock already."""
        folder = self.folder()
        data = folder / "data"
        program = "from twisted.scripts.twistd import run; run()"
        options = [
            "--pidfile",
            "pid",
            "--logfile",
            "log",
            "webcam",
            "--plain",
            f"--listen={LOOPBACK}",
            "--data",
            str(data),
        ]
        subprocess.run(
            [sys.executable, "-c", program, *options], cwd=folder, env=environment(), timeout=DEADLINE, check=True
        )
        self.addCleanup(self.end_daemon, folder)
        self.assertIn("is in use: a server runs on it", run_to_its_end(data, f"--listen={LOOPBACK}").stdout)

    def end_daemon(self, folder: Path) -> None:
        """By its own id; it is no child of this process."""
        number = int((folder / "pid").read_text())
        os.kill(number, 15)
        until(lambda: not (folder / "pid").exists(), "the daemon ends")


class ImportTests(DataCase):
    def rows(self, path: Path, statement: str) -> list[Any]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(statement).fetchall()

    def content(self, data: Path) -> dict[str, list[Any]]:
        """All that a run makes; hashes of passwords have salt."""
        names = ("settings", "sessions", "sync_marks", "messages", "records", "record_parts")
        found = {name: self.rows(data / "webcam.db", f"SELECT * FROM {name} ORDER BY 1, 2") for name in names}
        found["accounts"] = self.rows(data / "webcam.db", "SELECT id, name, generation, last_stamp FROM accounts")
        return found

    def test_killed_again_and_again(self) -> None:
        """kill -9 between any two statements; the next run goes on, and in the end all is there once, and served."""
        folder = self.folder()
        old, whole, data = folder / "old.db", folder / "whole", folder / "data"
        fill(old, ROWS)
        whole.mkdir()
        data.mkdir()
        ended = webcam(whole, "import", str(old))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        kills = 0
        for statements in itertools.cycle((3, 40, ROWS // 3 + 600, ROWS + 700)):
            ended = webcam(data, "import", str(old), program=_KILLED, more=(str(statements),))
            if ended.returncode == 0:
                break
            self.assertEqual((ended.returncode, ended.stderr), (-9, ""))
            kills += 1
        self.assertGreater(kills, 3)
        self.assertIn(f"{old} is taken over", ended.stdout)
        self.assertEqual(self.content(data), self.content(whole))
        self.served(folder, old)

    def served(self, folder: Path, old: Path) -> None:
        """The clients of the older server find what they had there: by its passwords, ids, and bytes."""
        self.server = Server(folder)
        self.addCleanup(self.server.stop)
        # The file is some years old: nothing of it would be kept.
        with closing(sqlite3.connect(self.server.data / "webcam.db")) as connection:
            for table in ("messages", "records"):
                connection.execute(
                    f"UPDATE {table} SET stamp = DATETIME('now', '-1 hour') || SUBSTR(stamp, 20),"
                    " stored = (strftime('%s', 'now') - 3600) * 1000000"
                )
            connection.commit()
        self.server.start()
        self._client = None
        for number, (name, password) in enumerate(CLIENTS):
            login = {"name": name, "pass": password, "device": "checker"}
            shash = self.call("authorize.json", **login)["shash"]
            for record_id, data in self.rows(old, f"SELECT id, data FROM records WHERE cid = {number + 1} LIMIT 5"):
                if data:
                    self.assertEqual(self.data_of(shash, record_id), data)
