"""The id of a server, in its data folder."""

from __future__ import annotations

import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from webcam import instance
from webcam.instance import FILE, instance_id


class InstanceTests(SynchronousTestCase):
    def folder(self) -> Path:
        folder = Path(self.mktemp())
        folder.mkdir()
        return folder

    def test_it_is_made_once_and_stays_with_the_folder(self):
        data = self.folder()
        made = instance_id(data)
        self.assertRegex(made, r"\A[0-9a-f]{16}\Z")
        self.assertEqual(instance_id(data), made)
        self.assertEqual((data / FILE).read_text(), f"{made}\n")
        self.assertEqual(stat.S_IMODE((data / FILE).stat().st_mode), 0o600)

    def test_two_folders_have_two(self):
        self.assertNotEqual(instance_id(self.folder()), instance_id(self.folder()))

    def test_what_is_no_id_is_replaced(self):
        data = self.folder()
        for wrong in (b"", b"x", b"0123456789abcdeg", b"0123456789abcdef; Domain=example.com", b"\xff" * 16):
            (data / FILE).write_bytes(wrong)
            made = instance_id(data)
            self.assertRegex(made, r"\A[0-9a-f]{16}\Z")
            self.assertEqual(instance_id(data), made)

    def test_a_folder_that_takes_nothing_keeps_no_server_from_starting(self):
        def refuse(path: Path, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        self.patch(instance, "write_file", refuse)
        data = self.folder()
        self.assertRegex(instance_id(data), r"\A[0-9a-f]{16}\Z")
        self.assertEqual(list(data.iterdir()), [])
