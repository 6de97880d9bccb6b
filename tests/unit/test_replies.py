"""Answers: JSON as the protocol documents it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import JSON_VALUES, TEXTS, tried
from tests.support.steps import finish
from webcam.errors import ReplyCode
from webcam.model import SETTING_KINDS, Draft, Message, Presence, Record, whole_settings
from webcam.wire import messages, replies
from webcam.wire.requests import Params

STAMP = "2022-02-07 12:28:35.000000"
PARAMS = st.one_of(st.lists(JSON_VALUES, max_size=4), st.dictionaries(TEXTS, JSON_VALUES, max_size=4))

EXAMPLE = (
    '{"config":[{"kind":1,"descr":"old records timeout (days)","miv":4.0E-003,"mav":1.68E+002,"dv":3.0E+001,'
    '"fv":3.0E+001},{"kind":2,"descr":"dead sessions timeout (minutes)","miv":3.0E+000,"mav":3.0E+001,"dv":1.0E+001,'
    '"fv":1.0E+001},{"kind":3,"descr":"max requests for session","miv":2.0E+002,"mav":1.0E+004,"dv":1.5E+003,'
    '"fv":1.5E+003},{"kind":4,"descr":"max reqs per min for session","miv":2.0E+001,"mav":2.0E+002,"dv":5.0E+001,'
    '"fv":5.0E+001}],"result":"OK"}'
)
"""The answer that the protocol documents for a fresh account."""


def stored(value: Any) -> Draft:
    """A message of these params as it came in."""
    (draft,), _ = finish(messages.drafts(Params.parse(b"", json.dumps({"msg": "a", "params": value}).encode())))
    return draft


def delivered(params: str, name: str = "a", sender: str = "d") -> dict[str, Any]:
    """A message of this stored text as a client reads it."""
    (entry,) = json.loads(replies.messages([Message(STAMP, sender, name, params)]))["msgs"]
    return entry


class PlainTests(SynchronousTestCase):
    """Answers without a list."""

    def test_ok(self) -> None:
        self.assertEqual(replies.OK, b'{"result":"OK"}')

    def test_bad(self) -> None:
        """The code is its number."""
        self.assertEqual(replies.bad(ReplyCode.NO_SUCH_SESSION), b'{"result":"BAD","code":6}')

    def test_authorized(self) -> None:
        self.assertEqual(replies.authorized("t="), b'{"shash":"t=","result":"OK"}')

    def test_server_time(self) -> None:
        self.assertEqual(json.loads(replies.server_time(STAMP)), {"stamp": STAMP, "result": "OK"})

    def test_record(self) -> None:
        """A record's metadata, without its id and size."""
        self.assertEqual(
            json.loads(replies.record(Record(34, "34945423FA90", "PNG", STAMP, 5))),
            {"device": "34945423FA90", "meta": "PNG", "stamp": STAMP, "result": "OK"},
        )


class SettingsTests(SynchronousTestCase):
    """The answer to ``getConfig``."""

    def test_documented_example(self) -> None:
        """Of a fresh account, the first four kinds equal it, key by key in its order, numbers as doubles."""
        answer = json.loads(replies.settings(whole_settings({})))
        example = json.loads(EXAMPLE)
        self.assertEqual(answer["config"][:4], example["config"])
        self.assertEqual(list(answer["config"][0]), list(example["config"][0]))
        self.assertEqual(list(answer), list(example))
        for entry in answer["config"]:
            self.assertEqual({type(entry[key]) for key in ("miv", "mav", "dv", "fv")}, {float})

    def test_field_fact_kinds_5_and_6(self) -> None:
        """Two kinds more than documented."""
        entries = json.loads(replies.settings(whole_settings({})))["config"][4:]
        five = {"kind": 5, "descr": "broadcasts lifetime (hr)", "miv": 1, "mav": 750, "dv": 125, "fv": 125}
        six = {"kind": 6, "descr": "overall messages lifetime (days)", "miv": 1, "mav": 120, "dv": 30, "fv": 30}
        self.assertEqual(entries, [five, six])

    def test_values(self) -> None:
        """``fv`` is the account's own value; the default stays what it is."""
        entries = json.loads(replies.settings(whole_settings({1: 0.5, 4: 100})))["config"]
        self.assertEqual({each["kind"]: each["fv"] for each in entries}, whole_settings({1: 0.5, 4: 100}))
        self.assertEqual({each["kind"]: each["dv"] for each in entries}, whole_settings({}))

    def test_defaults_within_bounds(self) -> None:
        for each in SETTING_KINDS.values():
            self.assertTrue(each.minimum <= each.default <= each.maximum, each)


