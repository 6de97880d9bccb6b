"""Clients that begin or end a connection in ways of their own: real sockets, real TLS, curl."""

from __future__ import annotations

import socket
import subprocess
from unittest import skipIf

from tests.integration.examples import CURL, NO_CURL
from tests.support.process import DEADLINE, until
from tests.support.session import ServerCase


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
