"""The head of a request: what its fields say, and which are none of a valid request (RFC 9113, 8.2 and 8.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcam.http.fieldblock import CONNECTION_SPECIFIC, Field

_never_in_targets = re.compile(rb"[\0-\x20\x7f]").search
"""A space, or what is no character: over HTTP/1.1 others read a request line with one in another way. What is beyond
ASCII may stand there over either version, since clients write names into queries as they are."""

_is_name = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+\Z").match
_ENDS = b"\0\r\n"
_BLANK = b" \t"
_PSEUDO = {b":method": 0, b":scheme": 1, b":authority": 2, b":path": 3}
_LONGEST_LENGTH = 19
"""Digits."""


class Malformed(Exception):
    """No valid request; it ends its stream, not its connection (RFC 9113, 8.1.1)."""


class Head:
    """Method, path, ordinary fields (with ``host``), the declared length of the body, and whether 100 is waited for."""

    __slots__ = ("cookies", "expects", "fields", "hosts", "length", "method", "path")

    def __init__(self, method: bytes, path: bytes, fields: list[Field]) -> None:
        self.method = method
        self.path = path
        self.fields = fields
        self.length: int | None = None
        self.expects = False
        self.cookies = False
        self.hosts = 0


def read_head(fields: Iterable[Field]) -> Head:
    """Raises :class:`Malformed`. CONNECT, which nobody offers here, is malformed, too."""
    pseudo: list[bytes | None] = [None, None, None, None]
    ordinary: list[Field] = []
    special: list[Field] = []
    for field in fields:
        name, value = field
        if value and _is_bad(value):
            raise Malformed(f"a value of {name!r}")
        if _is_name(name):
            ordinary.append(field)
            if name in _SPECIAL:
                special.append(field)
        else:
            place = _PSEUDO.get(name)
            if place is None or ordinary or pseudo[place] is not None:
                raise Malformed(f"a field named {name!r}, or its place")
            pseudo[place] = value
    return _made_of(pseudo, ordinary, special)


def _is_bad(value: bytes) -> bool:
    return value[0] in _BLANK or value[-1] in _BLANK or len(value.translate(None, _ENDS)) != len(value)


def _made_of(pseudo: list[bytes | None], ordinary: list[Field], special: list[Field]) -> Head:
    method, scheme, authority, path = pseudo
    if not method or scheme is None or not path or method == b"CONNECT":
        raise Malformed("a part of the request line is missing")
    if _never_in_targets(path):
        raise Malformed("a target with a space, or with what is no character")
    head = Head(method, path, ordinary)
    host = authority
    for name, value in special:
        host = _heed(head, name, value, host)
    if host is None:
        raise Malformed("neither authority nor host")
    if authority is not None:
        head.fields = [(b"host", authority), *(each for each in ordinary if each[0] != b"host")]
    if head.cookies:
        _join_cookies(head)
    return head


def _heed(head: Head, name: bytes, value: bytes, host: bytes | None) -> bytes | None:
    """A field that says something of the request as a whole; the answer is its host."""
    if name == b"host":
        if host not in (None, value) or head.hosts:
            raise Malformed("two hosts")
        head.hosts = 1
        return value
    if name == b"content-length":
        if not value.isdigit() or len(value) > _LONGEST_LENGTH or head.length not in (None, int(value)):
            raise Malformed("content-length")
        head.length = int(value)
    elif name == b"expect":
        head.expects = value.lower() == b"100-continue"
    elif name == b"cookie":
        head.cookies = True
    elif name != b"te" or value.lower() != b"trailers":
        raise Malformed(f"a field of a connection: {name!r}")
    return host


_SPECIAL = CONNECTION_SPECIFIC | {b"host", b"content-length", b"expect", b"cookie", b"te"}


def _join_cookies(head: Head) -> None:
    """Pieces of a cookie are one field to the application (RFC 9113, 8.2.3)."""
    cookie = b"; ".join(value for name, value in head.fields if name == b"cookie")
    head.fields = [*(each for each in head.fields if each[0] != b"cookie"), (b"cookie", cookie)]
