"""Compare the tables, indexes and other objects of a database with those that the schema's scripts make."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache

from webcam.storage import schema
from webcam.storage.importing import progress

ENCODING = "UTF-8"

_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
_OF_SQLITE = re.compile(r"sqlite_stat[0-9]|sqlite_autoindex_.*")
"""Tables that SQLite's ``ANALYZE`` makes: they change plans alone, and an operator may have run it. And the indexes of
unique columns, which come with their table."""

_COMMENT = re.compile(r"--[^\n]*")

Objects = dict[tuple[str, str], str]
"""Kind and name of each object to the SQL that made it, with its table, without comments and line breaks."""


def differences(connection: sqlite3.Connection, version: int) -> Iterator[str]:
    """Say what differs from a database of this version, a line for each object.

    A trigger runs when the server writes, a view or a table that is none of the server's may hide one of them, and a
    column that is generated or checked refuses writes: so nothing may be there that the server didn't make.
    """
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if encoding != ENCODING:
        yield f"its text is in {encoding}, want {ENCODING}"
    wanted, optional = expected(version)
    found = _objects(connection)
    for (kind, name), sql in found.items():
        known = wanted.get((kind, name)) or optional.get((kind, name))
        if known is None:
            yield f"it has {_a(kind)} {name!r}, which is none of the server's"
        elif known != sql:
            yield f"its {kind} {name!r} is not as the server makes it: {sql[:200]!r}"
    for kind, name in sorted(wanted.keys() - found.keys(), reverse=True):  # tables first
        yield f"it has no {kind} {name!r}"


def expected(version: int) -> tuple[Objects, Objects]:
    """Return what the scripts up to this version make, and what an import that was broken off may have left."""
    return _expected(scripts(version))


def scripts(version: int) -> tuple[str, ...]:
    """Return the SQL that makes an empty database of this version."""
    return tuple(schema.script(each) for each in range(1, version + 1))


@cache
def _expected(steps: tuple[str, ...]) -> tuple[Objects, Objects]:
    with closing(made(steps)) as connection:
        wanted = _objects(connection)
        progress.begin(connection.cursor())
        more = _objects(connection)
    return wanted, {key: more[key] for key in more.keys() - wanted.keys()}


def made(steps: tuple[str, ...]) -> sqlite3.Connection:
    """Return a database in memory that these scripts made. Its user closes it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for each in steps:
        connection.executescript(each)
    return connection


def _objects(connection: sqlite3.Connection) -> Objects:
    return {
        (kind, name): f"{table}: {_normal(sql or '')}"
        for kind, name, table, sql in connection.execute(_OBJECTS)
        if not _OF_SQLITE.fullmatch(name)
    }


def _normal(sql: str) -> str:
    """No literal of the schema holds two dashes or two spaces, so these are comments and layout."""
    return " ".join(_COMMENT.sub("", sql).split())


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "index" else f"a {kind}"
