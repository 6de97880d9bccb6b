"""A long way to a server, on loopback: a process that hands bytes on half a round trip after they came.

What TCP would do on such a way is not in it (each half is loopback, with its own windows): it shows what HTTP/2's
windows make of the distance. Network emulation in the kernel shows both, and takes rights that a user doesn't have.
"""

from __future__ import annotations

import queue
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from tests.benchmarks.client import ACK, LARGEST, PING, Frames, client_context, frame, opening
from tests.benchmarks.processes import PROCESSES, end

_PIECE = 262_144
_UNDER_WAY = 1024
"""Pieces of at most 256 KiB that are under way in one direction; then the sender waits, as on any full way."""


class Way:
    """One direction. ``None`` is its end."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._pieces: queue.Queue[tuple[float, bytes]] = queue.Queue(_UNDER_WAY)

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        """Until one of the two is gone."""
        for step, arguments in ((self._take, (source,)), (self._give, (target,))):
            threading.Thread(target=step, args=arguments, daemon=True).start()

    def _take(self, source: socket.socket) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(_PIECE)
            except OSError:
                data = b""
            self._pieces.put((time.monotonic() + self._delay, data))

    def _give(self, target: socket.socket) -> None:
        while True:
            due, data = self._pieces.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
            except OSError:
                return


def _serve(port: int, delay: float, report: Connection) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    report.send(listening.getsockname()[1])
    while True:
        near, _ = listening.accept()
        far = socket.create_connection(("127.0.0.1", port))
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Way(delay).carry(near, far)
        Way(delay).carry(far, near)


@contextmanager
def distant(port: int, round_trip: float) -> Iterator[int]:
    """A port from which the server at *port* is so many seconds away."""
    with _beside(_serve, port, round_trip / 2) as found:
        yield found


@contextmanager
def _beside(serve: Callable[..., None], *arguments: float) -> Iterator[int]:
    """The port that a process of its own listens at."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=serve, args=(*arguments, theirs))
    process.start()
    theirs.close()
    try:
        found: int = ours.recv()
        yield found
    finally:
        process.terminate()
        end(process)


BUFFER = 16_384
"""Bytes that a narrow link holds at its far end. The kernel of loopback would take megabytes at once, and all of it
would be the past; on a real link they wait at the sender's end."""

_SEGMENT = 1400
_STEP = 0.005


def _pass_slowly(source: socket.socket, target: socket.socket, rate: float) -> None:
    began, passed = time.monotonic(), 0.0
    try:
        while data := source.recv(min(BUFFER, max(_SEGMENT, int(rate * _STEP)))):
            passed = max(passed, (time.monotonic() - began) * rate - BUFFER) + len(data)
            time.sleep(max(0.0, passed / rate - (time.monotonic() - began)))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()


def _serve_narrow(port: int, rate: float, report: Connection) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    report.send(listening.getsockname()[1])
    while True:
        near, _ = listening.accept()
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        far.connect(("127.0.0.1", port))
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Way(0).carry(near, far)
        threading.Thread(target=_pass_slowly, args=(far, near, rate), daemon=True).start()


@contextmanager
def narrow(port: int, rate: float) -> Iterator[int]:
    """A port from which the server at *port* answers at so many bytes a second, by connection."""
    with _beside(_serve_narrow, port, rate) as found:
        yield found


def round_trip_to(port: int, times: int = 3) -> float:
    """Seconds that an HTTP/2 PING takes: the median of some."""
    sock = client_context("h2").wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10))
    frames = Frames()
    took = []
    with sock:
        sock.sendall(opening(LARGEST))
        for number in range(times):
            start = time.monotonic()
            sock.sendall(frame(PING, 0, 0, number.to_bytes(8, "big")))
            while not _answered(frames, sock):
                pass
            took.append(time.monotonic() - start)
    return statistics.median(took)


def _answered(frames: Frames, sock: socket.socket) -> bool:
    data = sock.recv(65536)
    assert data, "the connection is gone"
    return any(kind == PING and flags & ACK for kind, flags, _, _ in list(frames.feed(data)))


def capacity(round_trip: float, seconds: float = 0.5) -> float:
    """Bytes a second that such a way passes when nobody at its end limits them."""
    arrived = 0

    def drain(listening: socket.socket) -> None:
        nonlocal arrived
        sock, _ = listening.accept()
        buffer = bytearray(_PIECE)
        while size := sock.recv_into(buffer):
            arrived += size

    with socket.create_server(("127.0.0.1", 0)) as listening:
        sink = threading.Thread(target=drain, args=(listening,))
        sink.start()
        with distant(listening.getsockname()[1], round_trip) as port:
            data = bytes(_PIECE)
            with socket.create_connection(("127.0.0.1", port)) as sock:
                start = time.monotonic()
                while time.monotonic() - start < seconds:
                    sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                sink.join(30)
            took = time.monotonic() - start - round_trip / 2
    return arrived / took
