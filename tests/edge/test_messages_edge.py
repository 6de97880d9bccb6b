"""addMsgs.json, getMsgs.json, getMsgsAndSync.json."""

from __future__ import annotations

import json

from tests.support.edge import (
    DATABASE_FAIL,
    EMPTY_REQUEST,
    JSON_FAIL,
    JSON_PARSER_FAIL,
    MALFORMED_REQUEST,
    NO_SUCH_SESSION,
    OK,
    EdgeCase,
)


class MessagesCase(EdgeCase):
    """A camera that sends and a phone that gets."""

    def setUp(self) -> None:
        super().setUp()
        self.camera, self.phone = self.authorize("camera"), self.authorize("phone")

    def send(self, *names: str, target: str = "") -> None:
        msgs = [{"msg": name, "target": target} for name in names]
        self.assertEqual(self.ask("addMsgs.json", self.camera, msgs=msgs), OK)

    def got(self, token: str | None = None, path: str = "getMsgs.json", **params) -> list[str]:
        self.clock.advance(2)
        answer = self.ask(path, token or self.phone, **params)
        self.assertEqual(set(answer), {"msgs", "result"}, answer)
        return [each["msg"] for each in answer["msgs"]]

    def sync(self, token: str | None = None) -> None:
        self.assertEqual(self.ask("addMsgs.json", token or self.phone, msg="sync"), OK)


