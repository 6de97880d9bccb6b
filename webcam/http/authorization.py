"""HTTP Basic (RFC 7617): name and password as a request carries them."""

from __future__ import annotations

import base64
import binascii
import unicodedata

Reading = tuple[str, str]
"""Name and password."""


def basic(header: bytes | None) -> list[Reading]:
    """Return what name and password of an ``authorization`` header may be, the likeliest first; nothing when there are
    none in it.

    No client says in which encoding it writes. Browsers and curl write UTF-8; aiohttp and requests, and so Home
    Assistant, ISO-8859-1. What is no UTF-8 is the latter. What is UTF-8 beyond ASCII may be either, unless it would
    hold a control character, as most of it would: only then there are two readings.
    """
    scheme, _, encoded = (header or b"").strip().partition(b" ")
    if scheme.lower() != b"basic":
        return []
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return []
    name, colon, password = given.partition(b":")
    return [(name.decode(each), password.decode(each)) for each in _encodings(given)] if colon else []


def _encodings(given: bytes) -> list[str]:
    try:
        given.decode("utf-8")
    except UnicodeDecodeError:
        return ["latin-1"]
    if given.isascii() or any(unicodedata.category(each) == "Cc" for each in given.decode("latin-1")):
        return ["utf-8"]
    return ["utf-8", "latin-1"]
