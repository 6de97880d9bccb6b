"""Creating and upgrading the database: one numbered file of SQL a version, each run whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from importlib import resources
from pathlib import Path

from webcam.errors import StartFailure

VERSION = 1
FILE = "webcam.db"
BUSY = 5000
"""Milliseconds to wait for another process that writes (the operator's program)."""


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
    connection.execute("PRAGMA journal_size_limit = 67108864")


def make_ready(folder: Path) -> Path:
    """Create the database in *folder*, or upgrade it after a backup; the answer is its path.

    Raises :class:`webcam.errors.StartFailure` for a database of a newer version, or a file that is none.
    """
    path = folder / FILE
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _make_ready(connection, path)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise StartFailure(f"the database {path} can't be used: {error}") from None
    return path


def _make_ready(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StartFailure(
            f"the database {path} is of version {version}, this server knows up to {VERSION}: use a newer server"
        )
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    prepare(connection)
    if version == VERSION:
        return
    if version > 0:
        back_up(connection, path.with_name(f"{path.name}.version-{version}"))
    steps = "".join(script(each) for each in range(version + 1, VERSION + 1))
    connection.executescript(f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {VERSION};\nCOMMIT;")


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the whole database to *path*, readable by its owner only."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    target = sqlite3.connect(path)
    try:
        connection.backup(target)
    finally:
        target.close()
