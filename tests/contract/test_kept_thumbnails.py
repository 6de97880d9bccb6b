"""Thumbnails that are kept: as they were made, within a bound, and never anybody's failure."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet import threads
from twisted.internet.defer import Deferred
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.contract.promises import at, when
from tests.support.server import at_once
from tests.support.skipping import disk_of
from tests.support.stores import BlockingStore
from webcam.model import Record
from webcam.storage.thumbnails import LARGEST, LIMIT, REST, ROW, ThumbnailFile


def record(record_id: int, second: int = 0) -> Record:
    """A record of some bytes."""
    return Record(record_id, "camera", "", at(second), 1000)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "thumbnails.db"
        self.now = 0.0
        self.kept = self.open()
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def open(self, limit: int = LIMIT, maker: int = 0) -> ThumbnailFile:
        kept = ThumbnailFile(self.path, at_once, maker, limit, lambda: self.now)
        self.addCleanup(lambda: self.run_now(kept.close()))
        return kept

    def run_now(self, coroutine: Any) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def keep(self, record_id: int, data: bytes) -> None:
        self.run_now(self.kept.keep(record(record_id), data))

    def found(self, record_id: int) -> bytes | None:
        data: bytes | None = self.run_now(self.kept.thumbnail(record(record_id)))
        return data

    def ids(self, after: int = 0, limit: int = 1000) -> list[int]:
        ids: list[int] = self.run_now(self.kept.kept(after, limit))
        return ids

    def lines(self) -> list[str]:
        return [line for each in self.events if (line := formatEvent(each) or "").startswith("no thumbnails are kept")]


class ShortDiskTests(Case):
    def test_none_is_kept_where_the_disk_is_short_of_space(self) -> None:
        """What can be made anew doesn't take the last of it; what is kept already is found."""
        disk = disk_of(self, self.path.parent, 64 * 1024 * 1024)
        self.keep(1, b"kept")
        disk.leave(4 * 1024 * 1024)
        self.keep(2, b"not kept")
        self.assertEqual((self.found(1), self.found(2)), (b"kept", None))
        disk.empty()
        self.keep(2, b"kept, too")
        self.assertEqual(self.found(2), b"kept, too")


class Keeping(Case):
    def test_it_comes_back_as_it_was_kept(self) -> None:
        self.assertIsNone(self.found(1))
        every = bytes(range(256)) * 50
        self.keep(1, every)
        self.keep(2**62, b"")
        self.assertEqual([self.found(each) for each in (1, 2**62, 2)], [every, b"", None])

    def test_a_new_one_replaces_it(self) -> None:
        self.keep(1, b"one")
        self.keep(1, b"another")
        self.assertEqual((self.found(1), self.ids()), (b"another", [1]))

    def test_another_record_of_the_same_id_has_none(self) -> None:
        """Its database is another: somebody deleted the old one, and this file stayed."""
        self.keep(1, b"of a stranger")
        self.assertIsNone(self.run_now(self.kept.thumbnail(record(1, second=1))))

    def test_some_are_forgotten(self) -> None:
        for record_id in range(1, 1202):
            self.keep(record_id, b"x")
        self.run_now(self.kept.forget([*range(2, 1201), 5000]))
        self.run_now(self.kept.forget([]))
        self.assertEqual(self.ids(), [1, 1201])

    def test_a_page_of_them(self) -> None:
        for record_id in (7, 3, 9, 1):
            self.keep(record_id, b"")
        self.assertEqual([self.ids(0, 2), self.ids(3, 2), self.ids(9, 2)], [[1, 3], [7, 9], []])

    def test_they_outlast_a_restart(self) -> None:
        """Also that there is none of a picture: it may have taken all memory there was."""
        self.keep(1, b"one")
        self.keep(2, b"")
        self.run_now(self.kept.close())
        self.kept = self.open()
        self.assertEqual([self.found(1), self.found(2)], [b"one", b""])

    def test_another_decoder_tries_those_again_of_which_none_could_be_made(self):
        for maker, kept in ((1, b""), (2, None), (2, b"")):
            self.run_now(self.kept.close())
            self.kept = self.open(maker=maker)
            self.assertEqual((self.found(1), self.found(2)), (b"one", kept) if maker == 2 else (None, None))
            self.keep(1, b"one")
            self.keep(2, b"")

    def test_nobody_else_can_read_them(self) -> None:
        self.keep(1, b"one")
        for path in self.path.parent.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_closed_is_closed(self) -> None:
        self.keep(1, b"one")
        self.run_now(self.kept.close())
        self.keep(2, b"two")
        self.assertEqual((self.found(1), self.ids()), (None, []))


