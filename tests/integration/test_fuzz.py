"""Requests out of docs/openapi.json, valid and not, to every path: each answer is one that it describes.

``python -m tests.fuzz`` is the long form.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

from hypothesis.errors import HypothesisWarning
from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz.world import OPTIONS
from tests.support import described
from tests.support.process import Server

BY_CHANCE = ("/share/", "/console/password.json")
"""What takes a link's token, or a good password: nobody comes by one so soon."""

CASES = 400
"""In some 15 s."""


class FuzzTests(SynchronousTestCase):
    """A moment of it, the same one each time."""

    if importlib.util.find_spec("schemathesis") is None:
        skip = "schemathesis is not installed: it wants Python 3.11"

    def test_every_answer_is_described(self) -> None:
        """And the server takes what the description takes, and nothing else; nothing fails that nobody foresaw."""
        from tests.fuzz.run import fuzz

        server = Server(Path(self.mktemp()).absolute(), *OPTIONS)
        self.addCleanup(server.stop)
        server.start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)  # a request is long, and so is its repr
            report = fuzz(server, CASES, number=1)
        self.assertEqual(report.failures, [], server.log)
        self.assertGreaterEqual(report.cases, CASES)
        wanted = {f"{method} {path}" for method, path in described.operations() if not path.startswith(BY_CHANCE)}
        self.assertEqual(wanted - {label for label, counted in report.outcomes.items() if counted["OK"]}, set())
        self.assertIn(server.stop(), {0, -15}, "it did not live to its end")
