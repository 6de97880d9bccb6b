"""JSON in: values, or ParserFail and nothing else."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import JSON_VALUES, tried
from tests.support.refusals import accepted
from webcam.errors import MalformedRequest, ParserFail
from webcam.wire import jsontext
from webcam.wire.jsontext import MAX_DEPTH, dumps, loads, loads_bytes


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
        unclosed = '"' + '\\"' * 1000
        self.assertEqual([each.span() for each in re.finditer(jsontext._BRACKETS, unclosed)], [(0, len(unclosed))])
        self.assertRaises(ParserFail, loads, "[" * (MAX_DEPTH + 1) + '"' + '\\"' * 500_000)

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
