"""HTTP Basic: name and password out of a header, and nothing out of what is none."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from webcam.http.authorization import basic

latin = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]))
"""Text that ISO-8859-1 has, as people type it."""


def encoded(text: str, encoding: str = "utf-8") -> bytes:
    return b"Basic " + base64.b64encode(text.encode(encoding))


class BasicTests(SynchronousTestCase):
    @tried
    @given(st.text().filter(lambda name: ":" not in name), st.text())
    def test_every_name_and_password_comes_back(self, name: str, password: str) -> None:
        """In UTF-8 as the likeliest reading."""
        self.assertEqual(basic(encoded(f"{name}:{password}"))[0], (name, password))

    @tried
    @given(latin.filter(lambda name: ":" not in name), latin)
    def test_so_they_do_in_latin_1(self, name: str, password: str) -> None:
        """Among the readings, whatever they are: aiohttp and requests write so."""
        self.assertIn((name, password), basic(encoded(f"{name}:{password}", "latin-1")))

    def test_readings(self) -> None:
        """A second one only of what may well be either."""
        for text, encoding, readings in (
            ("user:111", "utf-8", ["user:111"]),
            ("user:päss", "latin-1", ["user:päss"]),
            ("user:päss", "utf-8", ["user:päss", "user:pÃ¤ss"]),
            ("user:pÃ¤ss", "latin-1", ["user:päss", "user:pÃ¤ss"]),
            ("user:straße", "utf-8", ["user:straße"]),
            ("user:пароль", "utf-8", ["user:пароль"]),
            ("ж:ж", "utf-8", ["ж:ж", "Ð¶:Ð¶"]),
        ):
            self.assertEqual([":".join(each) for each in basic(encoded(text, encoding))], readings, text)

    @tried
    @given(st.binary())
    def test_no_header_breaks_it(self, text: bytes) -> None:
        for each in (text, b"Basic " + text, b"Basic " + base64.b64encode(text)):
            found = basic(each)
            self.assertTrue(len(found) <= 2 and not any(":" in name for name, _ in found))

    def test_the_scheme_is_written_in_any_case(self) -> None:
        self.assertEqual(basic(encoded("a:b").replace(b"Basic", b"bAsIc")), [("a", "b")])
        self.assertEqual(basic(encoded("a:b").replace(b" ", b"   ") + b" "), [("a", "b")])

    def test_what_is_none(self) -> None:
        for text in (None, b"", b"Basic", b"Basic ", encoded("no colon"), b"Bearer YTpi", b"Basic YTp=i"):
            self.assertEqual(basic(text), [], text)