class AddTests(MessagesCase):
    """addMsgs.json."""

    def params_of(self, **given):
        """What comes back of ``params``, in a message of its own."""
        self.assertEqual(self.ask("addMsgs.json", self.camera, msg="m", **given), OK)
        (message,) = self.ask("getMsgsAndSync.json", self.phone)["msgs"]
        self.clock.advance(2)
        return message["params"]

    def test_one(self) -> None:
        self.assertEqual(self.ask("addMsgs.json", self.camera, msg="obey", params={"please": 1}), OK)
        (message,) = self.ask("getMsgs.json", self.phone)["msgs"]
        self.assertEqual(set(message), {"msg", "device", "stamp", "params"})
        self.assertEqual((message["msg"], message["device"], message["params"]), ("obey", "camera", {"please": 1}))

    def test_several_in_order(self) -> None:
        self.send("1", "2", "3")
        self.assertEqual(self.got(), ["1", "2", "3"])

    def test_more_than_the_account_may_hold(self) -> None:
        self.world.run(self.world.store.set_quota("user", "messages", 2))
        self.world.run(self.services.accounts.refresh())
        self.send("1", "2")
        body = json.dumps({"shash": self.camera, "msg": "3"}).encode()
        answer = self.post("addMsgs.json", body)
        self.refused(answer, JSON_FAIL, status=429)
        self.assertEqual(answer.header("retry-after"), "60")
        self.assertEqual(self.got(), ["1", "2"])
        self.sync()

    def test_larger_than_the_account_may_hold(self) -> None:
        self.world.run(self.world.store.set_quota("user", "message_bytes", 1000))
        self.world.run(self.services.accounts.refresh())
        self.send("1")
        for params, status in (("x" * 1000, 429), ("x" * 900, 200)):
            answer = self.post(
                "addMsgs.json", json.dumps({"shash": self.camera, "msg": "2", "params": [params]}).encode()
            )
            self.assertEqual(answer.status, status)
        self.assertEqual(self.got(), ["1", "2"])

    def test_where_no_space_is_left_for_them(self) -> None:
        """Space is kept free, and the account has no records to give for messages."""
        self.world.run(self.world.retention.load())
        self.ask("setConfig.json", self.camera, config=[{"kind": 4, "fv": 200}])
        self.clock.advance(60)
        self.send("1")
        self.world.disk.others = self.world.disk.total - 500 * 1024 * 1024
        large = {"shash": self.camera, "msg": "2", "params": ["x" * 1_000_000]}
        for _ in range(100):
            answer = self.post("addMsgs.json", json.dumps(large).encode())
            if answer.status != 200:
                break
        self.refused(answer, DATABASE_FAIL, status=503)
        self.assertEqual(self.ask("setConfig.json", self.camera, config=[{"kind": 1, "fv": 5}]), OK)

    def test_query_alone(self) -> None:
        answer = self.post("addMsgs.json", shash=self.camera, msg="7", target="phone", params='{"a":[1]}', device="x")
        self.assertEqual(answer.json(), OK)
        self.assertEqual(
            self.post("addMsgs.json", shash=self.camera, msgs='[{"msg":"8","params":[]},{"msg":"9"}]').json(), OK
        )
        found = self.ask("getMsgs.json", self.phone)["msgs"]
        self.assertEqual([(each["msg"], each["params"]) for each in found], [("7", {"a": [1]}), ("8", []), ("9", {})])

    def test_params_come_back_equal(self) -> None:
        for params in (
            {"a": {"b": [1, -2.5, None, True, "\0\u00fc\U0001f4f7", {}]}},
            [1, [2, [3]]],
            [],
            {"big": 2**80, "exact": 0.1, "sync": "sync"},
        ):
            self.assertEqual(self.params_of(params=params), params)

    def test_field_params_as_json_text_come_back_as_the_value(self) -> None:
        self.assertEqual(self.params_of(params='{"a": 1}'), {"a": 1})
        self.assertEqual(self.params_of(params=" [1, 2] "), [1, 2])

    def test_field_params_are_always_there(self) -> None:
        """A client crashes on a missing one."""
        self.assertEqual(self.params_of(), {})
        for nothing in (None, "", {}, "{}", "null"):
            self.assertEqual(self.params_of(params=nothing), {})

    def test_params_of_another_type_spoil_nobodys_getmsgs(self) -> None:
        for params in (1, 1.5, True, "text", "5", '"x"', "{", "[1,", "true"):
            self.bad(self.ask("addMsgs.json", self.camera, msg="m", params=params), MALFORMED_REQUEST)
        self.assertEqual(self.got(), [])

    def test_params_nested_deeply_come_back_or_are_refused(self) -> None:
        """Nothing that is stored may be too deep to be sent inside an answer."""
        for depth in (1, 150, 190, 197, 198, 199, 200, 201, 1000, 100_000):
            text = "[" * depth + "]" * depth
            for params in (text, json.dumps(text)):
                body = f'{{"shash":"{self.camera}","msg":"m","params":{params}}}'.encode()
                answer = self.post("addMsgs.json", body).json()
                found = self.post("getMsgsAndSync.json", shash=self.phone).body.decode()
                self.assertEqual(text in found, answer == OK, depth)
                self.clock.advance(4)

    def test_all_or_nothing(self) -> None:
        wrong = [
            {},
            {"msg": ""},
            {"msg": None},
            {"msg": 5},
            {"msg": ["x"]},
            {"msg": "m" * 1025},
            {"msg": "m", "params": 5},
            {"msg": "m", "target": 5},
            {"msg": "m", "target": "t" * 1025},
            {"target": "phone"},
            None,
            "m",
            5,
            [],
        ]
        for entry in wrong:
            msgs = [{"msg": "good"}, entry, {"msg": "good"}]
            self.bad(self.ask("addMsgs.json", self.camera, msgs=msgs), MALFORMED_REQUEST)
            self.clock.advance(2)
        self.assertEqual(self.got(), [])

    def test_msg_is_required_and_not_empty(self) -> None:
        for params in ({}, {"msg": ""}, {"msg": None}, {"msgs": []}, {"msgs": None}, {"params": {}}, {"target": "x"}):
            self.bad(self.ask("addMsgs.json", self.camera, **params), MALFORMED_REQUEST)

    def test_msgs_of_another_type(self) -> None:
        for msgs in ({}, {"msg": "m"}, 5, "m", "{", True, "5"):
            self.bad(self.ask("addMsgs.json", self.camera, msgs=msgs), MALFORMED_REQUEST)

    def test_bad_requests(self) -> None:
        for path in ("addMsgs.json", "getMsgs.json", "getMsgsAndSync.json"):
            self.refused(self.post(path), EMPTY_REQUEST)
            self.refused(self.post(path, b"msg=x"), JSON_PARSER_FAIL)
            self.refused(self.post(path, b"1"), JSON_FAIL)
            self.bad(self.ask(path, msg="m"), MALFORMED_REQUEST)
            self.bad(self.ask(path, "wrong", msg="m"), NO_SUCH_SESSION)

    def test_the_published_example_with_its_missing_brace(self) -> None:
        body = f'{{"shash":"{self.camera}","msgs":[{{"msg":"status","target":"d1"}},{{"msg":"shutdown"}}]'
        self.refused(self.post("addMsgs.json", body.encode()), JSON_PARSER_FAIL)
        self.assertEqual(self.post("addMsgs.json", body.encode() + b"}").json(), OK)

    def test_text_is_unicode_throughout(self) -> None:
        name, target = '\0 \u202e\U0001f4f7"\\', "phone \u00e9\0"
        token = self.authorize(target)
        self.assertEqual(self.ask("addMsgs.json", self.camera, msg=name, target=target), OK)
        self.assertEqual(self.got(token), [name])
        self.assertEqual(self.got(), [])


