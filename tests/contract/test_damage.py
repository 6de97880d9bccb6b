"""A disk that is full, one that can only be read, a damaged page, a process that dies: for real.

Whatever the disk refuses is DatabaseFail, nothing of it is stored, and the store goes on by itself when the disk does.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.trial.unittest import TestCase

from tests.contract.promises import ALL, KEEP_ALL, UNREAD, Contract, at, draft, saved, when
from tests.support.process import environment
from tests.support.skipping import disk_of
from tests.support.small_disk import KINDS
from webcam.admin.common import in_transaction
from webcam.errors import DatabaseFail, DiskFull
from webcam.model import Draft
from webcam.storage import accounts
from webcam.storage.database import Database
from webcam.storage.reserve import Reserve
from webcam.storage.schema import connect, make_ready
from webcam.storage.sqlite import SQLiteStore

MB = 1024 * 1024


class DiskCase(Contract, TestCase):
    """The real store in a folder that a test may put a small disk in place of."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)

    def open(self) -> None:
        from twisted.internet import reactor

        self.path = make_ready(self.folder)
        self.database = Database(self.path, reactor)
        self.addCleanup(self.database.close)
        self.store = SQLiteStore(self.database)

    def assertWhole(self) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("PRAGMA foreign_key_check").fetchall(), [])

    async def held(self, account_id: int) -> tuple[list[str], int, str]:
        """Messages that are there, how many records, and the newest stamp."""
        account = await self.store.account("user")
        assert account is not None
        records = await self.store.records(account_id, ALL, KEEP_ALL)
        return await self.unread(account_id, "viewer"), len(records), account.last_stamp


