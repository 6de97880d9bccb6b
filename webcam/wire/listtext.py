"""A long list as JSON text, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from webcam.wire import fields

ENTRIES, BYTES = 500, 64 * 1024
"""A piece ends with the entry by which it has that many entries, or bytes."""


class ListText:
    """The text of a good answer that holds a list, in pieces; entries are asked for when their piece is made."""

    def __init__(self, key: str, entries: Iterable[dict[str, Any]]) -> None:
        self._entries: Iterator[dict[str, Any]] = iter(entries)
        self._lead = b"{" + orjson.dumps(key) + b":["
        self._end = b"]," + orjson.dumps({fields.RESULT: fields.OK})[1:]
        self.over = False
        """Whether the last piece was made."""

    def next_piece(self) -> bytes:
        """Make the next piece, while it isn't over."""
        texts: list[bytes] = []
        size = 0
        while len(texts) < ENTRIES and size < BYTES:
            entry = next(self._entries, None)
            if entry is None:
                self.over = True
                break
            texts.append(orjson.dumps(entry))
            size += len(texts[-1])
        lead, self._lead = self._lead, b"," if texts else self._lead
        if self.over:
            return (lead if texts or lead != b"," else b"") + b",".join(texts) + self._end
        return lead + b",".join(texts)

    def whole(self) -> bytes:
        """Make all pieces, as one."""
        pieces = []
        while not self.over:
            pieces.append(self.next_piece())
        return b"".join(pieces)
