"""Pages of a list: how a request says where it goes on and how much it takes."""

from __future__ import annotations

from webcam.model import Page
from webcam.wire import fields
from webcam.wire.requests import Params

PAGE = 32
"""Entries of an answer whose request names no limit."""

PAGE_SIZE = 7 * 1024
"""Bytes of their JSON text: one device of the field takes TLS records of 8 KB, another one holds an answer in 20 KB.
What they were given is acknowledged, and lost where it doesn't fit."""

MAX_PAGE = 1000


def page(params: Params, after: str | None) -> Page:
    """A page of the size that the request names, or of the usual one. Raises ``MalformedRequest``."""
    limit = params.integer(fields.LIMIT, lowest=1, highest=MAX_PAGE)
    return Page(after, PAGE, PAGE_SIZE) if limit is None else Page(after, limit)
