"""The files of a database that runs: what was deleted gives its space back to the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from tests.contract.promises import Contract, when
from tests.support.stores import open_database
from webcam.ports import RECORD_PART
from webcam.storage import writer
from webcam.storage.schema import LOG
from webcam.storage.sqlite import SQLiteStore
from webcam.storage.writer import CHECKPOINT


class SpaceTests(Contract, TestCase):
    def setUp(self):
        self.path, self.database = open_database(self)
        self.store = SQLiteStore(self.database)

    def log(self) -> int:
        return self.path.with_name(f"{self.path.name}-wal").stat().st_size

    async def fill(self, account_id: int, records: int) -> list[int]:
        data = [os.urandom(RECORD_PART)] * 4
        return [(await self.store.add_record(account_id, "d", "", when(n), data))[0] for n in range(records)]

    async def test_the_file_is_smaller_when_its_space_was_given_back(self):
        account_id = await self.account()
        ids = await self.fill(account_id, 20)
        await self.store.delete_records(account_id, ids, False)
        while await self.store.drop_parts(10):
            pass
        full = (await self.store.space()).size
        self.assertGreater((await self.store.space()).free, 20 * 1024 * 1024)
        while await self.store.give_back(1024 * 1024):
            pass
        await self.database.write(lambda cursor: cursor.execute("COMMIT"))
        await self.database.write(lambda cursor: cursor.execute("COMMIT").execute("PRAGMA wal_checkpoint").fetchall())
        self.assertGreater(full, 20 * 1024 * 1024)
        self.assertLess(self.path.stat().st_size, 1024 * 1024)

    async def test_one_step_gives_back_about_as_much_as_it_was_asked_for(self):
        account_id = await self.account()
        await self.store.delete_records(account_id, await self.fill(account_id, 2), False)
        await self.store.drop_parts(10)
        before = await self.store.space()
        given = await self.store.give_back(500_000)
        after = await self.store.space()
        self.assertEqual((before.size - after.size, given), (given, given))
        self.assertLess(abs(given - 500_000), 50_000)
        self.assertLessEqual(abs(before.free - after.free - given), 8192)

    async def test_a_log_that_grew_is_small_again(self):
        await self.account()
        await self.grow()
        self.assertGreater(self.log(), LOG)
        await self.store.trim_log()
        self.assertLessEqual(self.log(), LOG)
        self.assertEqual(len(await self.store.accounts()), 1)

    async def grow(self) -> None:
        """Nothing of the log is written to the database meanwhile."""
        await self.database.write(lambda cursor: cursor.execute("COMMIT").execute("PRAGMA wal_autocheckpoint = 0"))
        statement = "INSERT INTO record_parts (record_id, part, data) VALUES (77, ?, ?)"
        parts = [(part, os.urandom(RECORD_PART)) for part in range(2 * LOG // RECORD_PART)]
        await self.database.write(lambda cursor: cursor.executemany(statement, parts))
        await self.database.write(lambda cursor: cursor.execute("COMMIT").execute("PRAGMA wal_autocheckpoint = 1000"))

    async def test_the_commit_of_a_step_writes_nothing_to_the_database_itself(self):
        """The log holds ten times what lets an ordinary commit do so. When the step is over, another has written it."""
        await self.account()
        sizes = []

        def filling(cursor: sqlite3.Cursor) -> None:
            values = [(1, part, os.urandom(RECORD_PART)) for part in range(10 * CHECKPOINT * 4096 // RECORD_PART)]
            cursor.executemany("INSERT INTO record_parts (record_id, part, data) VALUES (?, ?, ?)", values)

        before = self.path.stat().st_size
        commit = writer._timed

        def timed(cursor: sqlite3.Cursor, writes: Sequence[writer.Write]) -> list[object]:
            outcomes = commit(cursor, writes)
            sizes.append(self.path.stat().st_size)
            return outcomes

        self.patch(writer, "_timed", timed)
        await self.database.step(filling)
        self.assertEqual(sizes, [before])
        self.assertGreater(self.path.stat().st_size, 10 * CHECKPOINT * 4096)

    async def test_behind_a_step_commits_are_as_before(self):
        await self.account()
        await self.database.step(lambda cursor: None)
        found = await self.database.write(lambda cursor: cursor.execute("PRAGMA wal_autocheckpoint").fetchone())
        self.assertEqual(found, (CHECKPOINT,))

    async def test_a_log_that_is_small_is_left_alone(self):
        await self.account()
        before = self.log()
        await self.store.trim_log()
        self.assertEqual(self.log(), before)

    async def test_steps_are_transactions_of_their_own_and_others_go_on_between_them(self):
        account_id = await self.account()
        await self.store.delete_records(account_id, await self.fill(account_id, 4), False)
        steps = [Deferred.fromCoroutine(self.store.drop_parts(2)) for _ in range(8)]
        others = [Deferred.fromCoroutine(self.store.add_account(f"other {n}", "hash")) for n in range(8)]
        self.assertEqual(await gatherResults(steps), [2] * 8)
        self.assertEqual(len(set(await gatherResults(others))), 8)
