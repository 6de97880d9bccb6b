"""Writes that wait share a transaction: all on disk at once, each whole or not at all, in their order."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.trial.unittest import TestCase

from tests.support.stores import open_database
from webcam.errors import DatabaseFail, DiskFull
from webcam.storage.writer import TOGETHER


class Wrong(Exception):
    """Raised by a write."""


class WriterTests(TestCase):
    def setUp(self) -> None:
        self.path, self.database = open_database(self)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE notes (text UNIQUE CHECK (text <> 'refused'))")
            connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
            connection.execute("CREATE TABLE children (parent REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")

    # Writes

    @staticmethod
    def note(cursor: sqlite3.Cursor, text: str) -> str:
        cursor.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        return f"noted {text}"

    @staticmethod
    def note_then_fail(cursor: sqlite3.Cursor, text: str) -> None:
        cursor.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        raise Wrong(text)

    @staticmethod
    def end_the_transaction(cursor: sqlite3.Cursor) -> None:
        """As a disk that is full may do."""
        cursor.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    @staticmethod
    def spoil_the_commit(cursor: sqlite3.Cursor) -> None:
        """Nothing is wrong before the transaction is to be committed."""
        cursor.execute("INSERT INTO children (parent) VALUES (1)")

    def hold(self) -> threading.Event:
        """A write that keeps the writer busy until this is set: what is asked for meanwhile waits."""
        go_on = threading.Event()
        self.held = Deferred.fromCoroutine(self.database.write(lambda _: go_on.wait(30)))
        self.addCleanup(go_on.set)
        return go_on

    def ask(self, function: Any, *args: Any) -> Deferred[Any]:
        return Deferred.fromCoroutine(self.database.write(function, *args))

    def notes(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY rowid")]

    async def outcomes(self, asked: list[Deferred[Any]]) -> list[Any]:
        """What each returned, or the class of what it raised."""
        results = await DeferredList(asked, consumeErrors=True)
        return [result if good else result.type for good, result in results]

    # What holds

    async def test_one_alone(self) -> None:
        self.assertEqual(await self.ask(self.note, "a"), "noted a")
        with self.assertRaises(Wrong):
            await self.ask(self.note_then_fail, "b")
        self.assertEqual(self.notes(), ["a"])

    async def test_what_failed_leaves_nothing_open_to_another_thread(self) -> None:
        """Its cursor, which the failure's traceback holds, can't reset what the connection is doing then."""
        held: list[sqlite3.Cursor] = []

        def fail(cursor: sqlite3.Cursor) -> None:
            held.append(cursor)
            cursor.execute("INSERT INTO notes (text) VALUES ('refused')")

        for ask in (self.database.write, self.database.read):
            with self.assertRaises(DatabaseFail):
                await ask(fail)
            with self.assertRaisesRegex(sqlite3.ProgrammingError, "closed cursor"):
                held.pop().execute("SELECT 1")

    async def test_those_that_wait_share_a_transaction(self) -> None:
        """And fewer of them than there are writes: what none of them shows before, all show at once."""
        go_on = self.hold()
        seen: list[list[str]] = []
        asked = [self.ask(self.note, str(number)) for number in range(50)]
        for each in asked:
            each.addCallback(lambda _: seen.append(self.notes()))
        go_on.set()
        await gatherResults(asked)
        self.assertEqual(seen[0], [str(number) for number in range(50)])

    async def test_so_many_at_most(self) -> None:
        """What is committed already, when each is written, tells of transactions."""
        go_on = self.hold()

        def note_and_look(cursor: sqlite3.Cursor, text: str) -> int:
            self.note(cursor, text)
            return len(self.notes())

        asked = [self.ask(note_and_look, str(number)) for number in range(TOGETHER + 5)]
        go_on.set()
        committed = await gatherResults(asked)
        self.assertEqual(committed, [0] * TOGETHER + [TOGETHER] * 5)
        self.assertEqual(len(self.notes()), TOGETHER + 5)

    async def test_in_their_order(self) -> None:
        """Each sees what those before it have done, and is answered behind them."""
        go_on = self.hold()
        answered: list[int] = []

        def count(cursor: sqlite3.Cursor, number: int) -> int:
            found: int = cursor.execute("SELECT count(*) FROM notes").fetchone()[0]
            self.note(cursor, str(number))
            return found

        asked = [self.ask(count, number) for number in range(10)]
        for each in asked:
            each.addCallback(answered.append)
        go_on.set()
        await gatherResults(asked)
        self.assertEqual(answered, list(range(10)))

    async def test_a_failing_one_among_good_ones(self) -> None:
        """By its own error or by SQLite's: nothing of it is stored, the others are."""
        go_on = self.hold()
        asked = [
            self.ask(self.note, "a"),
            self.ask(self.note_then_fail, "b"),
            self.ask(self.note, "refused"),
            self.ask(self.note, "a"),
            self.ask(self.note, "c"),
        ]
        go_on.set()
        self.assertEqual(await self.outcomes(asked), ["noted a", Wrong, DatabaseFail, DatabaseFail, "noted c"])
        self.assertEqual(self.notes(), ["a", "c"])

    async def test_one_that_ends_the_transaction(self) -> None:
        """The others are done again, each for itself."""
        go_on = self.hold()
        asked = [self.ask(self.note, "a"), self.ask(self.end_the_transaction), self.ask(self.note, "b")]
        go_on.set()
        self.assertEqual(await self.outcomes(asked), ["noted a", DiskFull, "noted b"])
        self.assertEqual(self.notes(), ["a", "b"])

    async def test_one_for_which_the_commit_fails(self) -> None:
        go_on = self.hold()
        asked = [self.ask(self.note, "a"), self.ask(self.spoil_the_commit), self.ask(self.note, "b")]
        go_on.set()
        self.assertEqual(await self.outcomes(asked), ["noted a", DatabaseFail, "noted b"])
        self.assertEqual(self.notes(), ["a", "b"])

    async def test_it_goes_on_behind_failures(self) -> None:
        for function in (self.end_the_transaction, self.spoil_the_commit):
            with self.assertRaises(DatabaseFail):
                await self.ask(function)
        self.assertEqual(await self.ask(self.note, "a"), "noted a")

    async def test_what_was_taken_is_done_before_it_closes(self) -> None:
        go_on = self.hold()
        asked = [self.ask(self.note, "a"), self.ask(self.note_then_fail, "b"), self.ask(self.note, "c")]
        closed = Deferred.fromCoroutine(self.database.close())
        with self.assertRaises(DatabaseFail):
            await self.ask(self.note, "late")
        go_on.set()
        await closed
        self.assertEqual(await self.outcomes(asked), ["noted a", Wrong, "noted c"])
        self.assertEqual(self.notes(), ["a", "c"])

    async def test_reads_go_on_meanwhile(self) -> None:
        """And see what is committed."""
        await self.ask(self.note, "a")
        go_on = self.hold()
        asked = self.ask(self.note, "b")
        found = await self.database.read(lambda cursor: cursor.execute("SELECT text FROM notes").fetchall())
        self.assertEqual(found, [("a",)])
        go_on.set()
        await asked
