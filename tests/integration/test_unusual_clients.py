"""Clients that begin or end a connection in ways of their own: real sockets, real TLS, curl."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any
from unittest import skipIf

from OpenSSL import SSL

try:
    import requests
except ImportError:  # it comes with schemathesis, where that is installed
    requests = None  # type: ignore[assignment]

from tests.integration.examples import CURL, NO_CURL
from tests.support.frames import numbered
from tests.support.process import DEADLINE, Server, until
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD


class Beginnings(ServerCase):
    """What a client says first."""

    def read_all(self, sent: bytes) -> bytes:
        """Send it without TLS; what the server answers until it closes."""
        with socket.create_connection(("127.0.0.1", self.server.port), DEADLINE) as client:
            client.sendall(sent)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
            return answer

    def curl(self, *arguments: str) -> str:
        command = ["curl", "-sS", "-k", "-m", str(DEADLINE), "-w", " %{http_code} %{http_version}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=2 * DEADLINE).stdout

    def test_plain_http(self) -> None:
        """Gets an answer that a person can read, whatever else it sends; the log says so."""
        body = b"x" * 300_000
        for sent in (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST /input.raw HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        ):
            answer = self.read_all(sent)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer)
            self.assertIn(b"https://", answer)
        self.server.wait_for("plain HTTP was answered 400 where TLS is spoken")
        until(lambda: self.server.connections() == 0, "the connections' end")

    @skipIf(not CURL, NO_CURL)
    def test_plain_http_of_curl(self) -> None:
        answer = self.curl(self.server.url.replace("https:", "http:"))
        self.assertEqual(answer, "This port speaks HTTPS only: ask for https:// instead of http://.\n 400 1.1")

    @skipIf(not CURL, NO_CURL)
    def test_an_offer_of_http_1_0_alone(self) -> None:
        """curl offers what it is asked for, and is answered by HTTP/1.x. No alert is sent."""
        answer = self.curl("--http1.0", "-d", "{}", f"{self.server.url}/getServerTime.json")
        self.assertIn('"result":"OK"', answer)
        self.assertTrue(answer.endswith(" 200 1"), answer)


class Logins(ServerCase):
    """HTTP Basic as requests writes it, and aiohttp likewise: in ISO-8859-1."""

    @skipIf(requests is None, "requests is not installed")
    def test_latin_1(self) -> None:
        name, password = f"Jürgen {self.account}", "sesame-päß"
        self.server.account("add", name, password=password)
        for given, status in ((password, 404), ("sesame-päss", 401)):
            answer = requests.get(
                f"{self.server.url}/snapshot.jpg?device=none",
                auth=(name, given),
                verify=self.server.data / "certificate.pem",
            )
            self.assertEqual(answer.status_code, status)


class Ends:
    """A client ends its side right behind its request, by a FIN or TLS's close_notify, and reads its answer."""

    server: Server

    def exchange(self, sent: bytes) -> bytes:
        """What the server answers to *sent*, behind which the client ends its side, until the server does."""
        raise NotImplementedError

    def ask(self, path: str, body: bytes = b"", length: int | None = None) -> bytes:
        """The body of the answer, which is 200."""
        declared = len(body) if length is None else length
        head = f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {declared}\r\n\r\n"
        head_of_answer, _, rest = self.exchange(head.encode() + body).partition(b"\r\n\r\n")
        assert head_of_answer.startswith(b"HTTP/1.1 200 OK\r\n"), head_of_answer
        return rest

    def call(self, path: str, **params: Any) -> Any:
        """The same of JSON."""
        return json.loads(self.ask(path, json.dumps(params).encode()))

    def test_all(self) -> None:
        """Finite answers come whole; what would wait or go on for ever ends at once, and so does an upload."""
        case: Any = self
        login = {"name": "user", "pass": PASSWORD, "device": "camera"}
        token = self.call("authorize.json", **login)["shash"]
        data = bytes(range(256)) * 12_000
        case.assertEqual(json.loads(self.ask(f"addRecord.json?shash={token}&meta=m", data)), OK)
        case.assertTrue(self.ask(f"getRecordData.json?shash={token}&rid=1") == data)
        began = time.monotonic()
        case.assertEqual(self.call("getMsgsAndSync.json", shash=token, wait=60)["msgs"], [])
        case.assertEqual(self.ask(f"input.raw?shash={token}&keep=30000", numbered(1), 21474836480), b"")
        case.assertEqual(len(self.call("getStreams.json", shash=token)["devices"]), 1)
        case.assertIn(numbered(1)[:100], self.ask(f"output.raw?shash={token}&device=camera"))
        case.assertIn(b"id: ", self.ask(f"events?shash={token}"))
        case.assertLess(time.monotonic() - began, 10)
        until(lambda: self.server.connections() == 0, "the connections' end")


class EndsOfTCP(Ends, ServerCase):
    def setUp(self) -> None:
        self.own_server("--plain")

    def exchange(self, sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.server.port), DEADLINE) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))


class EndsOfTLS(Ends, ServerCase):
    """By hand: Python's sockets can't end one direction of TLS."""

    version = SSL.TLS1_3_VERSION

    def setUp(self) -> None:
        self.own_server()

    def exchange(self, sent: bytes) -> bytes:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(self.version)
        with socket.create_connection(("127.0.0.1", self.server.port), DEADLINE) as client:
            client.settimeout(DEADLINE)
            tls = SSL.Connection(context, None)
            tls.set_connect_state()
            self._until_done(tls.do_handshake, tls, client)
            for at in range(0, len(sent), 16384):
                tls.send(sent[at : at + 16384])
            tls.shutdown()
            pieces: list[bytes] = []
            try:
                while True:
                    pieces.append(self._until_done(lambda: tls.recv(65536), tls, client))
            except SSL.ZeroReturnError:
                return b"".join(pieces)

    def _until_done(self, step: Callable[[], Any], tls: SSL.Connection, client: socket.socket) -> Any:
        """The outcome of *step*, with all that goes between the two ends for it."""
        while True:
            try:
                return step()
            except SSL.WantReadError:
                self._send(tls, client)
                data = client.recv(65536)
                self.assertTrue(data, "the server ends TLS before it ends TCP")
                tls.bio_write(data)
            finally:
                self._send(tls, client)

    def _send(self, tls: SSL.Connection, client: socket.socket) -> None:
        try:
            while True:
                client.sendall(tls.bio_read(1 << 20))
        except SSL.WantReadError:
            pass


class EndsOfTLS12(EndsOfTLS):
    version = SSL.TLS1_2_VERSION
