"""The operator's program: disabling, quotas, sessions and secrets."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

from tests.contract.promises import saved
from tests.support.admin import AdminCase
from tests.support.trail import used
from webcam.consolemodel import Seen
from webcam.model import Role, SavedSession, Secret
from webcam.service.tokens import digest_of
from webcam.storage import accounts, secrets, seen, sessions
from webcam.storage.schema import FILE, connect


class LoginsCase(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.add()

    def ask(self, function: Any, *args: Any) -> Any:
        """What a statement says."""
        with closing(connect(self.data / FILE)) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN")
            result = function(cursor, *args)
            cursor.execute("COMMIT")
            return result

    def save(self, *sessions_: SavedSession) -> None:
        self.ask(sessions.save_sessions, sessions_)

    def said(self, *arguments: str) -> str:
        status, out, err = self.run_it(*arguments)
        self.assertEqual((status, err), (0, ""))
        return out


class DisableTests(LoginsCase):
    def test_a_disabled_account_is_listed_as_such_and_has_no_sessions(self):
        self.save(saved("digest", 1))
        self.assertEqual(self.said("account", "disable", "user"), "disabled user\n")
        self.assertEqual(self.said("account", "list"), "user (disabled)\n")
        self.assertEqual(self.ask(sessions.sessions), [])
        self.assertEqual(self.said("account", "enable", "user"), "enabled user\n")
        self.assertEqual(self.said("account", "list"), "user\n")

    def test_nobody_can_neither_be_disabled_nor_enabled(self):
        for verb in ("disable", "enable"):
            self.assertRefused("there is no account 'nobody'", "account", verb, "nobody")


class QuotaTests(LoginsCase):
    def test_quotas_are_shown_set_and_taken_away(self):
        kinds = ("devices", "sessions", "streams", "messages", "message_bytes", "records", "record_bytes")
        nothing = "".join(f"{kind}=none\n" for kind in kinds)
        self.assertEqual(self.said("account", "quota", "user"), nothing)
        out = self.said("account", "quota", "user", "devices=5", "record_bytes=2G", "messages=1K", "streams=unbounded")
        expected = "devices=5\nsessions=none\nstreams=unbounded\nmessages=1024\nmessage_bytes=none\nrecords=none\n"
        expected += "record_bytes=2147483648\n"
        self.assertEqual(out, expected)
        self.assertEqual(self.said("account", "quota", "user"), expected)
        bounds = {"devices": 5, "record_bytes": 2**31, "messages": 1024, "streams": 0}
        self.assertEqual(self.ask(accounts.account, "user").quotas, bounds)
        taken = (f"{kind}=none" for kind in ("devices", "record_bytes", "messages", "streams"))
        self.assertEqual(self.said("account", "quota", "user", *taken), nothing)

    def test_what_is_no_quota_is_refused_and_changes_nothing(self):
        for wrong in (
            "cows=5",
            "devices",
            "devices=",
            "devices=-1",
            "devices=0",
            "devices=many",
            "=5",
            "",
            f"devices={2**63}",
            "record_bytes=9999999999999G",
        ):
            self.assertRefused(repr(wrong), "account", "quota", "user", "sessions=7", wrong)
        self.assertEqual(self.ask(accounts.account, "user").quotas, {})
        self.assertRefused("there is no account 'nobody'", "account", "quota", "nobody", "devices=1")
        self.assertRefused("there is no account 'nobody'", "account", "quota", "nobody")


class NamesTests(LoginsCase):
    def test_a_device_that_is_no_text_is_refused(self):
        """As Python reads an argument that isn't UTF-8. No device could log in under it."""
        for name in ("\udcff", "phone\ud800"):
            text = f"a device is no text in UTF-8: {name!a}"
            self.assertRefused(text, "secret", "add", "user", "label", "--view", "--device", name)
            self.assertRefused("a label is no text in UTF-8", "secret", "add", "user", name, "--view")
            self.assertRefused("a name is no text in UTF-8", "account", "add", name, "--password-stdin")


