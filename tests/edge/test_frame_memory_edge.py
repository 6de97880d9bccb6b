"""--frame-memory: what streams hold through the edge, over HTTP/2 and HTTP/1.1, and what goes where it is too much."""

from __future__ import annotations

from typing import Any

from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import JPEG, path_of
from tests.support.http import H1Client, H2Client
from webcam.api.services import Limits
from webcam.http.body import STALL
from webcam.wire.frames import encode

KB = 1024
LIMIT = 4096 * KB
HALF = LIMIT // 2
LARGE = 400 * KB
NEAR, FAR = "192.0.2.77", "198.51.100.77"


def frame(size: int = LARGE, number: int = 0) -> bytes:
    """A picture as one frame of about this size."""
    return encode(JPEG[:4] + bytes([number]) * size)


class MemoryCase(LiveCase):
    limits = Limits(frame=1024 * KB, frame_memory=LIMIT)

    @property
    def held(self) -> int:
        return self.services.frames.whole.held

    def upload(self, device: str, host: str = NEAR, **query: str) -> tuple[Any, int]:
        """The client and the stream of an upload."""
        return self.publish(self.authorize(device), self.connect(self.publisher_class, host=host), **query)

    def stalled(self, device: str) -> tuple[Any, int]:
        """A viewer that takes nothing."""
        options = {"capacity": 1000} if self.viewer_class is H1Client else {"auto_window": False, "window": 1000}
        client = self.connect(self.viewer_class, **options)
        found = self.watch(self.phone, device, client)
        client.reading = False
        return found

    def is_cut(self, client: Any, stream: int) -> bool:
        """By the server; the client takes nothing for it."""
        if isinstance(client, H1Client):
            return bool(client.transport.aborted or not client.transport.connected)
        client.reading = True
        return client.response(stream).reset_code is not None


class MemoryTests(MemoryCase):
    def test_what_is_held_of_a_stream(self) -> None:
        """Its unfinished frame, then the frame at hand, until it is over."""
        publisher, up = self.upload("camera")
        data = frame()
        self.send(publisher, up, data[:-1])
        self.assertEqual(self.held, len(data) - 1)
        self.send(publisher, up, data[-1:] + data[:100])
        self.assertEqual(self.held, len(data) + 100)
        publisher.end(up)
        self.assertEqual(self.held, 0)

    def test_a_camera_that_goes_in_the_middle_of_a_frame(self) -> None:
        publisher, up = self.upload("camera")
        self.send(publisher, up, frame()[:-1])
        publisher.drop()
        self.assertEqual(self.held, 0)

    def test_a_stalled_viewer_goes_first(self) -> None:
        publisher, up = self.upload("camera")
        viewers = [self.stalled("camera") for _ in range(3)]
        good = self.down()
        sent = b""
        for number in range(2):
            self.send(publisher, up, frame(number=number))
            sent += frame(number=number)
            good[0].pump()
        others = [self.upload(f"other {number}", FAR) for number in range(2)]
        for publisher_, up_ in others:
            self.send(publisher_, up_, frame(900 * KB)[:-1])
        self.assertEqual([self.is_cut(*each) for each in viewers], [True] * 3)
        self.assertEqual([self.is_cut(*each) for each in (good, *others)], [False] * 3)
        self.assertLessEqual(self.held, HALF)
        self.send(publisher, up, frame(1000))
        self.assertEqual(good[0].response(good[1]).body, sent + frame(1000))

    def test_a_frame_at_hand_that_nobody_looks_at_goes_next(self) -> None:
        """The stream is there as before: who comes to it waits for the next frame."""
        publisher, up = self.upload("camera")
        self.send(publisher, up, frame())
        for number in range(2):
            self.send(*self.upload(f"other {number}", FAR), frame(900 * KB)[:-1])
        self.assertLessEqual(self.held, HALF)
        viewer, down = self.down()
        self.assertEqual(viewer.response(down).body, b"")
        self.send(publisher, up, frame(1000))
        self.assertEqual(viewer.response(down).body, frame(1000))

    def test_then_the_largest_unfinished_frame_and_no_stream_is_refused(self) -> None:
        small = [self.upload(f"small {number}") for number in range(5)]
        for each in small:
            self.send(*each, frame(50 * KB)[:-1])
        large = [self.upload(f"large {number}") for number in range(2)]
        for each in large:
            self.send(*each, frame(900 * KB)[:-1])
        self.assertEqual([self.is_cut(*each) for each in small], [False] * 5)
        self.assertEqual([self.is_cut(*each) for each in large].count(True), 1)
        self.assert_closed_by_host(*next(each for each in large if self.is_cut(*each)))
        self.assertIn("frame memory", "\n".join(self.log()))
        self.upload("new")
        self.assertIn("new", self.listed())

    def test_one_that_is_kept_goes_on_with_its_next_upload(self) -> None:
        first = self.upload("camera", keep="60000")
        viewer, down = self.down()
        self.send(*first, frame(1000) + frame(900 * KB)[:-1])
        others = [self.upload(f"other {number}") for number in range(3)]
        for each in others:
            self.send(*each, frame(500 * KB)[:-1])
        self.assert_closed_by_host(*first)
        second = self.upload("camera", keep="60000")
        self.send(*second, frame(2000))
        self.assertEqual(viewer.response(down).body, frame(1000) + frame(2000))
        second[0].drop()
        self.clock.advance(60)


class MemoryTestsHTTP1(MemoryTests):
    publisher_class = viewer_class = H1Client  # type: ignore[assignment]


class SnapshotTests(MemoryCase):
    """Many clients that ask for a picture and don't take it."""

    def ask_for_it(self) -> tuple[Any, int]:
        client = self.connect(H2Client, auto_window=False, window=1000)
        return client, client.request("GET", path_of("snapshot.jpg", device="camera", shash=self.phone))

    def test_they_hold_one_picture(self) -> None:
        publisher, up = self.upload("camera")
        self.send(publisher, up, frame())
        asked = [self.ask_for_it() for _ in range(20)]
        self.assertTrue(self.held < 2.1 * LARGE)
        unsent = sum(client.protocol._channel._sender.size for client, _ in asked)
        self.assertLess(unsent, 20 * 140 * KB, "two pieces for each of them")
        for client, stream in asked[:5]:
            client.auto_window = True
            client.credit(0, LARGE * 2)
            client.credit(stream, LARGE * 2)
            client.pump()
            answer = client.response(stream)
            self.assertEqual(
                (answer.status, answer.ended, answer.header("content-length")), (200, True, str(LARGE + 4))
            )
            self.assertTrue(answer.body == frame()[6:])
        self.clock.advance(self.limits.stall + 1)
        self.assertFalse(any(client.response(stream).reset_code is not None for client, stream in asked))
        self.clock.advance(STALL - self.limits.stall)
        self.assertTrue(all(client.response(stream).reset_code is not None for client, stream in asked[5:]))

    def test_a_slow_client_gets_all_of_it(self) -> None:
        """At 3 KB/s: as slowly as other answers may be taken."""
        publisher, up = self.upload("camera")
        self.send(publisher, up, frame())
        client, stream = self.ask_for_it()
        for _ in range(20):
            client.credit(0, 32 * KB)
            client.credit(stream, 32 * KB)
            self.clock.advance(12)
        answer = client.response(stream)
        self.assertEqual((answer.ended, len(answer.body)), (True, LARGE + 4))

    def test_each_of_another_picture(self) -> None:
        publisher, up = self.upload("camera")
        for number in range(20):
            self.send(publisher, up, frame(number=number))
            self.ask_for_it()
            self.assertLessEqual(self.held, HALF + 2 * LARGE)
