"""Byte ranges (RFC 9110, section 14): one range, as a browser's video element asks for it."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*\Z")


class Unsatisfiable(Exception):
    """The range lies behind the last byte."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last, for *size* bytes.

    ``None`` where the whole is to be sent: another unit, several ranges, or nothing that can be read. Raises
    :class:`Unsatisfiable`.
    """
    match = _RANGE.match(header.strip())
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        if not int(last) or not size:
            raise Unsatisfiable(header)
        return max(0, size - int(last)), size
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable(header)
    return start, min(size, int(last) + 1) if last else size
