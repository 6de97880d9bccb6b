"""``webcam restore`` while the server runs, and devices with it; and with either of the two killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx

from tests.integration.test_data import _WEBCAM, DataCase
from tests.support.process import DEADLINE, environment, until
from tests.support.session import OK, bad
from webcam.ports import RECORD_PART
from webcam.wire.frames import encode

KILLS = int(os.environ.get("WEBCAM_RESTORE_KILLS", "4"))
"""Rounds in which the server is killed, and as many in which the program is."""


class Device(threading.Thread):
    """Sends messages as fast as they are answered, whatever the answers are, until it is stopped."""

    def __init__(self, client: httpx.Client, shash: str) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._shash = shash
        self.stopped = threading.Event()
        self.answers: set[tuple[int, str]] = set()

    def run(self) -> None:
        with self._client:
            while not self.stopped.is_set():
                answer = self._client.post("/addMsgs.json", json={"shash": self._shash, "msg": "busy"})
                self.answers.add((answer.status_code, answer.text))


class RestoreCase(DataCase):
    def setUp(self) -> None:
        self.own_server()
        self.file = self.folder() / "backup.db"
        self.raise_limits()

    def raise_limits(self) -> None:
        raised = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        self.assertEqual(self.call("setConfig.json", shash=self.authorize("admin"), config=raised), OK)

    def send(self, shash: str, *names: str) -> None:
        self.assertEqual(self.call("addMsgs.json", shash=shash, msgs=[{"msg": each} for each in names]), OK)

    def names(self, shash: str) -> list[str]:
        return [each["msg"] for each in self.listed("getMsgs.json", "msgs", shash) if each["msg"] != "busy"]

    def newest(self, shash: str) -> str:
        """The greatest stamp that the server gave so far."""
        return str(self.call("getServerTime.json", shash=shash)["stamp"])


class WhileItRuns(RestoreCase):
    def test_devices_go_on_with_the_restored_database(self) -> None:
        """The backup's data, accounts and sessions count; streams of sessions that it has go on, the others end."""
        phone, viewer = self.authorize("phone"), self.authorize("viewer")
        self.send(phone, "before")
        field = self.connect()
        stream = self.publish(field, "camera")
        seen = self.watch(field, viewer, "camera")
        self.said("backup", str(self.file))
        self.send(phone, "after")
        self.server.account("add", "late", password="sesame-late")
        late = self.authorize("later")
        lost = self.publish(field, "later camera")
        newest = self.newest(phone)

        told = self.said("restore", str(self.file))
        self.assertIn("restored", told)
        self.assertIn("the database that was there is ", told)
        self.assertEqual(self.call("heartBit.json", shash=late), bad(6))
        field.wait(lambda: field.answers[lost].over)
        self.assertEqual(self.streaming(phone), ["camera"])
        field.send(stream, encode(b"a picture"))
        field.wait(lambda: field.answers[seen].body == encode(b"a picture"))
        self.assertEqual(self.names(viewer), ["before"])
        self.send(phone, "now")
        (stamp,) = [each["stamp"] for each in self.listed("getMsgs.json", "msgs", viewer) if each["msg"] == "now"]
        self.assertGreater(stamp, newest)
        self.assertEqual(self.server.account("list"), "user\nwebcam\n")
        self.assertIn("is whole", self.said("check"))
        with closing(sqlite3.connect(self.server.data / "webcam.db.before-restore")) as kept:
            found = [name for (name,) in kept.execute("SELECT name FROM messages ORDER BY stamp")]
        self.assertEqual([each for each in found if each != "busy"], ["before", "after"])

        self.server.stop()
        self.server.start()
        self._client = None
        self.assertEqual(self.names(viewer), ["before", "now"])
        self.assertEqual(self.call("heartBit.json", shash=late), bad(6))
        self.assertEqual(sorted(each.name for each in self.server.data.glob("*restor*")), self.LEFT)
        events = [json.loads(line) for line in (self.server.data / "audit.log").read_text().splitlines()]
        (exchanged,) = [each for each in events if each["event"] == "database_exchanged"]
        self.assertEqual((exchanged["kept"], exchanged["sessions_ended"]), ("webcam.db.before-restore", 2))

    LEFT = ["restore-lock", "webcam.db.before-restore"]

    def test_while_many_write(self) -> None:
        """Each answer is one of three: stored, refused for the moment, no session. Nothing else goes wrong."""
        self.said("backup", str(self.file))
        devices = [Device(self.server.client(), self.authorize(f"device {number}")) for number in range(4)]
        for each in devices:
            self.addCleanup(each.join)
            self.addCleanup(each.stopped.set)
            each.start()
        for number in range(2):
            self.said("restore", str(self.file))
            self.assertEqual(self.names(self.authorize(f"checker {number}")), [])
        for each in devices:
            each.stopped.set()
            each.join()
        answers = set().union(*(each.answers for each in devices))
        text = {(200, json.dumps(each, separators=(",", ":"))) for each in (OK, bad(6))}
        unavailable = {(503, json.dumps(bad(code), separators=(",", ":"))) for code in (2, 3)}
        self.assertLessEqual(answers, text | unavailable)
        self.assertLessEqual(text, answers)
        self.assertIn("is whole", self.said("check"))

    def test_an_upload_that_spans_it_is_refused_and_can_be_made_again(self) -> None:
        """What came of it went to the other database; the client is told, and nothing of it is in the list."""
        camera = self.authorize("camera")
        self.said("backup", str(self.file))
        data = os.urandom(4 * RECORD_PART)

        def body() -> Iterator[bytes]:
            yield data[: 2 * RECORD_PART]
            until(lambda: self.parts() > 0, "a part is on disk")
            self.said("restore", str(self.file))
            yield data[2 * RECORD_PART :]

        answer = self.http.post("/addRecord.json", params={"shash": camera}, content=body())
        self.assertEqual((answer.status_code, answer.json()), (503, bad(3)))
        self.assertEqual(self.listed("getRecordCount.json", "records", camera), [])
        again = self.http.post("/addRecord.json", params={"shash": camera}, content=data)
        self.assertEqual(again.json(), OK)
        (record,) = self.listed("getRecordCount.json", "records", camera)
        self.assertEqual(self.data_of(camera, record["rid"]), data)
        self.assertIn("is whole", self.said("check"))

    def parts(self) -> int:
        with closing(sqlite3.connect(f"file:{self.server.data / 'webcam.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM record_parts").fetchone()[0])

    def test_a_file_that_is_no_backup(self) -> None:
        """The server isn't even asked."""
        self.file.write_bytes(b"no database" * 1000)
        self.refused("can't restore", "restore", str(self.file))
        self.assertEqual(self.call("heartBit.json", shash=self.authorize("phone")), OK)

    def test_a_database_that_another_program_reads(self) -> None:
        """The server goes on with the one that it has, and the program says why."""
        phone = self.authorize("phone")
        self.said("backup", str(self.file))
        self.send(phone, "after")
        with closing(sqlite3.connect(self.server.data / "webcam.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM accounts").fetchone()
            self.refused("is in use by another program", "restore", str(self.file))
        self.send(phone, "and on")
        self.assertEqual(self.names(self.authorize("viewer")), ["after", "and on"])
        self.said("restore", str(self.file))
        self.assertEqual(self.names(self.authorize("viewer")), [])


class Killed(RestoreCase):
    """Whenever it happens, one of the two databases is in place, whole; and the exit status tells which."""

    def begin(self) -> Any:
        command = [sys.executable, "-c", _WEBCAM, "restore", str(self.file), "--data", str(self.server.data)]
        return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def marked(self, name: str) -> None:
        self.send(self.authorize("marker"), name)

    def in_place(self) -> list[str]:
        self.assertIn("is whole", self.said("check"))
        with closing(sqlite3.connect(self.server.data / "webcam.db")) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM messages ORDER BY stamp")]

    def prepare(self) -> None:
        """The backup holds one message, the server two."""
        self.marked("old")
        self.said("backup", str(self.file))
        self.marked("new")

    def again(self) -> None:
        self.server.start()
        self._client = None

    def test_the_server(self) -> None:
        self.prepare()
        for _ in range(KILLS):
            program = self.begin()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(random.uniform(0.2, 2.0))
            self.server.kill()
            out, err = program.communicate(timeout=2 * DEADLINE)
            found = self.in_place()
            if program.returncode == 0:
                self.assertEqual(found, ["old"], out)
            else:
                self.assertEqual(found, ["old", "new"], err)
            self.again()
            if found == ["old"]:
                self.marked("new")

    def test_the_program(self) -> None:
        self.prepare()
        for _ in range(KILLS):
            program = self.begin()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(random.uniform(0.2, 2.0))
            program.send_signal(signal.SIGKILL)
            program.communicate(timeout=DEADLINE)
            self.assertEqual(self.call("getServerTime.json")["result"], "OK")
            said = self.server.said
            self.said("restore", str(self.file))
            self.server.wait_for("another database is in place", said)
            self.assertEqual(self.in_place(), ["old"])
            self.marked("new")

    def test_both_twice_before_the_server_took_it(self) -> None:
        """What the program offered is worth nothing without it: the next start keeps what was acknowledged."""
        self.prepare()
        for number in range(2):
            self.marked(f"acknowledged {number}")
            os.kill(self.server.pid, signal.SIGSTOP)
            program = self.begin()
            until((self.server.data / "webcam.db.restore").exists, "the offer is made")
            program.kill()
            program.communicate(timeout=DEADLINE)
            self.server.kill()
            self.again()
            self.server.wait_for("removed a restored database that was offered")
        time.sleep(1.5)  # longer than the server waits between looks
        self.assertEqual(self.in_place(), ["old", "new", "acknowledged 0", "acknowledged 1"])
        self.assertEqual(sorted(each.name for each in self.server.data.glob("*restor*")), ["restore-lock"])

    def test_the_program_while_the_server_stands_still(self) -> None:
        self.prepare()
        os.kill(self.server.pid, signal.SIGSTOP)
        program = self.begin()
        until((self.server.data / "webcam.db.restore").exists, "the offer is made")
        program.kill()
        program.communicate(timeout=DEADLINE)
        os.kill(self.server.pid, signal.SIGCONT)
        self.server.wait_for("removed a restored database that was offered")
        self.assertEqual(self.in_place(), ["old", "new"])
