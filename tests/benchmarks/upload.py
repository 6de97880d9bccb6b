"""One HTTP/2 upload, as fast as the server takes it: a client that does nothing but keep to the windows."""

from __future__ import annotations

import socket
import struct
import time
from multiprocessing.connection import Connection

from hpack import Encoder

from tests.benchmarks.load import PROCESSES, Seen, client_context, cpu_seconds, frame, head, opening

FRAME = 40_000
"""Bytes of a camera's frame, header included."""

_DATA = 16_384
_WARM = 0.5


class Upload:
    """One connection with one upload. ``size`` counts the bytes of its body."""

    def __init__(self, port: int, path: str) -> None:
        self._sock = client_context("h2").wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(opening(65535) + frame(1, 4, 1, head(Encoder(), port, path)))
        self._windows = {0: 65535, 1: 65535}
        self._first = 65535
        self._received = bytearray()
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
        return frame(0, 0, 1, piece.tobytes())

    def _read(self) -> None:
        """What the server says: windows, settings, pings. Raises ``AssertionError`` when it ends the upload."""
        try:
            data = self._sock.recv(65536)
        except (TimeoutError, OSError):
            return
        assert data, "the connection is gone"
        self._received += data
        while len(self._received) >= 9:
            end = 9 + int.from_bytes(self._received[:3], "big")
            if len(self._received) < end:
                return
            kind, flags = self._received[3:5]
            stream = int.from_bytes(self._received[5:9], "big")
            self._take(kind, flags, stream, bytes(self._received[9:end]))
            del self._received[:end]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        assert kind not in (1, 3, 7), f"the upload was answered early: {payload!r}"
        if kind == 8:
            self._windows[stream] += int.from_bytes(payload, "big")
        elif kind == 6 and not flags & 1:
            self._sock.sendall(frame(6, 1, 0, payload))
        elif kind == 4 and not flags & 1:
            for code, value in struct.iter_unpack(">HI", payload):
                if code == 4:
                    self._windows[1] += value - self._first
                    self._first = value
            self._sock.sendall(frame(4, 1, 0, b""))

    def end(self) -> None:
        """Drop the connection: an ordinary end of an upload."""
        self._sock.close()


def _upload(port: int, path: str, seconds: float, pid: int, report: Connection) -> None:
    upload = Upload(port, path)
    upload.send_for(_WARM)
    before, size = cpu_seconds(pid), upload.size
    took = upload.send_for(seconds)
    report.send(Seen([], upload.size - size, took, cpu_seconds(pid) - before))
    upload.end()


def uploaded(port: int, path: str, seconds: float, pid: int) -> Seen:
    """Upload for some seconds from a process of its own, and measure the server process."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_upload, args=(port, path, seconds, pid, theirs))
    process.start()
    theirs.close()
    try:
        seen: Seen = ours.recv()
    finally:
        process.join()
    return seen
