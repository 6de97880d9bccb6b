"""Say which values each column of the database may hold, as conditions of SQL.

SQLite takes any type in any column, and a database may come from anywhere. What the server computes with later has to
be what it takes it for: a stamp that is none makes every write of its account fail, an id at the largest integer every
write of its table.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from webcam.model import (
    EARLIEST_STAMP,
    LARGEST,
    LATEST_STAMP,
    SETTING_KINDS,
    Bounds,
    Role,
)
from webcam.ports import RECORD_PART
from webcam.service.passwords import is_hash
from webcam.wire.sniff import KINDS

NAME = 1024
"""Characters of a name, as requests may have."""

META = 16 * 1024
"""Characters that a device says of itself or of a record, as requests may have."""

PARTS = 2**31
"""Parts of a record."""

SECRET_DEVICES = 100
"""Devices that one secret may name: each is asked for in every statement on its records."""

_EARLIEST_SECONDS, _LATEST_SECONDS = -2208988800, 221845392000
"""The years 1900 and 9000, in seconds since the epoch."""

_SECOND = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_LONGEST = len("YYYY-MM-DD HH:MM:SS.ffffff")
_SHORTEST = len("YYYY-MM-DD HH:MM:SS")


@dataclass(frozen=True)
class Rule:
    """A condition that holds for each value of a column, with ``{}`` for the column, and in words what is allowed.

    ``shown``: whether a value that breaks the rule may be named; what opens something, and what people wrote, may not.
    """

    condition: str
    allowed: str
    shown: bool = True

    def sql(self, column: str) -> str:
        """Return the condition for this column."""
        return self.condition.replace("{}", column)

    def or_null(self) -> Rule:
        """Return the rule for a column that may be empty."""
        return Rule(f"({{}} IS NULL OR {self.condition})", self.allowed, self.shown)


def whole(lowest: int = 0, highest: int = LARGEST) -> Rule:
    """A whole number within these bounds."""
    condition = f"(TYPEOF({{}}) = 'integer' AND {{}} BETWEEN {lowest} AND {highest})"
    return Rule(condition, f"a whole number from {lowest} to {highest}")


def number(lowest: float, highest: float) -> Rule:
    """A number within these bounds."""
    condition = f"(TYPEOF({{}}) = 'real' AND {{}} BETWEEN {lowest!r} AND {highest!r})"
    return Rule(condition, f"a number from {lowest:g} to {highest:g}")


_SIZE = "LENGTH(CAST({} AS BLOB))"
_PLAIN = f"(LENGTH({{}}) = {_SIZE} AND {{}} NOT GLOB '*[^ -~]*')"
"""Printable ASCII, as most text is: of that SQL's own functions tell enough, four times as fast as Python's."""


def text(lowest: int, highest: int, shown: bool = True) -> Rule:
    """Text in UTF-8 of so many characters."""
    plain = f"({_SIZE} BETWEEN {lowest} AND {highest} AND {_PLAIN})"
    condition = f"(TYPEOF({{}}) = 'text' AND ({plain} OR webcam_text(CAST({{}} AS BLOB), {lowest}, {highest})))"
    return Rule(condition, f"text in UTF-8 of {lowest} to {highest} characters", shown)


def stamp(lowest: str = EARLIEST_STAMP, below: str = LATEST_STAMP, empty: bool = False) -> Rule:
    """A stamp that another can follow; it may have less than six digits behind its second, or none.

    ``DATETIME`` makes another day of the 30th of February.
    """
    second = f"SUBSTR({{}}, 1, {_SHORTEST})"
    shorter = (
        f"({_SIZE} BETWEEN {_SHORTEST} AND {_LONGEST - 1} AND LENGTH({{}}) = {_SIZE} AND {second} GLOB '{_SECOND}'"
        f" AND (LENGTH({{}}) = {_SHORTEST} OR (SUBSTR({{}}, {_SHORTEST + 1}) GLOB '.[0-9]*'"
        f" AND SUBSTR({{}}, {_SHORTEST + 2}) NOT GLOB '*[^0-9]*')))"
    )
    condition = (
        f"(TYPEOF({{}}) = 'text' AND {{}} >= '{lowest}' AND {{}} < '{below}'"
        f" AND (({_SIZE} = {_LONGEST} AND {{}} GLOB '{_SECOND}.{'[0-9]' * 6}') OR {shorter})"
        f" AND DATETIME({second}, '+0 days') IS {second})"
    )
    allowed = f"a stamp YYYY-MM-DD HH:MM:SS.ffffff of the years {lowest[:4]} to {below[:4]}"
    return Rule(f"({{}} = '' OR {condition})" if empty else condition, f"{allowed}{', or none' if empty else ''}")


def one_of(values: Sequence[str]) -> Rule:
    """One of these texts."""
    listed = ", ".join(f"'{each}'" for each in values)
    return Rule(f"(TYPEOF({{}}) = 'text' AND {{}} IN ({listed}))", f"one of {', '.join(values)}")


def _told_by(function: str, allowed: str) -> Rule:
    """What a function of :func:`add_functions` finds good."""
    return Rule(f"(TYPEOF({{}}) = 'text' AND {function}(CAST({{}} AS BLOB)))", allowed, shown=False)


def _setting() -> Rule:
    cases = " ".join(f"WHEN {each.kind} THEN {each.minimum!r}" for each in SETTING_KINDS.values())
    most = " ".join(f"WHEN {each.kind} THEN {each.maximum!r}" for each in SETTING_KINDS.values())
    condition = f"(TYPEOF({{}}) = 'real' AND {{}} BETWEEN CASE kind {cases} END AND CASE kind {most} END)"
    return Rule(f"COALESCE({condition}, 0)", "a number within the bounds of its kind")


_ANY_NAME, _NAME, _META = text(0, NAME), text(1, NAME), text(0, META, shown=False)
_LATEST = _LATEST_SECONDS * 1_000_000
_RUNNING, _OFFSET = whole(0, _LATEST), whole(-_LATEST, _LATEST)
_RUNNING_REAL = number(_EARLIEST_SECONDS * 1_000_000, _LATEST)
_DIGEST = Rule(
    "(TYPEOF({}) = 'text' AND LENGTH(CAST({} AS BLOB)) = 64 AND {} NOT GLOB '*[^0-9a-f]*')",
    "64 hex digits",
    shown=False,
)
_STAMP, _STAMP_OR_NONE = stamp(), stamp(empty=True)

RULES: dict[tuple[str, str], Rule] = {
    ("accounts", "name"): _NAME,
    ("accounts", "password_hash"): _told_by("webcam_hash", "a hash by argon2id of bounded costs"),
    ("accounts", "last_stamp"): _STAMP_OR_NONE,
    ("accounts", "disabled"): whole(0, 1),
    ("settings", "kind"): whole(min(SETTING_KINDS), max(SETTING_KINDS)),
    ("settings", "value"): _setting(),
    ("quotas", "kind"): one_of(tuple(Bounds().quotas)),
    ("secrets", "label"): _NAME,
    ("secrets", "digest"): _DIGEST,
    ("secrets", "role"): one_of([each.value for each in Role if each is not Role.FULL]),
    ("secrets", "devices"): _told_by("webcam_names", f"a JSON array of {SECRET_DEVICES} names at most"),
    ("secrets", "every_frame"): whole(0, 1),
    ("sessions", "digest"): _DIGEST,
    ("sessions", "device"): _ANY_NAME,
    ("sessions", "meta"): _META,
    ("sessions", "address"): _ANY_NAME,
    ("sessions", "active"): _RUNNING_REAL,
    ("sessions", "given"): _STAMP_OR_NONE.or_null(),
    ("revoked_sessions", "digest"): _DIGEST,
    ("sync_marks", "device"): _ANY_NAME,
    ("sync_marks", "stamp"): _STAMP_OR_NONE,
    ("sync_marks", "settling"): _STAMP_OR_NONE,
    ("sync_marks", "settling_since"): _RUNNING_REAL,
    ("sync_marks", "settled"): _STAMP_OR_NONE,
    ("messages", "stamp"): _STAMP,
    ("messages", "sender"): _ANY_NAME,
    ("messages", "target"): _ANY_NAME,
    ("messages", "name"): _ANY_NAME,
    ("messages", "params"): Rule(
        f"(TYPEOF({{}}) = 'text' AND (({_PLAIN} AND SUBSTR({{}}, 1, 1) IN ('{{', '[') AND JSON_VALID({{}}))"
        " OR webcam_params(CAST({} AS BLOB))))",
        "JSON text of an object or an array",
        shown=False,
    ),
    ("records", "stamp"): _STAMP,
    ("records", "device"): _ANY_NAME,
    ("records", "meta"): _META,
    ("records", "type"): one_of(KINDS).or_null(),
    ("record_parts", "part"): whole(0, PARTS),
    ("record_parts", "data"): Rule(
        f"(TYPEOF({{}}) = 'blob' AND LENGTH({{}}) <= {4 * RECORD_PART})", f"up to {4 * RECORD_PART} bytes", shown=False
    ),
    ("loose_records", "uploading"): whole(0, 1),
    ("devices", "device"): _ANY_NAME,
    ("devices", "meta"): _META,
    ("devices", "active"): _RUNNING,
    ("shares", "device"): _ANY_NAME,
    ("shares", "digest"): _DIGEST,
    ("shares", "stored"): _RUNNING,
    ("shares", "lasts"): whole(0, 2 * _LATEST),
    ("messages", "stored"): _RUNNING,
    ("records", "stored"): _RUNNING,
    ("clock", "running"): _RUNNING,
    ("clock", "evidence"): _OFFSET,
    ("clock", "agreed_since"): _OFFSET,
    ("clock", "doubted_since"): _RUNNING.or_null(),
    ("clock", "step_at"): _RUNNING.or_null(),
    ("clock", "step_size"): _OFFSET.or_null(),
    ("clock", "trusted"): _RUNNING.or_null(),
    ("clock", "cursor"): _STAMP_OR_NONE,
    ("runs", "began"): _RUNNING,
    ("runs", "wall_offset"): _OFFSET,
}
"""By table and column; of a column that isn't here the declared type alone counts."""

