"""HTTP Basic: name and password out of a header, and nothing out of what is none."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from webcam.http.authorization import basic


def header(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


class BasicTests(SynchronousTestCase):
    @tried
    @given(st.text().filter(lambda name: ":" not in name), st.text())
    def test_every_name_and_password_comes_back(self, name: str, password: str) -> None:
        self.assertEqual(basic(header(f"{name}:{password}")), (name, password))

    @tried
    @given(st.binary())
    def test_no_header_breaks_it(self, text: bytes) -> None:
        for each in (text, b"Basic " + text):
            found = basic(each)
            self.assertTrue(found is None or ":" not in found[0])

    def test_the_scheme_is_written_in_any_case(self) -> None:
        self.assertEqual(basic(header("a:b").replace(b"Basic", b"bAsIc")), ("a", "b"))
        self.assertEqual(basic(header("a:b").replace(b" ", b"   ") + b" "), ("a", "b"))

    def test_what_is_none(self) -> None:
        latin = b"Basic " + base64.b64encode("ü:1".encode("latin-1"))
        for text in (None, b"", b"Basic", b"Basic ", header("no colon"), b"Bearer YTpi", b"Basic YTp=i", latin):
            self.assertIsNone(basic(text), text)
