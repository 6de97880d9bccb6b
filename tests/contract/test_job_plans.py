"""No statement that the server runs by itself reads, or sorts, all of what grows with the data.

The server's start and its periodic jobs run here on data of every kind. What they run is looked at, whatever it is: a
new statement that scans is found by this test, as long as the data make a job run it.
"""

from __future__ import annotations

import sqlite3
from inspect import isfunction
from typing import Any

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.contract.promises import running, when
from tests.support.jobs import Running
from tests.support.plans import Plans, Traced, shape_of
from tests.support.server import World
from tests.support.stores import BlockingStore
from webcam.model import QUOTA_RECORDS, Bounds, Draft, Expiry, Record, Role
from webcam.ports import RECORD_PART, AccountStore, ConsoleStore, MessageStore, RecordStore, SweepStore
from webcam.service import room
from webcam.service.session import Session
from webcam.storage.messages import BYTES

DAY, MB = 86400, 1024 * 1024

EACH_LOOK = "each look learns of all accounts, what is set for them, and which sessions were revoked since the last one"
MARKS = "an account has a sync mark for each of its devices; they are looked at by the step that finds no more by age"
CLOCK = "one row, and a bounded number of runs"
LOOSE = "it stops at its limit, or the first time that there is no more; those that are being uploaded are few"

NAMED = {
    "SELECT id, name, password_hash, generation, last_stamp, disabled, message_count, record_count, record_bytes,"
    " message_bytes FROM accounts ORDER BY name": EACH_LOOK,
    "SELECT id, record_bytes + message_bytes, record_bytes - COALESCE(( SELECT size FROM records"
    " WHERE account_id = accounts.id ORDER BY stamp DESC LIMIT ? ), ?) FROM accounts": (
        "one row an account, with one look along an index for its newest record"
    ),
    "SELECT account_id, kind, value FROM settings": EACH_LOOK,
    "SELECT account_id, kind, value FROM quotas": EACH_LOOK,
    "SELECT digest FROM revoked_sessions ORDER BY digest": EACH_LOOK,
    "SELECT accounts.name, sessions.digest, sessions.account_id, device, meta, address, active, requests, given,"
    " secrets.id, secrets.label, secrets.role, secrets.devices, secrets.every_frame FROM sessions"
    " JOIN accounts ON accounts.id = sessions.account_id LEFT JOIN secrets ON secrets.id = sessions.secret_id"
    " ORDER BY sessions.rowid": "at the start, all sessions are taken over",
    "UPDATE loose_records SET uploading = ? WHERE uploading = ?": "once, at the start; 60 ms for a million",
    "SELECT id FROM loose_records WHERE uploading = ? ORDER BY id LIMIT ?": LOOSE,
    "DELETE FROM sync_marks WHERE account_id = ? AND stamp < COALESCE("
    " (SELECT MIN(stamp) FROM messages WHERE account_id = ?), ?)": MARKS,
    "UPDATE sync_marks SET settled = settling, settling = stamp, settling_since = ?"
    " WHERE account_id = ? AND settling_since <= ? - ?": MARKS,
    f"SELECT messages.id, {BYTES} FROM sync_marks CROSS JOIN messages ON messages.account_id = sync_marks.account_id"
    " AND messages.target = sync_marks.device AND messages.stamp <= sync_marks.settled"
    " WHERE sync_marks.account_id = ? AND messages.target <> ? LIMIT ?": MARKS,
    "SELECT stamp, account_id, id, COALESCE(size, ?) FROM records WHERE account_id = ?"
    " AND stamp < (SELECT MAX(stamp) FROM records WHERE account_id = ?) ORDER BY stamp LIMIT ?": (
        "the greatest stamp is one look at the end of the index"
    ),
    "DELETE FROM devices WHERE account_id = ? AND device IN"
    " ( SELECT device FROM devices WHERE account_id = ? ORDER BY active DESC, device DESC LIMIT ? OFFSET ? )": (
        "an account has no more than a thousand of them, and those that were just added"
    ),
    "SELECT shares.id, account_id, device, stored, lasts FROM shares ORDER BY shares.id": (
        "an account has no more than a hundred of them, which end by time"
    ),
    "SELECT MAX(newest) FROM ( SELECT (SELECT MAX(stored) FROM messages WHERE account_id = accounts.id) AS newest"
    " FROM accounts UNION ALL SELECT (SELECT MAX(stored) FROM records WHERE account_id = accounts.id) FROM accounts"
    " UNION ALL SELECT (SELECT MAX(active) FROM devices WHERE account_id = accounts.id) FROM accounts"
    " UNION ALL SELECT MAX(active) FROM sessions )": "once, at the start: one look along an index for each account",
    "SELECT running, evidence, agreed_since, doubted_since, step_at, step_size FROM clock": CLOCK,
    "SELECT trusted FROM clock": CLOCK,
    "SELECT cursor FROM clock": CLOCK,
    "SELECT began FROM runs": CLOCK,
    "SELECT began, wall_offset FROM runs ORDER BY began": CLOCK,
    "DELETE FROM thumbnails WHERE TYPEOF(data) <> ? OR LENGTH(data) > ?"
    " OR TYPEOF(record_id) <> ? OR TYPEOF(stamp) <> ?": "when the file is opened, on its own thread; it has a bound",
    "SELECT sql FROM sqlite_master WHERE name NOT LIKE ?": "the same: what tables it has",
    "SELECT COALESCE(SUM(LENGTH(data) + ?), ?) FROM thumbnails": "the same",
    "SELECT COALESCE(SUM(LENGTH(data)), ?) FROM record_parts": "tests.support.disk",
}
"""Statements that may read all of a table, or of an account's part of it, by their shapes; and why."""

