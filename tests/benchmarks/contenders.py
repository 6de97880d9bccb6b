"""The servers that the table sets side by side: each a process of its own on a loopback port, over TLS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from tests.benchmarks.asgi import TOKEN
from tests.benchmarks.load import ask, camera, log_in
from tests.support.process import Server, environment
from webcam.http.tls import make_self_signed

VIEWERS = 10
"""Sessions that viewers share: one may make 200 requests a minute at most."""

FPS = 30.0
SIZES = (26_000, 40_000, 69_000)
_DEADLINE = 30.0


class Skipped(Exception):
    """This server can't take part; the text says why."""


class Contender:
    """A server process. ``loads`` are the kinds of load that it can take."""

    name: str
    loads: ClassVar[tuple[str, ...]] = ("json", "relay", "upload")
    method = "POST"
    pid: int

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir()
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it takes connections. Raises :class:`Skipped`."""
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
        return f"/getServerTime.json?shash={TOKEN}"

    def frames_path(self, number: int, size: int) -> str:
        """A stream of frames of so many bytes, for one viewer more."""
        return f"/output.raw?shash={TOKEN}&size={size}"

    def upload_path(self) -> str:
        """Where an upload goes."""
        return f"/input.raw?shash={TOKEN}"

    def source(self, size: int) -> ExitStack:
        """While it is open, frames of so many bytes come at :data:`FPS`. ASGI applications make their own."""
        return ExitStack()


class Stock(Contender):
    """Our application on Twisted's own channel and TLS."""

    name = "stock"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.benchmarks.stock", str(self.folder), str(self.port)]

    def start(self) -> None:
        super().start()
        self.prepare(self.folder)

    def prepare(self, data: Path) -> None:
        """Log in, with the requests of a session raised as far as they go."""
        password = (data / "first-password").read_text().strip()
        self._camera, self._uploader = (log_in(self.port, password, each) for each in ("camera", "uploader"))
        self._viewers = [log_in(self.port, password, f"viewer {number}") for number in range(VIEWERS)]
        ask(self.port, "setConfig.json", shash=self._camera, config=[{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}])

    def json_path(self) -> str:
        return f"/getServerTime.json?shash={self._camera}"

    def frames_path(self, number: int, size: int) -> str:
        return f"/output.raw?shash={self._viewers[number % VIEWERS]}&device=camera"

    def upload_path(self) -> str:
        return f"/input.raw?shash={self._uploader}"

    def source(self, size: int) -> ExitStack:
        """A camera: its upload is in the figures."""
        stack = ExitStack()
        stack.enter_context(camera(self.port, self._camera, self._viewers[0], size, FPS))
        return stack


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


class Hypercorn(Contender):
    """The ASGI server in Python: asyncio, and h2 as we use it."""

    name = "hypercorn"

    def start(self) -> None:
        self._python = _environment_with(self.name, self.folder)
        super().start()

    def command(self) -> list[str]:
        certificate, key = _certificate(self.folder)
        settings = self.folder / "hypercorn.toml"
        settings.write_text("keep_alive_max_requests = 1000000000\n")  # by default GOAWAY comes behind 1,000
        return [
            *(str(self._python), "-m", "hypercorn", "--config", str(settings), "--bind", f"127.0.0.1:{self.port}"),
            *("--certfile", str(certificate), "--keyfile", str(key), "tests.benchmarks.asgi:app"),
        ]


class Granian(Hypercorn):
    """The ASGI server in Rust."""

    name = "granian"

    def command(self) -> list[str]:
        certificate, key = _certificate(self.folder)
        return [
            *(str(self._python.parent / "granian"), "--interface", "asgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)),
            "tests.benchmarks.asgi:app",
        ]


class Nginx(Contender):
    """The floor: static files, JSON and frames, asked for again and again."""

    name = "nginx"
    loads = ("json", "relay")
    method = "GET"

    def command(self) -> list[str]:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise Skipped("nginx is not installed")
        (self.folder / "time.json").write_text('{"stamp":"2020-01-01 00:00:00.000000","result":"OK"}')
        for size in SIZES:
            (self.folder / f"frame{size}").write_bytes(os.urandom(size))
        certificate, key = _certificate(self.folder)
        text = _NGINX.format(folder=self.folder, port=self.port, certificate=certificate, key=key)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(("user root;\n" if os.geteuid() == 0 else "") + text)
        return [program, "-p", str(self.folder), "-c", str(configuration), "-e", str(self.folder / "error.log")]

    def json_path(self) -> str:
        return "/time.json"

    def frames_path(self, number: int, size: int) -> str:
        return f"/frame{size}"


_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  open_file_cache max=100;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {folder};
  }}
}}
"""

CONTENDERS: tuple[type[Contender], ...] = (Webcam, Stock, Hypercorn, Granian, Nginx)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make_self_signed(certificate, key)
    return certificate, key


def _environment_with(package: str, folder: Path) -> Path:
    """A virtual environment with one package; its interpreter. It goes with the folder. Raises :class:`Skipped`."""
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    for command in ([sys.executable, "-m", "venv", str(folder / "venv")], pip):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Skipped(f"can't be installed: {error}") from None
        if done.returncode:
            raise Skipped(f"can't be installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return python
