"""The audit log of a real server, with the operator's program beside it."""

from __future__ import annotations

import json
import os
import signal
import stat
from typing import Any

from tests.support.process import until
from tests.support.session import OK, ServerCase, bad
from webcam.http.certificate import make_self_signed


class Audited(ServerCase):
    """Each with a server of its own."""

    def setUp(self) -> None:
        self.own_server()

    def events(self) -> list[dict[str, Any]]:
        """What the audit log holds, without times."""
        lines = (self.server.data / "audit.log").read_text().splitlines()
        return [{name: fact for name, fact in json.loads(line).items() if name != "time"} for line in lines]

    def test_a_day(self) -> None:
        """The life of a server, of an account and of a device, each event a line; nobody else can read it."""
        shash = self.authorize("camera")
        wrong = {"name": self.account, "pass": "mistyped", "device": "camera"}
        self.assertEqual(self.call("authorize.json", **wrong), bad(7))
        self.assertEqual(self.call("setConfig.json", shash=shash, config=[{"kind": 2, "fv": 20}]), OK)
        self.add_record(shash, b"picture")
        self.assertEqual(self.call("deleteRecords.json", shash=shash, records=1), OK)
        make_self_signed(self.server.data / "certificate.pem", self.server.data / "key.pem")
        os.kill(self.server.pid, signal.SIGHUP)
        self.server.wait_for("for new connections")
        self.server.account("remove", self.account)
        until(lambda: "sessions_ended" in [each["event"] for each in self.events()], "the session's end")
        self.server.stop()
        who = {"account": "user", "device": "camera"}
        uid = self.server.data.stat().st_uid
        events = self.events()
        self.assertRegex(events[6].pop("fingerprint"), "^([0-9A-F]{2}:){31}")
        self.assertEqual(events[0].pop("event"), "server_started")
        reason = "wrong name or password"
        self.assertEqual(
            events[1:],
            [
                {"event": "account_added", "account": "user", "uid": uid},
                {"event": "login", **who, "address": "127.0.0.1"},
                {"event": "login_refused", **who, "address": "127.0.0.1", "reason": reason},
                {"event": "settings_changed", **who, "settings": "2=20"},
                {"event": "records_deleted", **who, "count": 1, "older": False},
                {"event": "certificate_reloaded"},
                {"event": "account_removed", "account": "user", "uid": uid},
                {"event": "sessions_ended", "account": "user", "count": 1, "reason": "the account is gone"},
                {"event": "server_stopped"},
            ],
        )
        self.assertEqual(stat.S_IMODE((self.server.data / "audit.log").stat().st_mode), 0o600)

    def test_a_log_that_can_not_be_written(self) -> None:
        """Devices notice nothing; the server's log says so."""
        (self.server.data / "audit.log").unlink()
        (self.server.data / "audit.log").mkdir()
        for _ in range(3):
            self.authorize("camera")
        self.server.wait_for(r"audit\.log can't be written: Is a directory; 1 event is missing in it")
        self.assertEqual(self.server.log.count("can't be written"), 1)
