"""The well-behaved client: a question every 50 ms on an HTTP/2 connection of its own, whatever goes on beside it."""

from __future__ import annotations

import itertools
import selectors
import socket
import ssl
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from hpack import Decoder, Encoder

from tests.benchmarks.client import client_context, frame, head, opening

RATE = 20.0
"""Questions a second. They are asked when they are due, not when the one before was answered."""

PATIENCE = 30.0
"""Seconds after which a question counts as not answered."""

_END_STREAM = 1


@dataclass
class Experience:
    """Seconds of each answered question, and what went wrong with the others."""

    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """In milliseconds."""
        steady = sorted(self.took)
        return 1000 * steady[min(len(steady) - 1, int(len(steady) * share))] if steady else float("inf")


class Client:
    """One connection, whose questions are ``heartBit.json`` by each of some sessions in turn."""

    def __init__(self, port: int, tokens: tuple[str, ...]) -> None:
        self.experience = Experience()
        self._port = port
        self._tokens = itertools.cycle(tokens)
        self._encoder, self._decoder = Encoder(), Decoder()
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._sock = client_context("h2").wrap_socket(plain)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(opening(65535))
        self._sock.setblocking(False)
        self._asked: dict[int, float] = {}
        self._bodies: dict[int, bytes] = {}
        self._received = bytearray()
        self._next = 1

    def ask_until(self, stop: Connection) -> None:
        """Ask until something comes from there; then wait for the answers that are due."""
        selector = selectors.DefaultSelector()
        selector.register(self._sock, selectors.EVENT_READ)
        due = time.monotonic()
        try:
            while not stop.poll():
                if time.monotonic() >= due:
                    self._ask(due)
                    due += 1 / RATE
                if selector.select(max(0.0, due - time.monotonic())):
                    self._read()
            late = time.monotonic() + PATIENCE
            while self._asked and time.monotonic() < late:
                if selector.select(0.1):
                    self._read()
        except OSError as problem:
            self.experience.wrong.append(f"the connection is gone: {problem}")
        self.experience.wrong += ["not answered"] * len(self._asked)
        self._sock.close()

    def _ask(self, due: float) -> None:
        block = head(self._encoder, self._port, f"/heartBit.json?shash={next(self._tokens)}")
        self._asked[self._next] = due
        self._sock.send(frame(1, 5, self._next, block))
        self._next += 2

    def _read(self) -> None:
        try:
            while data := self._sock.recv(65536):
                self._received += data
        except ssl.SSLWantReadError:
            data = b"."
        while len(self._received) >= 9:
            end = 9 + int.from_bytes(self._received[:3], "big")
            if len(self._received) < end:
                break
            kind, flags = self._received[3:5]
            stream = int.from_bytes(self._received[5:9], "big")
            self._take(kind, flags, stream, bytes(self._received[9:end]))
            del self._received[:end]
        if not data:
            raise ConnectionResetError("ended by the server")

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == 1:
            fields: dict[Any, Any] = dict(self._decoder.decode(payload))
            status = fields.get(":status")
            if status != "200":
                self.experience.wrong.append(f"status {status}")
        elif kind == 0:
            self._bodies[stream] = self._bodies.get(stream, b"") + payload
        elif kind in (3, 7):
            self.experience.wrong.append(f"frame of type {kind}: {payload.hex()}")
            self._asked.pop(stream, None)
        elif kind in (4, 6) and not flags & 1:
            self._sock.send(frame(kind, 1, 0, payload if kind == 6 else b""))
        if kind in (0, 1) and flags & _END_STREAM:
            self.experience.took.append(time.monotonic() - self._asked.pop(stream))
            if b'"OK"' not in self._bodies.pop(stream, b""):
                self.experience.wrong.append("a bad answer")


def behave(port: int, tokens: tuple[str, ...], talk: Connection) -> None:
    """What the client's process does: says that it has begun, asks until it is told to end, sends its experience."""
    client = Client(port, tokens)
    talk.send("begun")
    client.ask_until(talk)
    talk.send(client.experience)
