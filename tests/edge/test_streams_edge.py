"""input.raw and output.raw: live frames through the whole server, over HTTP/2 and HTTP/1.1."""

from __future__ import annotations

from tests.support.edge import NO_CHANNEL, EdgeCase, frames, path_of
from tests.support.http import H1Client, H2Client


class LiveCase(EdgeCase):
    """A camera and a viewer, each on a connection of its own; no time passes unless a test says so."""

    publisher_class = H2Client
    viewer_class = H2Client

    def setUp(self) -> None:
        super().setUp()
        self.camera, self.phone = self.authorize("camera"), self.authorize("phone")

    def up(self, method: str = "POST", token: str = "", **query: str):
        return self.publish(token or self.camera, self.connect(self.publisher_class), method, **query)

    def down(self, client=None, **query: str):
        return self.watch(self.phone, "camera", client or self.connect(self.viewer_class), **query)

    def send(self, publisher, up: int, data: bytes) -> None:
        """More of an upload, with the windows that it needs opened on the way."""
        publisher.send_data(up, data)
        publisher.pump()

    def listed(self) -> list[str]:
        return [each["device"] for each in self.ask("getStreams.json", self.phone)["devices"]]

    def assert_closed_by_host(self, client, stream: int) -> None:
        """RST_STREAM CANCEL on HTTP/2, the connection on HTTP/1.1; no answer, not even headers."""
        response = client.response(stream)
        self.assertEqual((response.status, response.body), (None, b""))
        if isinstance(client, H2Client):
            self.assertEqual((response.reset_code, client.goaway, client.closed), (8, None, False))
        else:
            self.assertTrue(client.closed)