_BY_TYPE = {
    "INTEGER": whole(-LARGEST),
    "REAL": number(-1e15, 1e15),
    "TEXT": text(0, 2**31),
    "BLOB": Rule("(TYPEOF({}) = 'blob')", "bytes", shown=False),
}
_ANYTHING = Rule("1", "anything")
_COUNTS = whole()
_COUNTING = re.compile(r"(^|_)(id|count|bytes|size|requests|generation|value)$")
"""Columns of whole numbers by these names are never negative."""


def rule_of(table: str, column: str, declared: str, nullable: bool) -> Rule:
    """Return the rule of a column; *declared* is its type in the schema."""
    rule = RULES.get((table, column))
    if rule is None:
        counts = declared == "INTEGER" and _COUNTING.search(column)
        rule = _COUNTS if counts else _BY_TYPE.get(declared, _ANYTHING)
        rule = rule.or_null() if nullable else rule
    return rule


# What SQL can't tell


def add_functions(connection: sqlite3.Connection) -> None:
    """Let the connection's statements call what the rules need."""
    for name, count, function in (
        ("webcam_text", 3, _is_text),
        ("webcam_params", 1, _is_params),
        ("webcam_names", 1, _is_names),
        ("webcam_hash", 1, _is_hash),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _is_text(value: bytes, lowest: int, highest: int) -> bool:
    try:
        return lowest <= len(value.decode("utf-8")) <= highest
    except UnicodeDecodeError:
        return False


def _is_params(value: bytes) -> bool:
    return isinstance(_json(value), (dict, list))


def _is_names(value: bytes) -> bool:
    names = _json(value)
    return (
        isinstance(names, list)
        and len(names) <= SECRET_DEVICES
        and all(isinstance(each, str) and 0 < len(each) <= NAME and _encodes(each) for each in names)
    )


def _encodes(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which JSON can escape."""
    return _is_text(text.encode("utf-8", "surrogatepass"), 0, NAME)


def _json(value: bytes) -> object:
    """``None`` for what is no JSON."""
    try:
        return json.loads(value.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError):
        return None


def _refused(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _is_hash(value: bytes) -> bool:
    """None at all is that of an account whose import was broken off: nobody can log in to it."""
    return not value or is_hash(value.decode("ascii", "replace"))
