"""Load for benchmarks: cheap clients, so that what is measured is the server.

A viewer is a TLS socket on HTTP/2 that is parsed by its nine-byte frame headers alone, with windows so large that it
never has to open them; a publisher is an HTTP/1.1 chunked upload. Each runs in a process of its own.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import selectors
import socket
import ssl
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hpack import Encoder

from tests.support.process import Server

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_LARGEST = 2**31 - 1
_STAMP = struct.Struct(">d")
FRAME_HEADER = 6
_HEAD = FRAME_HEADER + _STAMP.size
EACH = 10
"""Of so many viewers one is sampled, when there are as many."""

SETTLE = 1.0
"""Seconds before a measurement, in which what waited while connections were made is read."""


def client_context(alpn: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the server is ours, and its certificate is not what is measured
    context.set_alpn_protocols([alpn])
    return context


def ask(port: int, path: str, **question: Any) -> dict[str, Any]:
    """One JSON request; raises ``AssertionError`` when the answer is bad."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=client_context("http/1.1"), timeout=60)
    connection.request("POST", f"/{path}", json.dumps(question))
    answer: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    assert answer["result"] == "OK", (path, answer)
    return answer


def log_in(port: int, password: str, device: str) -> str:
    """A token of a device of the account ``webcam``."""
    token: str = ask(port, "authorize.json", name="webcam", **{"pass": password}, device=device)["shash"]
    return token


class _Frames:
    """Follows the frames of a stream through its bytes without keeping them; ``ages`` in seconds, one a frame."""

    def __init__(self) -> None:
        self.since = float("inf")
        self.ages: list[float] = []
        self._head = bytearray()
        self._left = 0

    def feed(self, data: memoryview) -> None:
        start = 0
        while start < len(data):
            if not self._left:
                piece = data[start : start + _HEAD - len(self._head)]
                self._head += piece
                start += len(piece)
                if len(self._head) == _HEAD:
                    self._left = FRAME_HEADER + int.from_bytes(self._head[2:FRAME_HEADER], "little") - _HEAD
                continue
            size = min(self._left, len(data) - start)
            start += size
            self._left -= size
            if not self._left:
                (sent,) = _STAMP.unpack_from(self._head, FRAME_HEADER)
                self._head.clear()
                if sent >= self.since:
                    self.ages.append(time.monotonic() - sent)


class Viewer:
    """One HTTP/2 connection with streams of frames. One that is not ``sampled`` drops its bytes without decrypting
    them: it makes the server's work whole and costs the load next to none. ``size`` counts what came, in bytes."""

    _buffer = memoryview(bytearray(262144))

    def __init__(self, sock: ssl.SSLSocket, sampled: bool) -> None:
        self.sock = sock
        self.sampled = sampled
        self.frames: dict[int, _Frames] = defaultdict(_Frames)
        self.size = 0
        self._header = bytearray()
        self._left = 0

    @classmethod
    def open(cls, port: int, paths: list[str], sampled: bool) -> Viewer:
        """Connect and ask for these streams."""
        sock = client_context("h2").wrap_socket(socket.create_connection(("127.0.0.1", port)))
        sock.sendall(opening(_LARGEST))
        encoder = Encoder()
        for number, path in enumerate(paths):
            sock.sendall(frame(1, 5, 2 * number + 1, head(encoder, port, path)))
        sock.setblocking(False)
        return cls(sock, sampled)

    @property
    def ages(self) -> list[float]:
        """Of the frames of all its streams."""
        return [age for each in self.frames.values() for age in each.ages]

    def begin(self) -> None:
        """Count from now on."""
        self.size = 0
        for each in self.frames.values():
            each.since = time.monotonic()

    def read(self) -> None:
        """Take what has come."""
        try:
            if not self.sampled:
                self.size += os.readv(self.sock.fileno(), [self._buffer])
                return
            while size := self.sock.recv_into(self._buffer):
                self.size += size
                self._feed(self._buffer[:size])
        except (ssl.SSLWantReadError, BlockingIOError):
            pass

    def _feed(self, data: memoryview) -> None:
        start = 0
        while start < len(data):
            if not self._left:
                piece = data[start : start + 9 - len(self._header)]
                self._header += piece
                start += len(piece)
                if len(self._header) < 9:
                    return
                self._left = int.from_bytes(self._header[:3], "big")
                self._answer_ping()
            size = min(self._left, len(data) - start)
            if self._header[3] == 0:
                self.frames[int.from_bytes(self._header[5:9], "big")].feed(data[start : start + size])
            start += size
            self._left -= size
            if not self._left:
                self._header.clear()

    def _answer_ping(self) -> None:
        """Whatever it held: the server takes any sign of life."""
        if self._header[3] == 6 and not self._header[4] & 1:
            self.sock.send(frame(6, 1, 0, bytes(8)))


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One of HTTP/2's."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def opening(window: int) -> bytes:
    """A client's preface, with windows of this size."""
    return (
        _PREFACE + frame(4, 0, 0, struct.pack(">HI", 4, window)) + frame(8, 0, 0, struct.pack(">I", _LARGEST - 65535))
    )


