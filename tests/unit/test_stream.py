"""A stream: one publisher, any number of viewers."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import FakePublisher, FakeSink, framed, viewer_on
from webcam.relay.backlog import HOLD
from webcam.relay.stream import Stream
from webcam.relay.viewer import BEHIND, STALL, Viewer


class StreamCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.publisher = FakePublisher()
        self.stream = Stream("camera", "mjpeg", 40, self.publisher)

    def watch(self, room: float = float("inf"), every: bool = False) -> tuple[Viewer, FakeSink]:
        sink = FakeSink(room)
        viewer = viewer_on(sink, self.clock, every=every)
        self.stream.watch(viewer)
        return viewer, sink


class FrameTests(StreamCase):
    def test_every_ready_viewer_has_the_frame_when_publish_returns(self):
        sinks = [self.watch()[1] for _ in range(10)]
        for frame in (b"one", b"two"):
            self.stream.publish(framed(frame))
            self.assertEqual({sink.pieces[-1] for sink in sinks}, {frame})
        self.assertEqual((self.stream.frames, self.stream.viewers), (2, 10))

    def test_a_viewer_begins_with_the_newest_complete_frame_at_hand(self):
        self.stream.publish(framed(b"old"))
        self.stream.publish(framed(b"newest"))
        _, sink = self.watch()
        self.assertEqual(sink.pieces, [b"newest"])

    def test_a_viewer_of_a_stream_without_frames_waits_for_the_first(self):
        _, sink = self.watch()
        self.assertEqual(sink.pieces, [])
        self.stream.publish(framed(b"first"))
        self.assertEqual(sink.pieces, [b"first"])

    def test_a_stalled_viewer_costs_the_others_nothing_and_sees_the_newest_when_it_reads_again(self):
        stalled, slow_sink = self.watch(room=1)
        others = [self.watch()[1] for _ in range(9)]
        frames = [bytes([number]) * 40_000 for number in range(30)]
        for frame in frames:
            self.stream.publish(framed(frame))
        for sink in others:
            self.assertTrue(sink.pieces == frames)
        self.assertEqual(self.publisher.events, [])
        self.assertTrue(stalled.behind <= HOLD)
        slow_sink.drain()
        self.assertTrue(slow_sink.pieces == [frames[0], frames[-1]])
        self.assertEqual(stalled.skipped, 28)

    def test_a_viewer_that_is_gone_gets_no_more(self):
        viewer, sink = self.watch()
        self.stream.publish(framed(b"one"))
        viewer.lost()
        self.stream.publish(framed(b"two"))
        self.assertEqual((sink.pieces, self.stream.viewers), ([b"one"], 0))

    def test_viewers_may_come_and_go_while_a_frame_is_given_out(self):
        _first, sink = self.watch()
        second, _ = self.watch()
        late = FakeSink()

        def leave_and_bring(data: bytes) -> None:
            second.lost()
            if not late.producer:
                self.stream.watch(viewer_on(late, self.clock))

        sink.write = leave_and_bring
        self.stream.publish(framed(b"one"))
        self.assertEqual(late.pieces, [b"one"])
        self.assertEqual(self.stream.viewers, 2)

    def test_a_client_that_is_gone_before_the_first_frame(self):
        sink = FakeSink()
        sink.registerProducer = lambda producer, streaming: producer.stopProducing()
        self.stream.publish(framed(b"frame"))
        self.stream.watch(viewer_on(sink, self.clock))
        self.assertEqual((sink.pieces, self.stream.viewers), ([], 0))


class HolderTests(StreamCase):
    """Viewers with ``every=1``."""

    def fall_behind(self) -> None:
        """Publish until a viewer whose response is full is too far behind."""
        self.stream.publish(framed(b"first"))
        self.stream.publish(framed(bytes(BEHIND + 1)))

    def test_the_publisher_is_paused_while_a_viewer_is_more_than_1_mib_behind(self):
        _, sink = self.watch(room=1, every=True)
        self.fall_behind()
        self.assertEqual(self.publisher.events, ["pause"])
        sink.drain()
        self.assertEqual(self.publisher.events, ["pause", "resume"])

    def test_with_several_holders_the_slowest_decides(self):
        sinks = [self.watch(room=1, every=True)[1] for _ in range(3)]
        self.fall_behind()
        self.assertEqual(self.publisher.events, ["pause"])
        sinks[1].drain()
        sinks[0].drain()
        self.assertEqual(self.publisher.events, ["pause"])
        sinks[2].drain()
        self.assertEqual(self.publisher.events, ["pause", "resume"])

    def test_holders_that_go_each_in_its_way_release_the_publisher(self):
        gone, _ = self.watch(room=1, every=True)
        ended, _ = self.watch(room=1, every=True)
        self.watch(room=1, every=True)
        self.fall_behind()
        gone.lost()
        ended.end()
        self.assertEqual((self.publisher.events, self.stream.viewers), (["pause"], 1))
        self.clock.advance(STALL)
        self.assertEqual((self.publisher.events, self.stream.viewers), (["pause", "resume"], 0))

    def test_a_viewer_that_skips_never_holds_the_publisher(self):
        self.watch(room=1)
        self.fall_behind()
        self.assertEqual(self.publisher.events, [])

    def test_a_release_without_a_hold_resumes_nothing(self):
        viewer, _ = self.watch(every=True)
        self.stream.release(viewer)
        self.assertEqual(self.publisher.events, [])


class CloseTests(StreamCase):
    def test_its_viewers_end_in_the_same_turn(self):
        sinks = [self.watch()[1] for _ in range(3)]
        self.stream.publish(framed(b"frame"))
        self.stream.close(cut=False)
        for sink in sinks:
            self.assertEqual((sink.pieces, sink.events[-1]), ([b"frame"], "finished"))
        self.assertEqual((self.stream.viewers, self.publisher.events), (0, []))

    def test_a_slow_viewer_still_gets_what_is_held_back(self):
        _, sink = self.watch(room=1)
        for frame in (b"one", b"two", b"three"):
            self.stream.publish(framed(frame))
        self.stream.close(cut=False)
        sink.drain()
        self.assertEqual((sink.pieces, sink.events[-1]), ([b"one", b"two", b"three"], "finished"))

    def test_a_cut_ends_the_upload_behind_the_viewers_and_once(self):
        _, sink = self.watch()
        self.publisher.cut = lambda: self.publisher.events.append(f"cut when the viewer {sink.events[-1]}")
        self.stream.close(cut=True)
        self.stream.close(cut=True)
        self.assertEqual(self.publisher.events, ["cut when the viewer finished"])

    def test_a_closed_stream_neither_pauses_nor_resumes_its_publisher(self):
        _, sink = self.watch(room=1, every=True)
        self.stream.publish(framed(b"first"))
        self.stream.publish(framed(bytes(BEHIND + 1)))
        self.stream.close(cut=False)
        sink.drain()
        self.assertEqual(self.publisher.events, ["pause"])
        self.assertEqual(sink.events[-1], "finished")