PORT = {
    name
    for port in (AccountStore, MessageStore, RecordStore, ConsoleStore, SweepStore)
    for name, member in vars(port).items()
    if isfunction(member) and not name.startswith("_")
}
"""The methods of a store."""

DONE = {
    *("version", "accounts", "sessions", "touch_sessions", "end_sessions", "revoked_sessions", "forget_revoked"),
    *("expire_messages", "expire_records", "give_up_uploads", "kept_records"),
    *("saw_devices", "good_shares", "all_shares", "remove_shares"),
    *("holdings", "usage", "oldest_records", "remove_records", "drop_parts", "space", "give_back", "trim_log"),
}
"""What jobs ask of the store. Where they ask for more, let them do so here, and add it."""


class JobsCase(SynchronousTestCase):
    """A server with some of everything, and something to do for each job."""

    def setUp(self) -> None:
        BlockingStore()  # its schema isn't traced
        self.traced = Traced()
        self.patch(sqlite3, "connect", self.traced.connect)
        self.patch(room, "AHEAD", MB)
        self.world = World(bounds=Bounds(keep_free=10 * MB))
        self.store, self.services = self.world.store, self.world.services
        self.lines: list[str] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)
        self.fill()
        self.asked: set[str] = set()
        for name in PORT:
            self.note(name)

    def note(self, name: str) -> None:
        """Note that a method of the store is used."""
        real = getattr(self.store, name)

        def noted(*args: Any) -> Any:
            if self.traced.watching:
                self.asked.add(name)
            return real(*args)

        self.patch(self.store, name, noted)

    def hear(self, event: Any) -> None:
        self.lines.append(formatEvent(event) or "")

    def log_in(self, device: str) -> Session:
        return self.services.sessions.find(self.world.authorize(device))

    def fill(self) -> None:
        """Put something into every table."""
        run, store = self.world.run, self.store
        self.fill_account()
        quiet = run(store.add_account("other", "hash"))
        run(store.set_quota("other", QUOTA_RECORDS, 2))
        for number in range(9):
            run(store.add_record(quiet, "camera", "", when(number), [b"x"]))
        run(self.services.settings.change(self.world.account_id, {1: 1, 5: 1, 6: 2}))
        run(store.set_fact("a fact", "its value"))
        run(store.add_secret("user", "door", "digest", Role.VIEW, frozenset()))
        run(store.upload_part(run(store.begin_upload()), 0, bytes(RECORD_PART)))
        self.share()
        run(self.services.timekeeping.load())
        run(self.services.timekeeping.save())
        run(self.services.last_seen.flush())
        run(store.revoke_sessions("user", "phone"))
        kept: Any = self.services.thumbnails._kept
        self.traced.watching = True  # how the file is opened
        for number in (1, 900):
            run(kept.keep(Record(number, "camera", "", "stamp", 1), b"a thumbnail"))
        self.traced.watching = False

    def fill_account(self) -> None:
        """Messages of which some are acknowledged and some are not, and records, a large one among them."""
        run = self.world.run
        camera, phone = self.log_in("camera"), self.log_in("phone")
        self.camera = camera
        drafts = [Draft("m", target, "{}") for target in ("", "phone", "stranger")]
        run(self.services.messages.send(camera, drafts, False))
        run(self.services.messages.send(phone, [], True))
        for size in (1, 3 * RECORD_PART, 2 * MB, 2 * MB):
            run(self.services.records.add(camera, "", [bytes(size)]))

    def share(self) -> None:
        """Let somebody look by a link."""
        run, shares = self.world.run, self.services.shares
        _, token = run(shares.make(self.camera, "camera", 1))
        viewer: Any = Viewer()
        shares.watch(run(shares.find(token, "192.0.2.1")), Stream(), viewer)  # type: ignore[arg-type]

    def tables(self) -> dict[str, int]:
        """Return the number of rows of each table of each database."""
        found = {}
        for connection in self.traced.connections:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            for (name,) in names.fetchall():
                found[name] = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
        return found

    def live(self) -> None:
        """Start the server, and let it do everything that it does by itself, while time passes."""
        server = Running(self, self.world)
        self.traced.watching = True
        server.startService()
        self.addCleanup(server.end)
        self.world.clock.advance(0)
        for seconds in (301, 301, 2 * 3600, 3 * DAY, 1):
            self.traced.watching = False
            self.fill_account()
            self.traced.watching = True
            server.do_jobs()
            self.world.clock.advance(seconds)
        self.world.disk.others = self.world.disk.total - self.store.size - self.store.free - 9 * MB
        server.do_jobs()
        self.traced.watching = False
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual([line for line in self.lines if "again" in line], [])


