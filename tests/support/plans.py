"""Query plans: how SQLite would run a statement where there is a lot of data, whatever it knows of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000

_connect = sqlite3.connect
_LITERAL = re.compile(r"x'[0-9a-f]*'|'(?:[^']|'')*'|(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\b", re.IGNORECASE)
_DATA = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)
_SUBQUERY = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (?:SUBQUERY )?(\S+)")
_TABLE = re.compile(r"(?:SCAN|SEARCH) (?:TABLE )?([a-z]\w*)")
_SCHEMA = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"


@dataclass(frozen=True)
class Knowledge:
    """What SQLite may know of the data: rows of a table, rows of one account, rows of one device of it."""

    name: str
    rows: int = MILLION
    of_account: int = MILLION
    of_device: int = MILLION // 10
    but: frozenset[str] = frozenset()
    """Tables of which it knows that they have next to nothing."""

    def is_large(self, table: str) -> bool:
        """Return whether it takes the table for one that is better not read as a whole."""
        return table not in self.but and self.rows > 2

    def numbers(self, table: str, columns: int) -> str:
        """Return the line of ``sqlite_stat1`` for an index (https://www.sqlite.org/fileformat2.html#stat1tab)."""
        numbers = (self.rows, self.of_account, self.of_device, self.of_device) if self.is_large(table) else (2, 2, 1, 1)
        return " ".join(map(str, [*numbers[:columns], 1]))


MESSAGES, RECORDS = frozenset({"messages"}), frozenset({"records", "record_parts", "loose_records"})
OTHERS = frozenset({"accounts", "sync_marks", "devices", "sessions", "shares", "secrets", "settings", "quotas"})

KNOWN = (
    Knowledge("one account has all of it"),
    Knowledge("many accounts have little", of_account=100, of_device=10),
    Knowledge("many devices have one each", of_device=1),
    Knowledge("there is next to nothing", 2, 2, 1),
    Knowledge("there are messages alone", but=OTHERS | RECORDS),
    Knowledge("there are records alone", but=OTHERS | MESSAGES),
    Knowledge("there are neither messages nor records", but=MESSAGES | RECORDS),
)


def shape_of(statement: str) -> str:
    """Return a statement without its values, in one line."""
    return " ".join(_LITERAL.sub("?", statement).split())


class Plans:
    """The plans for statements on the tables of some databases: without ``ANALYZE``, and with all sorts of outcomes."""

    def __init__(self, schemas: Iterable[sqlite3.Connection]) -> None:
        statements = [statement for schema in schemas for (statement,) in schema.execute(_SCHEMA)]
        self._databases = [(known, _database(statements, known)) for known in (None, *KNOWN)]

    def troubles_of(self, statement: str) -> set[str]:
        """Return what a statement would read all of, or sort, where there is more than next to nothing of it."""
        found = set()
        for known, database in self._databases:
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}")]
            found.update(_troubles(plan, known))
        return found


def _database(statements: Iterable[str], known: Knowledge | None) -> sqlite3.Connection:
    database = _connect(":memory:", isolation_level=None)
    for statement in statements:
        database.execute(statement)
    if known is not None:
        _analyze(database, known)
    return database


def _analyze(database: sqlite3.Connection, known: Knowledge) -> None:
    database.execute("ANALYZE")
    database.execute("DELETE FROM sqlite_stat1")
    for name, table in database.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'").fetchall():
        columns = len(database.execute(f"PRAGMA index_info({name})").fetchall())
        values = (table, name, known.numbers(table, columns))
        database.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", values)
    database.execute("ANALYZE sqlite_master")  # SQLite reads what is in the table


def _troubles(plan: Sequence[str], known: Knowledge | None) -> Iterable[str]:
    subqueries = {found[1] for found in map(_SUBQUERY.match, plan) if found}
    tables = {found[1] for found in map(_TABLE.match, plan) if found} - subqueries
    large = {each for each in tables if known is None or known.is_large(each)}
    for line in plan:
        found = _TABLE.match(line)
        table = found[1] if found else ""
        if table in large and (line.startswith("SCAN") or " USING " not in line):  # a MAX() without an index "searches"
            yield f"reads all of {table}"
        elif table in large and line.endswith("(account_id=?)"):
            yield f"reads all of an account's {table}"
        elif table in large and "AUTOMATIC" in line:
            yield f"makes an index of {table}"
        elif "TEMP B-TREE" in line and large:
            yield "sorts"


class Traced:
    """The statements that read or write data on some connections while ``watching``, by their shapes."""

    def __init__(self) -> None:
        self.watching = False
        self.connections: list[sqlite3.Connection] = []
        self.statements: dict[str, str] = {}

    def connect(self, *args: Any, **options: Any) -> sqlite3.Connection:
        """Open a connection as :func:`sqlite3.connect` does, and trace it."""
        connection = _connect(*args, **options)
        connection.set_trace_callback(self._note)
        self.connections.append(connection)
        return connection

    def _note(self, statement: str) -> None:
        if self.watching and _DATA.match(statement.lstrip()):
            self.statements.setdefault(shape_of(statement), statement)