def head(encoder: Encoder, port: int, path: str) -> bytes:
    """The header block of a request."""
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", f"127.0.0.1:{port}"), (":path", path)]
    block: bytes = encoder.encode(fields)
    return block


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all below it; the scheduler's count (ns), since ``stat`` counts ticks of 10 ms."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0]) / 1e9
        total += sum(cpu_seconds(int(child)) for child in (task / "children").read_text().split())
    return total


@dataclass
class Seen:
    """What came while it was measured: ages (s) by sampled viewer, bytes of all, seconds, the server's CPU (s)."""

    ages: list[list[float]]
    size: int
    seconds: float
    cpu: float


def watch(port: int, connections: list[list[str]], seconds: float, pid: int, report: Connection) -> None:
    """A process of viewers, a list of paths a connection; sends a :class:`Seen`."""
    opened: list[Viewer] = []
    for number, paths in enumerate(connections):
        opened.append(Viewer.open(port, paths, number % EACH == EACH // 2 or len(connections) < EACH))
        for viewer in opened:
            viewer.read()
    selector = selectors.DefaultSelector()
    for viewer in opened:
        selector.register(viewer.sock, selectors.EVENT_READ, viewer)
    _read_for(selector, SETTLE)
    for viewer in opened:
        viewer.begin()
    start, before = time.monotonic(), cpu_seconds(pid)
    _read_for(selector, seconds)
    cpu, seconds = cpu_seconds(pid) - before, time.monotonic() - start
    ages = [viewer.ages for viewer in opened if viewer.sampled]
    report.send(Seen(ages, sum(viewer.size for viewer in opened), seconds, cpu))


def _read_for(selector: selectors.BaseSelector, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.read()


def publish(port: int, token: str, size: int, fps: float, stop: Any) -> None:
    """A process that streams frames of *size* bytes, header included, each with the time of its sending."""
    sock = client_context("http/1.1").wrap_socket(socket.create_connection(("127.0.0.1", port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the end of a frame waits 40 ms for an ACK
    head = f"POST /input.raw?shash={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(head.encode())
    rest = os.urandom(size - FRAME_HEADER - _STAMP.size)
    chunk = b"%x\r\n\xaa\xaa" % size + (size - FRAME_HEADER).to_bytes(4, "little")
    due = time.monotonic()
    while not stop.is_set():
        sock.sendall(chunk + _STAMP.pack(time.monotonic()) + rest + b"\r\n")
        due += 1 / fps
        time.sleep(max(0.0, due - time.monotonic()))
    sock.sendall(b"0\r\n\r\n")
    sock.recv(4096)
    sock.close()


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", __name__])


def seen_by(port: int, connections: list[list[str]], seconds: float, pid: int) -> Seen:
    """Watch for some seconds in a process of its own, and measure the server process."""
    ours, theirs = PROCESSES.Pipe()
    eyes = PROCESSES.Process(target=watch, args=(port, connections, seconds, pid, theirs))
    eyes.start()
    theirs.close()
    try:
        seen: Seen = ours.recv()
    finally:
        eyes.join()
    return seen


@contextmanager
def camera(port: int, token: str, viewer: str, size: int, fps: float) -> Iterator[None]:
    """A process that publishes while this is open; another token, *viewer*, tells when it is seen."""
    stop = PROCESSES.Event()
    process = PROCESSES.Process(target=publish, args=(port, token, size, fps, stop))
    process.start()
    try:
        while not ask(port, "getStreams.json", shash=viewer)["devices"]:
            time.sleep(0.2)
        yield
    finally:
        stop.set()
        process.join()


def relay(
    server: Server, password: str, viewers: int, size: int, fps: float, seconds: float
) -> tuple[list[list[float]], float]:
    """Publish for some seconds and watch; the ages (s) of frames that each sampled viewer saw, the server's CPU (s)."""
    port = server.port
    # A session may make 50 requests a minute: a viewer is one, and so is every look at the list of streams.
    tokens = [log_in(port, password, f"viewer {number}") for number in range(1 + viewers // 10)]
    paths = [[f"/output.raw?shash={tokens[number % len(tokens)]}&device=camera"] for number in range(viewers)]
    with camera(port, log_in(port, password, "camera"), tokens[0], size, fps):
        seen = seen_by(port, paths, seconds, server.pid)
    return seen.ages, seen.cpu
