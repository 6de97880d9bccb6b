"""Creating and upgrading the database: one numbered file of SQL a version, each run whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from importlib import resources
from pathlib import Path

from webcam.durable import create_private
from webcam.errors import StartFailure
from webcam.model import EARLIER_RELEASE
from webcam.storage.copying import BUSY, copy

VERSION = 4
FILE = "webcam.db"
FRESH = f"{FILE}.restoring"
"""A backup on its way to be the database."""

LOG = 8 * 1024 * 1024
"""Bytes to which SQLite cuts its log when that begins anew. What is left of it can be written on a full disk, too, so
that something can be deleted there."""


@cache
def script(version: int) -> str:
    """The SQL that leads from the version before to this one."""
    return resources.files("webcam.storage").joinpath("schema").joinpath(f"{version:04d}.sql").read_text("utf-8")


def connect(path: Path) -> sqlite3.Connection:
    """A connection as everything here expects it: explicit transactions, WAL, FULL, foreign keys."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    prepare(connection)
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Set what SQLite keeps by connection."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG}")
    # Some builds overwrite what is deleted with zeros: to delete a gigabyte takes another one in the log, which a full
    # disk doesn't have. FAST does so where it costs nothing (https://www.sqlite.org/pragma.html#pragma_secure_delete).
    connection.execute("PRAGMA secure_delete = FAST").fetchall()


def make_ready(folder: Path) -> Path:
    """Create the database in *folder*, or upgrade it after a backup; the answer is its path, behind links: SQLite has
    its log beside it there.

    Raises :class:`webcam.errors.StartFailure` for a database of a newer version, or a file that is none.
    """
    path = folder / FILE
    try:
        create_private(path)
        if path.is_symlink():
            path = path.resolve()
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            _make_ready(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise StartFailure(f"the database {path} can't be used: {error}") from None
    return path


def _make_ready(connection: sqlite3.Connection, path: Path) -> None:
    version = known_version(connection, f"the database {path}")
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    prepare(connection)
    if 0 < version < VERSION:
        copy(connection, path.with_name(f"{path.name}.version-{version}"))
    upgrade(connection, version)
    _forget_statistics(connection)


def _forget_statistics(connection: sqlite3.Connection) -> None:
    """Drop what somebody's ``ANALYZE`` left: by it, SQLite reads whole tables that were small when it was made.

    Without it, plans rest on the indexes alone, and are the same everywhere.
    """
    found = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'sqlite_stat[1-4]'").fetchall()
    for (name,) in found:
        connection.execute(f"DROP TABLE {name}")


def known_version(connection: sqlite3.Connection, what: str) -> int:
    """The version of an open database; 0 for an empty one. Raises :class:`StartFailure` for a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StartFailure(f"{what} is of version {version}, this server knows up to {VERSION}: use a newer server")
    return int(version)


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Lead a database of this version to the newest, wholly or not at all."""
    if version < VERSION:
        steps = "".join(script(each) for each in range(version + 1, VERSION + 1))
        if 0 < version < 4:
            steps += f"INSERT INTO facts (name, value) VALUES ('{EARLIER_RELEASE}', '{version}');\n"
        connection.executescript(f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {VERSION};\nCOMMIT;")
