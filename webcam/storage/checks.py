"""Whether a database is whole and sound, and what it holds. Reading only.

Whole: nothing of it is damaged or missing. Sound: it is made as the server makes it, and holds nothing that the server
can't compute with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from webcam.errors import Refused
from webcam.ports import RECORD_PART
from webcam.storage import schema, shape, values
from webcam.storage.copying import one_state
from webcam.storage.messages import BYTES

SHOWN = 10
"""Problems of a kind that are named; of the others only the number is told."""


@dataclass(frozen=True)
class Holding:
    """What an account holds; ``size`` is that of its records' data, in bytes."""

    name: str
    messages: int
    records: int
    size: int
    sessions: int


_HOLDINGS = """
SELECT accounts.name,
    (SELECT COUNT(*) FROM messages WHERE messages.account_id = accounts.id),
    (SELECT COUNT(*) FROM records WHERE records.account_id = accounts.id),
    (SELECT COALESCE(SUM(records.size), 0) FROM records WHERE records.account_id = accounts.id),
    (SELECT COUNT(*) FROM sessions WHERE sessions.account_id = accounts.id)
FROM accounts ORDER BY accounts.name
"""

_LOST_PARTS = """
SELECT record_id, COUNT(*) FROM record_parts
WHERE record_id NOT IN (SELECT id FROM records) AND record_id NOT IN (SELECT id FROM loose_records)
GROUP BY record_id ORDER BY record_id
"""

# Every part but the last has the same size: what is there must be exactly the parts that the record's size makes.
_INCOMPLETE = """
SELECT records.id, COALESCE(records.size, 0), COUNT(record_parts.part), COALESCE(SUM(LENGTH(record_parts.data)), 0)
FROM records LEFT JOIN record_parts ON record_parts.record_id = records.id
GROUP BY records.id
HAVING COUNT(record_parts.part) <> (COALESCE(records.size, 0) + :part - 1) / :part
    OR SUM(LENGTH(record_parts.data) <> MIN(:part, COALESCE(records.size, 0) - record_parts.part * :part)) > 0
ORDER BY records.id
"""

_MISCOUNTED = f"""
SELECT name, message_count, message_bytes, record_count, record_bytes, messages, bytes, records, size FROM (
    SELECT accounts.name, message_count, message_bytes, record_count, record_bytes,
        (SELECT COUNT(*) FROM messages WHERE messages.account_id = accounts.id) AS messages,
        (SELECT COALESCE(SUM({BYTES}), 0) FROM messages WHERE messages.account_id = accounts.id) AS bytes,
        (SELECT COUNT(*) FROM records WHERE records.account_id = accounts.id) AS records,
        (SELECT COALESCE(SUM(records.size), 0) FROM records WHERE records.account_id = accounts.id) AS size
    FROM accounts
) AS counted
WHERE message_count <> messages OR message_bytes <> bytes OR record_count <> records OR record_bytes <> size
ORDER BY name
"""


def holdings(connection: sqlite3.Connection) -> list[Holding]:
    """What each account holds, by name."""
    return [Holding(*row) for row in connection.execute(_HOLDINGS)]


def check(connection: sqlite3.Connection, path: Path) -> tuple[list[str], list[Holding]]:
    """What is wrong with the database of this version, a line each, and what it holds; both at one moment.

    Raises :class:`Refused` for one of another version.
    """
    version = schema.known_version(connection, f"the database {path}")
    if version < schema.VERSION:
        raise Refused(f"the database {path} is of version {version}: the next start of the server upgrades it")
    with one_state(connection):
        problems = list(_problems(connection))
        try:
            held = holdings(connection)
        except sqlite3.DatabaseError as error:
            problems.append(f"the accounts can't be counted: {error}")
            held = []
    return problems, held


def distrust(connection: sqlite3.Connection) -> None:
    """Let what the database brings along call nothing, and let no page of it be taken for another kind of page."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def misshapen(connection: sqlite3.Connection) -> list[str]:
    """In which ways a database of an older or this version isn't made as the server makes it, some of them."""
    return list(_some(lambda: shape.differences(connection, schema.known_version(connection, "it"))))


def unusable(connection: sqlite3.Connection) -> Iterator[str]:
    """What the server couldn't compute with in a database of this version and of the right shape, some of it.

    What is missing of a single record isn't told: the rest is worth having.
    """
    for kind in _UNUSABLE:
        yield from _some(lambda kind=kind: kind(connection))  # type: ignore[misc]


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    distrust(connection)
    yield from _some(lambda: _damage(connection))
    differing = misshapen(connection)
    yield from differing
    if differing:  # a view in the place of a table may never end
        yield "what is in its tables was not looked at: it has to be made as the server makes it first"
        return
    yield from unusable(connection)
    for kind in (_lost_parts, _incomplete, _both, _unfinished):
        yield from _some(lambda kind=kind: kind(connection))  # type: ignore[misc]


def _some(kind: Callable[[], Iterator[str]]) -> Iterator[str]:
    """The first :data:`SHOWN` problems of a kind, and how many more there are; nothing else is held in memory."""
    count = 0
    try:
        for line in kind():
            count += 1
            if count <= SHOWN:
                yield line
    except sqlite3.DatabaseError as error:
        yield f"it can't be read to its end: {error}"
    if count > SHOWN:
        yield f"and {count - SHOWN} more of that kind"


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"damaged: {' '.join(line.split())}"


def _strays(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} belongs to none of {parent}"


def _lost_parts(connection: sqlite3.Connection) -> Iterator[str]:
    for record_id, parts in connection.execute(_LOST_PARTS):
        yield f"{parts} parts of record {record_id}, which is gone"


def _incomplete(connection: sqlite3.Connection) -> Iterator[str]:
    for record_id, size, parts, found in connection.execute(_INCOMPLETE, {"part": RECORD_PART}):
        yield f"record {record_id}, of {size} bytes, has {parts} parts of {found} bytes in all"


def _both(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute("SELECT id FROM loose_records WHERE id IN (SELECT id FROM records) ORDER BY id")
    for (record_id,) in rows:
        yield f"record {record_id} is in the list, and its parts are to go"


def _miscounted(connection: sqlite3.Connection) -> Iterator[str]:
    for name, *numbers in connection.execute(_MISCOUNTED):
        said, held = (
            "{} messages of {} bytes and {} records of {} bytes".format(*each) for each in (numbers[:4], numbers[4:])
        )
        yield f"the account {name} says that it holds {said}, and holds {held}"


def _unfinished(connection: sqlite3.Connection) -> Iterator[str]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'import_accounts'").fetchone():
        yield "an import was broken off: run it again, it goes on where it was"


_UNUSABLE = (values.bad_values, values.bad_sequences, values.bad_newest, _strays, _miscounted)
