"""A client that asks at the pace of an app, for a minute of real time, and one that asks too much at one instant."""

from __future__ import annotations

import socket
import time
from random import Random

from tests.support.session import ServerCase, bad

SECONDS = 61


class Rates(ServerCase):
    """Setting 4, as it is by default: 50 requests a minute."""

    def test_48_requests_a_minute_that_jitter_are_served(self) -> None:
        """Four requests every 5 s, each up to 200 ms early or late."""
        shash, jitter, start = self.authorize("app"), Random(16), time.monotonic() + 0.2
        due = sorted(start + second + jitter.uniform(-0.2, 0.2) for second in range(0, SECONDS, 5) for _ in range(4))
        for each in due:
            time.sleep(max(0.0, each - time.monotonic()))
            self.assertEqual(self.call("heartBit.json", shash=shash), {"result": "OK"})

    def test_51_requests_at_the_same_instant_end_the_session(self) -> None:
        """Fifty-one pipelined requests in one write; the answers to fifty of them are OK."""
        shash = self.authorize("burst")
        request = f"POST /heartBit.json?shash={shash} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode()
        with (
            socket.create_connection(("localhost", self.server.port), 20) as raw,
            self.server.trust().wrap_socket(raw, server_hostname="localhost") as client,
        ):
            client.sendall(51 * request)
            answers = b""
            while answers.count(b'"result"') < 51:
                piece = client.recv(65536)
                self.assertTrue(piece, answers[-200:])
                answers += piece
        self.assertEqual(answers.count(b'{"result":"OK"}'), 50)
        self.assertTrue(answers.endswith(b'{"result":"BAD","code":6}'), answers[-200:])
        self.assertEqual(self.call("heartBit.json", shash=shash), bad(6))
