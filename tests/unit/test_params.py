"""Parameters of a request: from the query and from the body, read as the type that each field has."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import TEXTS, tried
from tests.support.refusals import accepted
from webcam.errors import EmptyRequest, Failure, MalformedRequest, NotAnObject, ParserFail
from webcam.wire.requests import MAX_ID, MAX_QUERY_FIELDS, Params


def body(**keys: Any) -> Params:
    """Parameters of a body alone."""
    return Params.parse(b"", json.dumps(keys).encode())


def query(text: str) -> Params:
    """Parameters of a query alone."""
    return Params.parse(text.encode())


class ParseTests(SynchronousTestCase):
    """What is looked at first: whether there is a request at all."""

    def test_neither_body_nor_query(self) -> None:
        """EMPTY_REQUEST."""
        self.assertRaises(EmptyRequest, Params.parse, b"", b"")

    def test_raw_body(self) -> None:
        """Where the body is data, an empty query is no error."""
        self.assertIsNone(Params.from_query(b"").text("shash"))

    def test_no_json(self) -> None:
        """JSON_PARSER_FAIL, for bytes that are not UTF-8 and for blanks, too, and whatever the query holds."""
        bodies = (b"{", b"shash=a", b" ", b'{"shash":"\xff"}', b"\xff\xd8\xff")
        self.assertEqual(accepted(ParserFail, lambda data: Params.parse(b"shash=a", data), bodies), [])

    def test_no_object(self) -> None:
        """JSON_FAIL."""
        bodies = (b"[]", b"1", b'"shash"', b"null", b"true", b"1.5")
        self.assertEqual(accepted(NotAnObject, lambda data: Params.parse(b"shash=a", data), bodies), [])

    def test_the_value_is_not_told(self) -> None:
        """A failure's text, which goes to the log, names the field and never its value."""
        for params in (body(rid="secret"), query("rid=secret"), body(rid=["secret"])):
            error = self.assertRaises(MalformedRequest, params.integer, "rid")
            self.assertIn("rid", str(error))
            self.assertNotIn("secret", str(error))

    @given(st.binary(max_size=60), st.binary(max_size=60))
    @tried
    def test_junk(self, query: bytes, data: bytes) -> None:
        """Whatever comes ends in parameters or in a failure of ours."""
        try:
            params = Params.parse(query, data)
            params.text("a")
            params.integer("a")
            params.json("a")
        except Failure:
            pass


class SourceTests(SynchronousTestCase):
    """Query and body."""

    def test_body_wins(self) -> None:
        """In both, the body's value counts; from either, what the other lacks."""
        params = Params.parse(b"device=query&meta=m&rid=1", b'{"device":"body","rid":2,"limit":3}')
        self.assertEqual(params.text("device"), "body")
        self.assertEqual(params.text("meta"), "m")
        self.assertEqual(params.integer("rid"), 2)
        self.assertEqual(params.integer("limit"), 3)

    def test_empty_body_text_wins(self) -> None:
        """An empty text is a value."""
        self.assertEqual(Params.parse(b"meta=m", b'{"meta":""}').text("meta"), "")

    def test_null_is_absent(self) -> None:
        """A ``null`` leaves the query's value."""
        params = Params.parse(b"device=query&rid=1", b'{"device":null,"rid":null,"meta":null}')
        self.assertEqual(params.text("device"), "query")
        self.assertEqual(params.integer("rid"), 1)
        self.assertIsNone(params.text("meta"))
        self.assertIsNone(params.any_text("meta", 10))
        self.assertIsNone(params.json("meta"))

    def test_field_fact_unknown_keys(self) -> None:
        """They are ignored, whatever they hold: devices send back the ``result`` and ``code`` of an earlier answer."""
        params = Params.parse(b"nothing=%ff&a", b'{"shash":"s","result":"BAD","code":6,"x":{"y":[null]},"":0}')
        self.assertEqual(params.text("shash"), "s")

    def test_the_last_one_counts(self) -> None:
        """Of a parameter that is given twice."""
        self.assertEqual(query("device=a&device=b").text("device"), "b")

    def test_too_many_fields(self) -> None:
        """A query is bounded in its number of parameters."""
        most = "&".join(["a=1"] * MAX_QUERY_FIELDS)
        self.assertEqual(query(most).text("a"), "1")
        self.assertEqual(accepted(MalformedRequest, query, (most + "&a=1", "&" * MAX_QUERY_FIELDS)), [])


