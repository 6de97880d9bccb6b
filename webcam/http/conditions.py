"""Conditions of requests: whether a client has what it asks for already (RFC 9110, 13.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

_opaque_tags = re.compile(r'(?:W/)?("[^"]*")').findall


def has_already(if_none_match: Iterable[str], etag: str) -> bool:
    """Whether one of the tags in these fields' values is *etag*, compared weakly: ``W/`` before either tag counts for
    nothing (8.8.3.2), since proxies put it there when they compress."""
    values = ", ".join(if_none_match).strip()
    return values == "*" or etag.removeprefix("W/") in _opaque_tags(values)
