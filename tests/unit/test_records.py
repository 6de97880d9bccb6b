"""Where records of TLS end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from webcam.http.records import Records


def record(size: int) -> bytes:
    return b"\x17\x03\x03" + size.to_bytes(2, "big") + b"x" * size


class Tests(SynchronousTestCase):
    def test_some_at_a_time(self) -> None:
        """Up to the end of the last one that may be taken, or of what is there."""
        records, data = Records(), record(22) * 5 + record(16384)[:100]
        self.assertEqual(records.end(data, 0, 2), (54, 2))
        self.assertEqual(records.end(data, 54, 100), (len(data), 3))
        self.assertEqual(records.end(record(16384)[100:] + record(1), 0, 1), (16289, 1))

    def test_one_that_holds_nothing(self) -> None:
        self.assertEqual(Records().end(record(0) * 3, 0, 2), (10, 2))

    @tried
    @given(st.lists(st.integers(0, 400), max_size=30), st.lists(st.integers(1, 90), max_size=60), st.integers(1, 8))
    def test_whatever_the_reads(self, sizes: list[int], reads: list[int], most: int) -> None:
        """Each is counted once, where it ends."""
        data, records = b"".join(map(record, sizes)), Records()
        ends = {0}
        for size in sizes:
            ends.add(max(ends) + 5 + size)
        at, counted = 0, 0
        for size in [*reads, len(data)]:
            piece, start = data[at : at + size], 0
            while start < len(piece):
                end, ended = records.end(piece, start, most)
                self.assertEqual(ended, sum(at + start < each <= at + end for each in ends))
                self.assertTrue(end == len(piece) or (ended == most and at + end in ends))
                start, counted = end, counted + ended
            at += len(piece)
        self.assertEqual(counted, len(sizes))
