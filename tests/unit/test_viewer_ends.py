"""Every way in which a viewer ends."""

from __future__ import annotations

from tests.support.relay import framed
from tests.support.viewer import ViewerCase
from webcam.relay.backlog import PIECE
from webcam.relay.viewer import BEHIND, STALL


class EndTests(ViewerCase):
    def test_the_end_of_the_stream_ends_a_ready_viewer_in_the_same_turn(self):
        viewer, sink = self.watch()
        viewer.take(framed(b"frame"))
        viewer.end()
        self.assertEqual(sink.pieces, [b"frame"])
        self.assertEnded(sink, "finished")

    def test_what_is_held_back_is_sent_before_the_end(self):
        viewer, sink = self.watch(room=1)
        for frame in (b"one", b"two", b"three"):
            viewer.take(framed(frame))
        viewer.end()
        self.assertEqual((sink.events, self.closed), ([], []))
        sink.drain()
        self.assertEqual(sink.pieces, [b"one", b"two", b"three"])
        self.assertEnded(sink, "finished")

    def test_a_viewer_whose_last_bytes_wait_in_a_full_transport_is_not_finished_but_timed(self):
        viewer, sink = self.watch(room=1)
        viewer.take(framed(b"one"))
        viewer.end()
        self.assertEqual((viewer.behind, sink.events), (0, []))
        self.clock.advance(STALL)
        self.assertEnded(sink, "aborted")

    def test_an_ending_viewer_takes_no_more_frames_and_ends_once(self):
        viewer, sink = self.watch(room=1)
        viewer.take(framed(b"one"))
        viewer.take(framed(b"two"))
        viewer.end()
        viewer.end()
        viewer.take(framed(b"three"))
        sink.drain()
        self.assertEqual(sink.pieces, [b"one", b"two"])
        self.assertEnded(sink, "finished")

    def test_an_ending_viewer_that_takes_nothing_for_10_s_is_closed(self):
        for every in (False, True):
            self.closed.clear()
            viewer, sink = self.watch(room=1, every=every)
            viewer.take(framed(b"one"))
            viewer.take(framed(b"two"))
            viewer.end()
            self.clock.advance(STALL)
            self.assertEnded(sink, "aborted")

    def test_the_end_releases_a_publisher_that_is_held_and_leaves_its_stream(self):
        """So it is when the viewer's session ends while the stream goes on."""
        viewer, _ = self.watch(room=1, every=True)
        viewer.take(framed(b"one"))
        viewer.take(framed(bytes(BEHIND + 1)))
        viewer.end()
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])

    def test_a_lost_client_leaves_the_stream_and_nothing_is_written(self):
        viewer, sink = self.watch(room=1, every=True)
        viewer.take(framed(b"one"))
        viewer.take(framed(bytes(BEHIND + 1)))
        viewer.lost()
        self.assertEnded(sink)
        self.assertEqual(self.feed.events, ["hold", "release", "leave"])
        self.assertEqual(viewer.behind, 0)
        viewer.take(framed(b"more"))
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
        viewer.take(framed(b"one"))
        viewer.take(framed(b"two"))
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
        viewer.take(framed(bytes(3 * PIECE)))
        self.assertEqual(len(sink.written), PIECE)
        self.assertEnded(sink)

    def test_room_within_a_write_sends_nothing_twice_or_out_of_order(self):
        viewer, sink = self.watch()
        write = sink.write

        def write_full_and_ready(data: bytes) -> None:
            viewer.pauseProducing()
            viewer.resumeProducing()
            write(data)

        sink.write = write_full_and_ready
        frame = b"".join(bytes([number]) * PIECE for number in range(4))
        viewer.take(framed(frame))
        viewer.take(framed(b"next"))
        self.assertTrue(sink.written == frame + b"next")