class SessionsTests(LoginsCase):
    def setUp(self) -> None:
        super().setUp()
        self.add("other")
        guest = self.ask(secrets.add_secret, "user", "guest", "a digest", Role.VIEW, frozenset())
        secret = Secret(guest, "guest", Role.VIEW, frozenset())
        self.digests = [digest_of(name) for name in ("one", "two", "three", "four")]
        self.save(
            saved(self.digests[0], 1, device="phone", requests=7),
            saved(self.digests[1], 1, device="camera", active=1_700_000_060_900_000),
            saved(self.digests[2], 1, device="a guest", secret=secret),
            saved(self.digests[3], 2, device="\x1b[2J", address="2001:db8::1"),
        )

    def left(self) -> list[str]:
        return [each.digest for each in self.ask(sessions.sessions)]

    def test_sessions_are_listed_with_what_an_operator_knows_them_by(self):
        one, two, three, four = (digest[:12] for digest in self.digests)
        lines = self.said("session", "list").splitlines()
        self.assertEqual(
            [re.split("  +", line) for line in lines],
            [
                ["id", "account", "device", "address", "last active (UTC)", "requests", "role"],
                [four, "other", r"'\x1b[2J'", "2001:db8::1", "2023-11-14 22:13:20", "0", "full"],
                [three, "user", "a guest", "192.0.2.1", "2023-11-14 22:13:20", "0", "view (guest)"],
                [two, "user", "camera", "192.0.2.1", "2023-11-14 22:14:20", "0", "full"],
                [one, "user", "phone", "192.0.2.1", "2023-11-14 22:13:20", "7", "full"],
            ],
        )
        self.assertEqual(len(self.said("session", "list", "other").splitlines()), 2)
        self.assertRefused("there is no account 'nobody'", "session", "list", "nobody")

    def test_one_is_revoked_by_its_id(self):
        self.assertEqual(self.said("session", "revoke", self.digests[1][:12]), "revoked 1 session\n")
        self.assertEqual(self.left(), [self.digests[0], *self.digests[2:]])
        self.assertEqual(self.ask(sessions.revoked_sessions), [self.digests[1]])

    def test_those_of_a_device_and_of_an_account_are_revoked(self):
        out = self.said("session", "revoke", "--account", "user", "--device", "phone")
        self.assertEqual(out, "revoked 1 session\n")
        self.assertEqual(self.said("session", "revoke", "--account", "user"), "revoked 2 sessions\n")
        self.assertEqual(self.left(), [self.digests[3]])
        self.assertEqual(self.ask(sessions.revoked_sessions), sorted(self.digests[:3]))

    def test_what_names_no_session_is_refused(self):
        for arguments in ((), (self.digests[0][:12], "--account", "user"), ("--device", "phone")):
            self.assertRefused("name one session", "session", "revoke", *arguments)
        for wrong in ("", "%", self.digests[0], self.digests[0][:11], self.digests[0][:12].upper()):
            self.assertRefused("12 digits", "session", "revoke", wrong)
        self.assertRefused("no such session", "session", "revoke", "0" * 12)
        self.assertRefused("no such session", "session", "revoke", "--account", "user", "--device", "x")
        self.assertRefused("there is no account 'nobody'", "session", "revoke", "--account", "nobody")
        self.assertEqual(len(self.left()), 4)


class DevicesTests(LoginsCase):
    def setUp(self) -> None:
        super().setUp()
        gate = self.ask(secrets.add_secret, "user", "gate", "a digest", Role.PUBLISH, frozenset())
        found = [Seen(1, "phone", "{}", 1_700_000_000_000_000), Seen(1, "\x1b[2J", "", 1_700_000_060_000_000, gate)]
        self.ask(seen.saw_devices, found, 10, 10)
        self.save(saved("one", 1, device="phone"), saved("two", 1, device="camera"))

    def test_they_are_listed_newest_first(self):
        lines = self.said("device", "list", "user").splitlines()
        self.assertEqual(
            [re.split("  +", line) for line in lines],
            [
                ["device", "last seen (UTC)", "secret"],
                [r"'\x1b[2J'", "2023-11-14 22:14:20", "gate"],
                ["phone", "2023-11-14 22:13:20"],
            ],
        )
        self.assertRefused("there is no account 'nobody'", "device", "list", "nobody")

    def test_one_is_forgotten_with_its_sessions(self):
        self.assertEqual(self.said("device", "forget", "user", "phone"), "forgot phone\n")
        self.assertNotIn("phone", self.said("device", "list", "user"))
        self.assertEqual([each.digest for each in self.ask(sessions.sessions)], ["two"])
        self.assertEqual(self.ask(sessions.revoked_sessions), ["one"])
        for account, device, why in (("user", "phone", "no device 'phone'"), ("nobody", "x", "no account 'nobody'")):
            self.assertRefused(f"there is {why}", "device", "forget", account, device)


