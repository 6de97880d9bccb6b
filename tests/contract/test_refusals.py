"""When SQLite refuses, the answer is DatabaseFail, nothing of the request is stored, and the store goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from tests.contract.promises import ALL, KEEP_ALL, Contract, draft, saved, when
from tests.support.stores import open_database
from webcam.errors import AccountExists, DatabaseFail, NoSuchAccount, ReplyCode
from webcam.storage import schema
from webcam.storage.sqlite import SQLiteStore


class RealStore(Contract, TestCase):
    def setUp(self):
        self.path, self.database = open_database(self)
        self.store = SQLiteStore(self.database)

    def from_outside(self, *statements: str) -> None:
        """What another program does to the file."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def refuse(self, when: str) -> None:
        """From now on SQLite refuses this, in the middle of a transaction."""
        self.from_outside(f"CREATE TRIGGER refusal BEFORE {when} BEGIN SELECT RAISE(ABORT, 'refused'); END")


class AtomicityTests(RealStore):
    async def test_of_messages_all_or_none_are_stored_and_the_mark_with_them(self):
        account_id = await self.account()
        before = await self.store.add_messages(account_id, "camera", when(0), [draft("motion")], None)
        self.refuse("INSERT ON messages WHEN NEW.name = 'bad'")
        drafts = [draft("good"), draft("bad"), draft("good")]
        await self.refused(DatabaseFail, self.store.add_messages(account_id, "phone", when(1), drafts, ""))
        self.assertEqual(await self.unread(account_id, "viewer"), ["motion"])
        self.assertEqual(await self.unread(account_id, "phone"), ["motion"], "its mark stands where it stood")
        self.assertEqual((await self.store.account("user")).last_stamp, before)
        await self.store.add_messages(account_id, "phone", when(1), drafts[:1], "")
        self.assertEqual(await self.unread(account_id, "viewer"), ["motion", "good"])

    async def test_a_record_is_stored_with_all_its_parts_or_not_at_all(self):
        account_id = await self.account()
        self.refuse("INSERT ON record_parts WHEN NEW.part = 2")
        data = [bytes(300_000)] * 2
        await self.refused(DatabaseFail, self.store.add_record(account_id, "camera", "", when(0), data))
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL), [])
        self.assertEqual((await self.store.account("user")).last_stamp, "")
        record_id, _ = await self.store.add_record(account_id, "camera", "", when(0), [b"small"])
        self.assertEqual(await self.store.record_part(record_id, 0), b"small")

    async def test_settings_change_together_or_not_at_all(self):
        account_id = await self.account()
        await self.store.set_settings(account_id, {1: 5})
        self.refuse("INSERT ON settings WHEN NEW.kind = 3")
        await self.refused(DatabaseFail, self.store.set_settings(account_id, {1: 6, 2: 9, 3: 300}))
        self.assertEqual((await self.store.account("user")).settings, {1: 5})

    async def test_a_password_changes_with_its_sessions_ended_or_not_at_all(self):
        account_id = await self.account()
        await self.store.save_sessions([saved("digest", account_id)])
        self.refuse("DELETE ON sessions")
        await self.refused(DatabaseFail, self.store.set_password("user", "new"))
        account = await self.store.account("user")
        self.assertEqual((account.password_hash, len(await self.store.sessions())), ("hash of user", 1))

    async def test_sessions_are_saved_together_or_not_at_all(self):
        account_id = await self.account()
        self.refuse("INSERT ON sessions WHEN NEW.digest = 'bad'")
        sessions = [saved("good", account_id), saved("bad", account_id)]
        await self.refused(DatabaseFail, self.store.save_sessions(sessions))
        self.assertEqual(await self.store.sessions(), [])

    async def test_records_are_deleted_together_or_not_at_all(self):
        account_id = await self.account()
        ids = [(await self.store.add_record(account_id, "c", "", when(each), [b"x"]))[0] for each in range(3)]
        self.refuse(f"DELETE ON records WHEN OLD.id = {ids[0]}")
        await self.refused(DatabaseFail, self.store.delete_records(account_id, [ids[2], ids[1]], True))
        self.assertEqual(len(await self.store.records(account_id, ALL, KEEP_ALL)), 3)

    async def test_taking_acknowledges_and_returns_or_neither(self):
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("m")], None)
        self.refuse("INSERT ON sync_marks")
        await self.refused(DatabaseFail, self.store.take_messages(account_id, "phone", ALL, KEEP_ALL))
        self.assertEqual(await self.unread(account_id, "phone"), ["m"])


