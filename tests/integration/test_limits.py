"""Limits that a client meets, by curl: what it is told, and that it gets to read it."""

from __future__ import annotations

import json
import subprocess
from typing import IO

from tests.integration.examples import CURL, NO_CURL
from tests.support.process import DEADLINE
from tests.support.session import ServerCase, bad
from tests.support.trail import PASSWORD


class Limits(ServerCase):
    """Statuses other than 200."""

    skip = None if CURL else NO_CURL

    def curl(self, *arguments: str, source: IO[bytes]) -> tuple[int, object]:
        """Status and JSON of the answer; *source* is its standard input."""
        command = ["curl", "-sS", "-k", "-X", "POST", "-w", "\n%{http_code}", *arguments]
        ended = subprocess.run(command, stdin=source, capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))
        body, _, status = ended.stdout.rpartition(b"\n")
        return int(status), json.loads(body)

    def test_record_over_the_limit(self) -> None:
        """A record of a byte more than 32 MiB: 413, over both versions of HTTP, with and without its length told."""
        shash = self.authorize("camera")
        path = self.folder() / "large"
        path.write_bytes(bytes(32 * 1024 * 1024 + 1))
        url = f"{self.server.url}/addRecord.json?shash={shash}"
        for version in ("--http2", "--http1.1"):
            for source in (str(path), "-"):
                with self.subtest(version=version, source=source), path.open("rb") as file:
                    self.assertEqual(self.curl(version, "-T", source, url, source=file), (413, bad(12)))
        self.assertEqual(self.call("getRecordCount.json", shash=shash)["records"], [])

    def test_too_many_requests(self) -> None:
        """Too many requests at once end the session; the device can't authorize for a while: 429, ``Retry-After``."""
        shash = self.authorize("hasty")
        for _ in range(50):
            self.assertEqual(self.call("heartBit.json", shash=shash), {"result": "OK"})
        answers = (self.call("heartBit.json", shash=shash) for _ in range(50))
        self.assertEqual(next(each for each in answers if each["result"] != "OK"), bad(6))
        login = {"name": self.account, "pass": PASSWORD, "device": "hasty"}
        refused = self.http.post("/authorize.json", json=login)
        self.assertEqual((refused.status_code, refused.json()), (429, bad(5)))
        self.assertLessEqual(int(refused.headers["retry-after"]), 60)
        self.authorize("other")
