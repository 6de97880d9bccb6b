"""Wrong passwords by the thousand: what they cost, and that the owner logs in meanwhile."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import httpx

from tests.support.process import DEADLINE, Server
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD

LINES = 4
"""Connections of the attack, all from 127.0.0.1."""

AHEAD = 20
"""Logins that each of them sends before it reads the answers."""

HASHED = (200, 7)
"""Status and code of a login whose password was looked at and was wrong; each of them is one hash."""

LOCKED = (429, 5)


class Guesser:
    """Wrong passwords for an account, on several connections that stay open; ``answers`` counts what comes back."""

    def __init__(self, server: Server, account: str, device: Callable[[int], str]) -> None:
        self.answers: Counter[tuple[int, int]] = Counter()
        self.elsewhere: list[str] = []
        self._server = server
        self._account = account
        self._device = device
        self._counting = threading.Lock()
        self._well_begun = threading.Event()

    @contextmanager
    def guessing(self, times: int) -> Iterator[None]:
        """So many guesses; the context is entered when a tenth of them were answered, and left when all were."""
        share = times // LINES
        with ThreadPoolExecutor(LINES) as threads:
            lines = [threads.submit(self._guess, number * share, share) for number in range(LINES)]
            assert self._well_begun.wait(DEADLINE)
            yield
            for line in lines:
                line.result(DEADLINE)

    def _guess(self, first: int, count: int) -> None:
        with (
            socket.create_connection(("127.0.0.1", self._server.port), DEADLINE) as plain,
            self._server.trust().wrap_socket(plain, server_hostname="127.0.0.1") as sock,
            sock.makefile("rb") as answers,
        ):
            for start in range(first, first + count, AHEAD):
                sock.sendall(b"".join(self._request(number) for number in range(start, start + AHEAD)))
                self._count([_answer(answers) for _ in range(AHEAD)])
                if start - first >= count // 10:
                    self._well_begun.set()

    def _request(self, number: int) -> bytes:
        login = {"name": self._account, "pass": f"wrong {number}", "device": self._device(number)}
        body = json.dumps(login).encode()
        return b"POST /authorize.json HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def _count(self, answers: list[tuple[int, int]]) -> None:
        with self._counting:
            self.answers.update(answers)


def _answer(source: BinaryIO) -> tuple[int, int]:
    """Status and reply code of the next answer."""
    status = int(source.readline().split()[1])
    length = 0
    while (line := source.readline().strip().lower()) != b"":
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status, json.loads(source.read(length))["code"]


class Lockout(ServerCase):
    """A server of its own for each: what was tried before counts."""

    def setUp(self) -> None:
        super().setUp()
        self.own_server()

    def log_in(self, device: str, address: str = "127.0.0.1") -> None:
        """The owner, from this address."""
        transport = httpx.HTTPTransport(verify=self.server.trust(), local_address=address)
        with httpx.Client(transport=transport, base_url=self.server.url, timeout=DEADLINE) as client:
            login = {"name": self.account, "pass": PASSWORD, "device": device}
            answer = client.post("/authorize.json", json=login).json()
            self.assertEqual(answer["result"], "OK")
            self.assertEqual(client.post("/heartBit.json", json={"shash": answer["shash"]}).json(), OK)

    def test_ten_thousand_of_a_device(self) -> None:
        """Some twenty are looked at. Another device logs in from the same address, any from another one."""
        guesser = Guesser(self.server, self.account, lambda _: "camera")
        begun = time.monotonic()
        with guesser.guessing(10_000):
            self.log_in("phone")
            self.log_in("camera", "127.0.0.2")
            self.assertLess(guesser.answers.total(), 10_000, "the owner came too late to show anything")
        took = time.monotonic() - begun
        self.assertEqual(set(guesser.answers), {HASHED, LOCKED})
        self.assertEqual(guesser.answers.total(), 10_000)
        self.assertGreaterEqual(guesser.answers[HASHED], 10)
        self.assertLessEqual(guesser.answers[HASHED], 11 + math.log2(1 + took), "the wait doubles each time")

    def test_of_as_many_devices_and_of_an_account_that_does_not_exist(self) -> None:
        """A hundred are looked at, and one a second. A device that was in before logs in, any from another address."""
        self.log_in("phone")
        for account in (self.account, "nobody"):
            guesser = Guesser(self.server, account, lambda number: f"device {number}")
            begun = time.monotonic()
            with guesser.guessing(2_000):
                self.log_in("phone")
                self.log_in("tablet", "127.0.0.2")
            took = time.monotonic() - begun
            self.assertEqual(set(guesser.answers), {HASHED, LOCKED})
            self.assertGreaterEqual(guesser.answers[HASHED], 95, "four connections, one login each under way")
            self.assertLessEqual(guesser.answers[HASHED], 101 + took)
