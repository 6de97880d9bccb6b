"""Pages of a list: as many entries as their JSON text leaves room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

_Entry = TypeVar("_Entry")


def bounded(found: Iterable[_Entry], size: int, size_of: Callable[[_Entry], int]) -> list[_Entry]:
    """Return the first of *found* that take no more than *size* bytes together, the very first one in any case."""
    kept: list[_Entry] = []
    left = size
    for entry in found:
        left -= size_of(entry)
        if kept and left < 0:
            break
        kept.append(entry)
    return kept
