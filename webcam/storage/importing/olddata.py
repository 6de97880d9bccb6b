"""What the older server's database holds, read as this one keeps it. Values to values; no database here.

Its columns hold what was sent, unchecked, in whatever type SQLite was given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from math import isfinite

from webcam.errors import MalformedRequest, ParserFail
from webcam.model import SETTING_KINDS, Settings, next_stamp
from webcam.wire import fields, jsontext

EARLIEST = "1970-01-01 00:00:00"
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")
_SECOND = len(EARLIEST)
_JULIAN_EPOCH = 2440587.5
"""The Julian day number of the beginning of 1970."""


def text_of(value: object) -> str:
    """A column of text, whatever is in it."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def stamp_of_old(text: str, now: str) -> str:
    """The stamp as it stands, or empty when it is none or lies in the future."""
    if not _STAMP.fullmatch(text) or not EARLIEST <= text <= now:
        return ""
    try:
        datetime.fromisoformat(text[:_SECOND])
    except ValueError:
        return ""
    return text


def following(text: str, last: str, marks: Collection[str], now: str) -> str:
    """The stamp here of what is stamped *text* there and comes behind what is stamped *last* here.

    It stays as it was, so that cursors and sync marks which clients got there go on here, unless it isn't later than
    *last*: behind the second stands nothing, or a counter that begins anew with the server and at 10,000; then the
    order is that of the ids, and the stamp the next one. That is then behind the account's sync marks of this second,
    too: rather given twice than never.
    """
    stamp = stamp_of_old(text, now)
    if stamp > last:
        return stamp
    floor = last or EARLIEST
    second = floor[:_SECOND]
    return next_stamp("", max([floor, *(mark for mark in marks if mark[:_SECOND] == second)]))


def params_of(text: str) -> tuple[str, bool]:
    """JSON text of an object or an array, and whether *text* was none: then it is kept inside of one."""
    try:
        value = jsontext.loads(text) if text else None
        if isinstance(value, str):
            value = jsontext.loads(value) if value else None
    except (MalformedRequest, ParserFail):
        value = False
    if value is None:
        return "{}", False
    if isinstance(value, (dict, list)):
        return jsontext.dumps(value), False
    return jsontext.dumps({fields.PARAMS: text}), True


def settings_of(chosen: Mapping[int, object], defaults: Mapping[int, object]) -> Settings:
    """An account's settings: what it chose, else what was that server's default; within our bounds.

    What comes to our own default unchosen isn't the account's setting.
    """
    settings = {}
    for kind, each in SETTING_KINDS.items():
        value = chosen.get(kind, defaults.get(kind))
        if not isinstance(value, (int, float)):
            continue
        bounded = min(max(float(value), each.minimum), each.maximum)
        if kind in chosen or bounded != each.default:
            settings[kind] = bounded
    return settings


def seconds_of(julian_day: object, now: str) -> float:
    """Seconds since the epoch of a session's last request.

    What is no time between 1970 and *now*, a stamp, can't be one: what lies ahead is *now*, anything else is the
    beginning, and the session ends by silence at once.
    """
    seconds = (julian_day - _JULIAN_EPOCH) * 86400.0 if isinstance(julian_day, (int, float)) else 0.0
    latest = (datetime.fromisoformat(now) - datetime.fromisoformat(EARLIEST)).total_seconds()
    return min(seconds, latest) if isfinite(seconds) and seconds > 0 else 0.0