class LiveTests(LiveCase):
    """From a camera to its viewers."""

    def test_a_frame_is_on_its_way_in_the_turn_in_which_its_last_byte_came(self) -> None:
        """No timer runs in between: the test's clock stands still."""
        publisher, up = self.up()
        viewer, down = self.down()
        sent = b""
        for frame in frames(5):
            publisher.send_data(up, frame[:-1])
            self.assertEqual(viewer.response(down).body, sent)
            publisher.send_data(up, frame[-1:])
            sent += frame
            self.assertEqual(viewer.response(down).body, sent)

    def test_chunk_boundaries_mean_nothing(self) -> None:
        publisher, up = self.up()
        viewer, down = self.down()
        data = b"".join(frames(7, 33))
        for size in (1, 5, 6, 7, 38, 39, 40, 100, len(data)):
            before = len(viewer.response(down).body)
            for start in range(0, len(data), size):
                publisher.send_data(up, data[start : start + size])
            self.assertEqual(viewer.response(down).body[before:], data, size)

    def test_frames_come_whole_with_their_headers(self) -> None:
        publisher, up = self.up()
        viewer, down = self.down()
        sent = b"".join(frames(1, 0) + frames(1, 1) + frames(1, 65536) + frames(1, 300_000))
        publisher.send_data(up, sent)
        publisher.pump()
        self.assertEqual(viewer.response(down).body, sent)

    def test_field_size_is_little_endian(self) -> None:
        publisher, up = self.up()
        viewer, down = self.down()
        publisher.send_data(up, b"\xaa\xaa\x02\x01\x00\x00" + b"x" * 257)
        self.assertEqual(viewer.response(down).body, b"")
        publisher.send_data(up, b"x")
        self.assertEqual(len(viewer.response(down).body), 6 + 258)

    def test_answer_to_a_viewer(self) -> None:
        """Its head is there before the first frame."""
        self.up()
        viewer, down = self.down()
        response = viewer.response(down)
        self.assertEqual((response.status, response.body, response.ended), (200, b"", False))
        self.assertEqual(response.header("cache-control"), "no-store")
        self.assertEqual(response.header("content-type"), "application/octet-stream")
        self.assertEqual(response.header("content-length"), None)

    def test_field_a_stream_is_never_compressed(self) -> None:
        publisher, up = self.up()
        viewer = self.connect(self.viewer_class)
        path = path_of("output.raw", shash=self.phone, device="camera")
        down = viewer.open("GET", path, [("accept-encoding", "gzip, br")], end=True)
        (frame,) = frames(1, 5000)
        publisher.send_data(up, frame)
        self.assertEqual((viewer.response(down).header("content-encoding"), viewer.response(down).body), (None, frame))

    def test_starts_with_the_newest_complete_frame_at_hand(self) -> None:
        publisher, up = self.up()
        one, two, three = frames(3)
        publisher.send_data(up, one + two + three[:50])
        viewer, down = self.down()
        self.assertEqual(viewer.response(down).body, two)
        publisher.send_data(up, three[50:])
        self.assertEqual(viewer.response(down).body, two + three)

    def test_field_post_and_put_up_post_and_get_down(self) -> None:
        (frame,) = frames(1)
        for method in ("POST", "PUT"):
            publisher, up = self.up(method)
            viewer = self.connect(self.viewer_class)
            path = path_of("output.raw", shash=self.phone, device="camera")
            ids = [viewer.open("GET", path, end=True)]
            if self.viewer_class is H2Client:
                ids += [
                    viewer.open("POST", path, end=True),
                    viewer.open("GET", path, [("content-length", "0")], end=True),
                    viewer.open("POST", path, [("content-length", "0")], end=True),
                ]
            publisher.send_data(up, frame)
            for down in ids:
                self.assertEqual(viewer.response(down).body, frame)
            publisher.end(up)
            for down in ids:
                self.assertTrue(viewer.response(down).ended)

    def test_many_viewers_and_one_that_goes(self) -> None:
        publisher, up = self.up()
        viewers = [self.down() for _ in range(10)]
        one, two, three = frames(3)
        publisher.send_data(up, one)
        viewers[3][0].drop()
        viewers[4][0].reset(viewers[4][1])
        publisher.send_data(up, two + three)
        for number, (viewer, down) in enumerate(viewers):
            if number not in {3, 4}:
                self.assertEqual(viewer.response(down).body, one + two + three)
        self.assertEqual(self.services.devices._hub.streams(self.world.account_id)[0].viewers, 8)

    def test_field_upload_ends_with_200_and_an_empty_body(self) -> None:
        """Any RST_STREAM makes clients disconnect. In the same turn it leaves the list and its viewers end."""
        publisher, up = self.up()
        viewer, down = self.down()
        (frame,) = frames(1)
        publisher.send_data(up, frame + frame[:20])
        publisher.end(up)
        self.assertEqual((viewer.response(down).body, viewer.response(down).ended), (frame, True))
        answer = publisher.response(up)
        self.assertEqual((answer.status, answer.body, answer.ended, answer.reset_code), (200, b"", True, None))
        self.assertEqual((answer.header("content-length"), publisher.closed), ("0", False))
        self.bad(self.ask("output.raw", self.phone, device="camera"), NO_CHANNEL)

    def test_field_no_answer_before_the_upload_ends_not_even_headers(self) -> None:
        """A client closes its upload when it sees early headers."""
        publisher, up = self.up()
        for frame in frames(50):
            publisher.send_data(up, frame)
            self.clock.advance(1)
            answer = publisher.response(up)
            self.assertEqual((answer.status, answer.informational, answer.ended), (None, [], False))

    def declare_20_gib(self):
        """A live upload as the field's clients begin it, with a frame, and its viewer."""
        publisher = self.connect(self.publisher_class)
        path = path_of("input.raw", shash=self.camera, subproto="RAW_JPEG")
        up = publisher.open("PUT", path, [("content-length", "21474836480")])
        viewer, down = self.down()
        (frame,) = frames(1)
        publisher.send_data(up, frame)
        self.assertEqual((viewer.response(down).body, self.listed()), (frame, ["camera"]))
        return publisher, up, viewer, down

    def test_field_upload_that_declares_20_gib_and_drops_its_connection(self) -> None:
        publisher, _, viewer, down = self.declare_20_gib()
        publisher.drop()
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(self.listed(), [])

    def test_field_upload_that_declares_20_gib_and_ends_its_stream(self) -> None:
        """By END_STREAM, RST_STREAM CANCEL or STREAM_CLOSED; the connection's other streams live on."""
        if self.publisher_class is H1Client:
            return  # it knows no end but the one before
        (frame,) = frames(1)
        for code in (None, 8, 5):
            publisher, up, viewer, down = self.declare_20_gib()
            _, other = self.publish(self.phone, publisher)
            if code is None:
                publisher.end(up)
                self.assertEqual((publisher.response(up).status, publisher.response(up).body), (200, b""))
            else:
                publisher.reset(up, code)
            self.assertTrue(viewer.response(down).ended)
            self.assertEqual((self.listed(), publisher.goaway, publisher.closed), (["phone"], None, False))
            publisher.send_data(other, frame)
            publisher.end(other)
            self.assertEqual(publisher.response(other).status, 200)

    def test_takeover(self) -> None:
        """A newer stream of the same device takes over; the older is closed, and its viewers end."""
        older, up = self.up(subproto="OLD")
        viewer, down = self.down()
        newer, newer_up = self.up(token=self.authorize("camera"), subproto="NEW", delta="5")
        self.assert_closed_by_host(older, up)
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(
            self.ask("getStreams.json", self.phone)["devices"], [{"device": "camera", "subproto": "NEW", "delta": 5}]
        )
        again, watching = self.down()
        (frame,) = frames(1)
        if older.transport.connected and isinstance(older, H2Client):
            older.send_data(up, frame)
        newer.send_data(newer_up, frame)
        self.assertEqual(again.response(watching).body, frame)
        newer.end(newer_up)
        self.assertEqual(newer.response(newer_up).status, 200)

    def test_takeovers_have_a_rate(self) -> None:
        """Whoever takes over again and again is refused, and the stream goes on; a second later it may again."""
        token = self.authorize("camera")
        ups = [self.up(token=token) for _ in range(21)]
        refused, up = self.up(token=token)
        self.assert_closed_by_host(refused, up)
        publisher, last = ups[-1]
        viewer, down = self.down()
        (frame,) = frames(1)
        publisher.send_data(last, frame)
        self.assertEqual(viewer.response(down).body, frame)
        self.clock.advance(1)
        newer, up = self.up(token=token)
        self.assert_closed_by_host(publisher, last)
        newer.end(up)
        self.assertEqual(newer.response(up).status, 200)

    def test_publisher_that_vanishes(self) -> None:
        publisher, _ = self.up()
        viewer, down = self.down()
        publisher.drop()
        self.assertTrue(viewer.response(down).ended)
        self.assertEqual(self.listed(), [])

    def test_viewer_that_vanished_while_it_was_full(self) -> None:
        publisher, up = self.up()
        viewer, _ = self.down(self.connect(self.viewer_class, capacity=1000))
        viewer.reading = False
        for frame in frames(100, 5000):
            publisher.send_data(up, frame)
        viewer.drop()
        for frame in frames(3, 5000):
            publisher.send_data(up, frame)
        publisher.end(up)
        self.assertEqual(publisher.response(up).status, 200)

    def test_server_that_ends(self) -> None:
        publisher, up = self.up()
        viewer, down = self.down()
        self.services.devices.close_all()
        self.assertTrue(viewer.response(down).ended)
        self.assert_closed_by_host(publisher, up)


