"""The account's sessions and its password, by the console."""

from __future__ import annotations

import json
from typing import Any

from tests.support.browser import BrowserCase
from tests.support.edge import (
    JSON_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
    OK,
)
from tests.support.trail import PASSWORD, used
from webcam.model import stamp_of
from webcam.service.lockout import FREE
from webcam.service.tokens import digest_of

NEW = "sesame-opens-again"
WRONG = "sesame-does-not"


class SessionsTests(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def sessions(self) -> list[dict[str, Any]]:
        answer = self.browse("console/sessions.json")
        self.assertEqual(answer["result"], "OK")
        found: list[dict[str, Any]] = answer["sessions"]
        return found

    def test_every_session_of_the_account(self) -> None:
        self.clock.advance(5)
        camera = self.authorize("camera")
        self.other_account()
        self.authorize("theirs", name="other")
        mine, other = self.sessions()
        self.assertEqual((mine["device"], mine["current"], mine["role"]), ("browser", True, "full"))
        self.assertEqual((other["device"], other["current"]), ("camera", False))
        self.assertEqual((other["address"], other["active"]), ("192.0.2.1", stamp_of(self.clock.wall())))
        self.assertEqual(other["sid"], digest_of(camera)[:12])

    def test_an_id_opens_nothing(self) -> None:
        (mine,) = self.sessions()
        self.assertNotIn(mine["sid"], self.token)
        self.bad(self.ask("heartBit.json", mine["sid"]), NO_SUCH_SESSION)

    def test_one_is_ended(self) -> None:
        camera = self.authorize("camera")
        publisher, upload = self.publish(camera)
        sid = digest_of(camera)[:12]
        self.assertEqual(self.browse("console/revoke.json", sid=sid), OK)
        self.bad(self.ask("heartBit.json", camera), NO_SUCH_SESSION)
        publisher.pump()
        self.assertIsNotNone(publisher.response(upload).reset_code, "its stream is cut")
        self.assertEqual([each["device"] for each in self.sessions()], ["browser"])
        self.assertEqual(len(self.world.run(self.world.store.sessions())), 1, "nor does a restart bring it back")
        facts = {"account": self.world.account_id, "device": "camera", "address": "192.0.2.1", "reason": "revoked"}
        self.assertEqual(self.world.audit.of("session_ended"), [facts])
        self.assertEqual(self.browse("console/revoke.json", sid=sid), OK, "one that is gone is no error")

    def test_its_own(self) -> None:
        (mine,) = self.sessions()
        self.assertEqual(self.browse("console/revoke.json", sid=mine["sid"]), OK)
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)

    def test_another_accounts_is_out_of_reach(self) -> None:
        self.other_account()
        theirs = self.authorize("theirs", name="other")
        self.assertEqual(self.browse("console/revoke.json", sid=digest_of(theirs)[:12]), OK)
        self.assertEqual(self.ask("heartBit.json", theirs), OK)

    def test_malformed(self) -> None:
        for wrong in ({}, {"sid": ""}, {"sid": 5}, {"sid": None}):
            self.bad(self.browse("console/revoke.json", **wrong), MALFORMED_REQUEST)
        self.authorize("camera")
        for other in ("%", "_" * 12, digest_of(self.token), digest_of(self.token)[:11]):
            self.assertEqual(self.browse("console/revoke.json", sid=other), OK)
        self.assertEqual(len(self.sessions()), 2)


