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
from multiprocessing.connection import Connection
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
    """One HTTP/2 connection with one stream of frames. One that is not ``sampled`` drops its bytes without decrypting
    them: it makes the server's work whole and costs the load next to none."""

    _buffer = memoryview(bytearray(262144))

    def __init__(self, sock: ssl.SSLSocket, sampled: bool) -> None:
        self.sock = sock
        self.sampled = sampled
        self.frames = _Frames()
        self._header = bytearray()
        self._left = 0

    @classmethod
    def open(cls, port: int, token: str, device: str, sampled: bool) -> Viewer:
        """Connect and ask for the stream of *device*."""
        raw = socket.create_connection(("127.0.0.1", port))
        sock = client_context("h2").wrap_socket(raw)
        head = Encoder().encode(
            [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", f"127.0.0.1:{port}"),
                (":path", f"/output.raw?shash={token}&device={device}"),
            ]
        )
        sock.sendall(
            _PREFACE
            + _frame(4, 0, 0, struct.pack(">HI", 4, _LARGEST))
            + _frame(8, 0, 0, struct.pack(">I", _LARGEST - 65535))
            + _frame(1, 5, 1, head)
        )
        sock.setblocking(False)
        return cls(sock, sampled)

    def read(self) -> None:
        """Take what has come."""
        try:
            if not self.sampled:
                os.readv(self.sock.fileno(), [self._buffer])
                return
            while size := self.sock.recv_into(self._buffer):
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
                self.frames.feed(data[start : start + size])
            start += size
            self._left -= size
            if not self._left:
                self._header.clear()

    def _answer_ping(self) -> None:
        """Whatever it held: the server takes any sign of life."""
        if self._header[3] == 6 and not self._header[4] & 1:
            self.sock.send(_frame(6, 1, 0, bytes(8)))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def watch(port: int, tokens: list[str], device: str, viewers: int, seconds: float, report: Connection) -> None:
    """A process of viewers; reports the ages that the sampled ones saw, after it has said that it is ready."""
    opened: list[Viewer] = []
    for number in range(viewers):
        sampled = number % EACH == EACH // 2 or viewers < EACH
        opened.append(Viewer.open(port, tokens[number % len(tokens)], device, sampled))
        for viewer in opened:
            viewer.read()
    selector = selectors.DefaultSelector()
    for viewer in opened:
        selector.register(viewer.sock, selectors.EVENT_READ, viewer)
    report.send("ready")
    for viewer in opened:
        viewer.frames.since = time.monotonic() + SETTLE
    seconds += SETTLE
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.read()
    report.send([viewer.frames.ages for viewer in opened if viewer.sampled])


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


def relay(
    server: Server, password: str, viewers: int, size: int, fps: float, seconds: float
) -> tuple[list[list[float]], float]:
    """Publish for some seconds and watch; the ages (s) of frames that each sampled viewer saw, the server's CPU (s)."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    port = server.port
    camera = context.Process(target=publish, args=(port, log_in(port, password, "camera"), size, fps, stop))
    camera.start()
    # A session may make 50 requests a minute: a viewer is one, and so is every look at the list below.
    tokens = [log_in(port, password, f"viewer {number}") for number in range(1 + viewers // 10)]
    while not ask(port, "getStreams.json", shash=tokens[0])["devices"]:
        time.sleep(0.2)
    ours, theirs = context.Pipe()
    eyes = context.Process(target=watch, args=(port, tokens, "camera", viewers, seconds, theirs))
    eyes.start()
    assert ours.recv() == "ready"
    time.sleep(SETTLE)
    before = server.cpu_seconds()
    ages: list[list[float]] = ours.recv()
    cpu = server.cpu_seconds() - before
    eyes.join()
    stop.set()
    camera.join()
    return ages, cpu
