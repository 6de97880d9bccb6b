"""A bad machine, for a moment each: nothing that was acknowledged is lost, and nothing is left over.

``python -m tests.faults`` is the long form.
"""

from __future__ import annotations

import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.faults.disturbances import FAULTS, Scene
from tests.faults.run import Day, Epoch, Rest
from tests.support.faults import FaultyServer
from tests.support.process import DEADLINE
from tests.support.small_disk import NoDisk, SmallDisk, small_disk

SIZE = 256 * 1024 * 1024


class FaultTests(SynchronousTestCase):
    """Each fault once; the full disk, where one can be made."""

    timeout = 300

    def test_nothing_is_lost_or_left_over(self) -> None:
        folder = Path(self.mktemp()).absolute()
        server = FaultyServer(folder, "--cooldown=0", "--keep-free=0")
        scene = Scene(server, self.disk(folder / "data"), random.Random(1))
        self.addCleanup(scene.server.stop)
        scene.server.start()
        epochs: list[Epoch] = []
        wrong: list[str] = []
        rests: list[Rest] = []
        for name in ("first", "second"):
            day = Day(scene, name, DEADLINE)
            day.live(10.0, 1.0, 10, epochs.append, lambda _: None)
            wrong += day.wrong
            rests.append(Rest.of(scene, rests[0] if rests else None))
        wrong += rests[1].against(rests[0])
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertEqual(scene.server.trouble(), [], scene.server.log)
        self.assertLessEqual({each.name for each in FAULTS if each.possible(scene)}, {each.fault for each in epochs})
        self.assertGreater(sum(each.answers["OK"] for each in epochs), 0)

    def disk(self, folder: Path) -> SmallDisk | None:
        """That can be filled, where it can be made."""
        context = small_disk(folder, SIZE)
        try:
            disk = context.__enter__()
        except NoDisk:
            return None
        self.addCleanup(context.__exit__, None, None, None)
        return disk
