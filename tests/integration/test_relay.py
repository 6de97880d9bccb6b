"""Slow viewers: what they cost the others, the server and the camera."""

from __future__ import annotations

import time

from tests.support.field_client import LARGE_WINDOW, FieldClient
from tests.support.frames import numbered, numbers
from tests.support.session import ServerCase
from webcam.http.limits import UPLOAD_WINDOW

KIB = 1024
HOLD = 64 * KIB
"""Bytes of frames that a stalled viewer may hold back, beside one larger frame."""

BEHIND = 1024 * KIB
"""Bytes that a viewer of every frame may be behind before the upload is paused."""


class Viewers(ServerCase):
    """One camera, any number of viewers."""

    def setUp(self) -> None:
        super().setUp()
        self.own_server("--stall=600")
        self.shash = self.authorize("viewer")
        self.camera = self.connect()
        self.upload = self.publish(self.camera, "camera")

    def viewers(self, count: int, query: str = "") -> list[tuple[FieldClient, int]]:
        """Connections with a viewer each."""
        made = []
        for _ in range(count):
            client = self.connect()
            made.append((client, self.watch(client, self.shash, "camera", query)))
        return made

    def idle_share(self) -> float:
        """The share of a core that the server takes while nothing is sent, from one ping to the next but one."""
        pings = self.camera.pings
        self.camera.wait(lambda: self.camera.pings > pings)
        cpu, begun = self.server.cpu_seconds(), time.monotonic()
        self.camera.wait(lambda: self.camera.pings > pings + 1)
        return (self.server.cpu_seconds() - cpu) / (time.monotonic() - begun)

    def test_one_of_ten_stalled(self) -> None:
        """Nine get every frame; the tenth, its window shut, costs no CPU, and sees the newest when it reads again."""
        ready = self.viewers(9)
        ((stalled, stream),) = self.viewers(1)
        stalled.hold(stream)
        count, size = 150, 20_000
        for number in range(count):
            self.camera.send(self.upload, numbered(number, size))
            for client, watched in ready:
                client.wait(
                    lambda client=client, watched=watched, number=number: (
                        numbers(client.answers[watched].body)[-1:] == [number]
                    )
                )
        for client, watched in ready:
            self.assertEqual(numbers(client.answers[watched].body), list(range(count)))
        self.assertLess(self.idle_share(), 0.02)
        stalled.release(stream)
        stalled.wait(lambda: numbers(stalled.answers[stream].body)[-1:] == [count - 1])
        seen = numbers(stalled.answers[stream].body)
        self.assertEqual(seen, sorted(set(seen)))
        self.assertLess(len(seen) * size, 65535 + 2 * HOLD + 2 * size)

    def test_connection_not_read(self) -> None:
        """A viewer that reads nothing off its connection: no CPU, and the newest frame when it reads again."""
        stalled = self.connect(LARGE_WINDOW, receive_buffer=4096)
        stream = self.watch(stalled, self.shash, "camera")
        stalled.stop_reading()
        ((ready, watched),) = self.viewers(1)
        count, size = 100, 100_000
        for number in range(count):
            self.camera.send(self.upload, numbered(number, size))
            ready.wait(lambda number=number: numbers(ready.answers[watched].body)[-1:] == [number])
        self.assertLess(self.idle_share(), 0.02)
        stalled.read_again()
        stalled.wait(lambda: numbers(stalled.answers[stream].body)[-1:] == [count - 1])
        self.assertLess(len(numbers(stalled.answers[stream].body)), 20)

    def test_memory_of_the_stalled(self) -> None:
        """Thirty stalled viewers hold 64 KiB and a frame each at most, whatever is published."""
        size = 200 * KIB
        stalled = self.viewers(30)
        for client, stream in stalled:
            client.hold(stream)
        ((ready, watched),) = self.viewers(1)
        before = self.server.resident()
        for number in range(200):
            self.camera.send(self.upload, numbered(number, size))
            ready.wait(lambda number=number: numbers(ready.answers[watched].body)[-1:] == [number])
            ready.answers[watched].body.clear()
            for client, stream in stalled:
                client.wait(lambda client=client, stream=stream: len(client.answers[stream].body) >= 65535)
        self.assertLess(self.server.resident() - before, len(stalled) * (HOLD + size) + 8 * KIB * KIB)

    def test_every_at_half_the_pace(self) -> None:
        """``every=1`` at half the camera's pace: nothing is skipped, and the upload is held to the viewer's pace."""
        ((slow, stream),) = self.viewers(1, "&every=1")
        slow.hold(stream)
        count, size = 400, 20_000
        sent = seen = furthest = 0
        unsent = b""
        while seen < count:
            for _ in range(2):
                if not unsent and sent < count:
                    unsent, sent = numbered(sent, size), sent + 1
                unsent = self.send_what_fits(unsent)
            furthest = max(furthest, sent - seen)
            seen += 1
            self.read_up_to(slow, stream, seen, size)
        self.assertEqual(numbers(slow.answers[stream].body)[:count], list(range(count)))
        self.assertGreater(furthest, BEHIND // size)
        self.assertLess(furthest, (BEHIND + UPLOAD_WINDOW + 4 * 65535) // size + 4)

    def send_what_fits(self, data: bytes) -> bytes:
        """Send what the windows allow now; what is left. Held up, a camera looks first whether they have opened."""
        self.camera.call("/getServerTime.json")
        size = min(len(data), self.camera.sendable(self.upload))
        self.camera.send(self.upload, data[:size])
        return data[size:]

    def read_up_to(self, viewer: FieldClient, stream: int, frames: int, size: int) -> None:
        """Open the window until so many frames are here, a window at a time."""
        while len(viewer.answers[stream].body) < frames * (size + 6):
            before = len(viewer.answers[stream].body)
            viewer.release(stream)
            viewer.hold(stream)
            viewer.wait(lambda before=before: len(viewer.answers[stream].body) > before)
