"""What a real server took of memory comes back."""

from __future__ import annotations

import ctypes
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.support.process import Server, until
from tests.support.trail import PASSWORD

LOGINS = 6
"""At once. Each takes 16 MiB while its password is looked at."""

CONNECTIONS = 300

MORE = 10e6
"""Bytes that may stay: threads, and what lives on the heap by then."""

PIECES = 4e6
"""Bytes of those that come back at least, of 8e6; on some pages something else lives."""


class Tests(SynchronousTestCase):
    def setUp(self) -> None:
        if not hasattr(ctypes.CDLL(None), "malloc_trim"):
            raise SkipTest("the C library gives nothing back when it is asked")
        folder = Path(tempfile.mkdtemp(prefix="webcam-memory-"))
        self.addCleanup(shutil.rmtree, folder)
        self.server = Server(folder).start()
        self.addCleanup(self.server.stop)
        self.account = self.server.new_account()

    def log_in(self, device: int) -> bool:
        with self.server.client() as client:
            login = {"name": self.account, "pass": PASSWORD, "device": f"device {device}"}
            return "shash" in client.post("/authorize.json", json=login).json()

    def test_that_of_passwords(self) -> None:
        self.assertTrue(self.log_in(0))
        before = self.server.resident()
        with ThreadPoolExecutor(LOGINS) as pool:
            self.assertTrue(all(pool.map(self.log_in, range(1, LOGINS + 1))))
        until(lambda: self.server.resident() < before + MORE, "the server keeps what passwords took of memory")

    def test_that_of_connections(self) -> None:
        """It lies in pieces between what lives on."""
        context = self.server.trust()
        held = []
        for _ in range(CONNECTIONS):
            plain = socket.create_connection(("127.0.0.1", self.server.port))
            held.append(context.wrap_socket(plain, server_hostname="localhost"))
        most = self.server.resident()
        for each in held:
            each.close()
        until(lambda: self.server.resident() < most - PIECES, "the server keeps what connections took of memory")
