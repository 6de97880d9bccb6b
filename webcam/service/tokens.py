"""Secret texts: the tokens that prove a session, and the secrets that the operator hands out."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode

TOKEN_BYTES = 20

SECRET_PREFIX = "wcs_"
"""What a secret begins with, so that one which turns up somewhere is known for what it is."""


def new_token() -> str:
    """160 random bits in the url-safe base64 alphabet, 28 characters: no client can damage it in a query string."""
    return urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).decode("ascii")


def new_secret() -> str:
    """160 random bits, too: too many to guess, so no slow hash has to guard them."""
    return SECRET_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> str:
    """What stands for a token or a secret in memory and storage.

    Texts are looked up by it, and how long that takes tells nothing of use: a guess that shares more of a digest's
    digits than another is no nearer to the text.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