class ForgettingTests(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def known(self) -> list[str]:
        return [each["device"] for each in self.browse("console/devices.json")["devices"]]

    def test_a_device_leaves_the_lists_with_its_sessions_and_comes_back_by_a_login(self) -> None:
        camera = self.authorize("camera")
        for written in (False, True):
            if written:
                self.world.run(self.services.last_seen.flush())
            self.assertEqual(self.browse("console/forget.json", device="camera"), OK)
            self.bad(self.ask("heartBit.json", camera), NO_SUCH_SESSION)
            self.world.run(self.services.last_seen.flush())
            self.assertEqual(self.known(), ["browser"])
            camera = self.authorize("camera")
            self.assertEqual(self.known(), ["browser", "camera"])
        facts = {"account": self.world.account_id, "device": "browser", "of": "camera"}
        self.assertEqual(self.world.audit.of("device_forgotten"), [facts, facts])

    def test_one_that_is_not_known_is_no_error(self) -> None:
        self.other_account()
        theirs = self.authorize("theirs", name="other")
        for device in ("nowhere", "theirs"):
            self.assertEqual(self.browse("console/forget.json", device=device), OK)
        self.assertEqual(self.ask("heartBit.json", theirs), OK)

    def test_malformed(self) -> None:
        for wrong in ({}, {"device": ""}, {"device": 5}, {"device": "browser"}):
            self.bad(self.browse("console/forget.json", **wrong), MALFORMED_REQUEST)
        self.assertEqual(self.known(), ["browser"])


class PasswordTests(BrowserCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()
        used("password", NEW)
        used("password", WRONG)

    def change(self, old: Any = PASSWORD, new: Any = NEW) -> Any:
        return self.browse("console/password.json", old=old, new=new)

    def can_log_in(self, password: str) -> bool:
        body = json.dumps({"name": "user", "pass": password, "device": "camera"}).encode()
        answer = self.post("authorize.json", body).json()
        return bool(answer["result"] == "OK")

    def test_the_new_one_is_right_from_now_on_and_the_old_one_wrong(self) -> None:
        self.assertEqual(self.change(), OK)
        self.assertTrue(self.can_log_in(NEW))
        self.assertFalse(self.can_log_in(PASSWORD))

    def test_other_sessions_end_and_this_one_goes_on(self) -> None:
        camera = self.authorize("camera")
        publisher, upload = self.publish(camera)
        following = self.client.open("GET", "/events", self.headers, end=True)
        self.assertEqual(self.change(), OK)
        self.bad(self.ask("heartBit.json", camera), NO_SUCH_SESSION)
        publisher.pump()
        self.assertIsNotNone(publisher.response(upload).reset_code)
        self.world.run(self.services.accounts.refresh())
        self.assertEqual(self.browse("console/session.json")["device"], "browser", "also after the server's next look")
        self.assertFalse(self.client.response(following).ended)
        self.assertEqual([each.device for each in self.world.run(self.world.store.sessions())], ["browser"])
        self.client.reset(following)

    def test_it_is_noted(self) -> None:
        self.change()
        facts = {"account": "user", "device": "browser", "address": "192.0.2.7"}
        self.assertEqual(self.world.audit.of("password_changed"), [facts])
        self.change(old=WRONG)
        refused = self.world.audit.of("login_refused")
        self.assertEqual(refused, [{**facts, "reason": "wrong password"}])
        for secret in (PASSWORD, NEW, WRONG):
            self.assertNotIn(secret, repr(self.world.audit.told) + "\n".join(self.log()))

    def test_a_wrong_old_one(self) -> None:
        self.bad(self.change(old=WRONG), NO_SUCH_USER)
        self.assertTrue(self.can_log_in(PASSWORD))
        self.assertEqual(self.browse("console/session.json")["result"], "OK")

    def test_guessing_is_locked_out(self) -> None:
        for _ in range(FREE):
            self.bad(self.change(old=WRONG), NO_SUCH_USER)
        body = json.dumps({"old": PASSWORD, "new": NEW}).encode()
        answer = self.post("console/password.json", body, self.headers)
        self.refused(answer, JSON_FAIL, status=429)
        self.clock.advance(60)
        self.assertEqual(self.change(), OK)

    def test_a_bad_new_one(self) -> None:
        for new in ("", None, 5, ["a"], "x" * 1025):
            self.bad(self.change(new=new), MALFORMED_REQUEST)
        self.bad(self.change(old=""), MALFORMED_REQUEST)
        self.assertTrue(self.can_log_in(PASSWORD))

    def test_one_that_the_operator_changed_meanwhile(self) -> None:
        """Whoever knew the old one changes nothing any more, and the session ends as it should."""
        store, change = self.world.store, self.world.store.change_password

        async def late(*args: Any) -> bool:
            await store.set_password("user", "the operator's hash")
            return await change(*args)

        self.patch(store, "change_password", late)
        self.bad(self.change(), NO_SUCH_USER)
        account = self.world.run(store.account("user"))
        self.assertEqual(account.password_hash, "the operator's hash")
        self.world.run(self.services.accounts.refresh())
        self.bad(self.browse("console/session.json"), NO_SUCH_SESSION)

    def test_an_account_that_goes_meanwhile(self) -> None:
        store, change = self.world.store, self.world.store.change_password

        async def late(*args: Any) -> bool:
            await store.remove_account("user")
            await self.services.accounts.refresh()
            return await change(*args)

        self.patch(store, "change_password", late)
        self.bad(self.change(), NO_SUCH_USER)
        self.assertEqual(self.services.accounts.known, [])
        self.world.run(self.services.accounts.refresh())

    def test_a_login_that_is_under_way_is_refused(self) -> None:
        """It was by the password of before."""
        store, save = self.world.store, self.world.store.save_sessions

        async def late(saved: Any) -> None:
            await save(saved)
            self.patch(store, "save_sessions", save)
            await self.services.accounts.change_password(
                self.services.sessions.find(self.token), PASSWORD, NEW, "192.0.2.7"
            )

        self.patch(store, "save_sessions", late)
        self.assertFalse(self.can_log_in(PASSWORD))
        self.assertEqual([each["device"] for each in self.browse("console/sessions.json")["sessions"]], ["browser"])
