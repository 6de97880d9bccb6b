"""Viewers and cameras that come, go and die in every way leave nothing in the server.

``python -m tests.soak`` is the long form.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.soak.run import soak
from tests.support.census import CountedServer


class SoakTests(SynchronousTestCase):
    """A few viewers, some seconds."""

    def test_nothing_is_left(self) -> None:
        """No object, timer, coroutine, descriptor or thread more than after a first round, and nothing that the server
        had to end and did not."""
        server = CountedServer(Path(self.mktemp()).absolute(), "--cooldown=0")
        self.addCleanup(server.stop)
        server.start()
        soaked = soak(server, viewers=30, warm=4.0, seconds=8.0, told=lambda _: None)
        self.assertEqual((soaked.failures, server.trouble()), ([], []), server.log)
        self.assertGreater(soaked.ends.total(), 30)
