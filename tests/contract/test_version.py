"""What tells that something was stored: by the server itself, and by any other process."""

from __future__ import annotations

from contextlib import closing

from twisted.trial.unittest import TestCase

from tests.contract.promises import saved
from tests.support.clock import moment_of
from tests.support.stores import open_database
from webcam.storage import accounts
from webcam.storage.schema import connect
from webcam.storage.sqlite import SQLiteStore


class VersionTests(TestCase):
    def setUp(self) -> None:
        self.path, database = open_database(self)
        self.store = SQLiteStore(database)

    async def changed(self) -> bool:
        """Whether it has changed since the last time."""
        before, self.version = getattr(self, "version", None), await self.store.version()
        return self.version != before

    async def test_what_the_server_stores_itself_changes_it(self):
        account_id = await self.store.add_account("user", "hash")
        self.assertTrue(await self.changed())
        self.assertFalse(await self.changed())
        await self.store.set_settings(account_id, {1: 7.0})
        self.assertTrue(await self.changed())
        await self.store.add_record(account_id, "camera", "", moment_of("2026-01-02 03:04:05.000006"), [b"x"])
        self.assertTrue(await self.changed())
        await self.store.delete_records(account_id, [1], older=False)
        self.assertTrue(await self.changed())

    async def test_questions_and_the_activity_of_sessions_do_not(self):
        account_id = await self.store.add_account("user", "hash")
        session = saved("digest", account_id)
        await self.store.save_sessions([session])
        await self.changed()
        for _ in range(3):
            await self.store.touch_sessions([session])
            await self.store.accounts()
            self.assertFalse(await self.changed())

    async def test_what_another_process_stores_changes_it(self):
        await self.store.add_account("user", "hash")
        await self.changed()
        for change in (
            lambda cursor: accounts.set_password(cursor, "user", "another hash"),
            lambda cursor: cursor.execute("INSERT INTO revoked_sessions (digest) VALUES ('d')"),
            lambda cursor: accounts.remove_account(cursor, "user"),
        ):
            with closing(connect(self.path)) as connection:
                change(connection.cursor())
            self.assertTrue(await self.changed())
            self.assertFalse(await self.changed())
