"""JSON in: values, or ParserFail and nothing else."""

from __future__ import annotations

import gc
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.numbers import LIKE_HALF_A_PAIR
from tests.support.properties import JSON_VALUES, tried
from tests.support.refusals import accepted
from webcam.errors import MalformedRequest, ParserFail
from webcam.wire import jsontext
from webcam.wire.jsontext import MAX_DEPTH, MAX_VALUES, dumps, loads, loads_bytes

PIECES = (
    *('"', "\\", '\\"', "\\\\", "[", "]", "{", "}", "[]", "{}", '"["', '"}"', ",", ":", " ", '"a":', "[[],", "]]"),
    *(
        "1",
        "1.5",
        "1e1",
        "1e308",
        "1e309",
        "-1E+999",
        "1" * 400,
        "1" * 401,
        "-" + "1" * 400,
        "1" * 400 + ".0",
        "1" * 4300,
        "1" * 4301,
        "NaN",
        "-0.0",
    ),
    *(r"\ud800", r"\udc00", r"\ud83d\udcf7", r"\u0041", r'"\ud800"', r'"\\ud800"', "\ud800", "é", "\N{CAMERA}", "\0"),
    *(
        "[" * 127,
        "[" * 128,
        "[" * 200,
        "]" * 100,
        "]" * 200,
        "[" * 200 + "]" * 200,
        "[]" * 101,
        "[]," * 201,
        '"[",' * 201,
    ),
    *('{"a":' * 199, "}" * 199, LIKE_HALF_A_PAIR, "true", "null"),
)


def piece_by_piece(text: str) -> Any:
    """The same as ``loads``, each bracket and each number looked at for itself."""
    deepest = depth = opening = 0
    pieces = re.findall(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\\Z)?|[\[\]{}\\]', text, re.DOTALL)
    for piece in pieces:
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece, 0)
        deepest = max(deepest, depth)
        opening += piece.count("[") + piece.count("{")
    if opening > MAX_DEPTH and "\\" in pieces:
        raise ParserFail("not JSON")
    if deepest > MAX_DEPTH:
        raise ParserFail("nested too deeply")
    try:
        value = json.loads(text, parse_constant=jsontext._no_constant, parse_float=finite, parse_int=short)
        if "\\u" in text:
            dumps(value).encode("utf-8")
    except (json.JSONDecodeError, UnicodeEncodeError):
        raise ParserFail("not JSON") from None
    except ValueError:
        raise MalformedRequest("a number of too many digits") from None
    return value


def short(text: str) -> int:
    if len(text) > jsontext.MAX_DIGITS:
        raise ValueError
    return int(text)


def finite(text: str) -> float:
    """A number, or else what is told of one past the range of a double."""
    if abs(float(text)) == float("inf"):
        raise MalformedRequest("a number is out of range")
    return float(text)


def outcome(read: Any, text: str) -> str:
    """What comes of a text, to the type of each value and the words of each failure."""
    try:
        return repr(read(text))
    except (ParserFail, MalformedRequest) as failure:
        return f"{type(failure).__name__}: {failure}"


