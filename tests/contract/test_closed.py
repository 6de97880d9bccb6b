"""A database that is closed for a while, so that its file can be exchanged."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.support.stores import open_database
from webcam.errors import StorageClosed


class ClosedTests(TestCase):
    def setUp(self) -> None:
        self.path, self.database = open_database(self)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("CREATE TABLE notes (text)")

    @staticmethod
    def note(cursor: sqlite3.Cursor, text: str) -> str:
        cursor.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        return text

    @staticmethod
    def notes(cursor: sqlite3.Cursor) -> list[str]:
        return [text for (text,) in cursor.execute("SELECT text FROM notes ORDER BY rowid")]

    def begin(self, coroutine: Any) -> Deferred[Any]:
        return Deferred.fromCoroutine(coroutine)

    async def alone(self) -> None:
        """Nobody has the file open: SQLite gives leave to change its journal mode only then."""
        with closing(sqlite3.connect(self.path, timeout=0)) as connection:
            self.assertEqual(connection.execute("PRAGMA journal_mode = DELETE").fetchone(), ("delete",))

    async def test_nobody_has_the_file_open_and_afterwards_all_is_as_before(self) -> None:
        await self.database.write(self.note, "before")
        await self.database.read(self.notes)
        async with self.database.closed():
            await self.alone()
            with closing(sqlite3.connect(self.path)) as connection:
                connection.execute("UPDATE notes SET text = 'another'")
                connection.commit()
        self.assertEqual(await self.database.read(self.notes), ["another"])
        self.assertEqual(await self.database.write(self.note, "after"), "after")

    async def test_what_was_begun_ends_first(self) -> None:
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        held = [self.begin(self.database.write(lambda _: go_on.wait(30)))]
        held += [self.begin(self.database.write(self.note, f"note {number}")) for number in range(3)]
        held += [self.begin(self.database.read(lambda _: go_on.wait(30))) for _ in range(8)]
        told: list[bool] = []
        for each in held:
            each.addCallback(lambda _: told.append(True))
        closed = self.begin(self.alone_while_closed(told, len(held)))
        self.assertFalse(closed.called)
        go_on.set()
        await closed
        self.assertEqual(await self.database.read(self.notes), ["note 0", "note 1", "note 2"])

    async def alone_while_closed(self, told: list[bool], expected: int) -> None:
        async with self.database.closed():
            self.assertEqual(len(told), expected, "whoever waited knows the outcome")
            await self.alone()

    async def test_meanwhile_everything_is_refused(self) -> None:
        async with self.database.closed():
            for call in (self.database.write(self.note, "refused"), self.database.read(self.notes)):
                await self.assertFailure(self.begin(call), StorageClosed)
        self.assertEqual(await self.database.read(self.notes), [])

    async def test_it_is_opened_again_whatever_happens(self) -> None:
        async def fails() -> None:
            async with self.database.closed():
                raise ValueError("in between")

        await self.assertFailure(self.begin(fails()), ValueError)
        self.assertEqual(await self.database.write(self.note, "after"), "after")

    async def test_an_end_for_good_stays_one(self) -> None:
        async with self.database.closed():
            await self.database.close()
        await self.assertFailure(self.begin(self.database.read(self.notes)), StorageClosed)
        await self.alone()
