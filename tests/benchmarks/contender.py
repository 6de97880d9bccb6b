"""What the table sets side by side: a server in a process of its own on a loopback port, over TLS."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

from tests.benchmarks.camera import Camera
from tests.support.process import environment
from webcam.http.certificate import make_self_signed

FPS = 30.0
SIZES = (26_000, 40_000, 69_000)
"""Bytes of a camera's frame, header included."""

_DEADLINE = 30.0


class Skipped(Exception):
    """This server, or this load, can't take part; the text says why."""


class Contender:
    """A server process."""

    name: str
    method = "POST"
    pid: int
    port: int

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it takes connections. Raises :class:`Skipped`."""
        self.port = _free_port()
        self._run(self.command())

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def _run(self, command: list[str]) -> None:
        with (self.folder / "log").open("wb") as said:
            self._process = subprocess.Popen(
                command, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
        self.pid = self._process.pid
        deadline = time.monotonic() + _DEADLINE
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Skipped(f"it didn't start: {(self.folder / 'log').read_text()[-300:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM, and if that doesn't help in time, SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def json_path(self) -> str:
        """A small JSON answer behind a check of the session."""
        raise NotImplementedError

    def heartbeat_paths(self, sessions: int) -> list[str]:
        """Heartbeats of so many sessions that made no request in the last minute; each is charged to its own."""
        raise NotImplementedError

    def check_sessions(self, paths: list[str]) -> None:
        """Raises ``AssertionError`` when one of these sessions has ended: what it was answered was no "OK"."""
        raise NotImplementedError

    def frames_path(self, number: int, size: int) -> str:
        """A stream of frames of so many bytes, for one viewer more."""
        raise NotImplementedError

    def upload_path(self) -> str:
        """Where an upload goes."""
        raise NotImplementedError

    def source(self, size: int, fps: float = FPS) -> AbstractContextManager[Camera | None]:
        """While it is open, frames of so many bytes come; ``None`` for a server that makes them itself, at 30/s."""
        raise NotImplementedError


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """A new certificate and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make_self_signed(certificate, key)
    return certificate, key
