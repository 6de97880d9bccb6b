"""A viewer on a slow link, with fast ones beside it: how old is what it sees, and do the others pay for it?

The slow viewer reads its socket at the pace of its link. Its receive buffer is small and set before it connects, which
also keeps the kernel from growing it: on a real link the bytes on their way wait at the sender's end, while here the
viewer's own kernel would take megabytes of them at once, and all of it would be the past, whatever the server does.
For the same reason its segments have the size of a network's and not the 64 KB of loopback.
"""

from __future__ import annotations

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

from hpack import Encoder

from tests.benchmarks.client import LARGEST, client_context, opening, question
from tests.benchmarks.contender import Contender
from tests.benchmarks.figures import Figures, percentile
from tests.benchmarks.processes import in_process
from tests.benchmarks.watching import SETTLE, Streams, seen_by

RATE = 400_000
"""Bytes a second of the link."""

SIZE = 69_000
FPS = 25.0
FAST = 2
"""Viewers beside it."""

LONG = 12.0
"""Seconds at least: buffers of megabytes take their time to fill at such a pace, and are what is looked for."""

_BUFFER = 16_384
_SEGMENT = 1400
_STEP = 0.005
_FILL = 3.0
"""Seconds before the first age is noted."""


class Pace:
    """What may have come over a link by now. Times in seconds of one clock."""

    def __init__(self, rate: float, buffer: int, now: float) -> None:
        self._rate = rate
        self._buffer = buffer
        self._last = now
        self._room = 0.0

    def room(self, now: float) -> int:
        """Bytes that can be read. A reader that comes late finds its *buffer* full, and no more than that."""
        self._room = min(self._buffer, self._room + (now - self._last) * self._rate)
        self._last = now
        return int(self._room)

    def take(self, size: int) -> None:
        """So many were read."""
        self._room -= size


class SlowViewer:
    """One connection with one stream."""

    def __init__(self, port: int, path: str) -> None:
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        self._sock.connect(("127.0.0.1", port))
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_context("h2").wrap_bio(self._in, self._out)
        self._shake()
        self.streams = Streams(self._answer)
        self._answer(opening(LARGEST) + question(Encoder(), 1, port, path))
        self._sock.setblocking(False)

    def _shake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._sock.recv(65536))
            else:
                self._flush()
                return

    def _answer(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def _flush(self) -> None:
        self._sock.sendall(self._out.read())

    def read_for(self, seconds: float) -> None:
        """At the pace of the link."""
        pace = Pace(RATE, _BUFFER, time.monotonic())
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self._read(pace, now)
            time.sleep(_STEP)

    def _read(self, pace: Pace, now: float) -> None:
        room = pace.room(now)
        if not room:
            return
        try:
            data = self._sock.recv(room)
        except BlockingIOError:
            return
        assert data, "the slow viewer was cut off"
        pace.take(len(data))
        self._in.write(data)
        try:
            while plain := self._tls.read(65536):
                self.streams.feed(memoryview(plain))
        except ssl.SSLWantReadError:
            pass


def view_slowly(port: int, path: str, seconds: float) -> list[float]:
    """The ages (s) of the frames that it saw in this time."""
    viewer = SlowViewer(port, path)
    viewer.read_for(_FILL)
    viewer.streams.begin(0.0)  # those that come late are what is looked for
    viewer.read_for(seconds)
    return viewer.streams.ages


def slow_viewer(contender: Contender, seconds: float) -> Figures:
    """Frames for one slow viewer and :data:`FAST` others."""
    seconds = max(seconds, LONG)
    paths = [contender.frames_path(number, SIZE) for number in range(1 + FAST)]
    with contender.source(SIZE, FPS), ThreadPoolExecutor(1) as thread:
        slowly = thread.submit(in_process, view_slowly, contender.port, paths[0], seconds)
        seen = seen_by(contender.port, [[path] for path in paths[1:]], _FILL - SETTLE + seconds, contender.pid)
        ages = slowly.result()
    assert ages, "the slow viewer saw nothing"
    assert all(seen.ages), "a fast viewer saw nothing"
    return {
        "p50": 1000 * percentile(ages, 0.5),
        "p99": 1000 * percentile(ages, 0.99),
        "fps": len(ages) / seconds,
        "missed": float(seen.missed),
        "core": seen.cpu / seen.seconds,
    }
