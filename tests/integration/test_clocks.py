"""A wall clock that jumps by years, under load and over restarts: nothing goes that should stay, nothing comes twice.

``python -m tests.clocks`` is the long form. ``WEBCAM_CLOCK_ROUNDS`` says how many rounds there are here (6),
``WEBCAM_CLOCK_SEED`` repeats a workload.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.clocks.run import JUMPS, Jump, Jumps
from tests.crash.run import Round

ROUNDS = int(os.environ.get("WEBCAM_CLOCK_ROUNDS", "6"))


class ClocksTests(SynchronousTestCase):
    """A year ahead while it runs and over a restart, back to 1970, and right again; then everything expires."""

    timeout = 120 + 30 * ROUNDS

    def test_what_should_stay_stays_and_everything_expires_once_time_is_right(self) -> None:
        seed = int(os.environ.get("WEBCAM_CLOCK_SEED", random.randrange(2**32)))
        rounds: list[tuple[Jump, Round]] = []
        jumps = Jumps(Path(self.mktemp()).absolute(), seed, 3, lambda jump, each: rounds.append((jump, each)))
        self.addCleanup(jumps.server.stop)
        wrong = jumps.run_jumps(ROUNDS)
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertEqual([jump for jump, _ in rounds], [JUMPS[number % len(JUMPS)] for number in range(ROUNDS)])
        self.assertGreater(sum(each.messages for _, each in rounds), 0)
