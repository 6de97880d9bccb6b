"""Databases of every version of the schema that was released, with data in them, as SQL text.

``python -m tests.support.released`` writes that of this version, when it is about to be released; it is never written
again.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.clock import moment_of
from tests.support.stores import BlockingDatabase
from webcam.calendar import micros_of
from webcam.model import QUOTA_RECORDS, Draft, SavedSession
from webcam.ports import RECORD_PART
from webcam.storage import quotas
from webcam.storage.schema import FILE, VERSION, connect, make_ready
from webcam.storage.sqlite import SQLiteStore

FOLDER = Path(__file__).parents[1] / "contract" / "released"

DATA = {1: b"a picture", 3: bytes(RECORD_PART) + b"the second part"}
"""By record; the second one was deleted."""

STAMP = "2026-01-02 03:04:05.{:06d}"


def path_of(version: int) -> Path:
    """Where the file of a version is."""
    return FOLDER / f"{version:04d}.sql"


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


async def fill(store: SQLiteStore) -> None:
    """What is kept by way of the store."""
    home = await store.add_account("home", "hash of home")
    await store.add_account("żółć", "hash of another")
    await store.set_settings(home, {1: 7.0, 4: 200.0})
    await store.save_sessions(
        [SavedSession("digest", home, "phone", '{"a":1}', "192.0.2.1", 12_500_000, 34, STAMP.format(2))]
    )
    drafts = [Draft("to all", "", '{"n":1}'), Draft("to phone", "phone", "[]")]
    await store.add_messages(home, "camera", moment_of(STAMP.format(1)), drafts, None)
    await store.add_messages(home, "phone", moment_of(STAMP.format(3)), [], STAMP.format(1))
    for number in (1, 2, 3):
        await store.add_record(
            home, "camera", f"meta {number}", moment_of(STAMP.format(9 + number)), [DATA.get(number, b"gone")]
        )
    await store.delete_records(home, [2], older=False)


def fill_more(connection: sqlite3.Connection) -> None:
    """What is kept by other ways."""
    cursor = connection.cursor()
    quotas.set_quota(cursor, "home", QUOTA_RECORDS, 50)
    cursor.execute(
        "INSERT INTO secrets (id, account_id, label, digest, role, devices)"
        " VALUES (1, 1, 'gate', 'digest of a secret', 'publish', '[\"camera\"]')"
    )
    cursor.execute("INSERT INTO revoked_sessions VALUES ('digest of a session')")
    cursor.execute("INSERT INTO secrets VALUES (2, 1, 'recorder', 'digest of another secret', 'view', '[]', 1)")
    made, until = micros_of(STAMP.format(0)), micros_of("9999-01-02 03:04:05")
    cursor.execute("INSERT INTO devices VALUES (1, 'phone', '{\"a\":1}', ?, NULL)", (made,))
    link = (1, 1, "camera", "digest of a link", made, until - made)
    cursor.execute("INSERT INTO shares VALUES (?, ?, ?, ?, ?, ?)", link)
    cursor.execute("INSERT INTO runs VALUES (?, 0)", (made,))
    cursor.execute("INSERT INTO clock VALUES (1, ?, 0, ?, NULL, ?, -9, NULL, ?)", (made, made, made, STAMP.format(9)))


def dump(connection: sqlite3.Connection) -> str:
    """The whole database as SQL, its version included; a part of a record that is all zeros is written short."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    lines = ["PRAGMA auto_vacuum = INCREMENTAL;", *connection.iterdump(), f"PRAGMA user_version = {version};", ""]
    return "\n".join(lines).replace(f"X'{bytes(RECORD_PART).hex()}'", f"ZEROBLOB({RECORD_PART})")


def load(version: int, folder: Path) -> Path:
    """A database as that version left it."""
    path = folder / FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(path_of(version).read_text("utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def write() -> Path:
    """The file of this version. Raises :class:`FileExistsError` when there is one."""
    with tempfile.TemporaryDirectory() as folder, closing(connect(make_ready(Path(folder)))) as connection:
        finished(fill(SQLiteStore(BlockingDatabase(connection))))  # type: ignore[arg-type]
        fill_more(connection)
        with path_of(VERSION).open("x", encoding="utf-8") as file:
            file.write(dump(connection))
    return path_of(VERSION)


if __name__ == "__main__":
    print(write())
