"""What a connection has yet to send: real HTTP/2 connections on both ends, their bytes carried by hand."""

from __future__ import annotations

from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.pair import ALL, Pair
from tests.support.properties import tried
from webcam.http.sender import MAX_FRAME

FRAME = 16384
"""The largest DATA frame that HTTP/2 lets a peer send unasked."""


class RoundTests(SynchronousTestCase):
    """Streams are served in turn."""

    def test_round_robin(self) -> None:
        """A frame each; a small answer does not wait for large ones."""
        pair = Pair()
        pair.request(1, 3, 5)
        pair.sender.put(1, b"a" * FRAME * 3)
        pair.sender.put(3, b"b" * FRAME * 2)
        pair.sender.put(5, b"c" * 10)
        self.assertEqual(pair.send(), [])
        self.assertEqual(pair.sizes, [(5, 10), (1, FRAME), (3, FRAME), (1, FRAME), (3, FRAME), (1, FRAME)])
        self.assertFalse(pair.sender.ready)
        self.assertFalse(pair.sender.holding)

    def test_batches(self) -> None:
        """A batch ends at its limit; the next goes on where it ended."""
        pair = Pair()
        pair.request(1, 3)
        for stream_id in (1, 3):
            pair.sender.put(stream_id, b"x" * FRAME * 3)
        pair.send(3 * FRAME)
        self.assertEqual(pair.sizes, [(1, FRAME), (3, FRAME), (1, FRAME)])
        self.assertTrue(pair.sender.ready)
        self.assertEqual((pair.sender.queued(1), pair.sender.queued(3)), (FRAME, 2 * FRAME))
        pair.send()
        self.assertEqual(pair.sizes[3:], [(3, FRAME), (1, FRAME), (3, FRAME)])

    def test_small_writes_fill_frames(self) -> None:
        """Many small writes leave as full-size DATA frames, in their order."""
        pair = Pair()
        pair.request(1)
        pieces = [bytes([number]) * 1000 for number in range(50)]
        for piece in pieces:
            pair.sender.put(1, piece)
        pair.send()
        self.assertEqual(pair.sizes, [(1, FRAME), (1, FRAME), (1, FRAME), (1, 50_000 - 3 * FRAME)])
        self.assertEqual(pair.received(1), b"".join(pieces))

    def test_larger_frames(self) -> None:
        """A peer that allows larger frames gets them, up to a bound: the others get their turn."""
        pair = Pair(window=ALL)
        pair.client.update_settings({SettingCodes.MAX_FRAME_SIZE: 1024 * 1024})
        pair.carry()
        pair.request(1)
        pair.sender.put(1, b"x" * (MAX_FRAME + 1))
        pair.send()
        self.assertEqual(pair.sizes, [(1, MAX_FRAME), (1, 1)])

    def test_end(self) -> None:
        """The last frame ends the stream, in the same DATA frame."""
        pair = Pair()
        pair.request(1)
        pair.sender.put(1, b"x" * (FRAME + 1))
        pair.sender.end(1)
        self.assertEqual(pair.send(), [1])
        self.assertEqual((pair.sizes, pair.ended), ([(1, FRAME), (1, 1)], [1]))

    def test_end_behind_what_was_sent(self) -> None:
        """An end that comes later is an empty DATA frame."""
        pair = Pair()
        pair.request(1)
        pair.sender.put(1, b"x")
        self.assertEqual(pair.send(), [])
        pair.sender.end(1)
        self.assertEqual(pair.send(), [1])
        self.assertEqual((pair.sizes, pair.ended), ([(1, 1), (1, 0)], [1]))

    def test_nothing_to_send(self) -> None:
        """An empty write is none."""
        pair = Pair()
        pair.request(1)
        pair.sender.put(1, b"")
        self.assertFalse(pair.sender.ready)
        self.assertEqual((pair.send(), pair.frames), ([], []))


