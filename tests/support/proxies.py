"""The sample configurations of ``conf/`` in real proxies: nginx, Caddy, HAProxy, each in front of a server."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx

from tests.support.process import DEADLINE
from webcam.http.certificate import make_self_signed

GRACE = 5.0
"""Seconds that it may take to end by itself."""

CONF = Path(__file__).parents[2] / "conf"


def free_port() -> int:
    """A port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """One proxy: its sample, with this machine's ports and files in place of the sample's, and its process.

    ``base``: the base path that its server has. :meth:`trust` is what a :class:`tests.support.process.Server` has, too.
    """

    program: str
    sample: str

    def __init__(self, folder: Path, upstream: int, base: str = "/") -> None:
        self.folder = folder
        self.port = free_port()
        self.base = base
        self._certificate, self._key = folder / "proxy.pem", folder / "proxy.key"
        self._log = folder / "proxy.log"
        make_self_signed(self._certificate, self._key)
        text = self.adapt((CONF / self.sample).read_text(), upstream)
        self.path = folder / self.sample
        self.path.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def found(cls) -> str | None:
        """Its program, if it is installed; who is not root often has no sbin in the path."""
        return shutil.which(cls.program) or shutil.which(cls.program, path="/usr/sbin:/usr/local/sbin")

    def adapt(self, text: str, upstream: int) -> str:
        """The sample for this machine."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Its program in the foreground, and its arguments."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = self.found()
        assert program is not None
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, *self.command()], stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, env=home
            )
        deadline = time.monotonic() + DEADLINE
        while not self._listens():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End it, though a client may hold on to a connection."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(DEADLINE)

    @property
    def log(self) -> str:
        """All that it said."""
        return self._log.read_text()

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts its certificate."""
        return ssl.create_default_context(cafile=str(self._certificate))

    def client(self, address: str = "127.0.0.1", http2: bool = True) -> httpx.Client:
        """A client that comes from *address*; its paths lie below the base path."""
        transport = httpx.HTTPTransport(verify=self.trust(), http1=not http2, http2=http2, local_address=address)
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}{self.base}", transport=transport, timeout=DEADLINE)


def exchange(text: str, pairs: dict[str, str]) -> str:
    """Each key, which is there, by its value."""
    for old, new in pairs.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Nginx(Proxy):
    """conf/nginx.conf, within the smallest configuration that there is."""

    program = "nginx"
    sample = "nginx.conf"

    def adapt(self, text: str, upstream: int) -> str:
        pairs = {
            "127.0.0.1:8081;": f"127.0.0.1:{upstream};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "/etc/letsencrypt/live/camera.example.org/fullchain.pem": str(self._certificate),
            "/etc/letsencrypt/live/camera.example.org/privkey.pem": str(self._key),
            "/var/log/nginx/webcam.log": str(self.folder / "error.log"),
            "location / {": f"location {self.base} {{",
        }
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        around = f"pid {self.folder}/nginx.pid;\ndaemon off;\nevents {{}}\nhttp {{\n{paths}"
        return f"{around}{exchange(text, pairs)}}}\n"

    def command(self) -> list[str]:
        return ["-p", str(self.folder), "-e", str(self.folder / "start.log"), "-c", str(self.path)]


class Caddy(Proxy):
    """conf/Caddyfile, with a certificate of its own in place of one that it would ask for."""

    program = "caddy"
    sample = "Caddyfile"

    def adapt(self, text: str, upstream: int) -> str:
        place = f"{self.base}* " if self.base != "/" else ""
        pairs = {
            "camera.example.org {": f"https://127.0.0.1:{self.port} {{\n\ttls {self._certificate} {self._key}",
            "\treverse_proxy 127.0.0.1:8081 {": f"\treverse_proxy {place}127.0.0.1:{upstream} {{",
        }
        return "{\n\tadmin off\n\tauto_https off\n}\n" + exchange(text, pairs)

    def command(self) -> list[str]:
        return ["run", "--config", str(self.path), "--adapter", "caddyfile"]


class HAProxy(Proxy):
    """conf/haproxy.cfg, as whoever runs it."""

    program = "haproxy"
    sample = "haproxy.cfg"

    def adapt(self, text: str, upstream: int) -> str:
        both = self.folder / "both.pem"
        both.write_bytes(self._certificate.read_bytes() + self._key.read_bytes())
        pairs = {
            "127.0.0.1:8081 ": f"127.0.0.1:{upstream} ",
            "bind :443 ": f"bind 127.0.0.1:{self.port} ",
            "/etc/haproxy/camera.example.org.pem": str(both),
            "maxconn 4000": "maxconn 200",
            "log /dev/log local0": "log stdout format raw local0",
            "    user haproxy\n    group haproxy\n": "",
        }
        if self.base != "/":
            pairs["    default_backend webcam"] = f"    use_backend webcam if {{ path_beg {self.base} }}"
        return exchange(text, pairs)

    def command(self) -> list[str]:
        return ["-db", "-f", str(self.path)]