class QueryTextTests(SynchronousTestCase):
    """How a query is decoded."""

    def test_text_as_it_is(self) -> None:
        """A field of text takes its value as text, whatever it looks like."""
        for text in ("111", "null", "true", "[1]", '"a"', "1e5"):
            self.assertEqual(query(f"pass={text}").text("pass"), text)

    def test_token_of_careless_clients(self) -> None:
        """A session id is read percent-encoded and with a raw ``=``; a ``+`` in it is a space."""
        for text in (
            "ra5PNJRgzrqpwbfw8JvHIkWuxJE%3D",
            "ra5PNJRgzrqpwbfw8JvHIkWuxJE=",
            "ra5PNJRgzrqpwbfw8JvHIkWuxJE%3d",
        ):
            self.assertEqual(query(f"shash={text}&meta=PNG").text("shash"), "ra5PNJRgzrqpwbfw8JvHIkWuxJE=")
        self.assertEqual(query("shash=a+b%2Bc").text("shash"), "a b+c")

    def test_field_fact_harmless_letters_encoded(self) -> None:
        """Letters that need no percent-encoding may have it."""
        params = query("%73hash=%4A%55%6A%75&subproto=RAW_%4APEG")
        self.assertEqual(params.text("shash"), "JUju")
        self.assertEqual(params.text("subproto"), "RAW_JPEG")

    def test_blank_values(self) -> None:
        """``a=`` and ``a`` are empty texts: for other types than text, nothing at all."""
        for text in ("stamp=&x=1", "stamp&x=1"):
            params = query(text)
            self.assertEqual(params.text("stamp"), "")
            self.assertIsNone(params.integer("stamp"))
            self.assertIsNone(params.json("stamp"))
            self.assertRaises(MalformedRequest, params.required_text, "stamp")

    def test_not_utf8(self) -> None:
        """Malformed when the field is asked for, percent-encoded or raw, half a surrogate pair as well."""
        for text in (b"device=%ff", b"device=\xff", b"device=%ed%a0%80", b"device=a%C3"):
            params = Params.parse(text + b"&meta=good")
            self.assertRaises(MalformedRequest, params.text, "device")
            self.assertRaises(MalformedRequest, params.any_text, "device", 10)
            self.assertRaises(MalformedRequest, params.json, "device")
            self.assertEqual(params.text("meta"), "good")

    def test_not_utf8_inside_json(self) -> None:
        """Nor may it hide in a string of JSON text: it could never be written again."""
        params = Params.parse(b'params=["%ff"]&meta=["%ed%a0%80"]')
        self.assertRaises(MalformedRequest, params.json, "params")
        self.assertRaises(MalformedRequest, params.plain, "params")
        self.assertRaises(MalformedRequest, params.json, "meta")

    @given(TEXTS)
    @tried
    def test_every_text(self, text: str) -> None:
        """Every text comes through a query, percent-encoded, and through a body, U+0000 included."""
        self.assertEqual(Params.parse(b"a=1&meta=" + quote(text, safe="").encode()).text("meta"), text)
        self.assertEqual(body(meta=text).text("meta"), text)
        self.assertEqual(Params.parse(b"", json.dumps({"meta": text}, ensure_ascii=False).encode()).text("meta"), text)


