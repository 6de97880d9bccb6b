"""Plain HTTP where the server speaks TLS: a request's first line gets an answer that a person can read."""

from __future__ import annotations

import re

LONGEST_LINE = 16384
"""Bytes of a first line, as of any line over HTTP/1.1."""

SENTENCE = b"This port speaks HTTPS only: ask for https:// instead of http://.\n"

_may_begin = re.compile(rb"[A-Z]+(?: |\Z)").match
_is_request = re.compile(rb"[A-Z]+ [^ \r\n]+ HTTP/[0-9.]+\r?\n").match
"""No record of TLS begins with a letter: its first byte is its type, 20 to 23."""


def answer_to(first: bytes) -> bytes | None:
    """Return the answer to a connection's *first* bytes, none (``b""``) while their line is unfinished, or ``None``
    when they are no request.

    No redirect: a client that goes on working would show its password or token on the wire with every request.
    """
    if not _may_begin(first):
        return None
    if b"\n" not in first and len(first) < LONGEST_LINE:
        return b""
    if not _is_request(first):
        return None
    head = (
        b"HTTP/1.1 400 Bad Request\r\nserver: webcam\r\nconnection: close\r\n"
        b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n\r\n" % len(SENTENCE)
    )
    return head if first.startswith(b"HEAD ") else head + SENTENCE
