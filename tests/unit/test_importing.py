"""``webcam import``: what is taken over of the older server's database, what isn't, and what happens in between."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.admin import AdminCase
from tests.support.clock import moment_of
from tests.support.old_database import CLIENTS, OldDatabase, fill
from webcam.admin.common import Bar
from webcam.model import KEEP_ALL, Page
from webcam.ports import RECORD_PART
from webcam.service.passwords import check_password
from webcam.service.tokens import digest_of
from webcam.storage import messages, records, sessions
from webcam.storage.importing import run
from webcam.storage.lock import FolderLock
from webcam.storage.schema import FILE, connect

ALL = Page("", 1000)
UNREAD = Page(None, 1000)
SECOND = "2024-05-06 07:08:09"
LAST = 2**63 - 1


class ImportCase(AdminCase):
    """``self.old`` is where the old database is."""

    def setUp(self) -> None:
        super().setUp()
        self.old = self.data.parent / "old.db"

    def make(self, **more: Any) -> OldDatabase:
        return OldDatabase(self.old, **more)

    def take(self, *options: str) -> str:
        status, out, err = self.run_it("import", str(self.old), *options)
        self.assertEqual((status, err), (0, ""), out)
        return out

    def counted(self, out: str) -> dict[str, list[int]]:
        """What it printed, by table: in the file, taken over, left out, here."""
        lines = [line.rsplit(maxsplit=4) for line in out.splitlines()[1:8]]
        return {line[0]: [int(each) for each in line[1:]] for line in lines}

    def ask(self, function: Any, *arguments: Any) -> Any:
        with closing(connect(self.data / FILE)) as connection:
            return function(connection.cursor(), *arguments)

    def rows(self, statement: str) -> list[Any]:
        return self.ask(lambda cursor: cursor.execute(statement).fetchall())

    def id_of(self, name: str = "home") -> int:
        account = self.account(name)
        assert account is not None, name
        return account.account_id

    def names(self, device: str, page: Page = ALL, account: str = "home") -> list[str]:
        """Of the messages that a device is given."""
        return [each.name for each in self.ask(messages.messages, self.id_of(account), device, page, KEEP_ALL)]


class TakenOverTests(ImportCase):
    def test_accounts_log_in_with_their_passwords_of_which_only_hashes_are_kept(self):
        with self.make() as old:
            for name, password in CLIENTS:
                old.client(name, password)
        self.take()
        for name, password in CLIENTS:
            account = self.account(name)
            assert account is not None, name
            self.assertTrue(check_password(account.password_hash, password))
        whole = b"".join(each.read_bytes() for each in self.data.iterdir())
        self.assertNotIn(b"secret of", whole)

    def test_records_keep_their_ids_and_their_bytes(self):
        data = {3: bytes(range(256)) * 3000, 7: b"", 9: None, 12: b"text"}
        with self.make() as old:
            home, garage = old.client("home"), old.client("garage")
            for record_id, content in data.items():
                old.execute(
                    "INSERT INTO records VALUES (?, ?, 'camera', 'meta', ?, ?)",
                    *(record_id, garage if record_id == 7 else home),
                    *("text" if record_id == 12 else content, f"{SECOND}.{record_id:04d}"),
                )
        self.take()
        for record_id, content in data.items():
            account_id = self.id_of("garage" if record_id == 7 else "home")
            record = self.ask(records.record, account_id, record_id, KEEP_ALL)
            stamp = f"{SECOND}.{record_id:04d}"
            self.assertEqual((record.device, record.meta, record.stamp), ("camera", "meta", stamp))
            self.assertEqual(record.size, None if content is None else len(content))
            numbers = range(-(-len(content or b"") // RECORD_PART))
            whole = b"".join(self.ask(records.record_part, record_id, number) for number in numbers)
            self.assertEqual(whole, content or b"")
        self.assertEqual(self.run_it("check")[0], 0)

    def test_ids_that_were_ever_given_are_never_given_again(self):
        with self.make() as old:
            home = old.client("home")
            for _ in range(5):
                old.record(home, SECOND)
            old.execute("DELETE FROM records WHERE id > 2")
        self.take()
        self.assertEqual(self.ask(records.add_record, self.id_of(), "camera", "", moment_of(SECOND), [b"x"])[0], 6)

    def test_messages_come_in_the_order_of_their_ids_whatever_their_counters_say(self):
        with self.make() as old:
            home = old.client("home")
            for number, counter in enumerate((9998, 9999, 0, 1)):
                old.message(home, f"{SECOND}.{counter:04d}", str(number), params='{"a": 1}')
        self.take()
        found = self.ask(messages.messages, self.id_of(), "phone", ALL, KEEP_ALL)
        self.assertEqual([each.name for each in found], ["0", "1", "2", "3"])
        self.assertEqual({(each.sender, each.params) for each in found}, {("camera", '{"a":1}')})
        self.assertEqual(len({each.stamp for each in found}), 4)

    def test_targets_stay(self):
        with self.make() as old:
            home = old.client("home")
            old.message(home, f"{SECOND}.0001", "to all")
            old.message(home, f"{SECOND}.0002", "to phone", target="phone")
        self.take()
        self.assertEqual((self.names("phone"), self.names("tablet")), (["to all", "to phone"], ["to all"]))

    def test_what_is_stored_later_is_stamped_later_though_the_clock_be_behind(self):
        with self.make() as old:
            home, garage, empty = (old.client(name) for name in ("home", "garage", "empty"))
            old.message(home, f"{SECOND}.0042")
            old.record(garage, f"{SECOND}.0043")
            old.execute("INSERT INTO syncs VALUES (?, 'phone', ?)", empty, f"{SECOND}.0044")
        self.take()
        for name, counter in (("home", 42), ("garage", 43), ("empty", 44)):
            stamp = self.ask(
                messages.add_messages,
                self.id_of(name),
                "camera",
                moment_of("2000-01-01"),
                [messages.Draft("x", "", "{}")],
                None,
            )
            self.assertEqual(stamp, f"{SECOND}.{counter:04d}01")

    def test_sync_marks_go_on_where_they_were(self):
        with self.make() as old:
            home = old.client("home")
            for number in range(4):
                old.message(home, f"{SECOND}.{number:04d}", str(number))
            old.execute("INSERT INTO syncs VALUES (?, 'phone', ?)", home, f"{SECOND}.0001")
        self.take()
        self.assertEqual(
            (self.names("phone", UNREAD), self.names("tablet", UNREAD)), (["2", "3"], ["0", "1", "2", "3"])
        )

    def test_a_mark_that_was_a_message_stands_behind_those_before_it_and_is_none_itself(self):
        with self.make() as old:
            home = old.client("home")
            old.message(home, SECOND, "SYNC", device="tablet")
            old.message(home, SECOND, "before")
            old.message(home, SECOND, "Sync", device="phone")
            old.message(home, SECOND, "behind")
            old.execute("DROP TABLE syncs")
        out = self.take()
        self.assertEqual(self.names("phone", UNREAD), ["behind"])
        self.assertEqual(self.names("tablet", UNREAD), ["before", "behind"])
        self.assertEqual(self.counted(out)["messages"], [4, 2, 2, 2])
        self.assertIn("of the messages left out, 2 were sync marks", out)

    def test_params_that_are_no_json_spoil_nothing(self):
        with self.make() as old:
            old.message(old.client("home"), SECOND, params="{no JSON")
        out = self.take()
        (message,) = self.ask(messages.messages, self.id_of(), "phone", ALL, KEEP_ALL)
        self.assertEqual(message.params, '{"params":"{no JSON"}')
        self.assertIn("1 messages had params that were no JSON", out)

    def test_settings_within_our_bounds(self):
        with self.make() as old:
            home = old.client("home")
            old.client("garage")
            old.execute("INSERT INTO confs VALUES (?, 3, 1e9)", home)
            old.execute("INSERT INTO confs VALUES (?, 77, 1)", home)
            old.execute("UPDATE conf_set SET dv = 90 WHERE knd = 6")
        out = self.take()
        home_account, garage_account = self.account("home"), self.account("garage")
        assert home_account is not None
        assert garage_account is not None
        self.assertEqual((home_account.settings, garage_account.settings), ({3: 10000.0, 6: 90.0}, {6: 90.0}))
        self.assertEqual(self.counted(out)["settings"], [2, 1, 1, 1])

    def test_sessions_go_on_by_their_tokens_which_are_not_kept(self):
        with self.make() as old:
            statement = (
                "INSERT INTO sessions (cid, device, metadata, ip, shash, req_total, req_permin, stamp)"
                " VALUES (?, 'phone', '{}', '192.0.2.1', 'a token', 12, 3, 2460615.5)"
            )
            old.execute(statement, old.client("home"))
        self.take()
        (saved,) = self.ask(sessions.sessions)
        self.assertEqual((saved.digest, saved.account_id), (digest_of("a token"), self.id_of()))
        self.assertEqual((saved.device, saved.meta, saved.address), ("phone", "{}", "192.0.2.1"))
        self.assertEqual((saved.active, saved.requests, saved.given), (1730419200 * 1_000_000, 12, None))

    def test_a_file_without_the_tables_that_came_later(self):
        with self.make() as old:
            home = old.client("home")
            old.message(home, SECOND)
            old.record(home, SECOND)
            for table in ("sessions", "syncs", "confs", "conf_set"):
                old.execute(f"DROP TABLE {table}")
        self.assertEqual(self.counted(self.take())["sessions"], [0, 0, 0, 0])

    def test_columns_of_any_type(self):
        with self.make() as old:
            home = old.client(b"home")
            old.message(home, None, b"\xff", device=None, target=None, params=None)
            old.message(home, 12, 34, device=56, target=b"", params=78)
            old.record(home, None, 90, device=None, metadata=None)
        self.take()
        self.assertEqual(self.names("phone"), ["\ufffd", "34"])
        self.assertEqual(self.ask(records.record_part, 1, 0), b"90")

    def test_what_belongs_to_nobody_is_left_out_and_counted(self):
        with self.make() as old:
            home = old.client("home")
            old.client(None)
            for client in (home, 77, None):
                old.message(client, SECOND)
                old.record(client, SECOND, b"12345")
        counted = self.counted(self.take())
        self.assertEqual(counted["accounts"], [2, 1, 1, 1])
        self.assertEqual(counted["messages"], [3, 1, 2, 1])
        self.assertEqual(counted["records"], [3, 1, 2, 1])
        self.assertEqual(counted["bytes of records"], [15, 5, 10, 5])

    def test_the_file_is_not_changed_and_may_be_in_wal_mode(self):
        with self.make(journal="WAL") as old:
            old.client("home")
        before = self.old.read_bytes()
        self.take()
        self.assertEqual(self.old.read_bytes(), before)

    def test_nothing_is_left_of_the_import_itself(self):
        fill(self.old, 100)
        self.take()
        self.assertEqual(self.rows("SELECT name FROM sqlite_master WHERE name LIKE 'import%'"), [])
        self.assertEqual(self.run_it("check")[0], 0)

    def test_beside_accounts_that_are_here_already(self):
        self.add("user")
        fill(self.old, 100)
        self.take()
        self.assertEqual(self.run_it("account", "list")[1].split(), ["empty", "garage", "home", "user"])

    def test_the_bar_moves_to_its_end(self):
        self.patch(run, "ROWS", 10)
        fill(self.old, 100)
        shares: list[float] = []
        self.patch(Bar, "show", lambda _, done, total: shares.append(done / total))
        self.take()
        self.assertEqual((shares, shares[-1]), (sorted(shares), 1.0))
        self.assertGreater(len(shares), 20)


class BrokenOffTests(ImportCase):
    """A run that ends at any moment is gone on with, and what comes of it is what one run would have made."""

    TABLES = ("accounts", "settings", "sessions", "sync_marks", "messages", "records", "record_parts")

    def setUp(self) -> None:
        super().setUp()
        fill(self.old, 120)
        self.patch(run, "ROWS", 10)
        self.patch(run, "HASHES", 1)

    def content(self) -> dict[str, list[Any]]:
        """All that the database holds; of passwords only whether they are there, since hashes have salt."""
        found = {table: self.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in self.TABLES}
        found["accounts"] = [(*row[:2], bool(row[2]), *row[3:]) for row in found["accounts"]]
        return found

    def break_off(self, after: int) -> bool:
        """Whether a run got as far as this many transactions."""
        real = run.Import._transaction
        left = [after]

        def transaction(importing: run.Import) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(importing)

        self.patch(run.Import, "_transaction", transaction)
        status = self.run_it("import", str(self.old))[0]
        self.patch(run.Import, "_transaction", real)
        return status == 130

    def test_at_any_transaction(self):
        self.take()
        whole, self.data = self.content(), self.data / "other"
        self.data.mkdir()
        rounds = 0
        while self.break_off(2):
            rounds += 1
        self.assertGreater(rounds, 14)
        self.assertEqual(self.content(), whole)

    def test_within_a_transaction(self):
        self.take()
        whole, self.data = self.content(), self.data / "other"
        self.data.mkdir()
        for name, broken_at in (("_add_message", 45), ("save", 3), ("_add_record", 33)):
            real = getattr(run, name)
            left = [broken_at]

            def broken(*arguments: Any, real: Any = real, left: list[int] = left) -> Any:
                left[0] -= 1
                if not left[0]:
                    raise KeyboardInterrupt
                return real(*arguments)

            self.patch(run, name, broken)
            self.assertEqual(self.run_it("import", str(self.old))[0], 130)
        self.take()
        self.assertEqual(self.content(), whole)

    def test_meanwhile_nobody_is_let_in_and_the_check_tells_of_it(self):
        self.assertTrue(self.break_off(9))
        self.assertEqual({row[0] for row in self.rows("SELECT password_hash FROM accounts")}, {""})
        status, out, _ = self.run_it("check")
        self.assertEqual(
            (status, out.splitlines()[0]), (1, "an import was broken off: run it again, it goes on where it was")
        )

    def test_records_that_come_meanwhile_take_no_ids_of_the_file(self):
        self.add("user")
        self.assertTrue(self.break_off(9))
        record_id, _ = self.ask(records.add_record, self.id_of("user"), "camera", "", moment_of(SECOND), [b"mine"])
        self.assertEqual(record_id, 121)
        self.take()
        self.assertEqual(self.ask(records.record_part, 121, 0), b"mine")

    def test_it_can_be_gone_on_with_by_that_file_alone(self):
        self.assertTrue(self.break_off(9))
        self.old.rename(f"{self.old}.first")
        with self.make() as old:
            old.client("another")
        self.assertRefused("another file, with an account 'home', was broken off", "import", str(self.old))
        self.old = Path(f"{self.old}.first")
        self.take()

    def test_it_is_given_up_by_removing_its_accounts(self):
        self.assertTrue(self.break_off(14))
        for name, _ in CLIENTS:
            self.run_it("account", "remove", name)
        self.assertEqual(self.counted(self.take())["messages"][0], 120)
        self.assertEqual(len(self.rows("SELECT * FROM records")), 120)

    def test_what_went_missing_meanwhile_is_told(self):
        self.assertTrue(self.break_off(14))
        self.rows("DELETE FROM messages WHERE id IN (2, 3)")
        status, out, err = self.run_it("import", str(self.old))
        self.assertEqual((status, err), (1, f"webcam: what is here differs from {self.old} in messages\n"))
        in_file, taken, left_out, here = self.counted(out)["messages"]
        self.assertEqual((in_file, taken - here), (taken + left_out, 2))


class RefusedTests(ImportCase):
    def assertNothingDone(self) -> None:
        self.assertEqual(self.rows("SELECT name FROM sqlite_master WHERE name LIKE 'import%'"), [])
        self.assertEqual(self.rows("SELECT name FROM accounts WHERE name <> 'home'"), [])

    def refused(self, text: str) -> None:
        self.assertRefused(text, "import", str(self.old))

    def test_a_file_that_is_not_there_or_none(self):
        self.refused(f"there is no file {self.old}")
        self.old.mkdir()
        self.refused(f"{self.old} is no regular file")
        self.old.rmdir()
        self.old.write_bytes(b"no database" * 100)
        self.refused(f"can't read {self.old}: file is not a database")

    def test_a_database_of_something_else(self):
        for missing in ("clients", "records", "msgs"):
            with self.make() as old:
                old.execute(f"DROP TABLE {missing}")
            self.refused(f"{self.old} is no database of the older server: it has no table {missing}")
            self.old.unlink()

    def test_a_name_that_is_taken(self):
        self.add("home", "sesame-mine")
        fill(self.old, 50)
        self.refused("there is an account 'home' already, and nothing was done; --skip-taken leaves such accounts out")
        self.assertNothingDone()
        counted = self.counted(self.take("--skip-taken"))
        self.assertEqual(counted["accounts"], [3, 2, 1, 2])
        self.assertEqual(counted["records"], [50, 25, 25, 25])
        account = self.account("home")
        assert account is not None
        self.assertTrue(check_password(account.password_hash, "sesame-mine"))
        self.assertEqual(self.rows(f"SELECT * FROM records WHERE account_id = {account.account_id}"), [])

    def test_a_second_time(self):
        fill(self.old, 50)
        self.take()
        self.refused("there is an account 'home' already")
        self.assertEqual(len(self.rows("SELECT * FROM records")), 50)

    def test_a_records_id_that_is_taken(self):
        self.add("home")
        self.ask(records.add_record, self.id_of(), "camera", "", moment_of(SECOND), [b"x"])
        with self.make() as old:
            old.record(old.client("other"), SECOND)
        self.refused("there is a record 1 here and in the file: import into a folder without records")
        self.assertNothingDone()

    def test_a_server_that_runs(self):
        fill(self.old, 10)
        with FolderLock(self.data, "a server"):
            self.refused(f"the data folder {self.data} is in use: a server runs on it")
        self.take()

    def test_a_data_folder_that_is_not_there(self):
        self.data = self.data / "none"
        self.refused(f"there is no data folder {self.data}")

    def test_a_damaged_file(self):
        fill(self.old, 500)
        with self.old.open("r+b") as file:
            for page in range(20, self.old.stat().st_size // 4096, 3):
                file.seek(page * 4096)
                file.write(b"\xff" * 4096)
        self.refused("malformed")
        self.assertFalse((self.data / FILE).exists(), "nothing was done")


class BadFiles(ImportCase):
    """What was sent to the older server, unchecked, and what somebody did to its file."""

    def refused(self, text: str) -> None:
        self.assertRefused(text, "import", str(self.old))
        self.assertFalse((self.data / FILE).exists(), "nothing was done")
        self.old.unlink()

    def test_ids_that_no_other_can_follow_and_that_no_client_can_name(self):
        for table, columns in (("records", "cid, stamp"), ("msgs", "cid, stamp"), ("clients", "name, pass")):
            for old_id in (LAST, 2**61 + 1, -1, -LAST):
                with self.make() as old:
                    old.execute(f"INSERT INTO {table} (id, {columns}) VALUES (?, 1, 'x')", old_id)
                self.refused(f"{self.old} can't be taken over, and nothing was done: {table}: id is '{old_id}', want")

    def test_the_highest_id_that_was_ever_given(self):
        for highest in (LAST, -1, "x"):
            with self.make() as old:
                old.record(old.client("home"), SECOND)
                old.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'", highest)
            self.refused(f"sqlite_sequence: seq of records is '{highest}', want a whole number from 0 to {2**61}")

    def test_ids_that_stand_twice_or_are_none(self):
        for ids, text in (((3, 3), "records: two rows have the id '3'"), (("x",), "records: id is 'x', want")):
            with self.make() as old:
                home = old.client("home")
                old.execute("DROP TABLE records")
                old.execute("CREATE TABLE records (id, cid, device, metadata, data, stamp)")
                for each in ids:
                    old.execute("INSERT INTO records VALUES (?, ?, '', '', '', '')", each, home)
            self.refused(text)

    def test_texts_that_no_request_could_bring(self):
        long, longer = "é" * 1025, "é" * (16 * 1024 + 1)
        for table, column, text in (
            ("clients", "name", long),
            ("clients", "pass", long),
            ("msgs", "msg", long),
            ("msgs", "device", long.encode()),
            ("msgs", "target", long),
            ("records", "device", long),
            ("records", "metadata", longer),
            ("sessions", "device", long),
            ("sessions", "metadata", longer),
            ("sessions", "ip", long),
            ("syncs", "device", long),
        ):
            with self.make() as old:
                old.execute("INSERT INTO clients VALUES (1, 'home', 'secret')")
                if table != "clients":
                    old.execute(f"INSERT INTO {table} (cid) VALUES (1)")
                old.execute(f"UPDATE {table} SET {column} = ?", text)
            bound = len(text.decode() if isinstance(text, bytes) else text) - 1
            self.refused(f"{table} (row 1): {column} has {bound + 1} characters, at most {bound} can be kept")

    def test_only_some_are_named(self):
        with self.make() as old:
            for number in range(10):
                old.execute("INSERT INTO msgs (id) VALUES (?)", -1 - number)
        status, _, err = self.run_it("import", str(self.old))
        self.assertEqual((status, err.count("msgs: id is"), err.count("\n")), (1, 3, 1))

    def test_what_is_no_regular_file(self):
        os.mkfifo(self.old)
        self.refused(f"{self.old} is no regular file")

    def test_what_can_be_brought_within_bounds_is_and_the_server_can_work_with_it(self):
        with self.make() as old:
            home = old.client("home")
            for number, day in enumerate((-1, -1e300, 1e300, float("inf"), LAST, "x", None, b"x")):
                values = (b"\xff", f"token {number}", (-5, LAST, "x")[number % 3], day)
                columns = "(cid, device, metadata, ip, shash, req_total, stamp)"
                old.execute(f"INSERT INTO sessions {columns} VALUES (?, ?, '', '', ?, ?, ?)", home, *values)
            for kind, value in (
                (1, float("inf")),
                (2, float("-inf")),
                (3, None),
                (4, LAST),
                (5, "x"),
                (77, 1),
                (None, 1),
            ):
                old.execute("INSERT INTO confs VALUES (?, ?, ?)", home, kind, value)
            for stamp in (
                "zzz",
                "9999-12-31 23:59:59.999999",
                "2024-02-30 00:00:00",
                b"\xff",
                float("inf"),
                None,
                SECOND,
            ):
                old.message(home, stamp, "x" * 1024, params="[" * 100_000)
                old.record(home, stamp, "text\x00é")
                old.execute("INSERT OR IGNORE INTO syncs VALUES (?, ?, ?)", home, f"device {stamp}", stamp)
            old.execute("UPDATE records SET id = ? WHERE id = 7", 2**61)
        self.take()
        self.assertEqual(self.run_it("check")[::2], (0, ""))
        cursor_of = (records.add_record, self.id_of(), "camera", "", moment_of(SECOND), [b"x"])
        self.assertEqual(self.ask(*cursor_of)[0], 2**61 + 1)
        saved = self.ask(sessions.sessions)
        self.assertEqual(len(saved), 8)
        self.assertTrue(all(0 <= each.active < 1e17 and 0 <= each.requests <= 2**31 for each in saved))