class TextTests(SynchronousTestCase):
    """Fields of text."""

    def test_wrong_types(self) -> None:
        """No guess is made from a number, a truth value, a list or an object."""
        values = (1, 1.5, True, False, [], {}, ["a"])
        self.assertEqual(accepted(MalformedRequest, lambda value: body(device=value).text("device"), values), [])

    def test_required(self) -> None:
        """Missing, null or empty is malformed."""
        for params in (body(a=1), body(device=None), body(device=""), query("device=")):
            self.assertRaises(MalformedRequest, params.required_text, "device")
        self.assertEqual(body(device=" ").required_text("device"), " ")

    def test_bound(self) -> None:
        """In characters; 1,024 where nothing else is said."""
        self.assertEqual(body(device="é" * 1024).text("device"), "é" * 1024)
        self.assertRaises(MalformedRequest, body(device="x" * 1025).text, "device")
        self.assertRaises(MalformedRequest, query("device=" + "x" * 11).text, "device", 10)

    def test_field_fact_any_value_as_text(self) -> None:
        """``meta`` may be any JSON value: a string stays as it is, anything else is its JSON text."""
        for value, text in (("some info", "some info"), ({"param": 1}, '{"param":1}'), ([], "[]"), (5, "5")):
            self.assertEqual(body(meta=value).any_text("meta", 100), text)
        self.assertEqual(body(meta=False).any_text("meta", 100), "false")
        self.assertEqual(body(meta="").any_text("meta", 100), "")
        self.assertEqual(query('meta={"param": 1}').any_text("meta", 100), '{"param": 1}')
        self.assertRaises(MalformedRequest, body(meta=["x" * 10]).any_text, "meta", 10)


class IntegerTests(SynchronousTestCase):
    """Integers and ids."""

    def test_ways_to_write_one(self) -> None:
        """As a number, as text of digits, with a fraction of nothing, with an exponent."""
        for value in (30, "30", 30.0, "30.0", "3.0000000000000000E+001", "3e1", "0030"):
            self.assertEqual(body(rid=value).integer("rid"), 30)
        for text in ("30", "3.0000000000000000E%2B001", "%33%30"):
            self.assertEqual(query(f"rid={text}").integer("rid"), 30)
        self.assertEqual(Params.parse(b"", b'{"rid":3.0000000000000000E+001}').integer("rid"), 30)
        self.assertIsInstance(body(rid=30.0).integer("rid"), int)

    def test_bounds_of_ids(self) -> None:
        """0 to 2^63 - 1, exactly, in every way to write them."""
        for value in (0, MAX_ID, 2**53 + 1):
            self.assertEqual(body(rid=value).integer("rid"), value)
            self.assertEqual(body(rid=str(value)).integer("rid"), value)
            self.assertEqual(query(f"rid={value}").integer("rid"), value)
        outside = (-1, "-1", MAX_ID + 1, str(MAX_ID + 1), 2.0**63, 10**400, "9" * 400, "1e400", -0.5, "-1e3", 1e300)
        self.assertEqual(accepted(MalformedRequest, lambda value: body(rid=value).integer("rid"), outside), [])

    def test_own_bounds(self) -> None:
        """Both ends included."""
        self.assertEqual([body(limit=each).integer("limit", 1, 1000) for each in (1, 1000)], [1, 1000])
        for value in (0, 1001):
            self.assertRaises(MalformedRequest, body(limit=value).integer, "limit", 1, 1000)

    def test_no_integers(self) -> None:
        """Never a guess."""
        texts = ("abc", " 1", "1 ", "1,5", "0x10", "1_000", "٣", "+1", "1.", ".5", "NaN", "inf", "null", "[1]", "1\n")
        values = (*texts, 1.5, "1.5", True, False, [1], {}, {"rid": 1}, [])
        self.assertEqual(accepted(MalformedRequest, lambda value: body(rid=value).integer("rid"), values), [])

    def test_absent(self) -> None:
        """Missing, null or empty: the caller decides what that means."""
        for params in (body(a=1), body(rid=None), body(rid=""), query("rid=")):
            self.assertIsNone(params.integer("rid"))


class JSONTests(SynchronousTestCase):
    """Fields of lists and objects."""

    def test_text_of_json(self) -> None:
        """In the query such a value is JSON text, and in the body it may be."""
        for params in (body(records=[1, 2]), body(records="[1,2]"), query("records=[1,2]"), query("records=%5B1,2%5D")):
            self.assertEqual(params.json("records"), [1, 2])

    def test_no_json(self) -> None:
        """Malformed, not a failure of the request's own JSON."""
        for params in (body(records="[1"), query("records=[1"), query("records=a"), body(records=r'"\ud800"')):
            self.assertRaises(MalformedRequest, params.json, "records")

    def test_plain(self) -> None:
        """The value as it came, for fields that tell text from JSON themselves."""
        self.assertEqual(body(params="[1]").plain("params"), "[1]")
        self.assertEqual(body(params=[1]).plain("params"), [1])
        self.assertIsNone(body(params="").plain("params"))