class Bounded(Case):
    def test_the_oldest_go_for_a_new_one(self) -> None:
        self.kept = self.open(limit=10 * (ROW + 1000))
        for record_id in range(20, 0, -1):
            self.keep(record_id, bytes(1000))
        self.assertEqual(self.ids(), list(range(1, 11)))

    def test_those_that_are_none_are_bounded_too(self) -> None:
        self.kept = self.open(limit=10 * ROW)
        for record_id in range(50):
            self.keep(record_id, b"")
        self.assertEqual(len(self.ids(-1)), 10)

    def test_what_is_forgotten_or_replaced_leaves_room(self) -> None:
        self.kept = self.open(limit=3 * (ROW + 100))
        for _ in range(10):
            self.keep(1, bytes(100))
        for record_id in range(2, 30):
            self.keep(record_id, bytes(100))
            self.run_now(self.kept.forget([record_id]))
        self.assertEqual(self.ids(), [1])

    def test_the_bound_holds_over_a_restart(self) -> None:
        for record_id in range(1, 11):
            self.keep(record_id, bytes(1000))
        self.run_now(self.kept.close())
        self.kept = self.open(limit=5 * (ROW + 1000))
        self.keep(11, bytes(1000))
        self.assertEqual(self.ids(), [7, 8, 9, 10, 11])

    def test_the_file_grows_no_more_than_that(self) -> None:
        limit = 40 * (ROW + 10_000)
        self.kept = self.open(limit)
        for record_id in range(400):
            self.keep(record_id, bytes(10_000))
        self.run_now(self.kept.close())
        self.assertLess(self.path.stat().st_size, 2 * limit)


class Damaged(Case):
    """Nothing fails for it: thumbnails are made again."""

    def test_a_file_that_is_no_database(self) -> None:
        """It is left alone for a while, then made anew."""
        self.path.write_bytes(b"something else" * 1000)
        self.keep(1, b"one")
        self.assertIsNone(self.found(1))
        self.assertEqual(len(self.lines()), 1)
        self.now += REST
        self.keep(1, b"one")
        self.assertEqual(self.found(1), b"one")
        self.assertEqual(len(self.lines()), 1)

    def test_a_damaged_page(self) -> None:
        for record_id in range(200):
            self.keep(record_id, bytes(3000))
        self.run_now(self.kept.close())
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
        self.kept = self.open()
        self.assertEqual((self.found(1), self.ids()), (None, []))
        self.now += REST
        self.keep(1, b"one")
        self.assertEqual((self.found(1), self.ids()), (b"one", [1]))

    def spoiled(self, *statements: str) -> None:
        self.keep(1, b"one")
        self.run_now(self.kept.close())
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for each in statements:
                connection.execute(each)
        self.kept = self.open()

    def test_what_is_no_picture_of_ours(self) -> None:
        """A number for which as many bytes would be made, text, and what is too large: it goes, the rest stays."""
        row = f"INSERT INTO thumbnails VALUES ({{}}, {{}}, '{at(0)}', {{}})"
        self.spoiled(
            row.format(2, 2, "1000000000000"),
            row.format(3, 3, "'text'"),
            row.format(4, 4, f"ZEROBLOB({LARGEST + 1})"),
            row.format(5, "5.5", "x'00'"),
            "INSERT INTO thumbnails VALUES (6, 6, x'00', x'00')",
        )
        self.assertEqual([self.found(each) for each in range(1, 7)], [b"one", *[None] * 5])
        self.assertEqual((self.ids(), self.lines()), ([1], []))

    def test_a_file_of_another_make_is_made_anew(self) -> None:
        for statement in (
            "CREATE TRIGGER bad BEFORE INSERT ON thumbnails BEGIN SELECT RAISE(ABORT, 'no'); END",
            "CREATE TABLE more (x)",
            "ALTER TABLE thumbnails ADD COLUMN x CHECK (x > 0)",
        ):
            self.events.clear()
            self.spoiled(statement)
            self.assertIsNone(self.found(1))
            self.assertEqual(len(self.lines()), 1)
            self.now += REST
            self.keep(2, b"two")
            self.assertEqual((self.found(2), self.ids()), (b"two", [2]))

    def test_a_place_that_can_not_be_written(self) -> None:
        self.path.mkdir()
        for _ in range(3):
            self.keep(1, b"one")
            self.assertEqual((self.found(1), self.ids()), (None, []))
        self.assertEqual(len(self.lines()), 1)


class Threads(TestCase):
    async def test_on_threads(self) -> None:
        """The connection is made on one, and used on others."""
        path = Path(self.mktemp())
        turn: list[Deferred[Any]] = []

        def one_after_the_other(function: Any, *args: Any) -> Deferred[Any]:
            begun = threads.deferToThread(function, *args)
            turn.append(begun)
            return begun

        kept = ThumbnailFile(path, one_after_the_other)
        for record_id in range(10):
            await kept.keep(record(record_id), b"%d" % record_id)
        self.assertEqual(
            [await kept.thumbnail(record(each)) for each in range(10)], [b"%d" % each for each in range(10)]
        )
        await kept.close()
        self.assertEqual(len(turn), 21)


class WhichRecordsThereAre(SynchronousTestCase):
    """What thumbnails are compared with."""

    def test_the_store_knows_them(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.some(BlockingStore())))

    async def some(self, store: BlockingStore) -> None:
        accounts = [await store.add_account(name, "hash") for name in ("one", "two")]
        added = [(await store.add_record(each, "camera", "", when(0), [b"x"]))[0] for each in accounts * 400]
        self.assertEqual(await store.kept_records([*added, added[-1] + 1]), set(added))
        await store.delete_records(accounts[0], added[:2:2], False)
        await store.remove_account("two")
        left = set(added[::2]) - {added[0]}
        self.assertEqual(await store.kept_records(added), left)
        self.assertEqual(await store.kept_records([]), set())
