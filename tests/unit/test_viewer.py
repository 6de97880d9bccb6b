"""A viewer: what it sends when, how it holds the publisher back, and every way in which it ends."""

from __future__ import annotations

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.support.relay import FakeSink, viewer_on
from webcam.relay.backlog import HOLD, PIECE
from webcam.relay.viewer import BEHIND, STALL, Viewer


class FakeFeed:
    """What the viewer told its stream."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def hold(self, viewer: Viewer) -> None:
        self.events.append("hold")

    def release(self, viewer: Viewer) -> None:
        self.events.append("release")

    def leave(self, viewer: Viewer) -> None:
        self.events.append("leave")


class ViewerCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.feed = FakeFeed()
        self.closed = []

    def watch(self, room: float = float("inf"), **options) -> tuple[Viewer, FakeSink]:
        sink = FakeSink(room)
        viewer = viewer_on(sink, self.clock, **options)
        viewer.on_close = lambda: self.closed.append(viewer)
        viewer.start(self.feed)
        return viewer, sink

    def assertEnded(self, sink: FakeSink, *how: str) -> None:
        self.assertEqual(sink.events, ["unregistered", *how])
        self.assertEqual(len(self.closed), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ReadyTests(ViewerCase):
    def test_it_is_a_push_producer_on_its_response(self):
        viewer, sink = self.watch()
        verifyObject(IPushProducer, viewer)
        self.assertIs(sink.producer, viewer)

    def test_a_ready_viewer_has_every_frame_when_take_returns(self):
        viewer, sink = self.watch()
        for frame in (b"one", b"x" * HOLD * 3, b"three"):
            viewer.take(frame)
            self.assertTrue(sink.written.endswith(frame))
        self.assertEqual((viewer.behind, viewer.skipped), (0, 0))

    def test_a_frame_leaves_as_the_object_that_came(self):
        viewer, sink = self.watch()
        frame = bytes(40_000)
        viewer.take(frame)
        self.assertIs(sink.pieces[0], frame)


class SlowTests(ViewerCase):
    def test_a_full_response_is_not_written_to(self):
        viewer, sink = self.watch(room=1)
        for frame in (b"first", b"second", b"third"):
            viewer.take(frame)
        self.assertEqual(sink.pieces, [b"first"])
        self.assertEqual(viewer.behind, len(b"secondthird"))

    def test_a_burst_of_small_frames_arrives_whole_when_there_is_room_again(self):
        viewer, sink = self.watch(room=1)
        frames = [bytes([number]) * 1000 for number in range(60)]
        for frame in frames:
            viewer.take(frame)
        sink.drain()
        self.assertEqual(sink.pieces, frames)
        self.assertEqual(viewer.skipped, 0)

    def test_past_the_hold_it_goes_on_with_the_newest_and_counts(self):
        viewer, sink = self.watch(room=1)
        frames = [bytes([number]) * 40_000 for number in range(5)]
        for frame in frames:
            viewer.take(frame)
        self.assertEqual((viewer.skipped, viewer.behind), (3, 40_000))
        sink.drain()
        self.assertTrue(sink.pieces == [frames[0], frames[4]])

    def test_a_stalled_viewer_costs_a_piece_not_a_frame(self):
        viewer, sink = self.watch(room=1)
        viewer.take(bytes(10 * PIECE))
        self.assertEqual(len(sink.written), PIECE)
        sink.drain(room=1)
        self.assertEqual(len(sink.written), 2 * PIECE)

    def test_a_frame_whose_first_piece_has_left_is_finished(self):
        viewer, sink = self.watch(room=1)
        begun, newest = bytes(2 * PIECE), b"\x02" * HOLD
        viewer.take(begun)
        viewer.take(b"\x01" * HOLD)
        viewer.take(newest)
        sink.drain()
        self.assertTrue(sink.written == begun + newest)

    def test_it_may_stall_for_ever_at_no_cost_to_others(self):
        viewer, _ = self.watch(room=1)
        for _ in range(3):
            viewer.take(bytes(HOLD))
            self.clock.advance(1000)
        self.assertEqual((self.feed.events, self.closed, self.clock.getDelayedCalls()), ([], [], []))


class EveryTests(ViewerCase):
    """``every=1``."""

    def behind(self, size: int) -> tuple[Viewer, FakeSink]:
        """A viewer whose response takes nothing, so many bytes behind."""
        viewer, sink = self.watch(room=1, every=True)
        viewer.take(b"first")
        viewer.take(bytes(size))
        self.assertEqual(viewer.behind, size)
        return viewer, sink

    def test_the_bound_is_1_mib(self):
        self.assertEqual(BEHIND, 1024 * 1024)

    def test_it_gets_every_frame(self):
        viewer, sink = self.watch(room=1, every=True)
        frames = [bytes([number]) * HOLD for number in range(30)]
        for frame in frames:
            viewer.take(frame)
        sink.drain()
        self.assertTrue(sink.pieces == frames)
        self.assertEqual(viewer.skipped, 0)

    def test_1_mib_behind_holds_nobody_one_byte_more_holds_the_publisher(self):
        viewer, _ = self.behind(BEHIND)
        self.assertEqual(self.feed.events, [])
        viewer.take(b"x")
        viewer.take(b"x")
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
            viewer.take(b"fills the response")
            viewer.take(bytes(BEHIND + 1))
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
        viewer.take(b"first")
        viewer.take(b"second")
        self.clock.advance(0.51)
        self.assertEqual(self.closed, [viewer])

    def test_whatever_it_takes_gives_it_another_10_s(self):
        _, sink = self.behind(5 * PIECE)
        for _ in range(3):
            self.clock.advance(9)
            sink.drain(room=1)
        self.assertEqual(self.closed, [])
        self.clock.advance(10)
        self.assertEnded(sink, "aborted")

    def test_one_that_has_taken_all_is_not_timed(self):
        viewer, _ = self.watch(room=1, every=True)
        viewer.take(b"first")
        self.clock.advance(1000)
        self.assertEqual(self.closed, [])
        viewer.take(b"second")
        self.clock.advance(10)
        self.assertEqual(self.closed, [viewer])


class EndTests(ViewerCase):
    def test_the_end_of_the_stream_ends_a_ready_viewer_in_the_same_turn(self):
        viewer, sink = self.watch()
        viewer.take(b"frame")
        viewer.end()
        self.assertEqual(sink.pieces, [b"frame"])
        self.assertEnded(sink, "finished")

    def test_what_is_held_back_is_sent_before_the_end(self):
        viewer, sink = self.watch(room=1)
        for frame in (b"one", b"two", b"three"):
            viewer.take(frame)
        viewer.end()
        self.assertEqual((sink.events, self.closed), ([], []))
        sink.drain()
        self.assertEqual(sink.pieces, [b"one", b"two", b"three"])
        self.assertEnded(sink, "finished")

    def test_an_ending_viewer_takes_no_more_frames_and_ends_once(self):
        viewer, sink = self.watch(room=1)
        viewer.take(b"one")
        viewer.take(b"two")
        viewer.end()
        viewer.end()
        viewer.take(b"three")
        sink.drain()
        self.assertEqual(sink.pieces, [b"one", b"two"])
        self.assertEnded(sink, "finished")

    def test_an_ending_viewer_that_takes_nothing_for_10_s_is_closed(self):
        for every in (False, True):
            self.closed.clear()
            viewer, sink = self.watch(room=1, every=every)
            viewer.take(b"one")
            viewer.take(b"two")
            viewer.end()
            self.clock.advance(STALL)
            self.assertEnded(sink, "aborted")

    def test_the_end_releases_a_publisher_that_is_held_and_leaves_its_stream(self):
        """So it is when the viewer's session ends while the stream goes on."""
        viewer, _ = self.watch(room=1, every=True)
        viewer.take(b"one")
        viewer.take(bytes(BEHIND + 1))
        viewer.end()
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])

    def test_a_lost_client_leaves_the_stream_and_nothing_is_written(self):
        viewer, sink = self.watch(room=1, every=True)
        viewer.take(b"one")
        viewer.take(bytes(BEHIND + 1))
        viewer.lost()
        self.assertEnded(sink)
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])
        self.assertEqual(viewer.behind, 0)
        viewer.take(b"more")
        viewer.end()
        viewer.lost()
        self.assertEqual(sink.pieces, [b"one"])
        self.assertEnded(sink)

    def test_a_transport_that_is_gone_is_a_lost_client(self):
        viewer, sink = self.watch()
        viewer.stopProducing()
        self.assertEnded(sink)
        self.assertEqual(self.feed.events, ["leave"])

    def test_a_cut_ends_the_response_now(self):
        viewer, sink = self.watch(room=1)
        viewer.take(b"one")
        viewer.take(b"two")
        viewer.cut()
        self.assertEqual(sink.pieces, [b"one"])
        self.assertEnded(sink, "aborted")

    def test_a_client_lost_in_the_middle_of_a_write(self):
        viewer, sink = self.watch()
        write = sink.write

        def write_and_lose(data: bytes) -> None:
            write(data)
            viewer.stopProducing()

        sink.write = write_and_lose
        viewer.take(bytes(3 * PIECE))
        self.assertEqual(len(sink.written), PIECE)
        self.assertEnded(sink)

    def test_room_within_a_write_sends_nothing_twice_or_out_of_order(self):
        viewer, sink = self.watch()
        write = sink.write

        def write_full_and_ready(data: bytes) -> None:
            write(data)
            viewer.pauseProducing()
            viewer.resumeProducing()

        sink.write = write_full_and_ready
        frame = bytes(range(256)) * 1024
        viewer.take(frame)
        viewer.take(b"next")
        self.assertTrue(sink.written == frame + b"next")