class FullDiskTests(DiskCase):
    """Another program leaves not a byte. New data are refused; what makes room, and logins, are done by the reserve."""

    kind = "tmpfs"

    def setUp(self) -> None:
        super().setUp()
        self.disk = disk_of(self, self.folder, 16 * MB, self.kind)
        self.open()

    def add(self, account_id: int, size: int) -> Awaitable[Any]:
        return self.store.add_record(account_id, "camera", "", when(9), [bytes(size)])

    def notes(self, account_id: int, *names: str) -> Awaitable[Any]:
        return self.store.add_messages(account_id, "camera", when(9), [draft(name) for name in names], None)

    async def begin(self) -> tuple[int, int]:
        """An account with a record, on a disk that is full since, with a log that the database has to grow by."""
        account_id = await self.account()
        await self.notes(account_id, "before")
        await self.store.save_sessions([saved("digest", account_id)])
        record_id, _ = await self.store.add_record(account_id, "camera", "", when(1), [b"kept" * 50_000])
        self.disk.fill()
        return account_id, record_id

    async def test_new_data_are_refused_and_stored_once_there_is_space(self) -> None:
        account_id, record_id = await self.begin()
        before = await self.held(account_id)
        large = Draft("large", "", '{"a":"' + "x" * 100_000 + '"}')

        def writes() -> list[Awaitable[Any]]:
            return [
                self.add(account_id, 1),
                self.add(account_id, 300_000),
                self.store.begin_upload(),
                self.store.add_messages(account_id, "camera", when(9), [draft("small"), large], ""),
                self.store.save_sessions([saved(f"{n}", account_id, meta="x" * 1000) for n in range(100)]),
            ]

        for each in writes():
            await self.refused(DiskFull, each)
        self.assertEqual(await self.held(account_id), before)
        self.assertEqual((await self.store.record_part(record_id, 0))[:4], b"kept", "reading goes on")
        self.assertEqual(len(await self.store.sessions()), 1)
        self.disk.empty()
        for each in writes():
            await each
        after = await self.held(account_id)
        self.assertEqual((after[0][-2:], after[1]), (["small", "large"], 3))
        self.assertWhole()

    async def test_what_makes_room_and_logins_are_done_again_and_again(self) -> None:
        account_id, record_id = await self.begin()
        for number in range(100):
            self.disk.fill()
            await self.store.save_sessions([saved(f"{number}", account_id)])
            await self.store.touch_sessions([saved(f"{number}", account_id, address="elsewhere")])
            await self.store.end_sessions([f"{number}"])
            await self.store.set_settings(account_id, {1: 1.0 + number})
            await self.store.add_messages(account_id, f"{number}", when(9), [], "")
        await self.store.set_password("user", "another hash")
        await self.store.delete_records(account_id, [record_id], False)
        while await self.store.drop_parts(10):
            pass
        self.assertEqual((await self.held(account_id))[:2], (["before"], 0))
        self.assertEqual((await self.store.account("user")).settings, {1: 100.0})
        await self.refused(DiskFull, self.add(account_id, 300_000))
        self.assertWhole()

    async def test_the_operators_program_removes_an_account_on_it(self) -> None:
        await self.begin()
        await self.store.add_messages(await self.store.add_account("other", "hash"), "d", when(0), [], "")
        self.disk.fill()
        in_transaction(self.folder, lambda cursor: accounts.set_password(cursor, "user", "another hash"))
        in_transaction(self.folder, lambda cursor: accounts.remove_account(cursor, "user"))
        self.assertEqual([each.name for each in await self.store.accounts()], ["other"])

    async def test_of_writes_at_the_same_time_those_are_refused_that_bring_new_data(self) -> None:
        """They share a transaction, which the disk refuses; each is then tried for itself."""
        account_id, record_id = await self.begin()
        asked = [
            Deferred.fromCoroutine(each)
            for each in (
                self.store.save_sessions([saved("another", account_id)]),
                self.add(account_id, 1),
                self.store.delete_records(account_id, [record_id], False),
                self.notes(account_id, "too much"),
                self.store.set_settings(account_id, {1: 2.0}),
            )
        ]
        outcomes = await DeferredList(asked, consumeErrors=True)
        self.assertEqual([good for good, _ in outcomes], [True, False, True, False, True])
        self.assertEqual({outcomes[n][1].type for n in (1, 3)}, {DiskFull})
        self.assertEqual((await self.held(account_id))[:2], (["before"], 0))

    async def test_a_process_that_starts_on_it_can_do_the_same(self) -> None:
        """Another one was killed: the log and its index are as a crash leaves them."""
        account_id, record_id = await self.begin()
        await self.store.set_settings(account_id, {1: 2.0})
        crashed = self.folder.parent / "crashed"
        crashed.mkdir()
        for each in self.folder.glob("webcam.db*"):
            shutil.copy(each, crashed)
        await self.database.close()
        for each in crashed.iterdir():
            shutil.copy(each, self.folder)
        self.disk.fill()
        Reserve(self.folder).release_on_full_disk()
        self.open()
        Reserve(self.folder).refill()
        self.assertEqual(len(await self.store.accounts()), 1)
        self.disk.fill()
        await self.store.save_sessions([saved("another", account_id)])
        await self.store.delete_records(account_id, [record_id], False)
        await self.refused(DiskFull, self.add(account_id, 1))
        self.assertWhole()

    async def test_behind_a_reader_that_keeps_the_log_the_reserve_is_larger(self) -> None:
        """``webcam backup``, say, while records come; then another program takes all the rest."""
        account_id = await self.account()
        with closing(connect(self.path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM records").fetchone()
            ids = [(await self.add(account_id, 250_000))[0] for _ in range(10)]
            self.disk.fill()
        await self.store.delete_records(account_id, ids, False)
        self.assertEqual((await self.held(account_id))[1], 0)

    async def test_a_server_that_starts_anew_on_a_full_disk_reads(self) -> None:
        account_id, _ = await self.begin()
        before = await self.held(account_id)
        copy = self.folder.parent / "copy"
        copy.mkdir()
        for each in self.folder.glob("webcam.db*"):
            shutil.copy(each, copy)  # as a crash leaves it
        with closing(connect(copy / self.path.name)) as connection:
            (stamp,) = connection.execute("SELECT last_stamp FROM accounts").fetchone()
        self.assertEqual(stamp, before[2])


class FullExt4Tests(FullDiskTests):
    """The same on a file system with a journal, whose own data take some of the space."""

    kind = "ext4"


class OwnDataTests(DiskCase):
    """The disk is filled by what is stored."""

    async def test_new_data_leave_something_free_and_deletions_make_room(self) -> None:
        for kind in KINDS:
            self.folder = Path(self.mktemp()).absolute()
            disk = disk_of(self, self.folder, 16 * MB, kind)
            self.open()
            account_id = await self.account()
            ids: list[int] = []
            with contextlib.suppress(DiskFull):
                while True:
                    ids.append((await self.store.add_record(account_id, "c", "", when(len(ids)), [bytes(200_000)]))[0])
            self.assertGreater(len(ids), 20, kind)
            self.assertGreater(disk.free, 0, kind)
            await self.store.save_sessions([saved("digest", account_id)])
            await self.store.delete_records(account_id, ids[:2], False)
            while await self.store.drop_parts(10):
                pass
            await self.store.add_record(account_id, "c", "", when(1000), [bytes(200_000)])
            await self.database.close()


class ReadOnlyTests(DiskCase):
    async def test_refused_while_nothing_can_be_written_and_stored_behind_it(self) -> None:
        disk = disk_of(self, self.folder, 8 * MB)
        make_ready(self.folder)
        disk.read_only(True)  # nothing is open yet: the system refuses it while a file is open for writing
        self.path = self.folder / "webcam.db"
        self._open_only()
        await self.refused(DatabaseFail, self.store.add_account("user", "hash of user"))
        await self.refused(DatabaseFail, self.store.add_account("user", "hash of user"))
        disk.read_only(False)
        account_id = await self.account()
        await self.store.add_messages(account_id, "camera", when(0), [draft("a")], None)
        self.assertEqual(await self.unread(account_id, "viewer"), ["a"])
        self.assertWhole()

    async def test_with_the_log_of_a_crash_beside_it(self) -> None:
        """SQLite opens it for reading alone then."""
        disk = disk_of(self, self.folder, 8 * MB)
        crashed = self.folder.parent / "crashed"
        crashed.mkdir()
        path = make_ready(crashed)
        with closing(connect(path)) as connection:
            connection.execute("INSERT INTO accounts (name, password_hash) VALUES ('user', 'hash')")
            for each in crashed.glob("webcam.db*"):
                shutil.copy(each, self.folder)
        disk.read_only(True)
        self.path = self.folder / "webcam.db"
        self._open_only()
        await self.refused(DatabaseFail, self.store.add_account("another", "hash"))
        disk.read_only(False)
        await self.store.add_account("another", "hash")
        self.assertEqual([each.name for each in await self.store.accounts()], ["another", "user"])
        self.assertWhole()

    def _open_only(self) -> None:
        from twisted.internet import reactor

        database = Database(self.path, reactor)
        self.addCleanup(database.close)
        self.store = SQLiteStore(database)


class CorruptPageTests(DiskCase):
    """The bytes of a page are other ones."""

    def setUp(self) -> None:
        super().setUp()
        path = make_ready(self.folder)
        with closing(connect(path)) as connection:
            connection.execute("INSERT INTO accounts (name, password_hash) VALUES ('user', 'hash')")
            rows = [(1, f"2023-11-14 22:12:{n:02d}", f"m{n}", "{}") for n in range(60)]
            statement = (
                "INSERT INTO messages (account_id, stamp, sender, target, name, params) VALUES (?, ?, 'c', '', ?, ?)"
            )
            connection.executemany(statement, rows)
            roots = "SELECT rootpage FROM sqlite_master WHERE name = 'messages_by_target'"
            (page,) = connection.execute(roots).fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.place = (page - 1) * size
        self.right = self.overwrite(b"\xff" * 100)
        self.open()

    def overwrite(self, data: bytes) -> bytes:
        """In the page that the index of messages begins with; what was there."""
        with (self.folder / "webcam.db").open("r+b") as file:
            file.seek(self.place)
            before = file.read(len(data))
            file.seek(self.place)
            file.write(data)
        return before

    async def test_what_needs_it_is_refused_and_the_rest_goes_on(self) -> None:
        await self.refused(DatabaseFail, self.store.messages(1, "viewer", UNREAD, KEEP_ALL))
        await self.refused(DatabaseFail, self.store.add_messages(1, "phone", when(0), [draft("a"), draft("b")], ""))
        account = await self.store.account("user")
        self.assertEqual((account.name, account.last_stamp), ("user", ""), "nothing of it was done")
        record_id, _ = await self.store.add_record(1, "camera", "", when(1), [b"data"])
        self.assertEqual(await self.store.record_part(record_id, 0), b"data")

    async def test_all_is_well_when_the_page_is(self) -> None:
        await self.refused(DatabaseFail, self.store.messages(1, "viewer", UNREAD, KEEP_ALL))
        await self.refused(DatabaseFail, self.store.add_messages(1, "phone", when(0), [draft("a")], None))
        self.overwrite(self.right)
        await self.store.add_messages(1, "phone", when(0), [draft("a")], None)
        self.assertEqual((await self.unread(1, "viewer"))[-1], "a")
        self.assertEqual(len(await self.unread(1, "viewer")), 61)
        self.assertWhole()


class DyingTests(DiskCase):
    """A process is killed on its way to an answer that nobody got."""

    def setUp(self) -> None:
        super().setUp()
        with closing(connect(make_ready(self.folder))) as connection:
            connection.execute("INSERT INTO accounts (name, password_hash) VALUES ('user', 'hash')")

    def die(self, when: str) -> None:
        """Then open what is left."""
        command = [sys.executable, "-m", "tests.support.dying", str(self.folder / "webcam.db"), when]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
        self.open()

    async def test_behind_the_commit_it_is_there_wholly(self) -> None:
        self.die("behind")
        self.assertEqual(await self.held(1), (["one", "two"], 0, at(0.000001)))
        self.assertEqual(await self.store.add_messages(1, "camera", when(-9), [draft("a")], None), at(0.000002))
        self.assertWhole()

    async def test_before_the_commit_nothing_is(self) -> None:
        self.die("before")
        self.assertEqual(await self.held(1), ([], 0, ""))
        self.assertEqual(await self.store.add_messages(1, "camera", when(0), [draft("a")], None), at(0))
        self.assertWhole()
