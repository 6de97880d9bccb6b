"""Look through the rows of a database for values that the server can't compute with, in SQL and in bounded memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache

from webcam.model import LARGEST
from webcam.storage import schema
from webcam.storage.rules import Rule, add_functions, rule_of
from webcam.storage.shape import made, scripts

_SHOWN = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Column:
    """A column of the schema, with the rule of its values and whether it is part of the primary key."""

    name: str
    rule: Rule
    key: bool


def tables() -> dict[str, tuple[Column, ...]]:
    """Return the columns of each table of this version, as the schema's scripts make them."""
    return _tables(scripts(schema.VERSION))


@cache
def _tables(steps: tuple[str, ...]) -> dict[str, tuple[Column, ...]]:
    with closing(made(steps)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        return {name: tuple(_columns(connection, name)) for (name,) in names}


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[Column]:
    for _, name, declared, not_null, _, key in connection.execute(f"PRAGMA table_info({table})"):
        yield Column(name, rule_of(table, name, declared, not (not_null or key)), bool(key))


def bad_values(connection: sqlite3.Connection) -> Iterator[str]:
    """Name each row with a value that breaks the rule of its column: table, row, column, value, what is allowed."""
    add_functions(connection)
    for table in tables():
        for _, line in bad_rows(connection, table):
            yield line


def bad_rows(connection: sqlite3.Connection, table: str, last: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Name each bad row of one table, with its first bad column, on a connection with :func:`add_functions`.

    The columns *last* are named where no other one is bad.
    """
    columns = sorted(tables()[table], key=lambda each: each.name in last)
    keys = [each for each in columns if each.key and each.rule.shown]
    for number, value, *row in connection.execute(_statement(table, columns, keys)):
        column = columns[number]
        named = ", ".join(f"{key.name} {_text(part)}" for key, part in zip(keys, row, strict=True))
        held = f"is {_text(value)}" if column.rule.shown else "can't be used"
        place = f"{table} ({named})" if named else table
        yield column.name, f"{place}: {column.name} {held}, want {column.rule.allowed}"


def remove_bad_rows(connection: sqlite3.Connection, table: str) -> None:
    """Delete what :func:`bad_rows` names."""
    good = " AND ".join(each.rule.sql(each.name) for each in tables()[table])
    connection.execute(f"DELETE FROM {table} WHERE NOT ({good})")


def _statement(table: str, columns: Sequence[Column], keys: Sequence[Column]) -> str:
    """One pass over the table: the number of the first column whose rule is broken, its value, and the row's key."""
    broken = " ".join(f"WHEN NOT {each.rule.sql(each.name)} THEN {number}" for number, each in enumerate(columns))
    value = " ".join(
        f"WHEN {number} THEN {_shown(each.name) if each.rule.shown else 'NULL'}" for number, each in enumerate(columns)
    )
    names = ", ".join(each.name for each in columns)
    return (
        f"SELECT {', '.join(['broken', f'CASE broken {value} END', *(_shown(each.name) for each in keys)])}"
        f" FROM (SELECT {names}, CASE {broken} END AS broken FROM {table}) WHERE broken IS NOT NULL"
    )


def _shown(column: str) -> str:
    """The beginning of what is no number, as bytes: it may be no text that Python takes."""
    begin = f"COALESCE(SUBSTR(CAST({column} AS BLOB), 1, {_SHOWN + 1}), x'')"
    return f"CASE WHEN TYPEOF({column}) IN ('text', 'blob') THEN {begin} ELSE {column} END"


def _text(value: object) -> str:
    """In ASCII, on one line; bytes where it is no text."""
    if not isinstance(value, bytes):
        return "NULL" if value is None else repr(value)
    begin = value[:_SHOWN]
    more = "…" if len(value) > _SHOWN else ""
    try:
        return ascii(begin.decode("utf-8")) + more
    except UnicodeDecodeError as error:
        cut = bool(more) and error.start > _SHOWN - 4  # within a character
        return (ascii(begin[: error.start].decode("utf-8")) if cut else repr(begin)) + more


def bad_sequences(connection: sqlite3.Connection) -> Iterator[str]:
    """Name the tables whose next id can't be given: too large, or below one that is there."""
    found: dict[str, int] = {}
    for name, highest, kind in connection.execute("SELECT name, seq, TYPEOF(seq) FROM sqlite_sequence"):
        if name in found:
            yield f"the highest id of {name} stands twice in sqlite_sequence"
        found[name] = highest if kind == "integer" else -1
        if not 0 <= found[name] < LARGEST:
            yield f"the highest id of {name} is {highest!r} in sqlite_sequence, want a whole number below {LARGEST}"
    for name in found.keys() & tables().keys():
        (there,) = connection.execute(f"SELECT MAX(id) FROM {name}").fetchone()
        if isinstance(there, int) and there > found[name] >= 0:
            yield f"{name} has an id {there}, and the highest that was given is {found[name]} in sqlite_sequence"


_LATER = """
SELECT id, name, last_stamp,
    MAX(COALESCE((SELECT MAX(stamp) FROM messages WHERE account_id = accounts.id), ''),
        COALESCE((SELECT MAX(stamp) FROM records WHERE account_id = accounts.id), '')) AS newest
FROM accounts WHERE newest > last_stamp AND password_hash <> '' ORDER BY id
"""


def bad_newest(connection: sqlite3.Connection) -> Iterator[str]:
    """Name accounts that hold something later than their newest stamp: what comes next might be stamped before it.

    One without a password is being imported, and gets its newest stamp at the end.
    """
    for account_id, name, last, newest in connection.execute(_LATER):
        yield f"accounts (id {account_id}, {name!r}): last_stamp is {last!r}, and something is stamped {newest!r}"
