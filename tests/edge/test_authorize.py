"""authorize.json: logging in."""

from __future__ import annotations

import json
import re

from tests.support.edge import (
    EMPTY_REQUEST,
    INTERNAL_UNKNOWN_ERROR,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
    OK,
    EdgeCase,
)
from tests.support.http import H1Client
from tests.support.trail import PASSWORD

LOGIN = {"name": "user", "pass": PASSWORD, "device": "camera"}


class AuthorizeTests(EdgeCase):
    """A device logs in."""

    def login(self, **changes):
        """The answer to a login with these changes; a value of ``...`` leaves the key out."""
        body = {key: value for key, value in {**LOGIN, **changes}.items() if value is not ...}
        return self.post("authorize.json", json.dumps(body).encode()).json()

    def meta_of(self, token: str, device: str = "camera") -> str:
        devices = self.ask("getDevicesOnline.json", token)["devices"]
        return next(each["meta"] for each in devices if each["device"] == device)

    def test_session_id_survives_any_query_string(self) -> None:
        """28 characters of the url-safe base64 alphabet: 160 bits, padded; never the same twice."""
        answers = [self.login() for _ in range(3)]
        for answer in answers:
            self.assertEqual(set(answer), {"shash", "result"})
            self.assertEqual(answer["result"], "OK")
            self.assertTrue(re.fullmatch(r"[A-Za-z0-9_-]{27}=", answer["shash"]), answer)
        self.assertEqual(len({each["shash"] for each in answers}), 3)

    def test_session_works(self) -> None:
        self.assertEqual(self.ask("heartBit.json", self.login()["shash"]), OK)

    def test_field_empty_post_with_all_in_the_query(self) -> None:
        """``pass=111`` is text, whatever it looks like."""
        self.other_account("digits", "111")
        answer = self.post("authorize.json", name="digits", pass_="111", device="camera", meta="12").json()
        self.assertEqual(self.meta_of(answer["shash"]), "12")

    def test_field_letters_percent_encoded_without_need(self) -> None:
        password = f"%{ord(PASSWORD[0]):x}{PASSWORD[1:]}"
        path = f"/authorize.json?n%61me=%75ser&pass={password}&device=%4A%55%6A%75&meta=%4A"
        token = self.client.fetch("POST", path).json()["shash"]
        self.assertEqual(self.meta_of(token, "JUju"), "J")

    def test_plus_in_a_query_is_a_space(self) -> None:
        answer = self.client.fetch(
            "POST", f"/authorize.json?name=user&pass={PASSWORD}&device=my+cam&meta=a+%2B+b"
        ).json()
        self.assertEqual(self.meta_of(answer["shash"], "my cam"), "a + b")

    def test_body_wins_over_query(self) -> None:
        query = {"name": "nobody", "pass_": "no", "device": "query", "meta": "query"}
        token = self.post("authorize.json", json.dumps({**LOGIN, "meta": "body"}).encode(), **query).json()["shash"]
        self.assertEqual(self.ask("getDevicesOnline.json", token)["devices"], [{"device": "camera", "meta": "body"}])

    def test_parameters_may_be_split_between_query_and_body(self) -> None:
        answer = self.post("authorize.json", b'{"pass":"%b","device":"camera"}' % PASSWORD.encode(), name="user").json()
        self.assertEqual(answer["result"], "OK")

    def test_wrong_name_and_wrong_password_are_indistinguishable(self) -> None:
        answers = [
            self.post("authorize.json", json.dumps({**LOGIN, **wrong}).encode())
            for wrong in ({"name": "nobody"}, {"pass": PASSWORD[:-1]}, {"name": "USER"}, {"pass": PASSWORD + " "})
        ]
        headers = [[each for each in answer.headers if each[0] != "date"] for answer in answers]
        for number, answer in enumerate(answers):
            self.refused(answer, NO_SUCH_USER)
            self.assertEqual(headers[number], headers[0])
        self.assertEqual(len({each.split(": ", 1)[1] for each in self.refusals()}), 1)

    def test_locked_out(self) -> None:
        """Ten wrong passwords of a device, then 429, the same whether the name exists and the password is right."""
        answers = []
        for wrong in ({"name": "nobody"}, {"pass": "112"}, {"pass": "113", "device": "b"}):
            for _ in range(10):
                self.refused(self.post("authorize.json", json.dumps({**LOGIN, **wrong}).encode()), NO_SUCH_USER)
            right = {**LOGIN, **wrong, "pass": PASSWORD}
            answers.append(self.post("authorize.json", json.dumps(right).encode()))
        for answer in answers:
            self.refused(answer, JSON_FAIL, status=429)
            self.assertEqual(answer.header("retry-after"), "1")
            self.assertEqual([each[0] for each in answer.headers], [each[0] for each in answers[0].headers])
        self.assertEqual(self.login(device="another")["result"], "OK")
        self.clock.advance(1)
        self.assertEqual(self.login()["result"], "OK")

    def test_too_many_at_once_of_an_address(self) -> None:
        """503, and a flood of them leaves a line a minute in the log; who is in has their session as before."""
        token = self.authorize()
        self.services.accounts._passwords._turns._per_address = 0
        before = len(self.log())
        for _ in range(90):
            answer = self.post("authorize.json", json.dumps(LOGIN).encode())
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.json(), {"result": "BAD", "code": INTERNAL_UNKNOWN_ERROR})
            self.assertEqual(answer.header("retry-after"), "5")
            self.clock.advance(1)
            self.client.pump()
        self.assertEqual(self.world.site.tally.met, {"logins at once of an address": 90})
        lines = self.log()[before:]
        self.assertEqual(len(lines), 2)
        self.assertIn("limit met: logins at once of an address", lines[0])
        self.assertEqual(self.ask("heartBit.json", token), OK)

    def test_missing_or_empty_required_parameter(self) -> None:
        for key in LOGIN:
            for nothing in (..., "", None):
                self.bad(self.login(**{key: nothing}), MALFORMED_REQUEST)

    def test_required_parameter_of_another_type(self) -> None:
        for key in LOGIN:
            for value in (111, 1.5, True, [], ["user"], {}, {"user": 1}):
                self.bad(self.login(**{key: value}), MALFORMED_REQUEST)

    def test_names_are_bounded(self) -> None:
        self.assertEqual(self.login(device="d" * 1024)["result"], "OK")
        for key in LOGIN:
            self.bad(self.login(**{key: "d" * 1025}), MALFORMED_REQUEST)
        self.bad(self.login(meta="m" * (64 * 1024 + 1)), MALFORMED_REQUEST)

    def test_hostile_bodies(self) -> None:
        self.refused(self.post("authorize.json"), EMPTY_REQUEST)
        self.refused(self.post("authorize.json", b'{"name":"user"'), JSON_PARSER_FAIL)
        self.refused(self.post("authorize.json", b'["user","password"]'), JSON_FAIL)
        self.refused(self.post("authorize.json", b'{"name":"\xff"}'), JSON_PARSER_FAIL)
        self.refused(self.client.fetch("POST", "/authorize.json?name=%FF&pass=1&device=d"), MALFORMED_REQUEST)

    def test_field_answer_keys_sent_back_are_ignored(self) -> None:
        self.assertEqual(self.login(result="BAD", code=6, shash="old", unknown={"a": [1]})["result"], "OK")

    def test_text_is_unicode_throughout(self) -> None:
        device = "\0ka\u0301mera \U0001f4f7 \u202e\n"
        token = self.login(device=device, meta=device)["shash"]
        self.assertEqual(self.ask("getDevicesOnline.json", token)["devices"], [{"device": device, "meta": device}])

    def test_half_a_surrogate_pair_is_no_text(self) -> None:
        body = b'{"name":"user","pass":"1","device":"\\ud83d"}'
        self.refused(self.post("authorize.json", body), JSON_PARSER_FAIL)

    def test_same_over_http1(self) -> None:
        answer = self.connect(H1Client).ask("/authorize.json", name="user", pass_=PASSWORD, device="camera")
        self.assertEqual(answer["result"], "OK")

    # Metadata

    def test_meta_that_is_a_string_comes_back_as_it_is(self) -> None:
        for meta in ("some info", "", '{"param":1}', " [1, 2]", "null", "{}"):
            self.assertEqual(self.meta_of(self.login(meta=meta)["shash"]), meta)

    def test_field_meta_may_be_an_object(self) -> None:
        """It comes back as its JSON text."""
        meta = {"param": 1, "list": [1.5, None, True], "text": "\u00fc\0"}
        text = self.meta_of(self.login(meta=meta)["shash"])
        self.assertIsInstance(text, str)
        self.assertEqual(json.loads(text), meta)

    def test_meta_may_be_any_json_value(self) -> None:
        for meta in (0, 7, -1.5, True, False, [], [1, "2"], {}):
            self.assertEqual(json.loads(self.meta_of(self.login(meta=meta)["shash"])), meta)

    def test_meta_is_an_empty_object_when_there_was_none(self) -> None:
        for nothing in (..., None):
            self.assertEqual(self.meta_of(self.login(meta=nothing)["shash"]), "{}")

    # Several sessions, several accounts

    def test_a_device_may_hold_several_sessions(self) -> None:
        """Lists name it once, by its newest session."""
        older, newer = self.login(meta="older")["shash"], self.login(meta="newer")["shash"]
        for token in (older, newer):
            self.assertEqual(
                self.ask("getDevicesOnline.json", token)["devices"], [{"device": "camera", "meta": "newer"}]
            )

    def test_accounts_see_nothing_of_each_other(self) -> None:
        self.other_account()
        self.login()
        theirs = self.login(name="other", device="theirs", meta="m")["shash"]
        self.assertEqual(self.ask("getDevicesOnline.json", theirs)["devices"], [{"device": "theirs", "meta": "m"}])

    def test_sessions_end_with_their_account(self) -> None:
        self.other_account()
        token = self.authorize(name="other")
        self.world.run(self.world.store.remove_account("other"))
        self.world.run(self.services.accounts.refresh())
        self.bad(self.ask("heartBit.json", token), NO_SUCH_SESSION)
        self.bad(self.login(name="other"), NO_SUCH_USER)

    def test_account_removed_a_moment_ago(self) -> None:
        """The server has not noticed yet: what touches storage is told that the session is gone."""
        self.other_account()
        token = self.authorize(name="other")
        self.world.run(self.world.store.remove_account("other"))
        self.bad(self.ask("addMsgs.json", token, msg="m"), NO_SUCH_SESSION)
        self.bad(self.ask("setConfig.json", token, config=[{"kind": 1, "fv": 1}]), NO_SUCH_SESSION)
        self.refused(self.post("addRecord.json", b"data", shash=token), NO_SUCH_SESSION)
        self.assertEqual(self.ask("getMsgs.json", token)["msgs"], [])

    def test_sessions_end_with_their_password(self) -> None:
        self.other_account()
        token = self.authorize(name="other")
        account = self.world.run(self.world.store.account("user"))
        self.world.run(self.world.store.set_password("other", account.password_hash))
        self.world.run(self.services.accounts.refresh())
        self.bad(self.ask("heartBit.json", token), NO_SUCH_SESSION)
