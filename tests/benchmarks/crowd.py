"""Many connections that do little: idle ones that answer pings, and viewers that stall.

They live in a process of their own, which does what it is told by way of a pipe and keeps them alive meanwhile.
"""

from __future__ import annotations

import contextlib
import math
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from hpack import Encoder

from tests.benchmarks.client import ACK, HEADERS, PING, Frames, client_context, frame, opening, question
from tests.benchmarks.processes import DEADLINE, PROCESSES, end

AN_ADDRESS = 300
"""Connections that come from one address of loopback: the server's limit is 400."""

_SMALL = 16_384


class Member:
    """One connection."""

    def __init__(self, sock: ssl.SSLSocket, window: int) -> None:
        self.sock = sock
        self.answered = 0
        self.appetite = math.inf
        self._frames = Frames()
        self._encoder = Encoder()
        self._stream = 1
        sock.sendall(opening(window))
        sock.setblocking(False)

    def ask(self, port: int, path: str) -> None:
        """One question more."""
        self.sock.send(question(self._encoder, self._stream, port, path))
        self._stream += 2

    def read(self) -> None:
        """Take what has come, as long as there is appetite (bytes) for it; answer pings."""
        with contextlib.suppress(ssl.SSLWantReadError):
            while self.appetite > 0:
                data = self.sock.recv(65536)
                assert data, "the server closed a connection"
                self.appetite -= len(data)
                for kind, flags, _, payload in self._frames.feed(data):
                    self.answered += kind == HEADERS
                    if kind == PING and not flags & ACK:
                        self.sock.send(frame(PING, ACK, 0, payload))


class Crowd:
    """All of them; what can be told to it are its public methods."""

    def __init__(self, port: int, orders: Connection) -> None:
        self._port = port
        self._members: list[Member] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ)
        self._orders = orders

    def serve(self) -> None:
        """Until the pipe is closed."""
        while True:
            if self._wait():
                try:
                    name, arguments = self._orders.recv()
                except EOFError:
                    return
                try:
                    getattr(self, name)(*arguments)
                except Exception as error:
                    self._orders.send(f"{type(error).__name__}: {error}")
                else:
                    self._orders.send("")

    def _wait(self) -> bool:
        """Let the members read; whether there is an order."""
        told = False
        for key, _ in self._selector.select(0.5):
            if key.data is None:
                told = True
            else:
                key.data.read()
                if key.data.appetite <= 0:
                    self._selector.unregister(key.data.sock)
        return told

    def connect(self, number: int, window: int, step: int = 0, small: bool = False) -> None:
        """So many more, with windows of this size, and each with a wider one by a *step* than the one before it.

        With a small buffer for what they receive, TCP is full early.
        """
        for each in range(number):
            sock = socket.socket()
            if small:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
            sock.bind((f"127.0.0.{1 + len(self._members) // AN_ADDRESS}", 0))
            sock.connect(("127.0.0.1", self._port))
            member = Member(client_context("h2").wrap_socket(sock), window + each * step)
            self._members.append(member)
            self._selector.register(member.sock, selectors.EVENT_READ, member)

    def ask(self, questions: list[list[str]]) -> None:
        """A list of paths by each of them; done when every one has the heads of its answers."""
        for member, paths in zip(self._members, questions, strict=True):
            member.answered = 0
            for path in paths:
                member.ask(self._port, path)
        deadline = time.monotonic() + DEADLINE
        while any(each.answered < len(paths) for each, paths in zip(self._members, questions, strict=True)):
            assert time.monotonic() < deadline, "not all were answered"
            self._wait()

    def stall(self, step: int) -> None:
        """Each reads so many bytes more than the one before it, and then no more."""
        for number, member in enumerate(self._members):
            member.appetite = 1 + number * step


def _live(port: int, orders: Connection) -> None:
    Crowd(port, orders).serve()


class Told:
    """A crowd in its process, as whoever commands it sees it: its methods are :class:`Crowd`'s."""

    def __init__(self, orders: Connection) -> None:
        self._orders = orders

    def __call__(self, name: str, *arguments: Any) -> None:
        """Raises ``AssertionError`` when it can't."""
        self._orders.send((name, arguments))
        assert self._orders.poll(2 * DEADLINE), f"{name} didn't end"
        trouble = self._orders.recv()
        assert not trouble, trouble


@contextlib.contextmanager
def crowd(port: int) -> Iterator[Told]:
    """A crowd, with nobody in it yet."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_live, args=(port, theirs))
    process.start()
    theirs.close()
    try:
        yield Told(ours)
    finally:
        ours.close()
        end(process)
