"""JSON in: text to values, with every way of being wrong named.

The standard library's parser, not a faster one: it keeps integers of any length, and what a device sends in ``params``
has to come back equal. Bodies are small; it costs a few microseconds. One of a megabyte is parsed in one go before
anything is known of its sender: it may hold long texts, but not a value every few bytes, which would keep everybody
else waiting; and whatever is looked for besides is looked for by whole texts, not by their pieces.
"""

from __future__ import annotations

import gc
import json
import marshal
import re
from itertools import accumulate
from math import isfinite
from typing import Any

from webcam.errors import MalformedRequest, ParserFail

MAX_DEPTH = 200
"""Arrays and objects nested deeper are refused; what is stored must be written again inside an answer."""

MAX_VALUES = 30_000
"""Values that a text may hold, as its commas and opening brackets tell. Python takes up to 0.7 µs for one."""

MAX_DIGITS = 400
"""Digits of a whole number, sign included; no double has more than 309. A body of numbers of 4,300 took 50 ms."""

_DIGITS = bytes(ord("0") if chr(each) in "0123456789" else each for each in range(256))
_LONG_NUMBER = b"0" * MAX_DIGITS

_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[]", b"\x01\xff")
"""As signed bytes, what a bracket adds to the depth."""

_BLOCK = 128
"""Brackets of which only the number is looked at, as long as that many can't be too deep."""

_HALF_PAIR = re.compile(rb"\xed[\xa0-\xbf]")
"""What half a surrogate pair becomes in UTF-8, where that is let pass; no other character becomes that."""


def _no_constant(name: str) -> Any:
    raise ParserFail(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise MalformedRequest("a number is out of range")
    return value


def _bounded_integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise MalformedRequest("a number of too many digits")
    return int(text)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_CAREFUL = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded_integer)
"""Looks at each whole number before it is converted, which costs as many times its length as it is long."""


def loads(text: str) -> Any:
    """The value of a JSON text. Raises :class:`webcam.errors.ParserFail`.

    Numbers past the range of a double, or of more than :data:`MAX_DIGITS` digits, and more than :data:`MAX_VALUES`
    values are nothing that anybody can have meant: they are :class:`webcam.errors.MalformedRequest`.

    Refused beside what RFC 8259 refuses: NaN and infinities, half surrogate pairs (they are no Unicode text), more than
    :data:`MAX_DEPTH` levels.
    """
    if len(text) > MAX_VALUES or text.count("[") + text.count("{") > MAX_DEPTH:
        _look_at_shape(_outside_strings(text))
    try:
        value = _decoded(text)
        if "\\u" in text and _may_hold_half_pairs(value):
            _encode_strings(value)
    except (json.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ParserFail("not JSON") from error
    except ValueError as error:
        raise MalformedRequest("a number of too many digits") from error
    return value


def loads_bytes(data: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises :class:`webcam.errors.ParserFail`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ParserFail("not UTF-8") from None
    return loads(text)


def dumps(value: Any) -> str:
    """Compact JSON text of a value that :func:`loads` gave."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _decoded(text: str) -> Any:
    """Uncollected: values hold no cycles, and to look for some at every few hundred lists costs more than to parse."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return (_CAREFUL if _has_long_number(text) else _DECODER).decode(text)
    finally:
        if collecting:
            gc.enable()


def _has_long_number(text: str) -> bool:
    """Return whether that many digits follow each other anywhere, be it in a string."""
    return len(text) > MAX_DIGITS and _LONG_NUMBER in text.encode("utf-8", "replace").translate(_DIGITS)


def _may_hold_half_pairs(value: Any) -> bool:
    """A cheap test, which is wrong when a number looks like one."""
    return _HALF_PAIR.search(marshal.dumps(value, 2)) is not None


def _encode_strings(value: Any) -> None:
    """Raises ``UnicodeEncodeError`` for one that is no Unicode text."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            each.encode("utf-8")
        elif isinstance(each, dict):
            left += each.keys()
            left += each.values()
        elif isinstance(each, list):
            left += each


def _outside_strings(text: str) -> str:
    """Without escaped quotes, every other piece between quotes."""
    unescaped = text.replace("\\\\", "\\-").replace('\\"', "\\") if "\\" in text else text
    outside = "".join(unescaped.split('"')[::2])
    if "\\" in outside:
        raise ParserFail("not JSON")
    return outside


def _look_at_shape(outside: str) -> None:
    brackets = outside.encode("utf-8", "replace").translate(_ONE_KIND, _NO_BRACKETS)
    if _too_deep(brackets):
        raise ParserFail("nested too deeply")
    _count_values(outside)


def count_values(text: str, before: int = 0) -> int:
    """Return how many values a text of JSON may hold, as commas and opening brackets tell.

    Raises :class:`webcam.errors.MalformedRequest` when they and those *before* are more than one text may hold.
    """
    return _count_values(_outside_strings(text) + ",", before)


def _count_values(outside: str, before: int = 0) -> int:
    count = outside.count(",") + outside.count("[") + outside.count("{")
    if before + count > MAX_VALUES:
        raise MalformedRequest(f"more than {MAX_VALUES:,} values")
    return count


def _too_deep(brackets: bytes) -> bool:
    depth = 0
    for start in range(0, len(brackets), _BLOCK):
        block = brackets[start : start + _BLOCK]
        opening = block.count(b"[")
        if depth + opening > MAX_DEPTH and depth + _deepest(block) > MAX_DEPTH:
            return True
        depth += 2 * opening - len(block)
    return False


def _deepest(brackets: bytes) -> int:
    return max(accumulate(memoryview(brackets.translate(_STEPS)).cast("b")))
