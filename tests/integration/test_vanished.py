"""Viewers that vanish without a word while frames wait for them, as a phone does that leaves the WiFi.

A socket that drops whatever comes in before TCP sees it looks the same from the other end: nothing is acknowledged.
"""

from __future__ import annotations

import ctypes
import socket
import ssl
import struct
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from tests.support.field_client import LARGE_WINDOW, FieldClient
from tests.support.frames import numbered, numbers
from tests.support.process import DEADLINE
from tests.support.session import ServerCase
from webcam.http.listen import RTO_MAX
from webcam.http.tcpinfo import read

SO_ATTACH_FILTER = 26
TCP_RTO_MAX_MS = 44
"""include/uapi/asm-generic/socket.h and include/uapi/linux/tcp.h of Linux; Python names neither."""

FOUND = 15.0
SLACK = 5.0
"""Seconds: what is promised, and what a busy machine may take."""


def vanish(connected: socket.socket) -> None:
    """Nothing that is sent to this socket arrives any more: a filter of one instruction, "ret #0"."""
    code = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0), 8)
    connected.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(code)))


def probes_often() -> bool:
    """Whether this kernel can be told how often a shut window is probed (Linux 6.15)."""
    with socket.socket() as any_socket:
        try:
            any_socket.setsockopt(socket.IPPROTO_TCP, TCP_RTO_MAX_MS, RTO_MAX)
        except OSError:
            return False
    return True


class OldViewer:
    """A viewer over HTTP/1.1, which reads when it is told to."""

    def __init__(self, port: int, trust: ssl.SSLContext, path: str) -> None:
        self.socket = trust.wrap_socket(
            socket.create_connection(("127.0.0.1", port), DEADLINE), server_hostname="127.0.0.1"
        )
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert self.socket.recv(65536).startswith(b"HTTP/1.1 200")
        self.socket.settimeout(0)
        self.received = 0

    def read(self) -> None:
        try:
            while data := self.socket.recv(65536):
                self.received += len(data)
        except ssl.SSLWantReadError:
            pass


class Vanished(ServerCase):
    if sys.platform != "linux":
        skip = "vanishing is made, and noticed, by means of Linux"

    def setUp(self) -> None:
        super().setUp()
        self.own_server("--stall=600")
        self.shash = self.authorize("viewer")
        self.camera = self.connect()
        self.upload = self.publish(self.camera, "camera")
        self.count = 0

    def viewer(self) -> tuple[FieldClient, int]:
        """One that reads, with windows of HTTP/2 that are never in the way."""
        client = self.connect(LARGE_WINDOW)
        return client, self.watch(client, self.shash, "camera")

    def old_viewer(self) -> OldViewer:
        path = f"/output.raw?shash={self.shash}&device=camera"
        viewer = OldViewer(self.server.port, self.server.trust(), path)
        self.addCleanup(viewer.socket.close)
        return viewer

    def stream(self, seconds: float, *old: OldViewer, until: int | None = None) -> None:
        """Frames for so long, or *until* so many viewers were found to be gone; *old* ones read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (until is None or self.found() < until):
            self.camera.send(self.upload, numbered(self.count, 40_000))
            self.count += 1
            for each in old:
                each.read()
            time.sleep(0.05)

    def found(self) -> int:
        return self.server.log.count("gone silently: 127.0.0.1")

    def is_open(self, client: socket.socket) -> bool:
        """Whether the server still has its end of this connection."""
        ends = f":{self.server.port:04X}", f":{client.getsockname()[1]:04X}"
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[3] == "01" for row in rows)

    def test_found_while_frames_wait_and_one_that_stalls_is_not(self) -> None:
        """Both versions; one that has stalled before; the others, and one that stalls and lives, have their streams."""
        reads, watched = self.viewer()
        gone, _ = self.viewer()
        old, old_there = self.old_viewer(), self.old_viewer()
        stalled, stalled_stream = self.viewer()
        stalled_gone, _ = self.viewer()
        stalled.stop_reading()
        stalled_gone.stop_reading()
        self.stream(6, old, old_there)
        vanishing = [gone._socket, old.socket]
        if probes_often():  # else as long after as it stalled before
            vanishing.append(stalled_gone._socket)
        for each in vanishing:
            vanish(each)
        since = time.monotonic()
        self.stream(DEADLINE, old_there, until=len(vanishing))
        self.assertLessEqual(time.monotonic() - since, FOUND + SLACK)
        self.stream(1, old_there)
        self.assertEqual([self.is_open(each) for each in vanishing], [False] * len(vanishing))
        staying = reads._socket, old_there.socket, stalled._socket
        self.assertEqual([self.is_open(each) for each in staying], [True] * 3)
        last = self.count - 1
        reads.wait(lambda: numbers(reads.answers[watched].body)[-1:] == [last])
        stalled.read_again()
        stalled.wait(lambda: numbers(stalled.answers[stalled_stream].body)[-1:] == [last])
        self.assertEqual(self.found(), len(vanishing))


class Readings(SynchronousTestCase):
    if sys.platform != "linux":
        skip = "other systems tell it otherwise"

    def test_what_the_system_tells(self) -> None:
        """Nothing is unanswered between two that live; once one has vanished, more and more is."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            server, _ = listening.accept()

        transport = SimpleNamespace(socket=server)
        with client, server:
            server.sendall(b"x")
            self.assertEqual(client.recv(1), b"x")
            time.sleep(0.1)  # what is asked for is that nothing happens
            there = read(transport)
            assert there is not None
            self.assertEqual(there.tries, 0)
            vanish(client)
            server.sendall(b"x")
            end = time.monotonic() + DEADLINE
            while (reading := read(transport)) is not None and reading.tries < 2:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            assert reading is not None
            self.assertGreater(reading.silent, there.silent)
