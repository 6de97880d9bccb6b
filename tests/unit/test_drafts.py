"""Messages as clients write them, and where they ask to go on from."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase

from tests.support.refusals import accepted
from tests.support.steps import finish
from webcam.errors import MalformedRequest
from webcam.model import Draft
from webcam.wire import messages
from webcam.wire.messages import MAX_NAME, after
from webcam.wire.requests import Params

SYNCS = ("sync", "SYNC", "Sync", "sYnC")


def drafts(params):
    """What the request says, read to its end."""
    return finish(messages.drafts(params))


def body(**keys: Any) -> Params:
    return Params.parse(b"", json.dumps(keys).encode())


def query(**texts: str) -> Params:
    return Params.parse("&".join(f"{name}={quote(text)}" for name, text in texts.items()).encode())


def sent(**keys: Any) -> tuple[list[Draft], bool]:
    return drafts(body(**keys))


class SingleTests(SynchronousTestCase):
    """One message."""

    def test_message(self) -> None:
        """Name, target and params; a target that is missing, null or empty is everyone."""
        self.assertEqual(sent(msg="obey", params={"please": 1}), ([Draft("obey", "", '{"please":1}')], False))
        self.assertEqual(sent(msg="obey", target="device1"), ([Draft("obey", "device1", "{}")], False))
        for target in (None, ""):
            self.assertEqual(sent(msg="obey", target=target), ([Draft("obey", "", "{}")], False))

    def test_query(self) -> None:
        """All of it in the query; the documented ``device`` there is ignored."""
        params = query(msg="obey", device="x", target="device1", params='{"please": [1]}')
        self.assertEqual(drafts(params), ([Draft("obey", "device1", '{"please":[1]}')], False))
        self.assertEqual(drafts(query(msg="obey")), ([Draft("obey", "", "{}")], False))

    def test_malformed(self) -> None:
        """No name, an empty one, one that is no text or too long; a target that is no text."""
        names = (None, "", 1, True, [], {}, ["sync"], "x" * (MAX_NAME + 1))
        self.assertEqual(accepted(MalformedRequest, lambda name: sent(msg=name), names), [])
        self.assertEqual(accepted(MalformedRequest, lambda target: sent(msg="a", target=target), (1, True, [], {})), [])
        self.assertRaises(MalformedRequest, sent, target="device1")

    def test_unicode(self) -> None:
        """Names are texts, U+0000 included."""
        self.assertEqual(sent(msg="a\0é\N{CAMERA}")[0][0].name, "a\0é\N{CAMERA}")


class ParamsTests(SynchronousTestCase):
    """What ``params`` may be."""

    def params(self, value: Any) -> str:
        (found,), _ = sent(msg="a", params=value)
        return found.params

    def test_objects_and_arrays(self) -> None:
        """Kept as JSON text."""
        for value in ({}, [], {"a": {"b": [None, True, 1.5, "x"]}}, [1, [2]]):
            self.assertEqual(json.loads(self.params(value)), value)

    def test_big_integers(self) -> None:
        """No digit is lost."""
        self.assertEqual(self.params([2**64 + 1]), "[18446744073709551617]")

    def test_field_fact_text_of_json(self) -> None:
        """JSON text of an object or array is the value itself, in body and query."""
        self.assertEqual(self.params('{"a": "\\u00e9"}'), '{"a":"é"}')
        self.assertEqual(self.params(" [1] "), "[1]")
        self.assertEqual(drafts(query(msg="a", params="[1, 2]"))[0][0].params, "[1,2]")

    def test_field_fact_always_there(self) -> None:
        """Absent, null or empty is an empty object: a client crashes on a missing one."""
        self.assertEqual(sent(msg="a")[0][0].params, "{}")
        for value in (None, "", "null"):
            self.assertEqual(self.params(value), "{}")
        self.assertEqual(drafts(query(msg="a", params=""))[0][0].params, "{}")

    def test_malformed(self) -> None:
        """Anything else, so that it never spoils an answer to another device."""
        values = (1, 0, 1.5, True, False, "text", "1", '"[]"', "{", "[1,]", " ", "NaN", r'["\ud800"]', "[" * 300)
        self.assertEqual(accepted(MalformedRequest, self.params, values), [])


class ListTests(SynchronousTestCase):
    """Several messages: all or nothing."""

    def test_list(self) -> None:
        """In their order, each with its own target and params."""
        msgs = [{"msg": "status", "target": "device1"}, {"msg": "shutdown", "params": [1]}, {"msg": "a", "params": ""}]
        found = [Draft("status", "device1", "{}"), Draft("shutdown", "", "[1]"), Draft("a", "", "{}")]
        self.assertEqual(sent(msgs=msgs), (found, False))
        self.assertEqual(drafts(query(msgs=json.dumps(msgs))), (found, False))
        self.assertEqual(sent(msgs=json.dumps(msgs)), (found, False))

    def test_list_and_single(self) -> None:
        """The list first, then the single one; an empty list leaves the single one."""
        self.assertEqual([each.name for each in sent(msg="single", msgs=[{"msg": "listed"}])[0]], ["listed", "single"])
        self.assertEqual(sent(msg="single", msgs=[]), ([Draft("single", "", "{}")], False))

    def test_outer_keys_are_not_inherited(self) -> None:
        """A target or params beside the list are the single message's."""
        self.assertEqual(sent(msgs=[{"msg": "a"}], target="x", params=[1]), ([Draft("a", "", "{}")], False))

    def test_malformed(self) -> None:
        """One malformed entry, and none is stored; nor is anything of what is no list, or an empty one."""
        good = {"msg": "a"}
        entries = (None, 1, "a", [], {}, {"msg": ""}, {"msg": 1}, {"msg": "a", "params": 5}, {"msg": "a", "target": 1})
        self.assertEqual(accepted(MalformedRequest, lambda each: sent(msgs=[good, each, good]), entries), [])
        self.assertEqual(accepted(MalformedRequest, lambda msgs: sent(msgs=msgs), (None, [], {}, good, 1, "a", "")), [])
        self.assertRaises(MalformedRequest, sent, msgs=[good], msg=1)


