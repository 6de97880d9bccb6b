"""What the operator's program does to accounts and data is in the audit log, without any password."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.support.admin import AdminCase
from tests.support.old_database import fill


class Noting(AdminCase):
    def events(self, path: Path | None = None) -> list[dict[str, Any]]:
        """What the log holds, without times."""
        lines = (path or self.data / "audit.log").read_text().splitlines()
        return [{name: fact for name, fact in json.loads(line).items() if name != "time"} for line in lines]

    def test_accounts(self) -> None:
        self.add("home")
        self.run_it("account", "passwd", "home", "--password-stdin", stdin="another-secret\n")
        self.run_it("account", "remove", "home")
        names = ("account_added", "password_changed", "account_removed")
        uid = os.getuid()
        self.assertEqual(self.events(), [{"event": name, "account": "home", "uid": uid} for name in names])
        self.assertNotIn("secret", (self.data / "audit.log").read_text())

    def test_what_else_is_done_to_accounts(self) -> None:
        self.add("home")
        for line in (
            "account disable home",
            "account enable home",
            "account quota home devices=3",
            "account quota home",
            "secret add home guest --view",
            "secret remove home guest",
        ):
            self.assertEqual(self.run_it(*line.split())[0], 0, line)
        uid = {"account": "home", "uid": os.getuid()}
        self.assertEqual(
            self.events()[1:],
            [
                {"event": "account_disabled", **uid},
                {"event": "account_enabled", **uid},
                {"event": "quotas_set", **uid, "quotas": "devices=3"},
                {"event": "secret_added", **uid, "label": "guest", "role": "view"},
                {"event": "secret_removed", **uid, "label": "guest"},
            ],
        )

    def test_what_is_refused_did_not_happen(self) -> None:
        self.add("home")
        self.assertRefused("there is no account", "account", "remove", "other")
        self.assertRefused("there is an account", "account", "add", "home", "--password-stdin")
        self.assertEqual(len(self.events()), 1)

    def test_backup_and_restore(self) -> None:
        self.add("home")
        backup = (self.data / "copy").absolute()
        self.run_it("backup", str(backup))
        self.run_it("restore", str(backup))
        uid = os.getuid()
        self.assertEqual(
            self.events()[1:],
            [
                {"event": "backed_up", "file": str(backup), "uid": uid},
                {"event": "restored", "file": str(backup), "kept": "webcam.db.before-restore", "uid": uid},
            ],
        )

    def test_import(self) -> None:
        old = self.data / "old.db"
        fill(old, 20)
        status, _, _ = self.run_it("import", str(old))
        self.assertEqual(status, 0)
        (event,) = self.events()
        self.assertEqual((event["event"], event["file"]), ("imported", str(old.absolute())))
        self.assertRegex(event["here"], "[1-9][0-9]* accounts, ")

    def test_a_log_that_is_elsewhere(self) -> None:
        elsewhere = self.data / "elsewhere.log"
        self.run_it("account", "add", "home", "--password-stdin", "--audit", str(elsewhere), stdin="secret\n")
        self.assertEqual([each["event"] for each in self.events(elsewhere)], ["account_added"])
        self.assertFalse((self.data / "audit.log").exists())

    def test_what_was_done_is_done_whether_it_can_be_noted_or_not(self) -> None:
        (self.data / "audit.log").mkdir()
        status, out, err = self.run_it("account", "add", "home", "--password-stdin", stdin="secret\n")
        self.assertEqual((status, out), (0, "added home\n"))
        path = self.data / "audit.log"
        self.assertEqual(
            err, f"webcam: the audit log {path} can't be written: Is a directory; 1 event is missing in it\n"
        )
