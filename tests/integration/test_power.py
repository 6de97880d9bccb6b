"""The power is cut in the first start and under load: the server starts again, and has what it acknowledged.

``python -m tests.power`` is the long form. ``WEBCAM_POWER_POINTS`` says at how many points it is cut here (6),
``WEBCAM_POWER_SEED`` repeats the choice of points.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.power.journal import Kind, NoCompiler
from tests.power.run import Life, cut, points, record

POINTS = int(os.environ.get("WEBCAM_POWER_POINTS", "6"))
SECONDS = 2.0


class PowerTests(SynchronousTestCase):
    """One life of a server, and another one on each of the disks that a cut would leave."""

    timeout = 60 + 30 * POINTS

    def life(self) -> Life:
        """What a server did in its first start and under some load."""
        try:
            return record(Path(self.mktemp()).absolute(), SECONDS)
        except NoCompiler as problem:
            raise SkipTest(str(problem)) from None

    def test_cut(self) -> None:
        """The first password logs in, clients find what they were told of; key and certificate are those they know."""
        life = self.life()
        self.assertEqual(life.problems, [])
        told = [each for each in life.entries if each.kind is Kind.TOLD]
        self.assertGreater(len(told), 10)
        seed = int(os.environ.get("WEBCAM_POWER_SEED", random.randrange(2**32)))
        chosen = points(life, POINTS, random.Random(seed))
        cuts = cut(life, chosen, seed, lambda _: None)
        wrong = [f"seed {seed}, entry {each.after}, torn {each.torn}: {each.wrong}" for each in cuts if each.wrong]
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertGreater(len(cuts), POINTS)