class SameOutcomeTests(SynchronousTestCase):
    """What is found by whole texts is what is found piece by piece."""

    def assert_same(self, text: str) -> None:
        """The same values, the same failures."""
        self.assertEqual(outcome(loads, text), outcome(piece_by_piece, text), text)

    @given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
    @settings(tried, max_examples=1000)
    def test_pieces(self, text: str) -> None:
        """Of texts that are hardly ever JSON."""
        self.assert_same(text)

    @given(st.lists(st.one_of(st.sampled_from(PIECES), JSON_VALUES.map(dumps)), max_size=6), st.integers(0, 202))
    @tried
    def test_lists(self, items: list[str], levels: int) -> None:
        """Of texts that mostly are."""
        self.assert_same("[" * levels + "[" + ",".join(items) + "]" + "]" * levels)

    @given(JSON_VALUES, st.integers(195, 202), st.booleans())
    @tried
    def test_nested(self, value: Any, levels: int, many: bool) -> None:
        """Of values about as deep as can be, behind many flat ones, in ASCII and not."""
        flat = "[]," * 300 if many else ""
        self.assert_same("[" + flat + "[" * levels + json.dumps(value, ensure_ascii=many) + "]" * levels + "]")

    def test_by_hand(self) -> None:
        """Which failure comes first, which value is dropped, and what merely looks like half a pair."""
        deep = "[" * 201 + "]" * 201
        for text in (
            *(f"[1e999,{deep}]", "[1e999,NaN]", "[NaN,1e999]", "[1e999,", "[" + "1" * 5000 + ",1e999]", "[1e999,\\"),
            *('{"a":1e999,"a":1}', r'{"a":"\ud800","a":1}', r'{"a":"\ud800","a":1e999}', f'{{"a":{deep},"a":1}}'),
            *(f'["\\u0041",{LIKE_HALF_A_PAIR}]', '"\ud800"', '["\ud800","\\u0041"]', f'["\\"",{deep}]', f'"{deep}"'),
            *(
                "]" * 300 + "[" * 500,
                "]" * 300 + "[" * 501,
                "[" * 200 + '\\"[',
                "[" * 200 + '\\\\"["[',
                "[1e999\\[" * 201,
            ),
            *(
                "[" * 200 + '"\\',
                "[" * 201 + '"\\',
                "[" * 200 + '"\\\\"[',
                "[" * 200 + '"\\\\\\"[',
                f"[é,{deep}",
                f"\ud800{deep}",
            ),
        ):
            self.assert_same(text)
        self.assertEqual(loads(f'["\\u0041",{LIKE_HALF_A_PAIR}]'), ["A", float(LIKE_HALF_A_PAIR)])

    def test_the_collector_goes_on(self) -> None:
        """After a value and after a failure, and only if it was on."""
        self.addCleanup(gc.enable)
        for switch, collects in ((gc.disable, False), (gc.enable, True)):
            switch()
            for text in ("[]", "[", "1e999"):
                outcome(loads, text)
                self.assertEqual(gc.isenabled(), collects)


class RoundTests(SynchronousTestCase):
    """Values that come back equal."""

    @given(JSON_VALUES)
    @tried
    def test_equal(self, value: Any) -> None:
        """Any value of JSON, through text and back."""
        self.assertEqual(loads_bytes(dumps(value).encode()), value)

    def test_integers_of_any_length(self) -> None:
        """They don't become doubles on their way."""
        for number in (2**53 + 1, 2**64 + 1, -(10**30) - 1):
            self.assertEqual(loads(dumps([number])), [number])
            self.assertEqual(dumps(loads(f"[{number}]")), f"[{number}]")

    def test_field_fact_exponents(self) -> None:
        """Numbers may be written ``3.0000000000000000E+001``."""
        self.assertEqual(loads("3.0000000000000000E+001"), 30.0)

    def test_nul(self) -> None:
        """U+0000 is a character like others."""
        self.assertEqual(loads_bytes(rb'"a\u0000b"'), "a\0b")
        self.assertEqual(dumps("a\0b"), r'"a\u0000b"')

    def test_surrogate_pairs(self) -> None:
        """An escaped pair is one character."""
        self.assertEqual(loads(r'"\ud83d\udcf7"'), "\N{CAMERA}")

    def test_compact(self) -> None:
        """Without spaces, and characters as they are."""
        self.assertEqual(dumps({"a": [1, "é"]}), '{"a":[1,"é"]}')

    def test_brackets_in_strings(self) -> None:
        """They are no levels, escaped quotes or not."""
        for text in ("[" * 300, '"[' * 300, '\\"{' * 300, "]" * 300):
            self.assertEqual(loads(dumps([text])), [text])

    def test_many_flat_ones(self) -> None:
        """The bound is on levels, not on their number."""
        self.assertEqual(len(loads("[" + ",".join(["[]"] * 1000) + "]")), 1000)


