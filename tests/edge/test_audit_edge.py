"""What the audit log is told of what clients do: who came in, who didn't, what went, and never a secret."""

from __future__ import annotations

from tests.support.connection import HOST
from tests.support.edge import EMPTY_REQUEST, NO_SUCH_SESSION, NO_SUCH_USER, OK, EdgeCase
from tests.support.server import PASSWORD
from webcam.errors import NoSuchSession


class AuditEdge(EdgeCase):
    def setUp(self) -> None:
        super().setUp()
        self.noted = self.world.audit
        self.account_id = self.world.account_id

    def login(self, name: str = "user", password: str = PASSWORD, device: str = "camera") -> str:
        token: str = self.ask("authorize.json", name=name, pass_=password, device=device).get("shash", "")
        return token

    def told(self) -> str:
        """All that was noted, as text."""
        return repr(self.noted.told)

    def test_a_login(self) -> None:
        token = self.login()
        self.assertEqual(self.noted.told, [("login", {"account": "user", "device": "camera", "address": HOST})])
        self.assertNotIn(token, self.told())

    def test_a_wrong_password(self) -> None:
        self.bad(self.ask("authorize.json", name="user", pass_="mistyped-secret", device="camera"), NO_SUCH_USER)
        refused = {"account": "user", "device": "camera", "address": HOST, "reason": "wrong name or password"}
        self.assertEqual(self.noted.told, [("login_refused", refused)])
        self.assertNotIn("mistyped", self.told())

    def test_a_name_that_nobody_has_may_be_a_password_in_the_wrong_field(self) -> None:
        self.bad(self.ask("authorize.json", name="my-password", pass_="x", device="camera"), NO_SUCH_USER)
        refused = {"device": "camera", "address": HOST, "reason": "wrong name or password"}
        self.assertEqual(self.noted.told, [("login_refused", refused)])

    def test_requests_that_are_malformed_are_no_logins(self) -> None:
        self.bad(self.post("authorize.json").json(), EMPTY_REQUEST)
        self.assertEqual(self.noted.told, [])

    def test_a_device_that_asks_too_often(self) -> None:
        token = self.login()
        for _ in range(51):
            answer = self.ask("heartBit.json", token)
        self.bad(answer, NO_SUCH_SESSION)
        self.login()
        who = {"account": self.account_id, "device": "camera", "address": HOST}
        reason = "too many requests a minute"
        self.assertEqual(self.noted.of("cooled_down"), [who])
        self.assertEqual(self.noted.of("session_ended"), [{**who, "reason": reason}])
        self.assertEqual(
            self.noted.of("login_refused"),
            [{"account": "user", "device": "camera", "address": HOST, "reason": "for 60 s"}],
        )

    def test_settings(self) -> None:
        token = self.login()
        self.assertEqual(self.ask("setConfig.json", token, config=[{"kind": 2, "fv": 30}, {"kind": 1, "fv": 0.5}]), OK)
        self.ask("setConfig.json", token, config=[{"kind": 2, "fv": 31}])
        changed = {"account": self.account_id, "device": "camera", "settings": "1=0.5, 2=30"}
        self.assertEqual(self.noted.of("settings_changed"), [changed])

    def test_records_that_are_deleted(self) -> None:
        token = self.login()
        for _ in range(2):
            self.assertEqual(self.post("addRecord.json", b"picture", shash=token).json(), OK)
        self.assertEqual(self.ask("deleteRecords.json", token, records=[1, 2]), OK)
        self.ask("deleteRecords.json", token, records=[])
        deleted = {"account": self.account_id, "device": "camera", "count": 2, "older": False}
        self.assertEqual(self.noted.of("records_deleted"), [deleted])

    def test_a_limit_is_noted_when_it_is_logged(self) -> None:
        for _ in range(3):
            self.world.site.tally.count("logins at once", HOST, self.clock.seconds())
        self.clock.advance(60)
        self.world.site.tally.count("logins at once", HOST, self.clock.seconds())
        met = [{"limit": "logins at once", "count": times, "address": HOST} for times in (1, 3)]
        self.assertEqual(self.noted.of("limit_met"), met)

    def test_sessions_that_end_by_another_password_or_with_their_account(self) -> None:
        for _ in range(2):
            token = self.login()
        self.world.run(self.world.store.set_password("user", "hash"))
        self.world.run(self.services.accounts.refresh())
        self.assertRaises(NoSuchSession, self.services.sessions.find, token)
        self.authorize()
        self.world.run(self.world.store.remove_account("user"))
        self.world.run(self.services.accounts.refresh())
        ended = [(each["account"], each["count"], each["reason"]) for each in self.noted.of("sessions_ended")]
        account = self.account_id
        self.assertEqual(ended, [(account, 2, "the password changed"), (account, 1, "the account is gone")])

    def test_the_name_of_an_account(self) -> None:
        self.assertEqual(self.services.accounts.name_of(self.account_id), "user")
        self.world.run(self.world.store.remove_account("user"))
        self.world.run(self.services.accounts.refresh())
        self.assertIsNone(self.services.accounts.name_of(self.account_id))

    def test_silence_ends_most_sessions_and_is_no_event(self) -> None:
        self.login()
        self.clock.advance(3600)
        self.world.run(self.services.sessions.sweep())
        self.assertEqual([event for event, _ in self.noted.told], ["login"])
