"""A certificate and a key of the server's own, in a folder, and what is logged about them."""

from __future__ import annotations

import datetime
from pathlib import Path

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from webcam.http.certificate import make_self_signed

NOW = datetime.datetime(2030, 5, 17, 12, 0, tzinfo=datetime.timezone.utc)
"""When they were made."""


class PairCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        make_self_signed(self.certificate, self.key, NOW)
        self.logged: list[dict] = []
        globalLogPublisher.addObserver(self.logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged.append)