class WindowTests(SynchronousTestCase):
    """A stream whose window is shut is out of the round, and costs nothing."""

    def test_one_byte(self) -> None:
        """Windows of one byte: one byte each, nothing lost, nothing twice."""
        pair = Pair(window=1)
        pair.request(1)
        pair.sender.put(1, b"abc")
        pair.sender.end(1)
        self.assertEqual(pair.send(), [])
        self.assertEqual(pair.received(1), b"a")
        self.assertFalse(pair.sender.ready)
        self.assertTrue(pair.sender.holding)
        pair.open_window(1, 1)
        self.assertEqual(pair.send(), [])
        pair.open_window(1, 1)
        self.assertEqual(pair.send(), [1])
        self.assertEqual((pair.received(1), pair.ended), (b"abc", [1]))

    def test_shut_stream_does_not_hold_others(self) -> None:
        """The others' frames go on; more to send does not bring the shut one back into the round."""
        pair = Pair(window=10)
        pair.request(1, 3)
        pair.sender.put(1, b"a" * 20)
        pair.send()
        pair.sender.put(1, b"a" * 20)
        self.assertFalse(pair.sender.ready)
        pair.sender.put(3, b"b" * 5)
        pair.send()
        self.assertEqual(pair.sizes, [(1, 10), (3, 5)])
        self.assertEqual(pair.sender.queued(1), 30)

    def test_negative_window(self) -> None:
        """SETTINGS may take back more than is left: nothing is sent before the window is above zero again."""
        pair = Pair(window=1000)
        pair.request(1)
        pair.sender.put(1, b"x" * 2000)
        pair.send()
        pair.shrink_windows(100)
        self.assertEqual(pair.server.send_window(1), -900)
        self.assertEqual(pair.send(), [])
        pair.open_window(900, 1)
        self.assertEqual(pair.send(), [])
        self.assertEqual(pair.sizes, [(1, 1000)])
        self.assertFalse(pair.sender.ready)
        pair.open_window(5, 1)
        pair.send()
        self.assertEqual(pair.sizes, [(1, 1000), (1, 5)])

    def test_end_in_a_shut_window(self) -> None:
        """An end without data needs no window."""
        pair = Pair(window=5)
        pair.request(1)
        pair.sender.put(1, b"12345")
        pair.send()
        pair.sender.end(1)
        self.assertEqual(pair.send(), [1])
        self.assertEqual((pair.received(1), pair.ended), (b"12345", [1]))

    def test_end_in_a_negative_window(self) -> None:
        """Nor does a negative one hold it, and the stream is told to have ended."""
        pair = Pair(window=1000)
        pair.request(1)
        pair.sender.put(1, b"x" * 1000)
        pair.send()
        pair.shrink_windows(1)
        pair.sender.end(1)
        self.assertEqual(pair.sender.batch(ALL), [1])
        empty_data_end_stream = b"\0\0\0\0\1\0\0\0\1"
        self.assertEqual(pair.server.data_to_send(), empty_data_end_stream)

    def test_end_behind_data_in_a_shut_window(self) -> None:
        """The end waits for the data."""
        pair = Pair(window=5)
        pair.request(1)
        pair.sender.put(1, b"123456")
        pair.send()
        pair.sender.end(1)
        self.assertEqual(pair.send(), [])
        self.assertEqual(pair.ended, [])
        pair.open_window(1, 1)
        self.assertEqual(pair.send(), [1])
        self.assertEqual((pair.received(1), pair.ended), (b"123456", [1]))

    def test_connection_window(self) -> None:
        """Shut for all: when it opens, all are in the round again."""
        pair = Pair(window=ALL)
        pair.request(1, 3, 5)
        pair.sender.put(1, b"x" * ALL)
        pair.send(2 * ALL)
        self.assertEqual(len(pair.received(1)), ALL)
        pair.sender.in_steps = False
        pair.sender.put(3, b"b" * 10)
        pair.sender.put(5, b"c" * 10)
        pair.send()
        self.assertFalse(pair.sender.ready)
        pair.open_window(15)
        pair.send()
        self.assertEqual((pair.received(3), pair.received(5)), (b"b" * 10, b"c" * 5))

    @given(st.lists(st.binary(max_size=50), max_size=10), st.lists(st.integers(min_value=1, max_value=60), max_size=10))
    @tried
    def test_any_windows(self, pieces: list[bytes], steps: list[int]) -> None:
        """Whatever is written in whatever windows arrives as it was written, as far as the windows went."""
        pair = Pair(window=7)
        pair.request(1)
        for piece in pieces:
            pair.sender.put(1, piece)
        pair.send()
        for step in steps:
            pair.open_window(step, 1)
            pair.send()
        whole = b"".join(pieces)
        self.assertEqual(pair.received(1), whole[: 7 + sum(steps)])
        self.assertEqual(pair.sender.queued(1), len(whole) - len(pair.received(1)))


class DropTests(SynchronousTestCase):
    """Streams that are over."""

    def test_drop(self) -> None:
        """What a dropped stream had to send is forgotten, in the round or waiting; the others go on."""
        pair = Pair(window=10)
        pair.request(1, 3, 5)
        for stream_id in (1, 3, 5):
            pair.sender.put(stream_id, b"x" * 20)
        pair.sender.drop(3)
        pair.send()
        pair.sender.drop(1)
        self.assertEqual(pair.sizes, [(1, 10), (5, 10)])
        self.assertEqual([pair.sender.queued(each) for each in (1, 3, 5)], [0, 0, 10])
        pair.sender.drop(5)
        self.assertFalse(pair.sender.holding)

    def test_after_drop(self) -> None:
        """Nothing is an error any more, and nothing is kept."""
        pair = Pair()
        pair.request(1)
        pair.sender.drop(1)
        pair.sender.drop(1)
        pair.sender.put(1, b"x")
        pair.sender.end(1)
        pair.sender.wake(1)
        self.assertEqual((pair.send(), pair.sender.queued(1), pair.sender.holding), ([], 0, False))

    def test_reset_by_the_client(self) -> None:
        """A stream that HTTP/2 has closed meanwhile sends nothing, ends, and breaks no batch of the others."""
        pair = Pair()
        pair.request(1, 3, 5)
        pair.sender.put(1, b"x")
        pair.sender.end(3)
        pair.sender.put(5, b"y")
        pair.client.reset_stream(1)
        pair.client.reset_stream(3)
        pair.carry()
        self.assertEqual(pair.send(), [3])
        self.assertEqual(pair.sizes, [(5, 1)])
        self.assertFalse(pair.sender.ready)
