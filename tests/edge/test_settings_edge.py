"""getConfig.json and setConfig.json: an account's settings."""

from __future__ import annotations

import json

from tests.support.edge import (
    EMPTY_REQUEST,
    JPEG,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    OK,
    EdgeCase,
)

KINDS = [
    {"kind": 1, "descr": "old records timeout (days)", "miv": 0.004, "mav": 168, "dv": 30, "fv": 30},
    {"kind": 2, "descr": "dead sessions timeout (minutes)", "miv": 3, "mav": 30, "dv": 10, "fv": 10},
    {"kind": 3, "descr": "max requests for session", "miv": 200, "mav": 10000, "dv": 1500, "fv": 1500},
    {"kind": 4, "descr": "max reqs per min for session", "miv": 20, "mav": 200, "dv": 50, "fv": 50},
    {"kind": 5, "descr": "broadcasts lifetime (hr)", "miv": 1, "mav": 750, "dv": 125, "fv": 125},
    {"kind": 6, "descr": "overall messages lifetime (days)", "miv": 1, "mav": 120, "dv": 30, "fv": 30},
]


class SettingsTests(EdgeCase):
    """Values are the account's and act from the moment they are set."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.authorize()

    def values(self, token: str | None = None) -> dict[int, float]:
        return {each["kind"]: each["fv"] for each in self.ask("getConfig.json", token or self.token)["config"]}

    def test_every_kind_with_its_bounds_and_default(self) -> None:
        self.assertEqual(self.ask("getConfig.json", self.token), {"config": KINDS, "result": "OK"})

    def test_field_kinds_five_and_six(self) -> None:
        self.assertEqual(
            self.ask("setConfig.json", self.token, config=[{"kind": 5, "fv": 2}, {"kind": 6, "fv": 3}]), OK
        )
        self.assertEqual((self.values()[5], self.values()[6]), (2, 3))

    def test_query_alone(self) -> None:
        self.assertEqual(self.post("getConfig.json", shash=self.token).json()["config"], KINDS)
        self.assertEqual(self.post("setConfig.json", shash=self.token, config='[{"kind":1,"fv":1.0}]').json(), OK)
        self.assertEqual(self.values()[1], 1)

    def test_set_some_and_the_others_stay(self) -> None:
        self.assertEqual(
            self.ask("setConfig.json", self.token, config=[{"kind": 1, "fv": 1.0}, {"kind": 4, "fv": 100}]), OK
        )
        self.assertEqual(self.values(), {1: 1, 2: 10, 3: 1500, 4: 100, 5: 125, 6: 30})

    def test_bounds_are_allowed_values(self) -> None:
        for bound in ("miv", "mav"):
            chosen = [{"kind": each["kind"], "fv": each[bound]} for each in KINDS]
            self.assertEqual(self.ask("setConfig.json", self.token, config=chosen), OK)
            self.assertEqual(self.values(), {each["kind"]: each[bound] for each in KINDS})

    def test_field_numbers_with_exponents(self) -> None:
        body = b'{"shash":"%b","config":[{"kind":1,"fv":3.1000000000000000E+001},{"kind":"4","fv":"5.0E+001"}]}'
        self.assertEqual(self.post("setConfig.json", body % self.token.encode()).json(), OK)
        self.assertEqual((self.values()[1], self.values()[4]), (31, 50))

    def test_field_null_entries_are_skipped(self) -> None:
        config = [None, {"kind": 1, "fv": 5}, None]
        self.assertEqual(self.ask("setConfig.json", self.token, config=config), OK)
        self.assertEqual(self.values()[1], 5)

    def test_field_what_getconfig_gave_may_be_sent_back_whole(self) -> None:
        answer = self.ask("getConfig.json", self.token)
        self.assertEqual(self.ask("setConfig.json", self.token, **answer), OK)

    def test_list_as_json_text_in_the_body(self) -> None:
        self.assertEqual(self.ask("setConfig.json", self.token, config='[{"kind":1,"fv":7}]'), OK)
        self.assertEqual(self.values()[1], 7)

    def test_all_or_nothing(self) -> None:
        """One entry that is wrong, and the good ones before and behind it change nothing either."""
        good = [{"kind": 1, "fv": 9}], [{"kind": 2, "fv": 9}]
        wrong = [
            {"kind": 7, "fv": 30},
            {"kind": 0, "fv": 30},
            {"kind": -1, "fv": 30},
            {"kind": 3, "fv": 199.999},
            {"kind": 3, "fv": 10000.5},
            {"kind": 3},
            {"fv": 200},
            {"kind": 3, "fv": None},
            {"kind": None, "fv": 300},
            {"kind": 3, "fv": "many"},
            {"kind": 3, "fv": ""},
            {"kind": 3, "fv": True},
            {"kind": True, "fv": 300},
            {"kind": 3, "fv": [300]},
            {"kind": 3.5, "fv": 300},
            {"kind": 2**64, "fv": 300},
            {"kind": 3, "fv": 10**400},
            {"kind": 1, "fv": 10},
            3,
            "3",
            [3, 300],
        ]
        before = self.values()
        for entry in wrong:
            self.bad(self.ask("setConfig.json", self.token, config=[*good[0], entry, *good[1]]), MALFORMED_REQUEST)
            self.clock.advance(2)
        self.assertEqual(self.values(), before)
        self.assertEqual(self.world.run(self.world.store.account("user")).settings, {})

    def test_no_list_or_an_empty_one(self) -> None:
        for config in ([], [None], None, "", 5, {}, {"kind": 1, "fv": 1}, "[", "5", True):
            self.bad(self.ask("setConfig.json", self.token, config=config), MALFORMED_REQUEST)
        self.bad(self.ask("setConfig.json", self.token), MALFORMED_REQUEST)

    def test_not_a_number_is_not_json_and_one_past_all_bounds_is(self) -> None:
        for value, code in (
            (b"NaN", JSON_PARSER_FAIL),
            (b"Infinity", JSON_PARSER_FAIL),
            (b"-Infinity", JSON_PARSER_FAIL),
            (b"1e999", MALFORMED_REQUEST),
        ):
            body = b'{"shash":"%b","config":[{"kind":1,"fv":%b}]}' % (self.token.encode(), value)
            self.refused(self.post("setConfig.json", body), code)
            self.refused(
                self.post("setConfig.json", shash=self.token, config=f'[{{"kind":1,"fv":{value.decode()}}}]'),
                MALFORMED_REQUEST,
            )

    def test_without_a_good_session(self) -> None:
        for path in ("getConfig.json", "setConfig.json"):
            self.refused(self.post(path), EMPTY_REQUEST)
            self.refused(self.post(path, b"["), JSON_PARSER_FAIL)
            self.refused(self.post(path, b"[]"), JSON_FAIL)
            self.bad(self.ask(path, config=KINDS), MALFORMED_REQUEST)
            self.bad(self.ask(path, "wrong", config=KINDS), NO_SUCH_SESSION)

    def test_values_are_the_accounts(self) -> None:
        self.other_account()
        theirs, mine = self.authorize(name="other"), self.authorize("phone")
        self.ask("setConfig.json", self.token, config=[{"kind": 1, "fv": 2}])
        self.assertEqual((self.values(mine)[1], self.values(theirs)[1]), (2, 30))

    def test_they_outlive_the_server(self) -> None:
        self.ask("setConfig.json", self.token, config=[{"kind": 1, "fv": 2}])
        self.assertEqual(self.world.run(self.world.store.account("user")).settings, {1: 2})

    # From the moment they are set, on what exists already

    def set(self, kind: int, value: float) -> None:
        self.assertEqual(self.ask("setConfig.json", self.token, config=[{"kind": kind, "fv": value}]), OK)

    def heartbeats(self, seconds: float) -> None:
        """Time passes, and the sessions stay."""
        while seconds > 0:
            self.clock.advance(min(500, seconds))
            for session in self.services.sessions.all():
                session.active = self.clock.steady()
            seconds -= 500

    def test_records_timeout(self) -> None:
        self.post("addRecord.json", JPEG, shash=self.token)
        self.heartbeats(86400)
        self.assertEqual(len(self.ask("getRecordCount.json", self.token)["records"]), 1)
        self.set(1, 0.9)
        self.assertEqual(self.ask("getRecordCount.json", self.token)["records"], [])
        self.bad(self.ask("getRecordData.json", self.token, rid=1), 9)
        self.assertEqual(self.world.run(self.world.retention.sweep()).records, 1)

    def test_broadcasts_lifetime(self) -> None:
        viewer = self.authorize("viewer")
        self.ask("addMsgs.json", self.token, msgs=[{"msg": "all"}, {"msg": "one", "target": "viewer"}])
        self.heartbeats(2 * 3600)
        self.set(5, 1)
        self.assertEqual([each["msg"] for each in self.ask("getMsgs.json", viewer)["msgs"]], ["one"])
        self.assertEqual(self.world.run(self.world.retention.sweep()).messages, 1)

    def test_overall_messages_lifetime(self) -> None:
        viewer = self.authorize("viewer")
        self.set(5, 750)
        self.ask("addMsgs.json", self.token, msgs=[{"msg": "all"}, {"msg": "one", "target": "viewer"}])
        self.heartbeats(86401)
        self.assertEqual(len(self.ask("getMsgs.json", viewer)["msgs"]), 2)
        self.set(6, 1)
        self.assertEqual(self.ask("getMsgs.json", viewer)["msgs"], [])
        self.assertEqual(self.world.run(self.world.retention.sweep()).messages, 2)

    def test_sessions_timeout_ends_what_was_silent_for_long(self) -> None:
        old = self.authorize("old")
        self.clock.advance(250)
        self.assertEqual(self.ask("heartBit.json", self.token), OK)
        self.set(2, 4)
        self.bad(self.ask("heartBit.json", old), NO_SUCH_SESSION)
        self.assertEqual(self.ask("heartBit.json", self.token), OK)

    def test_requests_of_a_session(self) -> None:
        self.set(4, 20)
        for _ in range(20):
            self.assertEqual(self.ask("heartBit.json", self.token), OK)
        self.bad(self.ask("heartBit.json", self.token), NO_SUCH_SESSION)

    def test_answer_is_json_of_doubles(self) -> None:
        """As the published examples have them: clients parse ``fv`` as a floating-point number."""
        text = self.post("getConfig.json", shash=self.token).body.decode()
        for each in json.loads(text, parse_int=lambda digits: int(digits) * 1000)["config"]:
            self.assertGreaterEqual(each["kind"], 1000)
            self.assertLessEqual(each["dv"], 1500)
