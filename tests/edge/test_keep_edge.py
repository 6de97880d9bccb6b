"""input.raw?keep=MS: a stream out of one short upload after the other, for devices that can do no more."""

from __future__ import annotations

from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import ERRORED_STREAM, NO_CHANNEL, frames, path_of
from tests.support.http import H1Client


class KeepTests(LiveCase):
    def tearDown(self) -> None:
        self.services.devices.close_all()
        super().tearDown()

    def shot(self, *sent: bytes, keep: str = "5000", client=None, token: str = "", **query: str):
        """One whole upload; its answer."""
        client = client or self.connect(self.publisher_class)
        path = path_of("input.raw", shash=token or self.camera, keep=keep, **query)
        return client.response(client.request("POST", path, b"".join(sent)))

    def test_an_upload_is_answered_and_its_stream_stays(self) -> None:
        (frame,) = frames(1)
        answer = self.shot(frame)
        self.assertEqual((answer.status, answer.body, answer.ended), (200, b"", True))
        viewer, down = self.down()
        self.assertEqual((viewer.response(down).body, viewer.response(down).ended), (frame, False))
        self.clock.advance(4.999)
        self.assertEqual(self.listed(), ["camera"])
        self.clock.advance(0.001)
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(self.listed(), [])
        self.bad(self.ask("output.raw", self.phone, device="camera"), NO_CHANNEL)

    def test_the_next_upload_goes_on_and_the_time_begins_anew(self) -> None:
        sent = frames(5)
        self.shot(sent[0])
        viewer, down = self.down()
        camera = self.connect(self.publisher_class)
        for frame in sent[1:]:
            self.clock.advance(4)
            viewer.pump()
            self.assertEqual(self.shot(frame, client=camera).status, 200)
        self.assertEqual(viewer.response(down).body, b"".join(sent))
        self.assertFalse(viewer.response(down).ended)
        self.clock.advance(5)
        self.assertTrue(viewer.response(down).ended)

    def test_frames_are_on_their_way_while_an_upload_goes_on(self) -> None:
        one, two = frames(2)
        self.shot(one)
        viewer, down = self.down()
        camera, up = self.up(keep="5000")
        camera.send_data(up, two)
        self.assertEqual(viewer.response(down).body, one + two)
        self.clock.advance(60)
        self.assertEqual(self.listed(), ["camera"])
        camera.drop()
        self.clock.advance(4)
        self.assertEqual(self.listed(), ["camera"])

    def test_what_is_left_of_an_unfinished_frame_is_dropped(self) -> None:
        one, two = frames(2)
        self.shot(one, two[:20])
        viewer, down = self.down()
        self.shot(two)
        self.assertEqual(viewer.response(down).body, one + two)

    def test_an_upload_that_is_still_under_way_is_cut_and_the_stream_goes_on(self) -> None:
        """The device comes back on a new connection, before anybody knows that the old one is dead."""
        one, two = frames(2)
        older, up = self.up(keep="5000")
        older.send_data(up, one)
        viewer, down = self.down()
        self.shot(two)
        self.assert_closed_by_host(older, up)
        self.assertEqual((viewer.response(down).body, viewer.response(down).ended), (one + two, False))

    def test_another_session_of_the_device_goes_on_and_the_first_may_end(self) -> None:
        one, two = frames(2)
        self.shot(one)
        viewer, down = self.down()
        self.shot(two, token=self.authorize("camera"))
        self.services.sessions.end(self.services.sessions.find(self.camera))
        self.assertEqual((viewer.response(down).body, viewer.response(down).ended), (one + two, False))

    def test_it_keeps_its_session_alive_and_ends_with_it(self) -> None:
        self.shot(*frames(1), keep="60000")
        viewer, down = self.down()
        self.assertEqual(self.services.sessions.find(self.camera).streams, 1)
        self.services.sessions.end(self.services.sessions.find(self.camera))
        self.assertTrue(viewer.response(down).ended)

    def test_without_keep_nothing_is_kept_and_a_kept_stream_is_taken_over(self) -> None:
        one, two = frames(2)
        self.shot(one)
        viewer, down = self.down()
        camera, up = self.up()
        self.assertTrue(viewer.response(down).ended)
        viewer, down = self.down()
        camera.send_data(up, two)
        camera.end(up)
        self.assertEqual((viewer.response(down).body, viewer.response(down).ended), (two, True))
        self.shot(one, keep="0")
        self.assertEqual(self.listed(), [])

    def test_a_stream_without_keep_is_taken_over_by_one_with_it(self) -> None:
        self.up()
        viewer, down = self.down()
        self.shot(*frames(1))
        self.assertTrue(viewer.response(down).ended)

    def test_one_that_is_announced_otherwise_takes_over(self) -> None:
        """Viewers were told what the payloads are."""
        self.shot(*frames(1), subproto="RAW_JPEG", delta="1000")
        for query in ({"subproto": "RAW_PNG", "delta": "1000"}, {"subproto": "RAW_PNG", "delta": "500"}):
            viewer, down = self.down()
            self.shot(*frames(1), **query)
            self.assertTrue(viewer.response(down).ended)

    def test_an_error_ends_the_stream_at_once(self) -> None:
        self.shot(*frames(1))
        viewer, down = self.down()
        camera, up = self.up(keep="5000")
        camera.send_data(up, b"no frame")
        self.assert_closed_by_host(camera, up)
        self.assertTrue(viewer.response(down).ended)
        self.bad(self.ask("output.raw", self.phone, device="camera"), ERRORED_STREAM)

    def test_bounds(self) -> None:
        for keep in ("60001", "-1", "1.5", "long"):
            camera, up = self.up(keep=keep)
            self.assert_closed_by_host(camera, up)
        self.assertEqual(self.listed(), [])

    def test_a_viewer_of_every_frame_holds_the_next_upload_too(self) -> None:
        large = frames(30, 60_000)
        self.shot(large[0])
        viewer = self.connect(self.viewer_class, capacity=1000)
        viewer.reading = False
        self.down(viewer, every="1")
        self.shot(*large[1:25])
        (stream,) = self.services.devices._hub.streams(self.world.account_id)
        camera, up = self.up(keep="5000")
        seen = stream.frames
        camera.send_data(up, large[25])
        self.assertEqual(stream.frames, seen)
        viewer.reading = True
        viewer.pump()
        camera.pump()
        self.assertEqual(stream.frames, seen + 1)

    def test_the_server_ends(self) -> None:
        self.shot(*frames(1))
        viewer, down = self.down()
        self.services.devices.close_all()
        self.assertTrue(viewer.response(down).ended)

    def test_followers_are_told_of_one_stream(self) -> None:
        events = self.services.events
        follower = self.connect()
        stream = follower.request("GET", path_of("events", shash=self.phone))
        for frame in frames(3):
            self.shot(frame)
        self.clock.advance(5)
        told = follower.response(stream).body
        self.assertEqual((told.count(b"event: stream-start"), told.count(b"event: stream-end")), (1, 1))
        self.assertEqual(len(events._followers), 1)


class KeepOverHTTP1Tests(KeepTests):
    publisher_class = H1Client
    viewer_class = H1Client
