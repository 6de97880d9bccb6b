"""Byte ranges as a browser's video element asks for them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from tests.support.refusals import accepted
from webcam.http.ranges import Unsatisfiable, parse_range

NUMBERS = st.one_of(st.just(""), st.integers(min_value=0, max_value=300).map(str))


class RangeTests(SynchronousTestCase):
    """First byte, and the one behind the last."""

    def test_ranges(self) -> None:
        """From, from and to, the last so many; ends past the end are the end."""
        wanted = {
            "bytes=0-": (0, 100),
            "bytes=0-0": (0, 1),
            "bytes=10-19": (10, 20),
            "bytes=99-": (99, 100),
            "bytes=90-1000": (90, 100),
            "bytes=0-99": (0, 100),
            "bytes=-1": (99, 100),
            "bytes=-100": (0, 100),
            "bytes=-1000": (0, 100),
            " bytes= 5-6 ": (5, 7),
        }
        self.assertEqual({header: parse_range(header, 100) for header in wanted}, wanted)

    def test_whole(self) -> None:
        """What can't be read, another unit and several ranges are answered with the whole."""
        texts = ("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5", "bytes=6-5", "items=0-5", "bytes=0-1,5-6")
        for header in (*texts, "bytes=--5", "bytes=1-2-3", "bytes=+1-2", "bytes=٣-", "bytes=" + "9" * 30 + "-"):
            self.assertIsNone(parse_range(header, 100), header)

    def test_unsatisfiable(self) -> None:
        """A range that lies behind the last byte, and the last zero bytes."""
        headers = ("bytes=100-", "bytes=100-200", "bytes=999999999999999999-", "bytes=-0")
        self.assertEqual(accepted(Unsatisfiable, lambda header: parse_range(header, 100), headers), [])

    def test_nothing_there(self) -> None:
        """Of no bytes at all, no range can be had."""
        self.assertEqual(accepted(Unsatisfiable, lambda header: parse_range(header, 0), ("bytes=0-", "bytes=-5")), [])

    @given(NUMBERS, NUMBERS, st.integers(min_value=0, max_value=200))
    @tried
    def test_within_bounds(self, first: str, last: str, size: int) -> None:
        """Whatever is asked for: at least a byte, and all of them exist."""
        try:
            span = parse_range(f"bytes={first}-{last}", size)
        except Unsatisfiable:
            return
        if span is not None:
            self.assertTrue(0 <= span[0] < span[1] <= size, span)
