"""Connections from many addresses that ask for nothing, and who gets in beside them."""

from __future__ import annotations

import json
import tempfile
from http.client import HTTPSConnection
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.process import DEADLINE, Server
from tests.support.trail import PASSWORD

ADDRESSES, EACH = 10, 20


class CrowdTests(SynchronousTestCase):
    """A server whose places ten addresses could take if nothing were reserved."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        limits = (f"--connections={ADDRESSES * EACH}", f"--connections-per-address={EACH}")
        self.server = Server(Path(folder.name), *limits).start()
        self.addCleanup(self.server.stop)
        self.context = self.server.trust()
        self.account = self.server.new_account()

    def connect(self, source: str) -> HTTPSConnection:
        line = HTTPSConnection(
            "127.0.0.1", self.server.port, timeout=DEADLINE, source_address=(source, 0), context=self.context
        )
        self.addCleanup(line.close)
        line.connect()
        return line

    def asked(self, source: str, path: str, **params: str) -> dict[str, str]:
        """The answer on a new connection from there."""
        line = self.connect(source)
        line.request("POST", f"/{path}", json.dumps(params))
        answer: dict[str, str] = json.loads(line.getresponse().read())
        self.assertEqual(answer["result"], "OK")
        return answer

    def log_in(self, source: str) -> str:
        params = {"name": self.account, "pass": PASSWORD, "device": source}
        return self.asked(source, "authorize.json", **params)["shash"]

    def test_both_who_is_known_and_who_is_new_get_in_at_once(self) -> None:
        token = self.log_in("127.0.0.1")
        self.asked("127.0.0.1", "heartBit.json", shash=token)
        taken = 0
        for number in range(ADDRESSES * EACH):
            try:
                self.connect(f"127.0.3.{1 + number % ADDRESSES}")
                taken += 1
            except OSError:
                pass
        self.assertGreater(taken, ADDRESSES * EACH // 4)
        self.asked("127.0.0.1", "heartBit.json", shash=token)
        self.log_in("127.0.4.1")
        self.assertIn("limit met: connections of an address", self.server.log)