class RefusalTests(RealStore):
    def setUp(self):
        self.patch(schema, "BUSY", 1)
        super().setUp()

    async def test_a_database_locked_by_another_program(self):
        account_id = await self.account()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await self.refused(DatabaseFail, self.store.add_account("other", "hash"))
            await self.refused(DatabaseFail, self.store.add_messages(account_id, "d", when(0), [draft("m")], None))
            self.assertEqual(len(await self.store.accounts()), 1, "readers go on")
        await self.store.add_account("other", "hash")
        self.assertEqual(len(await self.store.accounts()), 2)

    async def test_a_table_that_is_gone(self):
        account_id = await self.account()
        self.from_outside("DROP TABLE record_parts")
        await self.refused(DatabaseFail, self.store.record_part(1, 0))
        await self.refused(DatabaseFail, self.store.add_record(account_id, "d", "", when(0), [b"x"]))
        self.assertEqual(await self.store.records(account_id, ALL, KEEP_ALL), [])

    async def test_a_file_that_is_gone_while_no_connection_is_open_yet(self):
        self.path.unlink()
        self.path.mkdir()
        await self.refused(DatabaseFail, self.store.accounts())

    async def test_the_failure_is_the_protocols_and_its_text_holds_nothing_of_the_request(self):
        self.from_outside("DROP TABLE settings", "DROP TABLE accounts")
        failure = await Deferred.fromCoroutine(self.store.account("a secret name")).addErrback(lambda it: it.value)
        self.assertEqual((type(failure), failure.code, failure.status), (DatabaseFail, ReplyCode.DATABASE_FAIL, 503))
        self.assertNotIn("secret", str(failure))

    async def test_the_ports_own_failures_come_through_and_leave_no_transaction_open(self):
        await self.account()
        await self.refused(AccountExists, self.store.add_account("user", "x"))
        await self.refused(NoSuchAccount, self.store.set_password("nobody", "x"))
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")


class TogetherTests(RealStore):
    async def test_writers_at_the_same_time_wait_for_each_other(self):
        account_id = await self.account()
        calls = [
            Deferred.fromCoroutine(self.store.add_messages(account_id, "camera", when(0), [draft(f"m{each}")], None))
            for each in range(40)
        ]
        stamps = await gatherResults(calls)
        self.assertEqual(len(set(stamps)), 40)
        self.assertEqual(await self.unread(account_id, "phone"), [f"m{each}" for each in range(40)])


class ClosingTests(Contract, TestCase):
    def setUp(self):
        self.path, database = open_database(self, close=False)
        self.store = SQLiteStore(database)

    async def test_running_transactions_end_first_and_the_log_is_written_back(self):
        account_id = await self.account()
        calls = [
            Deferred.fromCoroutine(self.store.add_record(account_id, "camera", "", when(0), [b"x" * 1000]))
            for _ in range(10)
        ]
        await self.store.close()
        await gatherResults(calls)
        with closing(sqlite3.connect(self.path)) as other:
            (count,) = other.execute("SELECT COUNT(*) FROM records").fetchone()
        self.assertEqual(count, 10)
        self.assertFalse(self.path.with_name(self.path.name + "-wal").exists())

    async def test_a_closed_store_refuses(self):
        await self.store.close()
        await self.refused(DatabaseFail, self.store.accounts())
        await self.refused(DatabaseFail, self.store.add_account("user", "hash"))
