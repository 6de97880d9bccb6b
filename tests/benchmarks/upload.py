"""One HTTP/2 upload, as fast as the server takes it: a client that does nothing but keep to the windows."""

from __future__ import annotations

import socket
import struct
import time

from hpack import Encoder

from tests.benchmarks.client import (
    ACK,
    DATA,
    END_HEADERS,
    FIRST_WINDOW,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Frames,
    client_context,
    frame,
    head,
    opening,
)
from tests.benchmarks.processes import cpu_seconds, in_process
from tests.benchmarks.watching import Seen

FRAME = 40_000
"""Bytes of a camera's frame, header included."""

_DATA = 16_384
WARM = 0.5


class Upload:
    """One connection with one upload. ``size`` counts the bytes of its body."""

    def __init__(self, port: int, path: str) -> None:
        self._sock = client_context("h2").wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(opening(FIRST_WINDOW) + frame(HEADERS, END_HEADERS, 1, head(Encoder(), port, path)))
        self._windows = {0: FIRST_WINDOW, 1: FIRST_WINDOW}
        self._first = FIRST_WINDOW
        self._frames = Frames()
        frames = (b"\xaa\xaa" + (FRAME - 6).to_bytes(4, "little") + bytes(FRAME - 6)) * 2
        self._body = memoryview(frames)
        self._place = 0
        self.size = 0

    def send_for(self, seconds: float) -> float:
        """Upload for so long, and a frame's rest; the seconds that it took."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            room = min(*self._windows.values(), 4 * _DATA)
            if room < _DATA:  # no dribble: what is measured are frames of full size
                self._read()
                continue
            pieces = []
            while room > 0:
                pieces.append(self._next(min(room, _DATA)))
                room -= len(pieces[-1]) - 9
            self._sock.sendall(b"".join(pieces))
            self._sock.settimeout(0)
            self._read()
            self._sock.settimeout(None)
        return time.monotonic() - start

    def _next(self, size: int) -> bytes:
        size = min(size, FRAME)
        piece = self._body[self._place : self._place + size]
        self._place = (self._place + size) % FRAME
        self.size += size
        for stream in self._windows:
            self._windows[stream] -= size
        return frame(DATA, 0, 1, piece.tobytes())

    def _read(self) -> None:
        """What the server says: windows, settings, pings. Raises ``AssertionError`` when it ends the upload."""
        try:
            data = self._sock.recv(65536)
        except (TimeoutError, OSError):
            return
        assert data, "the connection is gone"
        for kind, flags, stream, payload in self._frames.feed(data):
            self._take(kind, flags, stream, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        assert kind not in (HEADERS, RST_STREAM, GOAWAY), f"the upload was answered early: {payload!r}"
        if kind == WINDOW_UPDATE:
            self._windows[stream] += int.from_bytes(payload, "big")
        elif kind == PING and not flags & ACK:
            self._sock.sendall(frame(PING, ACK, 0, payload))
        elif kind == SETTINGS and not flags & ACK:
            for code, value in struct.iter_unpack(">HI", payload):
                if code == 4:
                    self._windows[1] += value - self._first
                    self._first = value
            self._sock.sendall(frame(SETTINGS, ACK, 0, b""))

    def end(self) -> None:
        """Drop the connection: an ordinary end of an upload."""
        self._sock.close()


def send(port: int, path: str, seconds: float, pid: int, warm: float) -> Seen:
    """Upload for some seconds, and measure the server process."""
    upload = Upload(port, path)
    upload.send_for(warm)
    before, size = cpu_seconds(pid), upload.size
    took = upload.send_for(seconds)
    seen = Seen([], 0, upload.size - size, took, cpu_seconds(pid) - before)
    upload.end()
    return seen


def uploaded(port: int, path: str, seconds: float, pid: int, warm: float = WARM) -> Seen:
    """The same, from a process of its own."""
    return in_process(send, port, path, seconds, pid, warm)
