"""A viewer: what it sends when, and how it holds the publisher back."""

from __future__ import annotations

from twisted.internet.interfaces import IPushProducer
from zope.interface.verify import verifyObject

from tests.support.relay import FakeSink, framed
from tests.support.viewer import ViewerCase
from webcam.relay.backlog import HOLD, LEAST, PIECE
from webcam.relay.viewer import BEHIND, LEAST_RATE, STALL, Viewer


class ReadyTests(ViewerCase):
    def test_it_is_a_push_producer_on_its_response(self):
        viewer, sink = self.watch()
        verifyObject(IPushProducer, viewer)
        self.assertIs(sink.producer, viewer)

    def test_a_ready_viewer_has_every_frame_when_take_returns(self):
        viewer, sink = self.watch()
        for frame in (b"one", b"x" * HOLD * 3, b"three"):
            viewer.take(framed(frame))
            self.assertTrue(sink.written.endswith(frame))
        self.assertEqual((viewer.behind, viewer.skipped), (0, 0))

    def test_a_frame_leaves_as_the_object_that_came(self):
        viewer, sink = self.watch()
        frame = bytes(40_000)
        viewer.take(framed(frame))
        self.assertIs(sink.pieces[0], frame)


class SlowTests(ViewerCase):
    def test_a_full_response_is_not_written_to(self):
        viewer, sink = self.watch(room=1)
        for frame in (b"first", b"second", b"third"):
            viewer.take(framed(frame))
        self.assertEqual(sink.pieces, [b"first"])
        self.assertEqual(viewer.behind, 2 * LEAST)

    def test_a_burst_of_small_frames_arrives_whole_when_there_is_room_again(self):
        viewer, sink = self.watch(room=1)
        frames = [bytes([number]) * 1000 for number in range(60)]
        for frame in frames:
            viewer.take(framed(frame))
        sink.drain()
        self.assertEqual(sink.pieces, frames)
        self.assertEqual(viewer.skipped, 0)

    def test_past_the_hold_it_goes_on_with_the_newest_and_counts(self):
        viewer, sink = self.watch(room=1)
        frames = [bytes([number]) * 40_000 for number in range(5)]
        for frame in frames:
            viewer.take(framed(frame))
        self.assertEqual((viewer.skipped, viewer.behind), (3, 40_000))
        sink.drain()
        self.assertTrue(sink.pieces == [frames[0], frames[4]])

    def test_a_stalled_viewer_costs_a_piece_not_a_frame(self):
        viewer, sink = self.watch(room=1)
        viewer.take(framed(bytes(10 * PIECE)))
        self.assertEqual(len(sink.written), PIECE)
        sink.drain(room=1)
        self.assertEqual(len(sink.written), 2 * PIECE)

    def test_a_frame_whose_first_piece_has_left_is_finished(self):
        viewer, sink = self.watch(room=1)
        begun, newest = bytes(2 * PIECE), b"\x02" * HOLD
        viewer.take(framed(begun))
        viewer.take(framed(b"\x01" * HOLD))
        viewer.take(framed(newest))
        sink.drain()
        self.assertTrue(sink.written == begun + newest)

    def test_it_may_stall_for_ever_at_no_cost_to_others(self):
        viewer, _ = self.watch(room=1)
        for _ in range(3):
            viewer.take(framed(bytes(HOLD)))
            self.clock.advance(1000)
        self.assertEqual((self.feed.events, self.closed, self.clock.getDelayedCalls()), ([], [], []))


