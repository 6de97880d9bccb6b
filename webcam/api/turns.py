"""Work of one request that takes several turns of the event loop, so that everybody else has theirs in between."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from twisted.internet.defer import Deferred

from webcam.http.request import Request
from webcam.http.rounds import Place

_T = TypeVar("_T")


async def next_turn(place: Place) -> None:
    """Fire when it is this one's turn."""
    turn: Deferred[None] = Deferred(lambda _: place.leave())
    place.wait(lambda: turn.callback(None))
    await turn


async def in_turns(request: Request, steps: Generator[None, None, _T]) -> _T:
    """Take *steps*, the first one now and each further one in a turn of its own; return what they return."""
    place = None
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        place = place or request.place_in_rounds()
        await next_turn(place)
