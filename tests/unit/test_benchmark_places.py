"""The places of a record's bytes that a benchmark compares: each keeps them, and gives their space back."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks.places import PLACES, measured
from webcam.ports import RECORD_PART


def occupied(folder: Path) -> int:
    """Bytes of all files but the database's log, which stays as large as it was."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-wal"))


class PlaceTests(SynchronousTestCase):
    """Of each."""

    def folder(self) -> Path:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        return folder

    def test_bytes_come_back_equal(self) -> None:
        for name, make in PLACES.items():
            place = make(self.folder())
            self.addCleanup(place.close)
            data = os.urandom(2 * RECORD_PART + 1000)
            place.store(data, 1)
            place.store(data, 3)
            self.assertEqual([b"".join(place.read(each)) for each in place.ids], [data] * 4, name)

    def test_space_is_given_back(self) -> None:
        for name, make in PLACES.items():
            folder = self.folder()
            place = make(folder)
            self.addCleanup(place.close)
            place.store(os.urandom(RECORD_PART), 20)
            place.flush()
            before = occupied(folder)
            place.delete(place.ids)
            place.flush()
            self.assertLess(occupied(folder), before - 19 * RECORD_PART, name)

    def test_figures(self) -> None:
        """Whatever is measured is there, and nothing is left of it."""
        folder = self.folder()
        found = measured("files", folder, 1000, 2, 0.01)
        self.assertEqual(set(found), {"rate", "cost", "p50", "p99", "cold", "read", "read_cpu", "delete"})
        self.assertFalse(folder.exists())
