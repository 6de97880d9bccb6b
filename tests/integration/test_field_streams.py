"""What cameras and viewers of the field do on live streams, against the real server."""

from __future__ import annotations

import time

from h2.errors import ErrorCodes

from tests.support.field_client import LARGE_WINDOW, FieldClient
from tests.support.frames import numbered, numbers
from tests.support.process import until
from tests.support.session import OK, ServerCase

MEGABYTE = 1024 * 1024


class UploadEnds(ServerCase):
    """A PUT live stream that declares 21474836480 bytes and ends early, each way, among streams that live on."""

    def setUp(self) -> None:
        super().setUp()
        self.shash = self.authorize("viewer")
        self.device = self.connect()
        self.other = self.publish(self.device, "other")
        self.upload = self.publish(self.device, "camera")
        self.device.send(self.other, numbered(0))
        self.device.send(self.upload, numbered(0))
        self.watched = self.watch(self.device, self.shash, "other")
        self.viewer = self.connect()
        self.watching = self.watch(self.viewer, self.shash, "camera")
        self.viewer.wait(lambda: numbers(self.viewer.answers[self.watching].body) == [0])

    def ended(self) -> None:
        """The viewer's answer ends, the list has the stream no more."""
        answer = self.viewer.answer(self.watching)
        self.assertTrue(answer.ended)
        self.assertIsNone(answer.reset)
        self.assertNotIn("camera", self.streaming(self.shash))

    def others_live(self) -> None:
        """Upload, viewer and requests on the same connection go on."""
        self.device.send(self.other, numbered(1, 100_000))
        self.device.wait(lambda: numbers(self.device.answers[self.watched].body) == [0, 1])
        self.assertEqual(self.device.call("/heartBit.json", shash=self.shash), OK)
        self.assertIsNone(self.device.goaway)
        self.assertFalse(self.device.answers[self.other].over)

    def test_reset_cancel(self) -> None:
        """RST_STREAM CANCEL."""
        self.device.reset(self.upload, ErrorCodes.CANCEL)
        self.ended()
        self.others_live()

    def test_reset_stream_closed(self) -> None:
        """RST_STREAM STREAM_CLOSED."""
        self.device.reset(self.upload, ErrorCodes.STREAM_CLOSED)
        self.ended()
        self.others_live()

    def test_reset_within_a_frame(self) -> None:
        """RST_STREAM when half a frame is there: viewers never see the half."""
        self.device.send(self.upload, numbered(1)[:500])
        self.device.reset(self.upload, ErrorCodes.CANCEL)
        self.ended()
        self.assertEqual(bytes(self.viewer.answers[self.watching].body), numbered(0))
        self.others_live()

    def test_end_stream(self) -> None:
        """END_STREAM, long before the declared length: 200 with an empty body, no RST_STREAM, no GOAWAY."""
        self.device.end(self.upload)
        answer = self.device.answer(self.upload)
        self.assertEqual((answer.status, answer.body, answer.reset), (200, b"", None))
        self.ended()
        self.others_live()
        self.assertIsNone(self.device.answers[self.upload].reset)

    def test_empty_data_frame_later(self) -> None:
        """The body ends with an empty DATA frame 100 ms after its last byte."""
        self.device.send(self.upload, numbered(1))
        time.sleep(0.1)  # as the device does
        self.device.end(self.upload)
        self.assertEqual(self.device.answer(self.upload).status, 200)
        self.ended()
        self.assertEqual(numbers(self.viewer.answers[self.watching].body), [0, 1])
        self.others_live()

    def test_reset_after_the_end(self) -> None:
        """A stream that has ended already is reset."""
        self.device.end(self.upload)
        self.device.answer(self.upload)
        self.device.raw(b"\0\0\x04\x03\0" + self.upload.to_bytes(4, "big") + b"\0\0\0\x08")
        self.ended()
        self.others_live()

    def test_dropped_connection(self) -> None:
        """The connection goes, both its streams with it; other connections live on."""
        self.device.close()
        self.ended()
        until(lambda: not self.streaming(self.shash), "both streams off the list")
        self.assertEqual(self.viewer.call("/heartBit.json", shash=self.shash), OK)
        again = self.connect()
        self.publish(again, "camera")
        self.assertEqual(self.streaming(self.shash), ["camera"])

    def test_memory(self) -> None:
        """Nothing is allocated by the declared length."""
        before = self.server.resident()
        for device in range(20):
            self.publish(self.device, f"camera{device}")
        self.assertLess(self.server.resident() - before, 20 * MEGABYTE)


