"""Every version of the schema that was released, with data in it, becomes the newest one and loses nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.contract.promises import ALL, KEEP_ALL, UNREAD
from tests.support.clock import moment_of
from tests.support.released import DATA, STAMP, finished, load, path_of
from tests.support.stores import BlockingDatabase
from webcam.calendar import micros_of
from webcam.consolemodel import Seen, Share
from webcam.model import EARLIER_RELEASE, QUOTA_RECORDS, Usage
from webcam.ports import RECORD_PART
from webcam.service.passwords import hash_password
from webcam.service.tokens import digest_of
from webcam.storage import accounts, schema
from webcam.storage.checks import check, misshapen
from webcam.storage.schema import FILE, VERSION, connect, make_ready
from webcam.storage.sqlite import SQLiteStore

VERSIONS = range(1, VERSION + 1)

GENUINE = f"""
UPDATE accounts SET password_hash = '{hash_password("secret")}';
UPDATE sessions SET digest = '{digest_of("session")}';
UPDATE secrets SET digest = '{digest_of("secret")[:-1]}' || id;
UPDATE shares SET digest = '{digest_of("link")}';
UPDATE revoked_sessions SET digest = '{digest_of("revoked")}';
"""
"""In the files, texts that say what they stand for are in the place of hashes and digests."""


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Tables with their columns, keys and indices, however they came to be."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    found: dict[str, Any] = {}
    for (table,) in rows.fetchall():
        found[table] = [
            sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({table})")),
            sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})")),
            sorted(
                (bool(unique), [row[2] for row in connection.execute(f"PRAGMA index_info({name})")])
                for _, name, unique, *_ in connection.execute(f"PRAGMA index_list({table})").fetchall()
            ),
        ]
    return found


class ReleasedTests(SynchronousTestCase):
    def upgraded(self, version: int) -> Path:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        load(version, folder)
        return make_ready(folder)

    def test_every_version_has_its_file_and_there_are_no_others(self):
        """``python -m tests.support.released`` writes the newest one; one that was released isn't touched again."""
        there = sorted(each.name for each in path_of(1).parent.iterdir())
        self.assertEqual(there, [path_of(version).name for version in VERSIONS])

    def test_a_file_is_of_the_version_that_it_says(self):
        for version in VERSIONS:
            self.assertEqual(re.findall(r"user_version = (\d+);", path_of(version).read_text()), [str(version)])

    def test_the_script_of_a_released_version_is_never_changed(self):
        """Who has that version already would not get the change."""
        for version in VERSIONS:
            folder = Path(self.mktemp())
            folder.mkdir(parents=True)
            with closing(sqlite3.connect(":memory:")) as made, closing(sqlite3.connect(load(version, folder))) as was:
                for each in range(1, version + 1):
                    made.executescript(schema.script(each))
                self.assertEqual(shape(made), shape(was), version)

    def test_an_upgraded_one_has_the_shape_of_a_new_one(self):
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        with closing(sqlite3.connect(make_ready(folder))) as new:
            wanted = shape(new)
        for version in VERSIONS:
            with closing(sqlite3.connect(self.upgraded(version))) as connection:
                self.assertEqual(connection.execute("PRAGMA user_version").fetchone(), (VERSION,))
                self.assertEqual(shape(connection), wanted, version)

    def test_an_upgraded_one_is_whole(self):
        for version in VERSIONS:
            path = self.upgraded(version)
            with closing(connect(path)) as connection:
                connection.executescript(GENUINE)
                problems, held = check(connection, path)
            self.assertEqual(problems, [], version)
            self.assertEqual([each.name for each in held], ["home", "żółć"])

    def test_each_has_the_shape_that_a_restore_asks_for(self):
        """Before it upgrades a backup, by the scripts up to its version."""
        for version in VERSIONS:
            folder = Path(self.mktemp())
            folder.mkdir(parents=True)
            with closing(sqlite3.connect(load(version, folder))) as connection:
                self.assertEqual(misshapen(connection), [], version)

    def test_an_older_one_is_kept_as_it_was(self):
        """The backup is before the upgrade: in another test with a version that is to come."""
        for version in VERSIONS[:-1]:
            path = self.upgraded(version)
            with closing(sqlite3.connect(path.with_name(f"{FILE}.version-{version}"))) as kept:
                self.assertEqual(kept.execute("PRAGMA user_version").fetchone(), (version,))
                self.assertEqual(kept.execute("SELECT COUNT(*) FROM records").fetchone(), (2,))

    def test_what_came_with_version_2_is_kept(self):
        with closing(connect(self.upgraded(2))) as connection:
            self.assertEqual(accounts.accounts(connection.cursor())[0].quotas, {QUOTA_RECORDS: 50})
            secrets = connection.execute("SELECT * FROM secrets").fetchall()
            gate = (1, 1, "gate", "digest of a secret", "publish", '["camera"]', 0)
            self.assertEqual(secrets, [gate])
            revoked = connection.execute("SELECT * FROM revoked_sessions").fetchall()
            self.assertEqual(revoked, [("digest of a session",)])
            loose = connection.execute("SELECT id, uploading FROM loose_records").fetchall()
            parts = connection.execute("SELECT part FROM record_parts WHERE record_id = 2").fetchall()
        self.assertEqual((loose, parts), ([(2, 0)], [(0,)]), "the one that was deleted, still to be swept")

    def test_what_came_with_version_3_is_kept(self):
        with closing(connect(self.upgraded(3))) as connection:
            store = SQLiteStore(BlockingDatabase(connection))  # type: ignore[arg-type]
            self.assertEqual(finished(store.seen_devices(1)), [Seen(1, "phone", '{"a":1}', micros_of(STAMP.format(0)))])
            made, until = micros_of(STAMP.format(0)), micros_of("9999-01-02 03:04:05")
            link = Share(1, 1, "camera", made, until - made)
            self.assertEqual(finished(store.share("digest of a link")), link)
            kinds = connection.execute("SELECT type FROM records").fetchall()
            self.assertEqual(kinds, [("application/octet-stream",)] * 2)

    def test_what_an_earlier_release_made_is_known_as_such(self):
        """A new database isn't, nor one that this version made."""
        for version in VERSIONS:
            with closing(connect(self.upgraded(version))) as connection:
                facts = connection.execute("SELECT name, value FROM facts").fetchall()
            self.assertEqual(facts, [(EARLIER_RELEASE, str(version))] if version < 4 else [], version)

    def test_kinds_of_older_records_are_not_known(self):
        for version in VERSIONS[:2]:
            with closing(connect(self.upgraded(version))) as connection:
                self.assertEqual(connection.execute("SELECT type FROM records").fetchall(), [(None,)] * 2)

    def test_nothing_is_lost(self):
        for version in VERSIONS:
            with closing(connect(self.upgraded(version))) as connection:
                self.check_content(SQLiteStore(BlockingDatabase(connection)))  # type: ignore[arg-type]

    def check_content(self, store: SQLiteStore) -> None:
        """What tests.support.released put in."""
        home, another = finished(store.accounts())
        self.assertEqual((home.name, home.password_hash, home.generation), ("home", "hash of home", 1))
        self.assertEqual((home.settings, home.last_stamp), ({1: 7.0, 4: 200.0}, STAMP.format(12)))
        self.assertEqual((another.name, another.settings, another.last_stamp), ("żółć", {}, ""))
        self.assertEqual((home.usage, another.usage), (Usage(2, 2, sum(map(len, DATA.values())), 40), Usage()))
        (session,) = finished(store.sessions())
        self.assertEqual(
            (session.digest, session.account_id, session.device, session.meta, session.address),
            ("digest", home.account_id, "phone", '{"a":1}', "192.0.2.1"),
        )
        self.assertEqual((session.active, session.requests, session.given), (12_500_000, 34, STAMP.format(2)))
        self.check_messages(store, home.account_id)
        self.check_records(store, home.account_id)

    def check_messages(self, store: SQLiteStore, account_id: int) -> None:
        """To whom they go, and where the mark of one device stands."""
        found = finished(store.messages(account_id, "phone", ALL, KEEP_ALL))
        told = [(each.stamp, each.sender, each.name, each.params) for each in found]
        first, second = STAMP.format(1), STAMP.format(2)
        self.assertEqual(told, [(first, "camera", "to all", '{"n":1}'), (second, "camera", "to phone", "[]")])
        unread = {
            device: [each.name for each in finished(store.messages(account_id, device, UNREAD, KEEP_ALL))]
            for device in ("phone", "tablet")
        }
        self.assertEqual(unread, {"phone": ["to phone"], "tablet": ["to all"]})

    def check_records(self, store: SQLiteStore, account_id: int) -> None:
        """Ids, bytes, and that the one which was deleted is not given again."""
        found = finished(store.records(account_id, ALL, KEEP_ALL))
        self.assertEqual([(each.record_id, each.meta) for each in found], [(1, "meta 1"), (3, "meta 3")])
        for each in found:
            data = DATA[each.record_id]
            parts = range(-(-len(data) // RECORD_PART))
            whole = b"".join(finished(store.record_part(each.record_id, part)) for part in parts)
            self.assertEqual((each.size, whole == data), (len(data), True))
        self.assertEqual(
            finished(store.add_record(account_id, "camera", "", moment_of(STAMP.format(0)), [b"new"]))[0], 4
        )
