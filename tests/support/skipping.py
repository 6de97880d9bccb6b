"""What a test needs of the machine, or says that it was skipped."""

from __future__ import annotations

from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from tests.support.small_disk import NoDisk, SmallDisk, small_disk


def disk_of(case: SynchronousTestCase, folder: Path, size: int, kind: str = "tmpfs") -> SmallDisk:
    """A small disk in place of *folder*, until the end of the test; without one the test is skipped."""
    context = small_disk(folder, size, kind)
    try:
        disk = context.__enter__()
    except NoDisk as problem:
        raise SkipTest(str(problem)) from None
    case.addCleanup(context.__exit__, None, None, None)
    return disk
