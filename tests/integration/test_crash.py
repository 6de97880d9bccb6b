"""kill -9 under load: whatever was acknowledged is there after the restart, whatever was refused is not.

``python -m tests.crash`` is the long form. ``WEBCAM_CRASH_ROUNDS`` says how many rounds there are here (3),
``WEBCAM_CRASH_SEED`` repeats a workload.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.crash.run import Crashes, Round

ROUNDS = int(os.environ.get("WEBCAM_CRASH_ROUNDS", "3"))


class CrashTests(SynchronousTestCase):
    """The same data over all rounds."""

    timeout = 60 + 30 * ROUNDS

    def test_answered_is_kept(self) -> None:
        """Messages, sync marks, records, deletions, settings and sessions, at a random moment, every time."""
        seed = int(os.environ.get("WEBCAM_CRASH_SEED", random.randrange(2**32)))
        crashes = Crashes(Path(self.mktemp()).absolute(), seed)
        self.addCleanup(crashes.server.stop)
        rounds: list[Round] = []
        wrong = crashes.run(ROUNDS, rounds.append)
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertEqual(len(rounds), ROUNDS)
        self.assertGreater(sum(each.messages for each in rounds), 0)