class EveryTests(ViewerCase):
    """``every=1``."""

    def behind(self, size: int) -> tuple[Viewer, FakeSink]:
        """A viewer whose response takes nothing, so many bytes behind."""
        viewer, sink = self.watch(room=1, every=True)
        viewer.take(framed(b"first"))
        viewer.take(framed(bytes(size)))
        self.assertEqual(viewer.behind, size)
        return viewer, sink

    def test_the_bound_is_1_mib(self):
        self.assertEqual(BEHIND, 1024 * 1024)

    def test_it_gets_every_frame(self):
        viewer, sink = self.watch(room=1, every=True)
        frames = [bytes([number]) * HOLD for number in range(30)]
        for frame in frames:
            viewer.take(framed(frame))
        sink.drain()
        self.assertTrue(sink.pieces == frames)
        self.assertEqual(viewer.skipped, 0)

    def test_1_mib_behind_holds_nobody_one_byte_more_holds_the_publisher(self):
        viewer, _ = self.behind(BEHIND)
        self.assertEqual(self.feed.events, [])
        viewer.take(framed(b"x"))
        viewer.take(framed(b"x"))
        self.assertEqual(self.feed.events, ["hold"])

    def test_the_publisher_is_released_at_half_of_it(self):
        _, sink = self.behind(BEHIND + 1)
        sink.drain(room=BEHIND // 2)
        self.assertEqual(self.feed.events, ["hold"], "a byte too far behind")
        sink.drain(room=1)
        self.assertEqual(self.feed.events, ["hold", "release"])

    def test_it_may_hold_and_release_again_and_again(self):
        viewer, sink = self.behind(BEHIND + 1)
        for _ in range(2):
            sink.drain()
            sink.room = 1
            viewer.take(framed(b"fills the response"))
            viewer.take(framed(bytes(BEHIND + 1)))
        self.assertEqual(self.feed.events, ["hold", "release"] * 2 + ["hold"])

    def test_one_that_takes_nothing_for_10_s_is_closed_and_the_publisher_released(self):
        self.assertEqual(STALL, 10)
        _, sink = self.behind(BEHIND + 1)
        self.clock.advance(9.99)
        self.assertEqual(self.closed, [])
        self.clock.advance(0.02)
        self.assertEnded(sink, "aborted")
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])

    def test_the_stall_is_an_option(self):
        viewer, _ = self.watch(room=1, every=True, stall=0.5)
        viewer.take(framed(b"first"))
        viewer.take(framed(b"second"))
        self.clock.advance(0.51)
        self.assertEqual(self.closed, [viewer])

    def test_each_frame_that_it_takes_gives_it_another_10_s(self):
        viewer, sink = self.watch(room=1, every=True)
        for _ in range(5):
            viewer.take(framed(bytes(PIECE)))
        for _ in range(3):
            self.clock.advance(9)
            sink.drain(room=1)
        self.assertEqual(self.closed, [])
        self.clock.advance(10)
        self.assertEnded(sink, "aborted")

    def test_a_little_of_a_frame_now_and_then_does_not_keep_it(self):
        _, sink = self.behind(20 * PIECE)
        self.clock.advance(8)
        sink.drain(room=2)
        self.assertEqual(self.closed, [])
        self.clock.advance(2)
        self.assertEnded(sink, "aborted")
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])

    def test_64_kb_a_second_keep_it_however_large_the_frame(self):
        _, sink = self.behind(200 * PIECE)
        for _ in range(100):
            self.clock.advance(PIECE / LEAST_RATE)
            sink.drain(room=1)
        self.assertEqual((LEAST_RATE, self.closed), (64_000, []))

    def test_a_third_of_that_does_not(self):
        _, sink = self.behind(200 * PIECE)
        for _ in range(10):
            self.clock.advance(3 * PIECE / LEAST_RATE)
            if not self.closed:
                sink.drain(room=1)
        self.assertEnded(sink, "aborted")

    def test_one_that_has_taken_all_is_not_timed(self):
        viewer, _ = self.watch(room=1, every=True)
        viewer.take(framed(b"first"))
        self.clock.advance(1000)
        self.assertEqual(self.closed, [])
        viewer.take(framed(b"second"))
        self.clock.advance(10)
        self.assertEqual(self.closed, [viewer])