class SyncTests(SynchronousTestCase):
    """The sync mark: never delivered."""

    def test_alone(self) -> None:
        """In any case of letters."""
        for name in SYNCS:
            self.assertEqual(sent(msg=name), ([], True))
            self.assertEqual(drafts(query(msg=name)), ([], True))

    def test_in_a_list(self) -> None:
        """The others stay."""
        for name in SYNCS:
            self.assertEqual(sent(msgs=[{"msg": name}]), ([], True))
            self.assertEqual(
                sent(msgs=[{"msg": "a"}, {"msg": name, "target": "x"}, {"msg": "b"}]),
                ([Draft("a", "", "{}"), Draft("b", "", "{}")], True),
            )
        self.assertEqual(sent(msg="sync", msgs=[{"msg": "a"}]), ([Draft("a", "", "{}")], True))

    def test_no_sync(self) -> None:
        """Names that only look like it are messages."""
        for name in ("sync ", "syncs", "\u017fync", "synс"):  # noqa: RUF001
            self.assertEqual(sent(msg=name), ([Draft(name, "", "{}")], False))

    def test_malformed(self) -> None:
        """A sync is checked like any message."""
        self.assertRaises(MalformedRequest, sent, msg="sync", params=5)


class AfterTests(SynchronousTestCase):
    """The stamp that a client goes on from."""

    def test_stamp(self) -> None:
        """Whole or short, it is compared as text and stays as it is."""
        for stamp in ("2022-02-07 12:28:35", "2022-02-07 12:28:36.0042", "2022-02-07 12:28:36.004200", "x", "{"):
            self.assertEqual(after(body(stamp=stamp)), stamp)
            self.assertEqual(after(query(stamp=stamp)), stamp)
        self.assertEqual(after(Params.parse(b"stamp=2022-02-07+12:28:35")), "2022-02-07 12:28:35")

    def test_none(self) -> None:
        """Without one, the device's sync mark counts."""
        for params in (body(a=1), body(stamp=None), query(a="1")):
            self.assertIsNone(after(params))

    def test_empty(self) -> None:
        """It is a stamp, less than any."""
        for params in (body(stamp=""), query(stamp="")):
            self.assertEqual(after(params), "")

    def test_field_fact_sync_as_stamp(self) -> None:
        """The text ``{"msg":"sync"}`` stands for it, too, however it is spaced."""
        for text in ('{"msg":"sync"}', '{ "msg" : "SYNC" }', ' {"msg":"sync"}', '{"shash":"a","msg":"sync"}'):
            self.assertIsNone(after(body(stamp=text)))
            self.assertIsNone(after(query(stamp=text)))

    def test_other_objects_are_no_sync(self) -> None:
        """Other text is a stamp, whatever it holds."""
        for text in ('{"msg":"other"}', '{"msg":1}', '{"msg":"sync"', "[]", "{}", '{"msg":"sync"}}'):
            self.assertEqual(after(body(stamp=text)), text)

    def test_malformed(self) -> None:
        """A stamp is text."""
        values = (1, True, [], {"msg": "sync"}, "x" * 1025)
        self.assertEqual(accepted(MalformedRequest, lambda stamp: after(body(stamp=stamp)), values), [])
