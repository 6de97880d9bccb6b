"""The attacker: one thread that keeps some connections in the hands of a script, and makes new ones for those that end.

What bounds it is its one core, and how many connections it has at once; it is as fast as it can be.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.benchmarks.client import client_context
from tests.support.newkeys import Records, secret_of

SOURCE = "127.0.0.2"
"""The attacker's address: limits go by address, and the well-behaved client has another one."""

SOURCES = "127.0.3.{}"
"""The addresses of an attacker who has many."""

OPENING = 8
"""Connections that are being made at once, of however many there are to be."""

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_PIECE = 65536
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Target:
    """What the attacker knows: a port, and an account of its own with ``tokens`` and a large record, by its id."""

    port: int
    tokens: tuple[str, ...]
    record: int


@dataclass(frozen=True)
class NewKeys:
    """So many records of TLS that ask for new keys."""

    times: int


@dataclass(frozen=True)
class Take:
    """So many bytes of what the server has sent, by a connection that takes none otherwise."""

    size: int


Step = bytes | float | NewKeys | Take

Script = Callable[[Target, int], Iterator[Step]]
"""What a connection of this number does: sends bytes, waits for seconds, takes what was sent. One that has ended holds
its connection."""


@dataclass(frozen=True)
class Attack:
    """One way of being hostile. ``alpn``: what TLS agrees on; without it the script begins on bare TCP. ``reads``:
    whether it takes what the server sends. ``prompt``: whether what it sends has it cut off, and not a clock.
    ``below``: whether it makes records of TLS itself. ``sources``: addresses that it comes from. ``places``:
    connections that the server admits of it, where what each of them may cost is what it is about."""

    name: str
    script: Script
    alpn: str | None = "h2"
    lines: int = 4
    reads: bool = True
    prompt: bool = True
    below: bool = False
    sources: int = 1
    places: int = 0


@dataclass
class Toll:
    """What came of an attack: connections that were made, those that the server ended, bytes sent, CPU seconds."""

    made: int = 0
    cut: int = 0
    refused: int = 0
    sent: int = 0
    cpu: float = 0.0


class Line:
    """One connection. Raises ``OSError`` from :meth:`go` when the server has ended it."""

    def __init__(self, attack: Attack, target: Target, number: int) -> None:
        self._attack = attack
        self._script = attack.script(target, number)
        self._left = memoryview(b"")
        self._silent = False
        self._records: Records | None = None
        self.begun = False
        self.due = 0.0
        self.sent = 0
        self.sock = socket.socket()
        self.sock.bind((SOURCES.format(1 + number % attack.sources) if attack.sources > 1 else SOURCE, 0))
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if not attack.reads:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.connect_ex(("127.0.0.1", target.port))

    def go(self, now: float, context: ssl.SSLContext | None) -> int:
        """Do what can be done; what to wait for next (0: for :attr:`due` alone)."""
        try:
            if not self.begun:
                self._begin(context)
            if self._attack.reads:
                self._read()
            if now >= self.due and not self._silent:
                self._write(now)
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except ssl.SSLWantWriteError:
            return READ | WRITE
        if not self.begun:
            return READ
        waits = self._silent or (now < self.due and not self._left)
        return (READ if self._attack.reads else 0) | (0 if waits else WRITE)

    def _begin(self, context: ssl.SSLContext | None) -> None:
        problem = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            raise OSError(problem, os.strerror(problem))
        if context is not None:
            if not isinstance(self.sock, ssl.SSLSocket):
                self.sock = context.wrap_socket(self.sock, do_handshake_on_connect=False)
            self.sock.do_handshake()
            if self._attack.below:
                self._records = Records(secret_of(Path(context.keylog_filename)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = True

    def _read(self) -> None:
        try:
            while data := self.sock.recv(_PIECE):
                pass
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        if not data:
            raise ConnectionResetError("the server has ended it")

    def _take(self, size: int) -> None:
        try:
            while size > 0 and (data := self.sock.recv(min(size, _PIECE))):
                size -= len(data)
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        if not data:
            raise ConnectionResetError("the server has ended it")

    def _write(self, now: float) -> None:
        if not self._left:
            step = next(self._script, None)
            if step is None:
                self._silent = True
                return
            if isinstance(step, float):
                self.due = now + step
                return
            if isinstance(step, Take):
                self._take(step.size)
                return
            self._left = memoryview(self._made(step))
        size = os.write(self.sock.fileno(), self._left) if self._records else self.sock.send(self._left)
        self.sent += size
        self._left = self._left[size:]

    def _made(self, step: bytes | NewKeys) -> bytes:
        if self._records is None:
            return step
        if isinstance(step, NewKeys):
            return b"".join(self._records.new_keys() for _ in range(step.times))
        return self._records.record(step)


class Attacker:
    """Keeps an attack's connections up for a while."""

    def __init__(self, attack: Attack, target: Target) -> None:
        self.toll = Toll()
        self._attack = attack
        self._target = target
        self._context = client_context(attack.alpn) if attack.alpn else None
        if attack.below:
            self._context.minimum_version = ssl.TLSVersion.TLSv1_3
            self._context.keylog_filename = tempfile.mkstemp()[1]
        self._selector = selectors.DefaultSelector()
        self._lines: dict[Line, int] = {}
        self._made = 0

    def run(self, seconds: float, patience: float = 0.0) -> None:
        """Attack for so long; one that is to be cut off, up to *patience* more until it was once."""
        begun = now = time.monotonic()
        while now - begun < seconds or (self._uncut and now - begun < seconds + patience):
            self._open(now)
            due = min((line.due for line, events in self._lines.items() if line.due > now), default=now + 0.1)
            for key, _ in self._selector.select(min(0.1, due - now)):
                self._go(key.data, now)
            now = time.monotonic()
            for line in [each for each in self._lines if 0 < each.due <= now]:
                line.due = 0.0
                self._go(line, now)
        for line in list(self._lines):
            self._end(line)
        if self._attack.below:
            Path(self._context.keylog_filename).unlink()
        self.toll.cpu = time.process_time()

    @property
    def _uncut(self) -> bool:
        return self._attack.prompt and not self.toll.cut + self.toll.refused

    def _open(self, now: float) -> None:
        opening = sum(not line.begun for line in self._lines)
        while len(self._lines) < self._attack.lines and opening < OPENING:
            line = Line(self._attack, self._target, self._made)
            self._made += 1
            opening += 1
            self._lines[line] = 0
            self._wait(line, WRITE)

    def _go(self, line: Line, now: float) -> None:
        was_begun, file = line.begun, line.sock.fileno()
        try:
            events = line.go(now, self._context)
        except OSError:
            if line.begun:
                self.toll.cut += 1
            else:
                self.toll.refused += 1
            self._end(line)
            return
        self.toll.made += line.begun and not was_begun
        assert line.sock.fileno() == file
        self._wait(line, events)

    def _wait(self, line: Line, events: int) -> None:
        before = self._lines[line]
        if events == before:
            return
        if before:
            self._selector.unregister(line.sock.fileno())
        if events:
            self._selector.register(line.sock.fileno(), events, line)
        self._lines[line] = events

    def _end(self, line: Line) -> None:
        self._wait(line, 0)
        del self._lines[line]
        self.toll.sent += line.sent
        line.sock.close()


def attack_from_here(attack: Attack, target: Target, seconds: float, patience: float, report: Connection) -> None:
    """What the attacker's process does; sends a :class:`Toll`."""
    attacker = Attacker(attack, target)
    attacker.run(seconds, patience)
    report.send(attacker.toll)