class SecretsTests(LoginsCase):
    def make(self, label: str, *options: str) -> str:
        return used("password", self.said("secret", "add", "user", label, *options).rstrip("\n"))

    def test_a_secret_is_shown_once_and_kept_as_its_digest_alone(self):
        text = self.make("front door", "--publish", "--device", "porch", "--device", "garden")
        self.assertTrue(re.fullmatch(r"wcs_[A-Za-z0-9_-]{27}", text), text)
        (secret,) = self.ask(secrets.secrets, "user")
        self.assertEqual((secret.label, secret.role), ("front door", Role.PUBLISH))
        self.assertEqual(secret.devices, {"porch", "garden"})
        self.assertEqual(self.ask(secrets.secret, "user", digest_of(text)), secret)
        for path in self.data.iterdir():
            self.assertNotIn(text[4:].encode(), path.read_bytes(), path.name)

    def test_secrets_are_listed_without_their_text(self):
        texts = [self.make("guest", "--view"), self.make("camera", "--publish", "--device", "b", "--device", "a")]
        out = self.said("secret", "list", "user")
        self.assertEqual(
            [re.split("  +", line) for line in out.splitlines()],
            [["label", "role", "devices", "every frame"], ["camera", "publish", "a, b"], ["guest", "view", "(all)"]],
        )
        for text in texts:
            self.assertNotIn(text, out)

    def test_one_to_view_may_be_made_for_every_frame(self):
        self.make("guest", "--view")
        self.make("recorder", "--view", "--every")
        self.assertEqual([each.every_frame for each in self.ask(secrets.secrets, "user")], [False, True])
        self.assertIn("yes", self.said("secret", "list", "user").splitlines()[-1])
        self.assertRefused("--every goes with --view", "secret", "add", "user", "camera", "--publish", "--every")

    def test_a_removed_secret_takes_its_sessions(self):
        self.make("guest", "--view")
        (secret,) = self.ask(secrets.secrets, "user")
        self.save(saved("by secret", 1, secret=secret), saved("by password", 1))
        self.assertEqual(self.said("secret", "remove", "user", "guest"), "removed guest\n")
        self.assertEqual([each.digest for each in self.ask(sessions.sessions)], ["by password"])
        self.assertEqual(self.ask(sessions.revoked_sessions), ["by secret"])
        self.assertEqual(self.ask(secrets.secrets, "user"), [])

    def test_what_can_be_no_secret_is_refused(self):
        add = ("secret", "add", "user")
        self.make("guest", "--view")
        self.assertRefused("the label 'guest' is taken", *add, "guest", "--publish")
        self.assertRefused("a label has 1 to 1024", *add, "", "--view")
        self.assertRefused("a device has 1 to 1024", *add, "b", "--view", "--device", "d" * 1025)
        devices = (argument for number in range(101) for argument in ("--device", str(number)))
        self.assertRefused("at most 100 devices", *add, "b", "--view", *devices)
        self.assertRefused("there is no label 'b'", "secret", "remove", "user", "b")
        for arguments in (("add", "nobody", "b", "--view"), ("list", "nobody"), ("remove", "nobody", "b")):
            self.assertRefused("there is no account 'nobody'", "secret", *arguments)
        for arguments in ((), ("--view", "--publish")):
            status, out, err = self.run_it(*add, "b", *arguments)
            self.assertEqual((status, out), (2, ""))
            self.assertIn("usage: webcam secret add", err)
