"""Slow viewers: what they are sent, what they skip, and when a camera is held back."""

from __future__ import annotations

from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import frames, path_of
from tests.support.http import H1Client, H2Client
from webcam.api.services import Limits
from webcam.http.limits import UPLOAD_WINDOW, WIDEST, WIDEST_UPLOAD
from webcam.http.sender import STEP
from webcam.wire.frames import encode

FULL = 64 * 1024
BEHIND = 1024 * 1024


class SlowViewerTests(LiveCase):
    """A viewer whose transport is full."""

    limits = Limits(stall=10.0)

    def slow(self, **query: str):
        """A viewer that reads nothing for now."""
        viewer, down = self.down(self.connect(self.viewer_class, capacity=FULL), **query)
        viewer.pump()
        viewer.reading = False
        return viewer, down

    def test_a_burst_of_small_frames_arrives_whole(self) -> None:
        publisher, up = self.up()
        viewer, down = self.slow()
        burst = b"".join(frames(100, 1000))
        self.send(publisher, up, burst)
        viewer.reading = True
        self.assertEqual(viewer.response(down).body, burst)

    def test_shows_the_present_not_the_past(self) -> None:
        """It holds 64 KiB and a frame, skips the rest, and goes on with the newest; only whole frames, in order."""
        publisher, up = self.up()
        viewer, down = self.slow()
        sent = [frame for number in range(4) for frame in frames(100, 40_000 + number)]
        for frame in sent:
            self.send(publisher, up, frame)
        self.assertEqual(publisher.unsent(up) if self.publisher_class is H2Client else 0, 0)
        self.assertFalse(publisher.transport.reading_paused)
        self.assertLess(viewer.transport.unread, 2 * FULL)
        viewer.reading = True
        body = viewer.response(down).body
        kept = [frame for frame in sent if frame in body]
        self.assertEqual(body, b"".join(kept))
        self.assertEqual(kept[-1], sent[-1])
        self.assertLess(len(kept), 10)
        (next_frame,) = frames(1)
        publisher.send_data(up, next_frame)
        self.assertEqual(viewer.response(down).body, body + next_frame)

    def test_others_get_every_frame(self) -> None:
        publisher, up = self.up()
        self.slow()
        viewer, down = self.down()
        sent = b""
        for frame in frames(200, 20_000):
            self.send(publisher, up, frame)
            sent += frame
            self.assertEqual(len(viewer.response(down).body), len(sent))
        self.assertEqual(viewer.response(down).body, sent)

    def test_stays_as_long_as_it_likes(self) -> None:
        publisher, up = self.up()
        viewer, down = self.slow()
        for frame in frames(20, 20_000):
            self.send(publisher, up, frame)
            self.clock.advance(2)
            publisher.pump()
        viewer.reading = True
        response = viewer.response(down)
        self.assertFalse(response.ended or viewer.closed)
        self.assertTrue(response.body.endswith(frames(20, 20_000)[-1]))

    # Viewers that ask for every frame

    def held(self, publisher) -> bool:
        """Whether the camera can send no more."""
        if self.publisher_class is H2Client:
            return publisher.unsent(max(publisher.responses)) > 0
        return publisher.transport.reading_paused

    def flood(self, publisher, up: int, size: int = 4 * BEHIND) -> bytes:
        """Send so much, as far as the server takes it."""
        data = b"".join(frames(size // 20_000, 20_000))
        for start in range(0, len(data), 30_000):
            self.send(publisher, up, data[start : start + 30_000])
        return data

    def test_every_frame_holds_the_camera_to_the_viewers_pace(self) -> None:
        publisher, up = self.up()
        viewer, down = self.slow(every="1")
        data = self.flood(publisher, up)
        self.assertTrue(self.held(publisher))
        viewer.reading = True
        for _ in range(1000):
            publisher.pump()
            if len(viewer.response(down).body) == len(data):
                break
        self.assertEqual(viewer.response(down).body, data)
        self.assertFalse(self.held(publisher))

    def test_every_frame_costs_a_bounded_amount(self) -> None:
        publisher, up = self.up()
        self.slow(every="1")
        self.flood(publisher, up, 8 * BEHIND)
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        (behind,) = [each.behind for each in stream._viewers]
        self.assertGreater(behind, BEHIND)
        self.assertLess(behind, BEHIND + 4 * FULL)

    def test_every_frame_does_not_hold_other_uploads_of_its_connection(self) -> None:
        if self.publisher_class is H1Client:
            return  # it has no others
        publisher, up = self.up()
        self.slow(every="1")
        self.flood(publisher, up)
        _, other = self.publish(self.phone, publisher)
        viewer, down = self.watch(self.phone, "phone")
        data = b"".join(frames(100, 20_000))
        for start in range(0, len(data), 20_000):
            self.send(publisher, other, data[start : start + 20_000])
            viewer.pump()
        self.assertEqual(len(viewer.response(down).body), len(data))

    def test_every_frame_and_takes_nothing_for_10_s(self) -> None:
        """It is closed, and the camera goes on."""
        publisher, up = self.up()
        viewer, down = self.slow(every="1")
        data = self.flood(publisher, up)
        for _ in range(9):
            self.clock.advance(1)
            publisher.pump()
            self.assertTrue(self.held(publisher))
        self.clock.advance(1.5)
        publisher.pump()
        self.assertFalse(self.held(publisher))
        publisher.end(up)
        self.assertEqual(publisher.response(up).status, 200)
        viewer.reading = True
        response = viewer.response(down)
        self.assertFalse(response.ended)
        self.assertLess(len(response.body), len(data))

    def test_every_frame_and_140_kb_every_8_s(self) -> None:
        """It is closed, and the camera goes on: of frames of 1 MB it doesn't take one in time."""
        publisher, up = self.up()
        viewer, _ = self.slow(every="1")
        for frame in frames(4, 1_000_000):
            self.send(publisher, up, frame)
        for _ in range(3):
            self.clock.advance(8)
            viewer.transport.take()
            publisher.pump()
        self.assertFalse(self.held(publisher))

    def test_every_frame_and_its_client_goes(self) -> None:
        publisher, up = self.up()
        viewer, _ = self.slow(every="1")
        self.flood(publisher, up)
        self.assertTrue(self.held(publisher))
        viewer.drop()
        publisher.pump()
        self.assertFalse(self.held(publisher))
        publisher.end(up)
        self.assertEqual(publisher.response(up).status, 200)

    def test_held_camera_that_goes(self) -> None:
        """The viewer still gets what was there."""
        publisher, up = self.up()
        viewer, down = self.slow(every="1")
        data = self.flood(publisher, up)
        publisher.drop()
        self.assertEqual(self.listed(), [])
        viewer.reading = True
        response = viewer.response(down)
        self.assertTrue(response.ended)
        self.assertEqual(response.body, data[: len(response.body)])
        self.assertGreater(len(response.body), BEHIND)

    def test_viewer_that_reads_nothing_of_a_stream_that_is_over(self) -> None:
        """It is closed after 10 s, too."""
        publisher, up = self.up()
        self.slow()
        for frame in frames(20, 40_000):
            self.send(publisher, up, frame)
        publisher.end(up)
        self.clock.pump([1.0] * 11)
        self.assertEqual(len(self.services.sessions.all()), 2)
        self.assertEqual([each.streams for each in self.services.sessions.all()], [0, 0])


class SlowViewerOverHTTP1Tests(SlowViewerTests):
    """The same."""

    publisher_class = H1Client
    viewer_class = H1Client


class ShutWindowTests(LiveCase):
    """A viewer on HTTP/2 whose window is shut, on a connection that reads."""

    def test_skips_to_the_newest_and_costs_no_other_stream_anything(self) -> None:
        publisher, up = self.up()
        viewer = self.connect()
        _, stalled = self.down(viewer)
        viewer.stalled.add(stalled)
        _, live = self.down(viewer)
        sent = frames(100, 10_000)
        for frame in sent:
            self.send(publisher, up, frame)
            viewer.pump()
        self.assertEqual(viewer.response(live).body, b"".join(sent))
        self.assertIn(len(viewer.response(stalled).body), range(65535 - STEP, 65536))
        viewer.stalled.clear()
        viewer.credit(stalled, 10_000_000)
        body = viewer.response(stalled).body
        kept = [frame for frame in sent if frame in body]
        self.assertEqual(body, b"".join(kept))
        self.assertEqual(kept[-1], sent[-1])
        self.assertLess(len(body), 65535 + FULL + 2 * 10_006)

    def test_field_windows_of_32_mib_and_of_65535(self) -> None:
        for window in (65535, 32 * 1024 * 1024):
            publisher, up = self.publish(self.camera, self.connect(window=window))
            viewer, down = self.down(self.connect(window=window))
            sent = 0
            for frame in frames(10, 200_000):
                self.send(publisher, up, frame)
                sent += len(frame)
                self.assertEqual(len(viewer.response(down).body), sent)
            publisher.end(up)


class WindowsOfUploadsTests(LiveCase):
    """How far ahead a camera may send: far with a session, HTTP/2's own 65,535 bytes without."""

    def test_an_accepted_upload_may_send_far_ahead_and_no_other_body_may(self) -> None:
        publisher, up = self.up()
        publisher.pump()
        self.assertEqual(publisher.h2.local_flow_control_window(up), UPLOAD_WINDOW)
        other = publisher.open("POST", path_of("addRecord.json", shash="none"))
        publisher.pump()
        self.assertEqual(publisher.h2.local_flow_control_window(other), 65535)

    def test_the_window_grows_while_it_is_what_limits_the_upload(self) -> None:
        """All that was left of it comes before the PING's answer: the camera waits for credit a round trip long."""
        publisher, up = self.up()
        publisher.pump()
        for window in (UPLOAD_WINDOW, 2 * UPLOAD_WINDOW):
            self.clock.advance(1)
            frame = encode(bytes(window // 2 - 6))
            publisher.send_data(up, frame)
            publisher.send_data(up, frame)  # behind the PING, before its answer
            publisher.pump()
            self.assertEqual(publisher.h2.local_flow_control_window(up), 2 * window)
        self.assertEqual(2 * window, WIDEST_UPLOAD)

    def test_the_window_stays_while_a_viewer_holds_the_upload_back(self) -> None:
        publisher, up = self.up()
        viewer, _ = self.down(self.connect(capacity=1), every="1")
        viewer.reading = False
        publisher.pump()
        frame = encode(bytes(UPLOAD_WINDOW // 2 - 6))
        for _ in range(8):
            publisher.send_data(up, frame)
            publisher.pump()
        self.assertGreater(publisher.unsent(up), 0, "it is not held")
        growth = publisher.protocol._channel.streams[up].growth
        window = growth.window
        for _ in range(8):
            self.clock.advance(1)
            publisher.send_data(up, frame)
            publisher.pump()
        self.assertEqual(growth.window, window)
        viewer.drop()

    def test_uploads_one_after_the_other_widen_their_connection_to_a_bound(self) -> None:
        publisher = self.connect()
        for _ in range(30):
            _, up = self.publish(self.camera, publisher)
            publisher.end(up)
            publisher.pump()
        self.assertLessEqual(publisher.h2.outbound_flow_control_window, WIDEST)
        self.assertGreater(publisher.h2.outbound_flow_control_window, UPLOAD_WINDOW)
