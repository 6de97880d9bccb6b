"""A database as the older server made it, with everything in it that was allowed there.

``python -m tests.support.old_database FILE [ROWS]`` makes one of so many records and messages (10,000).
"""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.support.trail import used

SCHEMA = """
CREATE TABLE clients (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, pass TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, cid INTEGER REFERENCES clients (id) ON DELETE CASCADE,
    device TEXT, metadata TEXT, ip TEXT, shash TEXT, req_total INTEGER, req_permin INTEGER, stamp DOUBLE);
CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, cid INTEGER REFERENCES clients (id) ON DELETE CASCADE,
    device TEXT, metadata TEXT, data BLOB, stamp TEXT);
CREATE TABLE msgs (id INTEGER PRIMARY KEY AUTOINCREMENT, cid INTEGER REFERENCES clients (id) ON DELETE CASCADE,
    msg TEXT, device TEXT, target TEXT, params TEXT, stamp TEXT);
CREATE TABLE syncs (cid INTEGER REFERENCES clients (id) ON DELETE CASCADE, device TEXT, stamp TEXT,
    UNIQUE (cid, device));
CREATE TABLE confs (cid INTEGER REFERENCES clients (id) ON DELETE CASCADE, kind INTEGER, fv REAL,
    UNIQUE (cid, kind) ON CONFLICT REPLACE);
CREATE TABLE conf_set (knd INTEGER UNIQUE, descr TEXT, miv REAL, mav REAL, dv REAL);
"""

DEFAULTS = (
    (1, "old records timeout (days)", 0.004, 168, 30),
    (2, "dead sessions timeout (minutes)", 3, 30, 10),
    (3, "max requests for session", 200, 10000, 1500),
    (4, "max reqs per min for session", 20, 200, 50),
    (5, "broadcasts lifetime (hr)", 1, 750, 125),
    (6, "overall messages lifetime (days)", 1, 120, 30),
)
CLIENTS = (("home", "secret of home"), ("garage", "secret of garage"), ("empty", "żółć 中文 sesame"))
SUFFIXED = datetime(2023, 11, 1, tzinfo=timezone.utc)
"""From here on a stamp ends in the counter."""


class OldDatabase:
    """One that is being made; used as a context, it is committed at the end."""

    def __init__(self, path: Path, journal: str = "DELETE") -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute(f"PRAGMA journal_mode = {journal}")
        self._connection.executescript(SCHEMA)
        self._connection.executemany("INSERT INTO conf_set VALUES (?, ?, ?, ?, ?)", DEFAULTS)
        self._counter = 0

    def __enter__(self) -> OldDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.commit()
        self._connection.close()

    def execute(self, statement: str, *values: object) -> int:
        """The id of what was inserted."""
        return self._connection.execute(statement, values).lastrowid or 0

    def client(self, name: object, password: str = "secret") -> int:
        return self.execute("INSERT INTO clients (name, pass) VALUES (?, ?)", name, used("password", password))

    def message(self, client: object, stamp: object, name: object = "hello", **more: object) -> int:
        values = {"device": "camera", "target": "", "params": "{}", **more}
        return self.execute(
            "INSERT INTO msgs (cid, msg, device, target, params, stamp) VALUES (?, ?, ?, ?, ?, ?)",
            *(client, name, values["device"], values["target"], values["params"], stamp),
        )

    def record(self, client: object, stamp: object, data: object = b"picture", **more: object) -> int:
        values = {"device": "camera", "metadata": "", **more}
        return self.execute(
            "INSERT INTO records (cid, device, metadata, data, stamp) VALUES (?, ?, ?, ?, ?)",
            *(client, values["device"], values["metadata"], data, stamp),
        )

    def stamp(self, moment: datetime) -> str:
        """As that server gave them at its times: a counter modulo 10,000 behind the second, or nothing."""
        second = f"{moment:%Y-%m-%d %H:%M:%S}"
        if moment < SUFFIXED:
            return second
        self._counter = (self._counter + 1) % 10000
        return f"{second}.{self._counter:04d}"

    def restart(self) -> None:
        """The counter begins anew."""
        self._counter = 0


def fill(path: Path, rows: int, largest: int = 2000) -> None:
    """So many records, of sizes up to *largest*, and as many messages, of two accounts of three, over two years."""
    with OldDatabase(path) as old:
        clients = [old.client(*each) for each in CLIENTS]
        begin, step = SUFFIXED - timedelta(days=365), timedelta(days=730) / rows
        for number in range(rows):
            moment = begin + number // 3 * 3 * step  # three of a second
            client = clients[number % 2]
            if number == rows * 2 // 3:
                old.restart()
            name = "sync" if number % 50 == 7 else f"message {number}"
            params = json.dumps({"number": number}) if number % 11 else "no JSON: " + str(number)
            old.message(client, old.stamp(moment), name, target="phone" if number % 3 else "", params=params)
            data = None if number % 100 == 99 else bytes([number % 256]) * (number * 37 % largest)
            old.record(client, old.stamp(moment), data, metadata=f"record {number}")
        old.execute("INSERT INTO confs VALUES (?, 1, 168.0)", clients[0])
        old.execute("INSERT INTO confs VALUES (?, 6, 100000)", clients[0])
        old.execute("INSERT INTO syncs VALUES (?, 'phone', ?)", clients[0], old.stamp(begin + rows // 2 * step))
        old.execute(
            "INSERT INTO sessions (cid, device, metadata, ip, shash, req_total, req_permin, stamp)"
            " VALUES (?, 'phone', '{}', '192.0.2.7', 'token of phone', 12, 3, 2460615.5)",
            clients[1],
        )


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
