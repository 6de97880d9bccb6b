"""A disk without a free byte, under load: clear answers, nothing lost, and well again by itself.

``python -m tests.full_disk`` is the long form, which holds the server to times, too.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.full_disk.run import SIZE, FullDisk
from tests.support.faults import FaultyServer
from tests.support.skipping import disk_of


class FullDiskTests(SynchronousTestCase):
    """For some seconds."""

    def test_full_to_the_last_byte(self) -> None:
        """Every question is answered, by OK or by DATABASE_FAIL; what was acknowledged is there, the rest is not; the
        log has few lines of it."""
        folder = Path(self.mktemp()).absolute()
        disk = disk_of(self, folder / "data", SIZE)
        server = FaultyServer(folder, "--cooldown=0", "--keep-free=0")
        self.addCleanup(server.stop)
        server.start()
        tried = FullDisk.prepare(server, disk, seed=1, devices=3)
        before = tried.phase("with space", 1, tried.leave_alone)
        full = tried.phase("full", 3, tried.keep_full)
        after = tried.phase("with space again", 1, tried.leave_alone)
        self.assertEqual(tried.wrong, [], "\n".join(tried.wrong))
        self.assertEqual(server.trouble(), [], server.log)
        self.assertEqual(full.free, 0)
        self.assertGreater(full.answers["503"], 0)
        self.assertEqual((before.answers["503"], after.answers["503"]), (0, 0))
        self.assertGreater(after.answers["OK"], 0)
