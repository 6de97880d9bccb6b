"""Work in steps, taken all at once or counted."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")


def counted(steps: Generator[None, None, _T]) -> tuple[_T, int]:
    """What the steps return, and how many there were."""
    count = 0
    while True:
        count += 1
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count


def finish(steps: Generator[None, None, _T]) -> _T:
    """What the steps return."""
    return counted(steps)[0]
