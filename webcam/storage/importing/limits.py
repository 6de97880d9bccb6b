"""Say what in the older server's database this server couldn't keep or compute with, before anything is done.

That server checked nothing. What can be brought within bounds is (:mod:`webcam.storage.importing.olddata`); what can't
is named here: an id that clients keep, and a name that no request could bring.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from webcam.errors import Refused
from webcam.model import LARGEST
from webcam.storage.importing.olddata import text_of
from webcam.storage.importing.oldfile import OldFile
from webcam.storage.rules import META, NAME

NAMED = 3
"""Problems that are named."""

PARAMS = 16 * 1024 * 1024
"""Characters of a message's parameters: each is held in memory for every device that it is given to."""

HIGHEST = LARGEST // 2
"""Ids are not above it, so that others can follow which are no problem either."""

_IDS = ("clients", "msgs", "records")

_TEXTS = (
    ("clients", "name", NAME),
    ("clients", "pass", NAME),
    ("msgs", "msg", NAME),
    ("msgs", "device", NAME),
    ("msgs", "target", NAME),
    ("msgs", "params", PARAMS),
    ("records", "device", NAME),
    ("records", "metadata", META),
    ("sessions", "device", NAME),
    ("sessions", "metadata", META),
    ("sessions", "ip", NAME),
    ("syncs", "device", NAME),
)


def refuse_bad(file: OldFile, name: object) -> None:
    """Raise :class:`Refused` for a file, called *name*, that can't be taken over; it names table, row and value."""
    named = list(itertools.islice(_problems(file), NAMED))
    if named:
        raise Refused(f"{name} can't be taken over, and nothing was done: {'; '.join(named)}")


def _problems(file: OldFile) -> Iterator[str]:
    allowed = f"want a whole number from 0 to {HIGHEST}"
    for table in _IDS:
        bad = f"WHERE TYPEOF(id) <> 'integer' OR id NOT BETWEEN 0 AND {HIGHEST}"
        for (old_id,) in file.rows(table, "id", bad):
            yield f"{table}: id is {text_of(old_id)[:40]!r}, {allowed}"
        for (old_id,) in file.rows(table, "id", "GROUP BY id HAVING COUNT(*) > 1"):
            yield f"{table}: two rows have the id {text_of(old_id)[:40]!r}"
    bad = f"WHERE name = 'records' AND (TYPEOF(seq) <> 'integer' OR seq NOT BETWEEN 0 AND {HIGHEST})"
    for (highest,) in file.rows("sqlite_sequence", "seq", bad):
        yield f"sqlite_sequence: seq of records is {text_of(highest)[:40]!r}, {allowed}"
    for table, column, bound in _TEXTS:
        for row, value in file.rows(table, f"rowid, {column}", f"WHERE LENGTH(CAST({column} AS BLOB)) > {bound}"):
            size = len(text_of(value))
            if size > bound:
                yield f"{table} (row {row}): {column} has {size} characters, at most {bound} can be kept"
