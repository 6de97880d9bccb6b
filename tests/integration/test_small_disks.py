"""Disks of 64 MB, tmpfs and ext4, that are filled by the server itself and by another program.

``python -m tests.full_disk --small`` is the same by hand.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.full_disk.filling import CASES, SIZE, run
from tests.support.skipping import disk_of


class SmallDiskCase:
    """Whatever fills it, logins and deletions are done, and behind deletions all is well."""

    kind = ""

    def fill(self, case: str) -> None:
        folder = Path(self.mktemp()).absolute()
        disk = disk_of(self, folder / "data", SIZE, self.kind)
        wrong = run(case, folder, disk)
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_by_its_records_uploads_go_on(self) -> None:
        self.fill("by its records, default options")

    def test_by_its_records_where_none_may_go(self) -> None:
        self.fill("by its records, --keep-free 0")

    def test_by_its_messages(self) -> None:
        self.fill("by its messages, --keep-free 0")

    def test_by_another_program(self) -> None:
        self.fill("by another program, default options")

    def test_by_another_program_where_no_records_may_go(self) -> None:
        self.fill("by another program, --keep-free 0")


class TmpfsTests(SmallDiskCase, SynchronousTestCase):
    kind = "tmpfs"


class Ext4Tests(SmallDiskCase, SynchronousTestCase):
    kind = "ext4"


class CasesTests(SynchronousTestCase):
    def test_every_case_is_tried(self) -> None:
        tried: list[str] = []
        case = SmallDiskCase()
        self.patch(SmallDiskCase, "fill", lambda _, name: tried.append(name))
        for name in dir(SmallDiskCase):
            if name.startswith("test_"):
                getattr(case, name)()
        self.assertEqual(sorted(tried), sorted(CASES))
