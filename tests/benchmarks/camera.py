"""A camera: a process that publishes frames of one size by HTTP/1.1, each with the time of its sending."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.client import Asker, client_context
from tests.benchmarks.processes import DEADLINE, PROCESSES, end
from tests.benchmarks.watching import FRAME_HEADER, STAMP


class Camera:
    """A camera that is on. ``flow`` and ``hold`` make its frames come and stay away."""

    def __init__(self) -> None:
        self.stopped = PROCESSES.Event()
        self._flowing = PROCESSES.Event()
        self._flowing.set()

    def flow(self) -> None:
        self._flowing.set()

    def hold(self) -> None:
        self._flowing.clear()

    @property
    def flowing(self) -> Any:
        """To be waited for."""
        return self._flowing


def publish(port: int, token: str, size: int, fps: float, camera: Camera) -> None:
    """Stream frames of *size* bytes, header included, until it is stopped or a slow server cuts it off."""
    try:
        _stream(port, token, size, fps, camera)
    except OSError as error:
        print(f"the camera on port {port} was cut off: {error}", file=sys.stderr)


def _stream(port: int, token: str, size: int, fps: float, camera: Camera) -> None:
    sock = client_context("http/1.1").wrap_socket(socket.create_connection(("127.0.0.1", port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the end of a frame waits 40 ms for an ACK
    head = f"POST /input.raw?shash={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(head.encode())
    rest = os.urandom(size - FRAME_HEADER - STAMP.size)
    chunk = b"%x\r\n\xaa\xaa" % size + (size - FRAME_HEADER).to_bytes(4, "little")
    number = 0
    due = time.monotonic()
    while not camera.stopped.is_set():
        if not camera.flowing.wait(0.1):
            due = time.monotonic()
            continue
        sock.sendall(chunk + STAMP.pack(time.monotonic(), number) + rest + b"\r\n")
        number += 1
        due += 1 / fps
        time.sleep(max(0.0, due - time.monotonic()))
    sock.sendall(b"0\r\n\r\n")
    sock.recv(4096)
    sock.close()


@contextmanager
def camera(port: int, token: str, viewer: str, size: int, fps: float) -> Iterator[Camera]:
    """A camera that is on while this is open; another token, *viewer*, tells when it is seen."""
    made = Camera()
    process = PROCESSES.Process(target=publish, args=(port, token, size, fps, made))
    process.start()
    asker = Asker(port)
    try:
        deadline = time.monotonic() + DEADLINE
        while not asker.ask("getStreams.json", shash=viewer)["devices"]:
            assert process.is_alive(), "the camera is gone"
            assert time.monotonic() < deadline, "the camera isn't seen"
            time.sleep(0.2)
        yield made
    finally:
        asker.close()
        made.stopped.set()
        end(process)