class GetTests(MessagesCase):
    """getMsgs.json and its sync marks."""

    def test_to_every_device_but_the_sender(self) -> None:
        third = self.authorize("third")
        self.send("m")
        self.assertEqual((self.got(), self.got(third), self.got(self.camera)), (["m"], ["m"], []))

    def test_to_the_target_alone(self) -> None:
        third = self.authorize("third")
        self.send("m", target="phone")
        self.assertEqual((self.got(), self.got(third), self.got(self.camera)), (["m"], [], []))

    def test_a_device_may_write_to_itself(self) -> None:
        self.send("m", target="camera")
        self.assertEqual((self.got(self.camera), self.got()), (["m"], []))

    def test_a_device_never_seen_gets_it_when_it_comes(self) -> None:
        self.send("all")
        self.send("one", target="newcomer")
        self.assertEqual(self.got(self.authorize("newcomer")), ["all", "one"])

    def test_another_account_gets_nothing(self) -> None:
        self.other_account()
        self.send("m")
        self.send("n", target="phone")
        self.assertEqual(self.got(self.authorize("phone", name="other")), [])

    def test_resent_until_acknowledged(self) -> None:
        self.send("1", "2")
        self.assertEqual((self.got(), self.got()), (["1", "2"], ["1", "2"]))
        self.sync()
        self.assertEqual(self.got(), [])
        self.send("3")
        self.assertEqual(self.got(), ["3"])

    def test_what_arrives_between_a_getmsgs_and_its_sync_is_not_lost(self) -> None:
        self.send("1")
        self.assertEqual(self.got(), ["1"])
        self.send("2")
        self.sync()
        self.assertEqual(self.got(), ["2"])

    def test_a_session_that_asked_for_nothing_acknowledges_all_up_to_now(self) -> None:
        self.send("1")
        self.sync()
        self.assertEqual(self.got(), [])

    def test_a_session_that_was_given_nothing_acknowledges_nothing(self) -> None:
        self.assertEqual(self.got(), [])
        self.send("1")
        self.sync()
        self.assertEqual(self.got(), ["1"])

    def test_sync_is_never_delivered_in_any_case_of_letters(self) -> None:
        for spelling in ("sync", "SYNC", "Sync", "sYnC"):
            self.send("m", target="phone")
            self.assertEqual(self.got(), ["m"])
            self.assertEqual(self.ask("addMsgs.json", self.phone, msg=spelling, target="camera"), OK)
            self.assertEqual((self.got(), self.got(self.camera)), ([], []))

    def test_sync_within_msgs(self) -> None:
        self.send("1")
        self.assertEqual(self.got(), ["1"])
        msgs = [{"msg": "answer"}, {"msg": "sync"}]
        self.assertEqual(self.ask("addMsgs.json", self.phone, msgs=msgs), OK)
        self.assertEqual((self.got(), self.got(self.camera)), ([], ["answer"]))

    def test_later_than_a_stamp(self) -> None:
        self.send("1", "2", "3")
        stamps = [each["stamp"] for each in self.ask("getMsgs.json", self.phone)["msgs"]]
        self.assertEqual(stamps, sorted(set(stamps)))
        self.assertEqual(self.got(stamp=stamps[0]), ["2", "3"])
        self.assertEqual(self.got(stamp=stamps[2]), [])
        self.sync()
        self.assertEqual(self.got(stamp=stamps[1]), ["3"], "a stamp goes back behind the sync mark")
        self.assertEqual(self.got(stamp="9999"), [])

    def test_field_a_shorter_stamp_compares_as_text(self) -> None:
        self.send("1")
        (message,) = self.ask("getMsgs.json", self.phone)["msgs"]
        for length in (4, 19, 20, 23):
            self.assertEqual(self.got(stamp=message["stamp"][:length]), ["1"])
        self.assertEqual(self.got(stamp=message["stamp"][:19] + "5"), [])

    def test_field_sync_as_stamp_means_the_sync_mark(self) -> None:
        self.send("1")
        self.got()
        self.sync()
        self.send("2")
        for stamp in ('{"msg":"sync"}', ' { "msg" : "SYNC" } ', None):
            self.assertEqual(self.got(stamp=stamp), ["2"])
        self.assertEqual(
            [
                each["msg"]
                for each in self.post("getMsgs.json", shash=self.phone, stamp='{"msg":"sync"}').json()["msgs"]
            ],
            ["2"],
        )

    def test_field_an_empty_stamp_is_less_than_any(self) -> None:
        self.send("1")
        self.got()
        self.sync()
        self.assertEqual(self.got(), [])
        self.assertEqual(self.got(stamp=""), ["1"])
        self.assertEqual(
            [each["msg"] for each in self.post("getMsgs.json", shash=self.phone, stamp="").json()["msgs"]], ["1"]
        )

    def test_stamp_of_another_type(self) -> None:
        for path in ("getMsgs.json", "getMsgsAndSync.json"):
            for stamp in (5, True, [], {}, {"msg": "sync"}, "s" * 1025):
                self.bad(self.ask(path, self.phone, stamp=stamp), MALFORMED_REQUEST)

    def test_stamp_that_is_none_compares_as_text(self) -> None:
        self.send("1")
        for stamp, found in (("{", []), ("{}", []), ("zzz", []), ("0", ["1"]), ("'; --", ["1"]), ("\0", ["1"])):
            self.assertEqual(self.got(stamp=stamp), found, stamp)

    def test_stamps_grow_when_the_clock_steps_back(self) -> None:
        self.send("1")
        self.clock.step -= 3600
        self.send("2")
        stamps = [each["stamp"] for each in self.ask("getMsgs.json", self.phone)["msgs"]]
        self.assertEqual(self.got(stamp=stamps[0]), ["2"])

    def test_field_an_answer_is_a_page_of_32_the_oldest_first(self) -> None:
        self.send(*[str(number) for number in range(70)])
        found = []
        while page := self.ask("getMsgs.json", self.phone)["msgs"]:
            found.append([int(each["msg"]) for each in page])
            self.sync()
        self.assertEqual(found, [list(range(32)), list(range(32, 64)), list(range(64, 70))])

    def test_limit(self) -> None:
        self.send(*[str(number) for number in range(40)])
        for limit, count in ((1, 1), ("5", 5), (40, 40), (1000, 40), (None, 32), ("", 32), (3e1, 30)):
            self.assertEqual(len(self.got(limit=limit)), count, limit)
        for limit in (0, -1, 1001, 1.5, "x", [], {}, True, 2**64, 10**400):
            self.bad(self.ask("getMsgs.json", self.phone, limit=limit), MALFORMED_REQUEST)

    def test_sync_marks_are_the_devices_and_outlive_its_sessions(self) -> None:
        self.send("1")
        self.got()
        self.sync()
        self.assertEqual(self.got(self.authorize("phone")), [])

    # getMsgsAndSync.json

    def test_acknowledges_exactly_what_it_returns(self) -> None:
        self.send("1", "2", "3")
        self.assertEqual(self.got(path="getMsgsAndSync.json", limit=2), ["1", "2"])
        self.send("4")
        self.assertEqual(self.got(path="getMsgsAndSync.json"), ["3", "4"])
        self.assertEqual(self.got(path="getMsgsAndSync.json"), [])
        self.assertEqual(self.got(), [])

    def test_a_stamp_skips_and_acknowledges(self) -> None:
        self.send("1", "2")
        stamp = self.ask("getMsgs.json", self.phone)["msgs"][0]["stamp"]
        self.assertEqual(self.got(path="getMsgsAndSync.json", stamp=stamp), ["2"])
        self.assertEqual(self.got(), [])

    def test_refused_requests_acknowledge_nothing(self) -> None:
        self.send("1")
        self.bad(self.ask("getMsgsAndSync.json", self.phone, limit=0), MALFORMED_REQUEST)
        self.assertEqual(self.got(), ["1"])
