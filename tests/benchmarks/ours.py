"""Our servers in the table: this one in full, and its application on Twisted's own channel."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.camera import Camera, camera
from tests.benchmarks.client import Asker
from tests.benchmarks.contender import FPS, Contender
from tests.support.process import Server

VIEWERS = 20
"""Sessions that viewers share: one may make 200 requests a minute at most, and each stream is one."""

_REST = 61.0
"""Seconds after which none of a session's requests counts in its minute any more."""

_GENEROUS = [{"kind": 2, "fv": 30}, {"kind": 3, "fv": 10_000}, {"kind": 4, "fv": 200}]
"""Settings: minutes of silence that end a session, requests of one in all and in a minute; as far as they go."""


class Stock(Contender):
    """Our application on Twisted's own channel and TLS."""

    name = "stock"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._beating: list[str] = []
        self._beaten = 0.0

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.benchmarks.stock", str(self.folder), str(self.port)]

    def start(self) -> None:
        super().start()
        self.prepare(self.folder)

    def prepare(self, data: Path) -> None:
        """Log in everybody but those who only beat."""
        self._password = (data / "first-password").read_text().strip()
        devices = ["camera", "uploader", *(f"viewer {number}" for number in range(VIEWERS))]
        self._camera, self._uploader, *self._viewers = self.logged_in(devices)
        asker = Asker(self.port)
        asker.ask("setConfig.json", shash=self._camera, config=_GENEROUS)
        asker.close()

    def logged_in(self, devices: list[str]) -> list[str]:
        """A new token each."""
        asker = Asker(self.port)
        tokens = [asker.log_in(self._password, device) for device in devices]
        asker.close()
        return tokens

    def json_path(self) -> str:
        return f"/getServerTime.json?shash={self._camera}"

    def heartbeat_paths(self, sessions: int) -> list[str]:
        now = time.monotonic()
        if len(self._beating) < sessions or now - self._beaten < _REST:
            self._beating = self.logged_in([f"beating {number}" for number in range(sessions)])
        return [f"/heartBit.json?shash={token}" for token in self._beating[:sessions]]

    def check_sessions(self, paths: list[str]) -> None:
        asker = Asker(self.port)
        beating, self._beating = self._beating, []  # of no use any more when one has ended
        for path in paths:
            (token,) = parse_qs(urlsplit(path).query)["shash"]
            asker.ask("getServerTime.json", shash=token)  # not charged, and refused all the same when it has ended
        asker.close()
        self._beating, self._beaten = beating, time.monotonic()

    def frames_path(self, number: int, size: int) -> str:
        return f"/output.raw?shash={self._viewers[number % VIEWERS]}&device=camera"

    def upload_path(self) -> str:
        return f"/input.raw?shash={self._uploader}"

    def source(self, size: int, fps: float = FPS) -> AbstractContextManager[Camera | None]:
        """A camera: its upload is in the figures."""
        return camera(self.port, self._camera, self._viewers[0], size, fps)


class Webcam(Stock):
    """The server, as it is started in the field."""

    name = "webcam"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = Server(self.folder)

    def start(self) -> None:
        self._server.start()
        self.pid, self.port = self._server.pid, self._server.port
        self.prepare(self._server.data)

    def stop(self) -> None:
        self._server.stop()