class MessagesTests(SynchronousTestCase):
    """``params`` come back equal."""

    def test_entry(self) -> None:
        """The documented keys."""
        entry = {"msg": "1", "device": "dev1", "params": {}, "stamp": STAMP}
        self.assertEqual(
            json.loads(replies.messages([Message(STAMP, "dev1", "1", "{}")])), {"msgs": [entry], "result": "OK"}
        )

    def test_empty(self) -> None:
        self.assertEqual(replies.messages([]), b'{"msgs":[],"result":"OK"}')

    def test_order(self) -> None:
        """As given."""
        found = [Message(STAMP, "d", str(each), "{}") for each in range(5)]
        self.assertEqual([each["msg"] for each in json.loads(replies.messages(found))["msgs"]], list("01234"))

    @given(PARAMS)
    @tried
    def test_equal(self, value: Any) -> None:
        """Whatever object or array a device sent, it is delivered equal, in UTF-8."""
        self.assertEqual(delivered(stored(value).params)["params"], value)

    def test_big_integers(self) -> None:
        """Digit by digit, past 64 bits and past a double's precision."""
        value = {"a": 2**64 + 1, "b": [-(10**40), 2**53 + 1]}
        self.assertEqual(delivered(stored(value).params)["params"], value)
        self.assertIn(b'"a":18446744073709551617', replies.messages([Message(STAMP, "d", "a", stored(value).params)]))

    def test_nul_and_unicode(self) -> None:
        """In keys, values, names and devices."""
        text = 'a\0b é\N{CAMERA} " \\ \x7f \u2028'
        entry = delivered(stored({text: [text]}).params, name=text, sender=text)
        self.assertEqual(entry, {"msg": text, "device": text, "stamp": STAMP, "params": {text: [text]}})


class ListsTests(SynchronousTestCase):
    """Lists of records, devices and streams."""

    def test_records(self) -> None:
        """Ids up to the largest; without meta and size."""
        found = [Record(34, "d1", "m", STAMP, 5), Record(2**63 - 1, "d2", "", STAMP, None)]
        self.assertEqual(
            json.loads(replies.records(found))["records"],
            [{"rid": 34, "device": "d1", "stamp": STAMP}, {"rid": 2**63 - 1, "device": "d2", "stamp": STAMP}],
        )
        self.assertEqual(replies.records([]), b'{"records":[],"result":"OK"}')

    def test_devices(self) -> None:
        """Meta is text, also where it holds JSON."""
        self.assertEqual(
            json.loads(replies.devices([Presence("d1c", '{"param":1}'), Presence("é\0", "")]).whole()),
            {"result": "OK", "devices": [{"device": "d1c", "meta": '{"param":1}'}, {"device": "é\0", "meta": ""}]},
        )

    def test_streams(self) -> None:
        self.assertEqual(
            json.loads(replies.streams([("camera1", "RAW_JPEG", 400), ("b", "", 0)]).whole()),
            {
                "result": "OK",
                "devices": [
                    {"device": "camera1", "subproto": "RAW_JPEG", "delta": 400},
                    {"device": "b", "subproto": "", "delta": 0},
                ],
            },
        )

    def test_field_fact_nothing_streams(self) -> None:
        """OK and an empty list, never an error: a BAD there makes a client disconnect."""
        self.assertEqual(json.loads(replies.streams([]).whole()), {"result": "OK", "devices": []})
