"""input.raw: many small frames at once, and the turns of the event loop in which they go out."""

from __future__ import annotations

import itertools
from typing import Any

from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import ERRORED_STREAM, frames
from tests.support.http import H1Client
from tests.support.ticking import turn
from webcam.http.limits import TURN
from webcam.http.rounds import PASS
from webcam.relay.stream import Stream
from webcam.relay.viewer import BEHIND
from webcam.wire.frames import encode

MANY = [encode(bytes([number])) for number in range(100)]
LARGE = encode(bytes(BEHIND + 70_000))
FRAME = TURN / 3
"""Seconds for a frame, as one with some dozens of viewers takes."""

MOST = 5
MOST_OF_PASS = round(PASS / FRAME) + MOST
"""Frames that a turn, and a pass of many, has time for here: the one in which it is noticed that time is over, and the
rounding, too."""

AWAY, ELSEWHERE = "198.51.100.7", "198.51.100.8"
"""Where cameras are: those who are at the same address wait with them."""


class FrameTurnTests(LiveCase):
    """Frames that take their time, of a camera that is somewhere else than everybody else."""

    def setUp(self) -> None:
        super().setUp()
        publish = Stream.publish

        def slow(stream: Stream, frame: bytes) -> None:
            self.clock.rightNow += FRAME
            publish(stream, frame)

        self.patch(Stream, "publish", slow)

    def up(self, method: str = "POST", token: str = "", host: str = AWAY, **query: str) -> tuple[Any, int]:
        client = self.connect(self.publisher_class, host=host)
        return self.publish(token or self.camera, client, method, **query)

    def stream(self) -> Stream:
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        return stream

    def begin(self, **query: str) -> tuple[Any, int, Any, int]:
        """A camera and a viewer."""
        publisher, up = self.up(**query)
        return publisher, up, *self.down()

    def waiting(self) -> bool:
        """Whether anything is to be called in the next turn."""
        return any(each.getTime() <= self.clock.rightNow for each in self.clock.getDelayedCalls())

    def turns(self, stream: Stream) -> list[int]:
        """Call what waits, a turn after the other; how many frames went out in each."""
        counts = [stream.frames]
        while self.waiting():
            turn(self.clock)
            counts.append(stream.frames)
        return [after - before for before, after in itertools.pairwise(counts)]

    def test_a_few_a_turn_and_all_in_order(self) -> None:
        publisher, up, viewer, down = self.begin()
        stream = self.stream()
        publisher.send_data(up, b"".join(MANY))
        self.assertIn(stream.frames, range(1, MOST + 1))
        self.assertLessEqual(max(self.turns(stream)), MOST_OF_PASS)
        self.assertEqual(viewer.response(down).body, b"".join(MANY))
        publisher.send_data(up, MANY[0])
        self.assertEqual(viewer.response(down).body, b"".join([*MANY, MANY[0]]), "it goes on")
        publisher.end(up)
        self.assertTrue(viewer.response(down).ended)

    def test_others_have_their_turns(self) -> None:
        publisher, up, _, _ = self.begin()
        publisher.send_data(up, b"".join(MANY))
        self.assertEqual(self.listed(), ["camera"])
        self.assertLess(self.stream().frames, len(MANY))
        self.turns(self.stream())

    def test_many_cameras_of_an_address_share_a_pass(self) -> None:
        """However many there are, others wait no longer for them."""
        cameras = [self.up(token=self.authorize(f"camera {number}")) for number in range(40)]
        for publisher, up in cameras:
            publisher.send_data(up, b"".join(MANY[:50]))
        streams = self.services.devices._hub.streams(self.world.account_id)
        passes, out = 0, sum(each.frames for each in streams)
        self.assertLess(out, 40 * (MOST + 1))
        while self.waiting():
            turn(self.clock)
            before, out = out, sum(each.frames for each in streams)
            self.assertLessEqual(out - before, MOST_OF_PASS)
            passes += 1
        self.assertEqual([each.frames for each in streams], [50] * 40)
        self.assertGreater(passes, 40 * 50 / MOST_OF_PASS - MOST)

    def test_chunks_of_a_frame_each_share_a_turn(self) -> None:
        """Also those that were kept while the upload was paused."""
        publisher, up, viewer, down = self.begin()
        stream = self.stream()
        with publisher.one_read():
            for frame in MANY:
                publisher.send_data(up, frame)
        self.assertLessEqual(stream.frames, MOST)
        self.assertLessEqual(max(self.turns(stream)), MOST_OF_PASS)
        for frame in MANY:
            publisher.send_data(up, frame)
        self.assertLessEqual(max(self.turns(stream)), MOST_OF_PASS)
        publisher.pump()
        self.turns(stream)
        self.assertEqual(viewer.response(down).body, b"".join(MANY * 2))

    def test_frames_with_time_between_them_never_wait(self) -> None:
        publisher, up, viewer, down = self.begin()
        for number, frame in enumerate(MANY, 1):
            publisher.send_data(up, frame)
            self.assertEqual(len(viewer.response(down).body), 7 * number)
            self.assertFalse(self.waiting())
            self.clock.advance(1 / 60)

    def test_a_few_at_once_go_out_at_once(self) -> None:
        publisher, up, viewer, down = self.begin()
        for _ in range(10):
            publisher.send_data(up, b"".join(MANY[:3]))
            self.assertFalse(self.waiting())
            self.clock.advance(0.1)
        self.assertEqual(viewer.response(down).body, b"".join(MANY[:3] * 10))

    def test_a_frame_that_ends_behind_those_that_wait(self) -> None:
        publisher, up, viewer, down = self.begin()
        (large,) = frames(1, 5000)
        publisher.send_data(up, b"".join(MANY) + large[:100])
        publisher.send_data(up, large[100:])
        self.turns(self.stream())
        publisher.pump()
        self.turns(self.stream())
        self.assertEqual(viewer.response(down).body, b"".join(MANY) + large)

    # Its end

    def test_an_upload_that_ends_is_answered_behind_its_last_frame(self) -> None:
        publisher, up, viewer, down = self.begin()
        stream = self.stream()
        with publisher.one_read():
            publisher.send_data(up, b"".join(MANY))
            publisher.end(up)
        self.assertEqual((publisher.response(up).status, self.stream()), (None, stream))
        self.turns(stream)
        self.assertEqual(viewer.response(down).body, b"".join(MANY))
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual((publisher.response(up).status, self.listed()), (200, []))

    def test_a_camera_that_goes(self) -> None:
        """What came of its frames before still goes out, and nothing is left."""
        publisher, up, viewer, down = self.begin()
        stream = self.stream()
        publisher.send_data(up, b"".join(MANY))
        publisher.drop()
        self.assertLessEqual(max(self.turns(stream)), MOST_OF_PASS)
        self.assertEqual(viewer.response(down).body, b"".join(MANY))
        self.assertTrue(viewer.response(down).ended)

    def test_a_takeover_ends_what_waits(self) -> None:
        publisher, up, viewer, down = self.begin()
        stream = self.stream()
        publisher.send_data(up, b"".join(MANY))
        out = stream.frames
        other, again = self.up(token=self.authorize("camera"), host=ELSEWHERE)
        self.assertFalse(self.waiting())
        self.assert_closed_by_host(publisher, up)
        self.assertEqual(viewer.response(down).body, b"".join(MANY[:out]))
        self.assertTrue(viewer.response(down).ended)
        other.end(again)

    def test_an_upload_that_goes_on_with_the_stream_ends_what_waits(self) -> None:
        publisher, up, viewer, down = self.begin(keep="5000")
        publisher.send_data(up, b"".join(MANY))
        out = self.stream().frames
        other, again = self.up(keep="5000", host=ELSEWHERE)
        self.assertFalse(self.waiting())
        self.assert_closed_by_host(publisher, up)
        other.send_data(again, MANY[-1])
        self.assertEqual(viewer.response(down).body, b"".join([*MANY[:out], MANY[-1]]))
        self.services.devices.close_all()

    def test_a_session_that_ends(self) -> None:
        publisher, up, viewer, down = self.begin()
        publisher.send_data(up, b"".join(MANY))
        self.services.devices.close_all()
        self.assertFalse(self.waiting())
        self.assertTrue(viewer.response(down).ended)
        self.assert_closed_by_host(publisher, up)

    def test_a_wrong_frame_behind_good_ones(self) -> None:
        for gone in (False, True):
            publisher, up, viewer, down = self.begin()
            stream = self.stream()
            publisher.send_data(up, b"".join(MANY) + b"wrong")
            if gone:
                publisher.drop()
            self.turns(stream)
            self.assertEqual(viewer.response(down).body, b"".join(MANY))
            self.assertTrue(viewer.response(down).ended)
            self.bad(self.ask("output.raw", self.phone, device="camera"), ERRORED_STREAM)
            if not gone:
                self.assert_closed_by_host(publisher, up)

    def test_a_failure_in_a_later_turn_costs_its_upload_alone(self) -> None:
        publisher, up, viewer, down = self.begin()
        publisher.send_data(up, b"".join(MANY))

        def fail(stream: Stream, frame: bytes) -> None:
            raise ZeroDivisionError

        self.patch(Stream, "publish", fail)
        turn(self.clock)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assert_closed_by_host(publisher, up)
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(self.listed(), [])

    # Viewers of every frame

    def held(self) -> tuple[Any, int, Any, int]:
        """A camera of which frames wait, held by a viewer of every frame that reads nothing."""
        publisher, up = self.up()
        viewer, down = self.down(self.connect(self.viewer_class, capacity=1), every="1")
        viewer.pump()
        viewer.reading = False
        publisher.send_data(up, LARGE + b"".join(MANY))
        publisher.pump()
        self.turns(self.stream())
        return publisher, up, viewer, down

    def test_a_hold_outlasts_what_waits(self) -> None:
        publisher, up, viewer, down = self.held()
        self.assertLess(self.stream().frames, len(MANY))
        viewer.reading = True
        for _ in range(1000):
            viewer.pump()
            self.turns(self.stream())
            publisher.pump()
        self.assertTrue(viewer.response(down).body == LARGE + b"".join(MANY))
        publisher.end(up)

    def test_a_held_camera_that_goes(self) -> None:
        """Nothing can hold it any more: what came of it goes out, and the stream is over."""
        publisher, _, viewer, down = self.held()
        stream = self.stream()
        publisher.drop()
        self.turns(stream)
        self.assertEqual(self.listed(), [])
        viewer.reading = True
        self.assertTrue(viewer.response(down).body == LARGE + b"".join(MANY))


class FrameTurnsOverHTTP1Tests(FrameTurnTests):
    """The same; what its connection has read when it is paused waits, too."""

    publisher_class = H1Client
    viewer_class = H1Client

    def test_the_next_request_behind_an_upload_that_was_held(self) -> None:
        publisher, up = self.up()
        viewer, _ = self.down(self.connect(self.viewer_class, capacity=1), every="1")
        viewer.pump()
        viewer.reading = False
        with publisher.one_read():
            publisher.send_data(up, LARGE)
            publisher.end(up)
        for _ in range(100):
            publisher.pump()
            if self.waiting():
                turn(self.clock)
        self.assertEqual(publisher.response(up).status, 200)
        self.assertEqual(publisher.fetch("POST", "/getServerTime.json", b"").status, 200)
        viewer.drop()