class Viewer:
    """See :class:`webcam.relay.viewer.Viewer`."""

    on_close: Any

    def end(self) -> None:
        """The link is over."""


class Stream:
    """See :class:`webcam.relay.stream.Stream`."""

    def watch(self, viewer: Viewer) -> None:
        """Nothing comes."""


class PlansTests(JobsCase):
    def test_there_is_something_of_everything(self) -> None:
        self.assertEqual([name for name, rows in self.tables().items() if not rows], [])

    def test_no_job_reads_all_of_what_grows(self) -> None:
        """What no job does here, nobody looks at: so jobs have to do all that is known, and every name is of use."""
        self.live()
        plans = Plans(self.traced.connections)
        found = {shape: plans.troubles_of(statement) for shape, statement in self.traced.statements.items()}
        unnamed = [
            f"{shape}: {', '.join(sorted(found[shape]))}" for shape in found if found[shape] and shape not in NAMED
        ]
        self.assertEqual(unnamed, [], "let them use an index, or name them with a reason")
        self.assertEqual(self.asked, DONE)
        self.assertEqual(NAMED.keys() - {shape for shape, troubles in found.items() if troubles}, set())


class TroublesTests(SynchronousTestCase):
    """What is to be found is found, and nothing else."""

    def setUp(self) -> None:
        store = BlockingStore()
        self.plans = Plans([store.connection])

    def test_what_reads_too_much(self) -> None:
        of_an_account = (
            "SELECT messages.id FROM sync_marks JOIN messages ON messages.account_id = sync_marks.account_id"
            " AND messages.target = sync_marks.device AND messages.stamp <= sync_marks.settled"
            " WHERE sync_marks.account_id = 1 AND messages.target <> '' LIMIT 9"
        )
        for statement, trouble in (
            (of_an_account, "reads all of an account's messages"),
            ("DELETE FROM messages WHERE name = 'm'", "reads all of messages"),
            ("SELECT id FROM records m WHERE size > 1", "reads all of m"),
            ("SELECT MAX(active) FROM sessions", "reads all of sessions"),
            ("SELECT id FROM records WHERE account_id = 1 ORDER BY size LIMIT 1", "sorts"),
            ("SELECT COUNT(*) FROM messages WHERE account_id = 1", "reads all of an account's messages"),
            ("UPDATE accounts SET disabled = 1 WHERE id IN (SELECT account_id FROM shares)", "reads all of shares"),
        ):
            self.assertIn(trouble, self.plans.troubles_of(statement), statement)

    def test_what_does_not(self) -> None:
        for statement in (
            "SELECT id FROM messages WHERE account_id = 1 AND stamp < 'x' ORDER BY stamp LIMIT 9",
            "DELETE FROM records WHERE id IN (1, 2, 3)",
            "INSERT INTO loose_records (id, uploading) VALUES (1, 0)",
            "SELECT stamp FROM (SELECT stamp FROM messages WHERE account_id = 1 AND stamp > 'x' LIMIT 1) AS few",
        ):
            self.assertEqual(self.plans.troubles_of(statement), set(), statement)

    def test_shapes_have_no_values(self) -> None:
        for statement in (
            "DELETE  FROM t\n WHERE a = 'it''s' AND b = x'00ff' AND c2 < -1.5e+10",
            "DELETE FROM t WHERE a = '' AND b = x'' AND c2 < 3",
        ):
            self.assertEqual(shape_of(statement), "DELETE FROM t WHERE a = ? AND b = ? AND c2 < ?")


class StepTests(SynchronousTestCase):
    def test_a_step_that_finds_enough_by_age_looks_at_no_mark(self) -> None:
        """They are looked at once by a sweep: where there are ten thousand, that takes as long as a step may."""
        BlockingStore()
        traced = Traced()
        self.patch(sqlite3, "connect", traced.connect)
        store = BlockingStore()
        account_id = self.successResultOf(store.add_account("user", "hash"))
        drafts = [Draft("m", "phone", "{}")] * 3
        self.successResultOf(store.add_messages(account_id, "camera", when(0), drafts, ""))
        traced.watching = True
        expire = (account_id, Expiry(0, 0, running(1)), (1000, 300), 2)
        self.assertEqual(self.successResultOf(store.expire_messages(*expire)), 2)
        self.assertEqual([each for each in traced.statements if "sync_marks" in each], [])
        self.assertEqual(self.successResultOf(store.expire_messages(*expire)), 1)
        self.assertNotEqual([each for each in traced.statements if "sync_marks" in each], [])
