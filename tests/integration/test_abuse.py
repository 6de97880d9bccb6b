"""Hostile peers, for a moment each: the well-behaved are answered, memory comes back, and what should be cut off is.

``python -m tests.abuse`` is the long form, which holds the server to times, too.
"""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.abuse.attacks import ALL
from tests.abuse.lines import SOURCE, Attack
from tests.abuse.run import LATE, OPTIONS, Ground, attacked
from tests.support.process import DEADLINE, Server

SECONDS = 0.2


@functools.cache
def ground() -> Ground:
    """A server of their own for all attacks; it ends with the tests."""
    with socket.socket() as probe:
        try:
            probe.bind((SOURCE, 0))
        except OSError:
            raise SkipTest(f"{SOURCE} is no address of this machine") from None
    folder = Path(tempfile.mkdtemp(prefix="webcam-abuse-"))
    server = Server(folder, *OPTIONS)

    def end() -> None:
        server.stop()
        shutil.rmtree(folder)

    atexit.register(end)
    return Ground.prepare(server.start())


class AbuseTests(SynchronousTestCase):
    """One attack after the other."""

    def held(self, attack: Attack) -> None:
        """Everybody was answered, and what should be cut off was: the attack goes on until it is."""
        server = ground().server
        said = server.said
        outcome = attacked(ground().before(attack), attack, SECONDS, DEADLINE)
        self.assertEqual([each for each in outcome.failures if each != LATE], [], server.log)
        self.assertGreater(len(outcome.experience.took), 0)
        self.assertEqual(server.trouble(said), [], server.log)


def _test(attack: Attack) -> Callable[[AbuseTests], None]:
    def test(case: AbuseTests) -> None:
        case.held(attack)

    test.__doc__ = attack.script.__doc__
    return test


for _attack in ALL:
    setattr(AbuseTests, "test_" + re.sub(r"\W+", "_", _attack.name).lower(), _test(_attack))
