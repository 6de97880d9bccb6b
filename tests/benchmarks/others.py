"""Other servers in the table: hypercorn and granian with a small equal application, nginx with files, bare TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.benchmarks.asgi import TOKEN
from tests.benchmarks.camera import Camera
from tests.benchmarks.contender import FPS, SIZES, Contender, Skipped, certificate_in


class Hypercorn(Contender):
    """The ASGI server in Python: asyncio, and h2 as we use it."""

    name = "hypercorn"

    def start(self) -> None:
        self._python = _environment_with(self.name, self.folder)
        super().start()

    def command(self) -> list[str]:
        certificate, key = certificate_in(self.folder)
        settings = self.folder / "hypercorn.toml"
        settings.write_text("keep_alive_max_requests = 1000000000\n")  # by default GOAWAY comes behind 1,000
        return [
            *(str(self._python), "-m", "hypercorn", "--config", str(settings), "--bind", f"127.0.0.1:{self.port}"),
            *("--certfile", str(certificate), "--keyfile", str(key), "tests.benchmarks.asgi:app"),
        ]

    def json_path(self) -> str:
        return f"/getServerTime.json?shash={TOKEN}"

    def frames_path(self, number: int, size: int) -> str:
        return f"/output.raw?shash={TOKEN}&size={size}"

    def upload_path(self) -> str:
        return f"/input.raw?shash={TOKEN}"

    def source(self, size: int, fps: float = FPS) -> AbstractContextManager[Camera | None]:
        """The application makes its own."""
        return nullcontext()


class Granian(Hypercorn):
    """The ASGI server in Rust."""

    name = "granian"

    def command(self) -> list[str]:
        certificate, key = certificate_in(self.folder)
        return [
            *(str(self._python.parent / "granian"), "--interface", "asgi", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)),
            "tests.benchmarks.asgi:app",
        ]


class Nginx(Contender):
    """The floor: static files, JSON and frames, asked for again and again."""

    name = "nginx"
    method = "GET"

    def command(self) -> list[str]:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            raise Skipped("nginx is not installed")
        (self.folder / "time.json").write_text('{"stamp":"2020-01-01 00:00:00.000000","result":"OK"}')
        for size in SIZES:
            (self.folder / f"frame{size}").write_bytes(os.urandom(size))
        certificate, key = certificate_in(self.folder)
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


class Bare(Contender):
    """TLS connections that pyOpenSSL holds, and nothing else: what no server on it can go below."""

    name = "pyOpenSSL"

    def command(self) -> list[str]:
        certificate, key = certificate_in(self.folder)
        return [sys.executable, "-m", "tests.benchmarks.bare", str(certificate), str(key), str(self.port)]


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