class LiveStreams(ServerCase):
    """Answers, headers, pings and windows of live streams."""

    def setUp(self) -> None:
        super().setUp()
        self.shash = self.authorize("viewer")

    def test_little_endian(self) -> None:
        """The payload's size is little-endian: 0xAA 0xAA, 03 00 00 00 and 3 bytes are a frame, as is a size of 0."""
        frames = b"\xaa\xaa\x03\0\0\0abc" + b"\xaa\xaa\0\0\0\0"
        camera = self.connect()
        upload = self.publish(camera, "camera")
        viewer = self.connect()
        watching = self.watch(viewer, self.shash, "camera")
        for byte in frames:
            camera.send(upload, bytes([byte]))
        viewer.wait(lambda: bytes(viewer.answers[watching].body) == frames)

    def test_no_early_headers(self) -> None:
        """Nothing comes back on an upload before it ends: a camera closes it when it sees headers."""
        for method in ("PUT", "POST"):
            with self.subtest(method=method):
                camera = self.connect()
                upload = self.publish(camera, "camera", method=method)
                for number in range(5):
                    camera.send(upload, numbered(number, 40_000))
                    self.assertEqual(camera.call("/getServerTime.json")["result"], "OK")
                self.assertIsNone(camera.answers[upload].status)
                self.assertFalse(camera.answers[upload].over)
                camera.end(upload)
                self.assertEqual(camera.answer(upload).status, 200)

    def test_wrong_header(self) -> None:
        """A wrong header ends that stream alone, by RST_STREAM CANCEL; ERRORED_STREAM until it comes back."""
        camera = self.connect()
        upload = self.publish(camera, "camera")
        camera.send(upload, b"GIF89a")
        answer = camera.answer(upload)
        self.assertEqual((answer.status, answer.reset), (None, ErrorCodes.CANCEL))
        self.assertEqual(self.call("output.raw", shash=self.shash, device="camera")["code"], 14)
        self.publish(camera, "camera")
        self.assertEqual(self.streaming(self.shash), ["camera"])

    def test_get_with_content_length(self) -> None:
        """output.raw by GET with ``content-length: 0`` and by POST: newest frame first, no-store, uncompressed."""
        camera = self.connect()
        upload = self.publish(camera, "camera")
        camera.send(upload, numbered(7))
        for method in ("GET", "POST"):
            with self.subtest(method=method):
                viewer = self.connect()
                headers = {"content-length": "0", "accept-encoding": "gzip, deflate, br"}
                path = f"/output.raw?shash={self.shash}&device=camera"
                watching = viewer.open(method, path, headers, end=True)
                answer = viewer.answers[watching]
                viewer.wait(lambda answer=answer: numbers(answer.body) == [7])
                self.assertEqual(answer.headers["cache-control"], "no-store")
                self.assertNotIn("content-encoding", answer.headers)

    def test_streams_of_nobody(self) -> None:
        """getStreams.json with nothing streaming: OK and an empty list. A BAD there makes a client disconnect."""
        self.assertEqual(self.call("getStreams.json", shash=self.shash), {"devices": [], "result": "OK"})

    def test_ping_on_silence(self) -> None:
        """A device that gives a connection up after 5 s of silence never does: on silent streams come pings."""
        camera = self.connect()
        self.publish(camera, "camera")
        viewer = self.connect()
        self.watch(viewer, self.shash, "camera")
        for client in (camera, viewer):
            for pings in (1, 2):
                client.wait(lambda client=client, pings=pings: client.pings >= pings, 5 * pings)
        self.assertEqual(self.streaming(self.shash), ["camera"])

    def test_windows(self) -> None:
        """A viewer's window of 32 MiB, and one left at 65535: frames larger than the latter arrive whole in both."""
        camera = self.connect()
        upload = self.publish(camera, "camera")
        viewers = [self.connect(LARGE_WINDOW), self.connect()]
        watching = [self.watch(each, self.shash, "camera") for each in viewers]
        for number in range(3):
            camera.send(upload, numbered(number, 300_000))
            for viewer, stream in zip(viewers, watching, strict=True):
                self.wait_for_frame(viewer, stream, number)

    def wait_for_frame(self, viewer: FieldClient, stream: int, number: int) -> None:
        viewer.wait(lambda: numbers(viewer.answers[stream].body) == list(range(number + 1)))

    def test_uncounted(self) -> None:
        """input.raw, its frames and getServerTime.json count as no requests."""
        least = [{"kind": 4, "fv": 20}]
        self.assertEqual(self.call("setConfig.json", shash=self.shash, config=least), OK)
        camera = self.connect()
        for _ in range(30):
            self.assertEqual(camera.call("/getServerTime.json", shash=self.shash)["result"], "OK")
            upload = camera.open("PUT", f"/input.raw?shash={self.shash}")
            camera.send(upload, numbered(0) * 30, end=True)
            self.assertEqual(camera.answer(upload).status, 200)
        for _ in range(20):
            self.assertEqual(self.call("heartBit.json", shash=self.shash), OK)
        answers = [self.call("heartBit.json", shash=self.shash)["result"] for _ in range(20)]
        self.assertIn("BAD", answers)
