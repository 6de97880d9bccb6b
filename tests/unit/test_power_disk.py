"""The disk of tests/power: what a power cut leaves of a file, a name, a folder."""

from __future__ import annotations

import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.power.disk import SECTOR, Disk
from tests.power.journal import Entry, Kind

ROOT, FOLDER, FILE, OTHER = 1, 2, 3, 4
BEGUN = [
    Entry(Kind.ROOT, ROOT, 0, b"/root"),
    Entry(Kind.FOLDER, FOLDER, 0, b"/root/data"),
    Entry(Kind.BEGIN, ROOT),
    Entry(Kind.END, ROOT),
]


def create(name: str = "file", inode: int = FILE) -> Entry:
    return Entry(Kind.CREATE, inode, 0, f"/root/data/{name}".encode())


def write(data: bytes, offset: int = 0, inode: int = FILE) -> Entry:
    return Entry(Kind.WRITE, inode, offset, data)


def sync(inode: int) -> list[Entry]:
    return [Entry(Kind.BEGIN, inode), Entry(Kind.END, inode)]


def move(kind: Kind, old: str, new: str) -> Entry:
    return Entry(kind, 0, 0, f"/root/data/{old}".encode(), f"/root/data/{new}".encode())


class DiskTests(SynchronousTestCase):
    def left(
        self, *entries: Entry, chance: random.Random | None = None, begun: list[Entry] = BEGUN
    ) -> dict[str, bytes]:
        """The files of the folder after a cut; without the folder, none."""
        disk = Disk()
        for each in [*begun, *entries]:
            disk.take(each)
        root = Path(self.mktemp())
        root.mkdir()
        disk.rebuild(root, chance)
        return {each.name: each.read_bytes() for each in root.glob("data/*")}

    def any_of(self, *entries: Entry) -> set[frozenset[tuple[str, bytes]]]:
        """Everything that may be left, by chance."""
        return {frozenset(self.left(*entries, chance=random.Random(seed)).items()) for seed in range(200)}

    def test_what_was_synced_is_there(self) -> None:
        self.assertEqual(self.left(create(), write(b"safe"), *sync(FILE), *sync(FOLDER)), {"file": b"safe"})

    def test_a_name_needs_its_folder(self) -> None:
        self.assertEqual(self.left(create(), write(b"safe"), *sync(FILE)), {})

    def test_a_folder_needs_the_one_above(self) -> None:
        entries = (create(), write(b"safe"), *sync(FILE), *sync(FOLDER))
        self.assertEqual(self.left(*entries, begun=BEGUN[:2]), {})

    def test_content_needs_its_file(self) -> None:
        """A name without it leads to an empty file, and to the old content where that was safe."""
        self.assertEqual(self.left(create(), write(b"lost"), *sync(FOLDER)), {"file": b""})
        begun = (create(), write(b"old"), *sync(FILE), *sync(FOLDER))
        self.assertEqual(self.left(*begun, write(b"new!")), {"file": b"old"})
        self.assertEqual(self.left(*begun, Entry(Kind.TRUNCATE, FILE, 1)), {"file": b"old"})
        self.assertEqual(self.left(*begun, Entry(Kind.TRUNCATE, FILE, 1), *sync(FILE)), {"file": b"o"})

    def test_a_sync_covers_what_was_there_when_it_began(self) -> None:
        entries = (create(), *sync(FOLDER), write(b"safe"), Entry(Kind.BEGIN, FILE), write(b"lost", 4))
        self.assertEqual(self.left(*entries), {"file": b""})
        self.assertEqual(self.left(*entries, Entry(Kind.END, FILE)), {"file": b"safe"})

    def test_a_rename_is_of_the_folder(self) -> None:
        begun = (create(), write(b"old"), *sync(FILE), *sync(FOLDER))
        fresh = (create("new", OTHER), write(b"new", inode=OTHER), *sync(OTHER), move(Kind.RENAME, "new", "file"))
        self.assertEqual(self.left(*begun, *fresh), {"file": b"old"})
        self.assertEqual(self.left(*begun, *fresh, *sync(FOLDER)), {"file": b"new"})
        linked = move(Kind.LINK, "file", "link")
        self.assertEqual(self.left(*begun, linked, *sync(FOLDER)), {"file": b"old", "link": b"old"})
        removed = Entry(Kind.UNLINK, 0, 0, b"/root/data/file")
        self.assertEqual(self.left(*begun, removed), {"file": b"old"})
        self.assertEqual(self.left(*begun, removed, *sync(FOLDER)), {})

    def test_an_inode_that_is_used_again_is_another_file(self) -> None:
        first = (create(), write(b"first"), *sync(FILE), Entry(Kind.UNLINK, 0, 0, b"/root/data/file"))
        self.assertEqual(self.left(*first, create("second"), *sync(FOLDER)), {"second": b""})

    def test_by_chance_some_of_the_rest_is_there(self) -> None:
        """Names in their order; contents by sectors, in any choice, and zeros between them."""
        names = self.any_of(create("a"), create("b", OTHER))
        self.assertEqual(
            {frozenset(name for name, _ in each) for each in names}, {frozenset(), frozenset("a"), frozenset("ab")}
        )
        contents = self.any_of(create(), *sync(FOLDER), write(b"x" * SECTOR + b"y" * SECTOR))
        first, second = b"x" * SECTOR, b"y" * SECTOR
        found = {dict(each)["file"] for each in contents}
        self.assertEqual(found, {b"", first, bytes(SECTOR) + second, first + second})
