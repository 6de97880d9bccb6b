"""The servers of the storage benchmarks: their sessions never run out, and what they hold was put there before."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.benchmarks.client import Asker
from tests.benchmarks.ours import Webcam
from tests.support.faults import written
from tests.support.process import Server
from webcam.calendar import micros
from webcam.model import MINUTE_REQUESTS, SESSION_MINUTES, SESSION_REQUESTS, stamp_of
from webcam.storage.schema import FILE, connect

SESSIONS = 100
_UNBOUNDED = 1e12
"""Requests, and minutes of silence."""

MESSAGES = 1_000_000
DEVICES = 1000
"""Those that ask are among them: an account has no more online, unless it is told otherwise."""

COMMIT = 0.005
"""Seconds that a commit takes longer on a slow disk."""

_DAY = 24 * 3600.0
_RECORD = 40_000
_AT_ONCE = 2500
"""Records of a transaction, while the database is filled."""


class OneByOneServer(Server):
    """A transaction for each write, as if none shared one."""

    def command(self, *options: str) -> list[str]:
        program, flag, run, *rest = super().command(*options)
        return [program, flag, f"from webcam.storage import writer; writer.TOGETHER = 1; {run}", *rest]


class SlowDiskServer(Server):
    """A commit takes :data:`COMMIT` longer, as on an SD card or a disk that turns."""

    def command(self, *options: str) -> list[str]:
        program, flag, run, *rest = super().command(*options)
        install = written(self.data.with_name("slow-disk"), off=0.0, slow=COMMIT)
        return [program, flag, f"{install}; {run}", *rest]


class OneByOneSlowDiskServer(OneByOneServer, SlowDiskServer):
    """Both."""


class Unbounded(Webcam):
    """The server in full, with an account whose sessions may ask as often as they like, and be silent between."""

    options: tuple[str, ...] = ()
    server_class = Server

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = self.server_class(self.folder, *self.options)

    @property
    def database(self) -> Path:
        return self._server.data / FILE

    def start(self) -> None:
        self._server.start()
        self._server.stop()
        with closing(connect(self.database)) as connection:
            connection.executemany(
                "INSERT INTO settings (account_id, kind, value) VALUES (1, ?, ?)",
                [(kind, _UNBOUNDED) for kind in (SESSION_MINUTES, SESSION_REQUESTS, MINUTE_REQUESTS)],
            )
            self.fill(connection)
        super().start()

    def fill(self, connection: sqlite3.Connection) -> None:
        """Put into the database what the account should hold."""

    def prepare(self, data: Path) -> None:
        """Log in some devices."""
        password = (data / "first-password").read_text().strip()
        asker = Asker(self.port)
        self.tokens = [asker.log_in(password, f"device {number}") for number in range(SESSIONS)]
        for token in self.tokens:
            asker.ask("addMsgs.json", shash=token, msg="sync")
        asker.close()

    def start_again(self) -> float:
        """Stop it, and start it; the seconds from then until it says that it is ready."""
        self._server.stop()
        began = time.monotonic()
        self._server.start()
        took = time.monotonic() - began
        self.pid, self.port = self._server.pid, self._server.port
        return took

    def count(self, table: str) -> int:
        """Rows that are in the database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            (number,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
            return int(number)


class OneByOne(Unbounded):
    """Without group commit."""

    name = "one by one"
    server_class = OneByOneServer


class SlowDisk(Unbounded):
    """On a disk that takes its time."""

    name = "slow disk"
    server_class = SlowDiskServer


class OneByOneSlowDisk(Unbounded):
    """On such a disk, without group commit."""

    name = "one by one, slow"
    server_class = OneByOneSlowDiskServer


class Empty(Unbounded):
    """An account that holds nothing."""

    name = "empty"


class Full(Unbounded):
    """One that holds a million messages of a day, half of them for one each of a thousand devices, which are online
    and have acknowledged nothing."""

    name = "full"

    def fill(self, connection: sqlite3.Connection) -> None:
        now = time.time()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO messages (account_id, stamp, stored, sender, target, name, params)"
            " VALUES (1, ?, ?, ?, ?, 'ping', ?)",
            (
                (
                    *_times(now - _DAY * (1 - number / MESSAGES)),
                    f"old {number * 7 % DEVICES}",
                    f"old {number // 2 % DEVICES}" if number % 2 else "",
                    '{"please":1}',
                )
                for number in range(MESSAGES)
            ),
        )
        connection.execute("UPDATE accounts SET last_stamp = ?", (stamp_of(now),))
        connection.executemany(
            "INSERT INTO sessions (digest, account_id, device, meta, address, active, requests, given)"
            " VALUES (?, 1, ?, '{}', '192.0.2.1', ?, 1, '')",
            [(f"{number:064x}", f"old {number}", now) for number in range(DEVICES - SESSIONS)],
        )
        _count(connection)
        connection.execute("COMMIT")


class Large(Unbounded):
    """A database of many gigabytes: records of 40 KB."""

    name = "large"
    size = 10 * 2**30

    def fill(self, connection: sqlite3.Connection) -> None:
        now = time.time()
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(1, self.size // _RECORD, _AT_ONCE):
            numbers = range(first, first + _AT_ONCE)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO records (id, account_id, stamp, stored, device, meta, size)"
                " VALUES (?, 1, ?, ?, 'camera', '', ?)",
                [(number, *_times(now - _DAY + number / 10), _RECORD) for number in numbers],
            )
            connection.executemany(
                "INSERT INTO record_parts (record_id, part, data) VALUES (?, 0, zeroblob(?))",
                [(number, _RECORD) for number in numbers],
            )
            connection.execute("COMMIT")
        _count(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _times(then: float) -> tuple[str, int]:
    """The stamp and the running time of what was stored at *then*, in seconds since the epoch."""
    return stamp_of(then), micros(then)


def _count(connection: sqlite3.Connection) -> None:
    """What an account holds is counted in its row."""
    connection.execute(
        "UPDATE accounts SET message_count = (SELECT COUNT(*) FROM messages),"
        " record_count = (SELECT COUNT(*) FROM records),"
        " record_bytes = (SELECT COALESCE(SUM(size), 0) FROM records)"
    )


class Roomy(Unbounded):
    """One that takes records of more than a gigabyte."""

    name = "roomy"
    options = ("--record-limit=2G",)
