"""Synthetic cameras: many devices that stream from one thread, each over a connection of its own."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

from tests.browser.counting import picture
from tests.support.process import Server

STUCK = 5.0
"""Seconds after which a connection that takes nothing is given up."""

Payloads = Callable[[int], bytes]
"""The payload of frame 1, 2, 3 and so on."""


def frame(payload: bytes) -> bytes:
    return b"\xaa\xaa" + len(payload).to_bytes(4, "little") + payload


class Camera:
    """One device that streams. It logs in when it is made."""

    def __init__(
        self, server: Server, account: str, password: str, device: str, payloads: Payloads, **about: object
    ) -> None:
        self.device = device
        self.payloads = payloads
        self.sent = 0
        self.subproto = str(about.get("subproto", "RAW_JPEG"))
        self.delta = int(str(about.get("delta", 400)))
        with server.client(http2=False) as client:
            login = {"name": account, "pass": password, "device": device, "meta": about.get("meta", {"kind": "test"})}
            self.token = client.post("/authorize.json", content=json.dumps(login)).json()["shash"]
        self._server = server
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Begin a stream."""
        query = urlencode({"shash": self.token, "subproto": self.subproto, "delta": self.delta})
        raw = socket.create_connection(("127.0.0.1", self._server.port), timeout=STUCK)
        self._socket = self._server.trust().wrap_socket(raw, server_hostname="127.0.0.1")
        self._socket.sendall(
            f"POST /input.raw?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )

    def send(self) -> None:
        """The next frame; where the connection is gone, or not there yet, begin anew."""
        try:
            if self._socket is None:
                self.open()
            assert self._socket is not None
            self.sent += 1
            whole = frame(self.payloads(self.sent))
            self._socket.sendall(b"%x\r\n%b\r\n" % (len(whole), whole))
        except (OSError, ssl.SSLError):
            self.close()

    def close(self) -> None:
        """End the stream."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


class Cameras:
    """They stream until :meth:`stop`; a server that comes back finds them again."""

    def __init__(self, cameras: list[Camera], fps: float) -> None:
        self.cameras = cameras
        self._gap = 1 / fps
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            for camera in self.cameras:
                camera.send()
            due = max(due + self._gap, time.monotonic() - 1)

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(10)
        for camera in self.cameras:
            camera.close()


def counting(number: int) -> Payloads:
    """What a camera of this number sends: pictures that count, up to 65,535 and from 0 again."""
    return lambda count: picture(number, count & 65535)