class LiveOverHTTP1Tests(LiveTests):
    """The same, chunked both ways."""

    publisher_class = H1Client
    viewer_class = H1Client

    def test_connection_serves_on(self) -> None:
        publisher, up = self.up()
        publisher.end(up)
        self.assertEqual(publisher.response(up).status, 200)
        self.assertEqual(publisher.ask("/heartBit.json", shash=self.camera), {"result": "OK"})
        viewer, down = self.down(publisher)
        self.bad(viewer.response(down).json(), NO_CHANNEL)


class HTTP1ToHTTP2Tests(LiveTests):
    """A camera on HTTP/1.1, viewers on HTTP/2."""

    publisher_class = H1Client


class SilenceTests(LiveCase):
    """Streams that are open and silent."""

    def test_field_ping_every_3_s(self) -> None:
        """Devices give a silent connection up after 5 s; three unanswered PINGs, and the connection is dropped."""
        publisher, up = self.up()
        viewer, down = self.down()
        for client in (publisher, viewer):
            client.pump()
        for seconds in range(1, 61):
            self.clock.advance(1)
            for client in (publisher, viewer):
                client.pump()
                self.assertEqual(client.pings, seconds // 3)
        viewer.mute = True
        for _ in range(9):
            self.clock.advance(1)
            publisher.pump()
            self.assertFalse(viewer.closed)
        for _ in range(3):
            self.clock.advance(1)
            publisher.pump()
        self.assertTrue(viewer.closed)
        self.assertEqual((publisher.closed, self.listed()), (False, ["camera"]))
        self.assertIsNone(publisher.response(up).status)
        self.assertFalse(viewer.responses[down].ended)

    def test_field_quiet_streams_are_never_closed_by_an_idle_timer(self) -> None:
        self.publisher_class = self.viewer_class = H1Client
        publisher, up = self.up()
        viewer, down = self.down()
        self.clock.pump([5.0] * 400)
        (frame,) = frames(1)
        publisher.send_data(up, frame)
        self.assertEqual(viewer.response(down).body, frame)
