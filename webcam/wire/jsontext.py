"""JSON in: text to values, with every way of being wrong named.

The standard library's parser, not a faster one: it keeps integers of any length, and what a device sends in ``params``
has to come back equal. Bodies are small; it costs a few microseconds.
"""

from __future__ import annotations

import json
import re
from typing import Any

from webcam.errors import MalformedRequest, ParserFail

MAX_DEPTH = 200
"""Arrays and objects nested deeper are refused; what is stored must be written again inside an answer."""

_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
"""A string, or a bracket outside one. A string that never closes is one match to its end: without that, each quote
inside it would be tried anew, and a megabyte of them takes an hour."""


def _no_constant(name: str) -> Any:
    raise ParserFail(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedRequest("a number is out of range")
    return value


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def loads(text: str) -> Any:
    """The value of a JSON text. Raises :class:`webcam.errors.ParserFail`.

    Numbers past the range of a double, or of some thousand digits, are JSON, and nobody can have meant them: they are
    :class:`webcam.errors.MalformedRequest`.

    Refused beside what RFC 8259 refuses: NaN and infinities, half surrogate pairs (they are no Unicode text), more than
    :data:`MAX_DEPTH` levels.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ParserFail("nested too deeply")
    try:
        value = _DECODER.decode(text)
        if "\\u" in text:
            dumps(value).encode("utf-8")
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


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in "]}":
            depth -= 1
    return deepest
