"""HTTP Basic (RFC 7617): name and password as a request carries them."""

from __future__ import annotations

import base64
import binascii


def basic(header: bytes | None) -> tuple[str, str] | None:
    """Name and password of an ``authorization`` header; ``None`` when there are none in it. In UTF-8."""
    scheme, _, encoded = (header or b"").strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
