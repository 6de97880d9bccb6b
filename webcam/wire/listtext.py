"""A long list as JSON text, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from webcam.wire import fields
from webcam.wire.steps import Step


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
        step = Step()
        self.over = True
        for entry in self._entries:
            texts.append(orjson.dumps(entry))
            if step.is_done(len(texts[-1])):
                self.over = False
                break
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
