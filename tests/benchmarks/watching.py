"""Viewers: cheap ones, so that what is measured is the server.

A viewer is a TLS socket on HTTP/2 that is parsed by its nine-byte frame headers alone, with windows so large that it
never has to open them. Many of them share a process.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from hpack import Encoder

from tests.benchmarks.client import ACK, DATA, LARGEST, PING, client_context, frame, opening, question
from tests.benchmarks.processes import cpu_seconds, in_process

STAMP = struct.Struct(">dI")
"""What begins a frame's payload: when it was sent, and its number."""

FRAME_HEADER = 6
_HEAD = FRAME_HEADER + STAMP.size
EACH = 10
"""Of so many viewers one is sampled, when there are as many."""

SETTLE = 1.0
"""Seconds before a measurement, in which what waited while connections were made is read."""


class StreamOfFrames:
    """Follows the frames of a stream through its bytes without keeping them; ``ages`` in seconds, one a frame."""

    def __init__(self) -> None:
        self.since = float("inf")
        self.ages: list[float] = []
        self.numbers: list[int] = []
        self._head = bytearray()
        self._left = 0

    def feed(self, data: memoryview, now: Callable[[], float] = time.monotonic) -> None:
        """More bytes. Of frames sent before ``since`` nothing is noted."""
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
                sent, number = STAMP.unpack_from(self._head, FRAME_HEADER)
                self._head.clear()
                if sent >= self.since:
                    self.ages.append(now() - sent)
                    self.numbers.append(number)

    @property
    def missed(self) -> int:
        """Frames that lie between its first and its last one and never came."""
        return self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers) if self.numbers else 0


class Streams:
    """The streams of one connection, cut out of its bytes. *answer* takes what is to be sent back."""

    def __init__(self, answer: Callable[[bytes], object]) -> None:
        self.frames: dict[int, StreamOfFrames] = defaultdict(StreamOfFrames)
        self._answer = answer
        self._header = bytearray()
        self._left = 0

    def begin(self, since: float) -> None:
        """Note frames that are sent from then on, and forget the others."""
        for each in self.frames.values():
            each.since = since
            each.ages.clear()
            each.numbers.clear()

    @property
    def ages(self) -> list[float]:
        """Of the frames of all its streams."""
        return [age for each in self.frames.values() for age in each.ages]

    @property
    def missed(self) -> int:
        """Frames of all its streams."""
        return sum(each.missed for each in self.frames.values())

    def feed(self, data: memoryview) -> None:
        """More bytes of the connection."""
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
            if self._header[3] == DATA:
                self.frames[int.from_bytes(self._header[5:9], "big")].feed(data[start : start + size])
            start += size
            self._left -= size
            if not self._left:
                self._header.clear()

    def _answer_ping(self) -> None:
        """Whatever it held: the server takes any sign of life."""
        if self._header[3] == PING and not self._header[4] & ACK:
            self._answer(frame(PING, ACK, 0, bytes(8)))


class Viewer:
    """One connection. One that is not ``sampled`` drops its bytes without decrypting them: it makes the server's work
    whole and costs the load next to none. ``size`` counts what came, in bytes."""

    _buffer = memoryview(bytearray(262144))

    def __init__(self, port: int, paths: list[str], sampled: bool) -> None:
        """Connect and ask for these streams."""
        self.sock = client_context("h2").wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self.sampled = sampled
        self.streams = Streams(self.sock.send)
        self.size = 0
        encoder = Encoder()
        asked = (question(encoder, 2 * number + 1, port, path) for number, path in enumerate(paths))
        self.sock.sendall(opening(LARGEST) + b"".join(asked))
        self.sock.setblocking(False)

    def begin(self) -> None:
        """Count from now on."""
        self.size = 0
        self.streams.begin(time.monotonic())

    def read(self) -> None:
        """Take what has come."""
        try:
            if not self.sampled:
                self.size += os.readv(self.sock.fileno(), [self._buffer])
                return
            while size := self.sock.recv_into(self._buffer):
                self.size += size
                self.streams.feed(self._buffer[:size])
        except (ssl.SSLWantReadError, BlockingIOError):
            pass


@dataclass
class Seen:
    """What came while it was measured: ages (s) by sampled viewer, and how many frames these missed; bytes of all,
    seconds, the server's CPU (s)."""

    ages: list[list[float]]
    missed: int
    size: int
    seconds: float
    cpu: float


def watch(port: int, connections: list[list[str]], seconds: float, pid: int) -> Seen:
    """View for some seconds, with a list of paths a connection, and measure the server process."""
    opened: list[Viewer] = []
    selector = selectors.DefaultSelector()
    for number, paths in enumerate(connections):
        opened.append(Viewer(port, paths, number % EACH == EACH // 2 or len(connections) < EACH))
        selector.register(opened[-1].sock, selectors.EVENT_READ, opened[-1])
        _read_what_is_there(selector)
    _read_for(selector, SETTLE)
    for viewer in opened:
        viewer.begin()
    start, before = time.monotonic(), cpu_seconds(pid)
    _read_for(selector, seconds)
    cpu, seconds = cpu_seconds(pid) - before, time.monotonic() - start
    sampled = [viewer.streams for viewer in opened if viewer.sampled]
    return Seen(
        [each.ages for each in sampled],
        sum(each.missed for each in sampled),
        sum(viewer.size for viewer in opened),
        seconds,
        cpu,
    )


def _read_what_is_there(selector: selectors.BaseSelector) -> None:
    for key, _ in selector.select(0):
        key.data.read()


def _read_for(selector: selectors.BaseSelector, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.read()


def seen_by(port: int, connections: list[list[str]], seconds: float, pid: int) -> Seen:
    """The same, from a process of its own."""
    return in_process(watch, port, connections, seconds, pid)
