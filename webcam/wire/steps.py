"""How much of a long list is one turn's work: what is longer is read and written in steps."""

from __future__ import annotations

ENTRIES, BYTES = 500, 64 * 1024
"""A step ends with the entry by which it has that many entries, or bytes."""


class Step:
    """Counts the entries of a step, and begins the next one when it is done."""

    __slots__ = ("_entries", "_size")

    def __init__(self) -> None:
        self._entries = self._size = 0

    def is_done(self, size: int) -> bool:
        """Count an entry of so many bytes; return whether the step ends with it."""
        self._entries += 1
        self._size += size
        if self._entries < ENTRIES and self._size < BYTES:
            return False
        self._entries = self._size = 0
        return True
