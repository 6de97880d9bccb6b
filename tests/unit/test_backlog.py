"""What a slow viewer holds back and what it passes over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.properties import tried
from tests.support.relay import framed
from webcam.relay.backlog import HOLD, LEAST, PIECE, WHOLE, Backlog


def drained(backlog: Backlog) -> list[bytes]:
    return [data for _, data in iter(backlog.next_piece, None)]


class HoldTests(SynchronousTestCase):
    def setUp(self):
        self.backlog = Backlog(keep_every=False)

    def add(self, *sizes: int) -> None:
        for number, size in enumerate(sizes):
            self.backlog.add(framed(bytes([number]) * size))

    def test_the_hold_is_64_kib(self):
        self.assertEqual(HOLD, 65536)

    def test_an_empty_backlog_has_nothing_to_send(self):
        self.assertIsNone(self.backlog.next_piece())
        self.assertEqual((self.backlog.size, self.backlog.skipped), (0, 0))

    def test_a_burst_of_small_frames_within_the_hold_arrives_whole(self):
        frames = [bytes([number]) * 1024 for number in range(64)]
        for frame in frames:
            self.backlog.add(framed(frame))
        self.assertEqual(self.backlog.size, HOLD)
        self.assertEqual(drained(self.backlog), frames)
        self.assertEqual(self.backlog.skipped, 0)

    def test_a_byte_past_the_hold_skips_to_the_newest(self):
        self.add(HOLD - LEAST, LEAST, 1)
        self.assertEqual(self.backlog.skipped, 2)
        self.assertEqual(drained(self.backlog), [b"\x02"])

    def test_a_small_frame_counts_for_what_it_costs(self):
        """An empty one has six bytes, and its object and its place take ten times as many."""
        for _ in range(HOLD // LEAST):
            self.add(6)
        self.assertEqual((self.backlog.size, self.backlog.skipped), (HOLD, 0))
        self.add(6)
        self.assertEqual((self.backlog.size, self.backlog.skipped), (LEAST, HOLD // LEAST))
        drained(self.backlog)
        self.assertEqual(self.backlog.size, 0)

    def test_one_larger_frame_is_held(self):
        self.add(HOLD * 3)
        self.assertEqual((self.backlog.size, self.backlog.skipped), (HOLD * 3, 0))

    def test_behind_a_larger_frame_the_newest_takes_its_place(self):
        self.add(HOLD * 3, 10, HOLD * 2)
        self.assertEqual((self.backlog.size, self.backlog.skipped), (HOLD * 2, 2))

    def test_skipped_frames_add_up(self):
        self.add(*[HOLD] * 5)
        self.assertEqual(self.backlog.skipped, 4)
        drained(self.backlog)
        self.add(*[HOLD] * 3)
        self.assertEqual(self.backlog.skipped, 6)

    def test_what_has_left_makes_room(self):
        self.add(HOLD // 2, HOLD // 2)
        self.backlog.next_piece()
        self.add(HOLD // 2)
        self.assertEqual((self.backlog.size, self.backlog.skipped), (HOLD, 0))

    def test_a_frame_that_has_begun_to_leave_is_finished_before_the_newest(self):
        self.add(PIECE * 2 + 5)
        _, first = self.backlog.next_piece()
        self.backlog.add(framed(b"\x01" * HOLD))
        self.backlog.add(framed(b"\x02" * HOLD))
        self.assertEqual(self.backlog.size, PIECE + 5 + HOLD)
        self.assertEqual(b"".join((first, *drained(self.backlog))), bytes(PIECE * 2 + 5) + b"\x02" * HOLD)
        self.assertEqual(self.backlog.skipped, 1)

    def test_the_rest_of_a_frame_that_has_begun_does_not_count_to_the_hold(self):
        self.add(PIECE * 10)
        self.backlog.next_piece()
        self.add(HOLD // 2, HOLD // 2)
        self.assertEqual(self.backlog.skipped, 0)

    def test_clearing_forgets_all_of_it_and_keeps_the_count(self):
        self.add(PIECE * 3, HOLD)
        self.backlog.next_piece()
        self.backlog.clear()
        self.assertEqual((self.backlog.size, self.backlog.skipped), (0, 1))
        self.add(PIECE * 3)
        self.backlog.next_piece()
        self.backlog.clear()
        self.assertEqual((self.backlog.size, drained(self.backlog)), (0, []))


class PieceTests(SynchronousTestCase):
    def test_a_small_frame_leaves_as_the_object_that_came(self):
        backlog, frame = Backlog(keep_every=False), bytes(WHOLE)
        backlog.add(framed(frame))
        self.assertIs(backlog.next_piece()[1], frame)

    def test_a_large_frame_leaves_in_pieces(self):
        backlog, frame = Backlog(keep_every=False), bytes(range(256)) * 1000
        backlog.add(framed(frame))
        pieces = drained(backlog)
        self.assertEqual([len(each) for each in pieces], [PIECE, PIECE, PIECE, 256_000 - 3 * PIECE])
        self.assertTrue(b"".join(pieces) == frame)
        self.assertEqual({each.obj is frame for each in pieces}, {True}, "it is copied for nobody")

    def test_a_frame_of_whole_pieces_has_no_empty_one_behind_it(self):
        backlog = Backlog(keep_every=False)
        backlog.add(framed(bytes(PIECE * 4)))
        self.assertEqual([len(each) for each in drained(backlog)], [PIECE] * 4)

    def test_size_falls_piece_by_piece(self):
        backlog = Backlog(keep_every=False)
        backlog.add(framed(bytes(WHOLE + 1)))
        sizes = [backlog.size]
        while backlog.next_piece():
            sizes.append(backlog.size)
        self.assertEqual(sizes, [WHOLE + 1, WHOLE + 1 - PIECE, WHOLE + 1 - 2 * PIECE, 0])


class EveryTests(SynchronousTestCase):
    def test_a_viewer_of_every_frame_skips_none(self):
        backlog = Backlog(keep_every=True)
        frames = [bytes([number]) * HOLD for number in range(20)]
        for frame in frames:
            backlog.add(framed(frame))
        self.assertEqual(backlog.size, 20 * HOLD)
        self.assertTrue(drained(backlog) == frames)
        self.assertEqual(backlog.skipped, 0)


class AnyOrderTests(SynchronousTestCase):
    @tried
    @given(st.lists(st.one_of(st.just(None), st.integers(1, 960)), max_size=60))
    def test_whole_frames_leave_in_order_and_every_other_is_counted(self, steps):
        """``None`` takes a piece, a number adds a frame of that size; the hold is 640 here."""
        backlog, added, left = Backlog(keep_every=False, hold=640), [], []
        for number, step in enumerate(steps):
            if step is None:
                piece = backlog.next_piece()
                left += [] if piece is None else [piece[1]]
            else:
                added.append(bytes([number]) * step)
                backlog.add(framed(added[-1]))
            self.assertTrue(backlog.size <= max([640, *map(len, added)]))
        left += drained(backlog)
        self.assertEqual(left, [each for each in added if each in left])
        self.assertEqual(len(left) + backlog.skipped, len(added))
        self.assertEqual(left[-1:], added[-1:], "the newest is never skipped")