class RefusalTests(SynchronousTestCase):
    """Texts that are refused."""

    def test_not_json(self) -> None:
        """What RFC 8259 refuses."""
        texts = ("", " ", "{", "[1,]", "{'a':1}", "nul", '{"a"}', "1 2", "01", "+1", "0x10", '"\t"', '"\\x41"', "[")
        self.assertEqual(accepted(ParserFail, loads, (*texts, "\ufeff{}", '"a', "{]", "//\n1")), [])

    def test_not_utf8(self) -> None:
        """Bytes of another encoding."""
        self.assertEqual(
            accepted(
                ParserFail,
                loads_bytes,
                (b'"\xff"', '"é"'.encode("latin-1"), "{}".encode("utf-16"), b'"\xed\xa0\x80"', b'"\xc0\x80"'),
            ),
            [],
        )

    def test_no_numbers(self) -> None:
        """NaN and infinities can't be written in an answer, nor what becomes one: a number past the range of a double,
        which is JSON."""
        self.assertEqual(accepted(ParserFail, loads, ("NaN", "Infinity", "-Infinity", '{"a":NaN}')), [])
        self.assertEqual(accepted(MalformedRequest, loads, ("1e999", "-1e999", "[1E400]")), [])

    def test_half_surrogates(self) -> None:
        """They are no Unicode text, in keys and deep inside, too; an escaped backslash is none."""
        self.assertEqual(
            accepted(ParserFail, loads, (r'"\ud800"', r'{"\udc00":1}', r'[{"a":["\ud83d x"]}]', r'"\udcf7\ud83d"')), []
        )
        self.assertEqual(loads(r'"\\ud800"'), r"\ud800")

    def test_depth(self) -> None:
        """One level too many is refused, before a parser recurses into it; so is nesting that never ends."""
        deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
        self.assertIsInstance(loads(deepest), list)
        for text in ("[" + deepest + "]", '{"a":' * 201 + "1" + "}" * 201, "[" * 500_000, '[{"a":' * 100_000):
            error = self.assertRaises(ParserFail, loads, text)
            self.assertEqual(str(error), "nested too deeply")

    def test_huge_integers(self) -> None:
        """An integer that Python refuses to convert is refused, not an error of the server."""
        self.assertRaises(MalformedRequest, loads, "[" + "9" * 5000 + "]")

    def test_a_string_that_never_closes(self) -> None:
        """It is passed over once, however many escaped quotes it holds: a megabyte of them must not block the server.

        Should this test hang, each of its quotes is tried as the beginning of a string again.
        """
        for text in ("[" * (MAX_DEPTH + 1) + '"' + '\\"' * 500_000, "[" * MAX_DEPTH + '\\["' + '\\"' * 500_000):
            self.assertRaises(ParserFail, loads, text)

    def test_values(self) -> None:
        """As many as are allowed, of any kind, and one more; those inside strings are none."""
        most = (
            "[" + "1," * (MAX_VALUES - 1) + "1]",
            "[" + "[]," * (MAX_VALUES // 2 - 1) + "[]]",
            '{"a":' + "[" + '{"a":1},' * (MAX_VALUES // 2 - 2) + '{"a":1}]}',
            "[" + ("[" * 199 + "]" * 199 + ",") * (MAX_VALUES // 200 - 1) + "1," * 199 + "1]",
        )
        for text in most:
            loads(text)
            error = self.assertRaises(MalformedRequest, loads, text.replace("[", "[1,1,", 1))
            self.assertEqual(str(error), "more than 30,000 values")
        words = ",[{" * MAX_VALUES
        self.assertEqual(loads(dumps({"text": words, '"': f'\\"{words}'})), {"text": words, '"': f'\\"{words}'})

    def test_the_text_is_not_told(self) -> None:
        """The failure goes to the log, where no piece of a body may stand."""
        error = self.assertRaises(ParserFail, loads, '{"pass":"secret"')
        self.assertNotIn("secret", str(error))

    @given(st.text(st.sampled_from('[]{}":,\\u0123eE+-.nultrfas \n'), max_size=40))
    @tried
    def test_junk(self, text: str) -> None:
        """Whatever comes: a value or ParserFail."""
        try:
            value = loads(text)
        except ParserFail:
            return
        dumps(value).encode()

    @given(st.binary(max_size=40))
    @tried
    def test_binary_junk(self, data: bytes) -> None:
        """The same for bytes."""
        try:
            loads_bytes(data)
        except ParserFail:
            pass
