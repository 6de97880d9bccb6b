"""Connections that ask for nothing, the one that has done so for longest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

NO_REQUEST = 5.0
"""Seconds without a complete request, and with none under way, after which a connection may make room for another."""


class Asking(Protocol):
    """A connection, as far as it asks for anything."""

    @property
    def asked(self) -> int:
        """How often the head of a request was complete."""

    @property
    def answering(self) -> bool:
        """Whether such a request is under way."""


_P = TypeVar("_P", bound=Asking)
_Queue = dict[_P, tuple[float, int]]
"""Since when each asks for nothing, and how often it had asked by then; oldest first, as far as looks can tell."""


class Idle(Generic[_P]):
    """Those that asked for nothing when they were looked at last, apart for addresses that are known and the others."""

    def __init__(self, is_known: Callable[[_P], bool]) -> None:
        self._is_known = is_known
        self._queues: dict[bool, _Queue[_P]] = {False: {}, True: {}}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def look(self, peer: _P, now: float) -> None:
        """See whether it asks for anything; what came and went since the last look counts from now."""
        queue = next((each for each in self._queues.values() if peer in each), None)
        if queue is not None and not peer.answering and queue[peer][1] == peer.asked:
            return
        if queue is not None:
            del queue[peer]
        if not peer.answering:
            self._queues[self._is_known(peer)][peer] = (now, peer.asked)

    def forget(self, peer: _P) -> None:
        """It has no place any more."""
        for queue in self._queues.values():
            queue.pop(peer, None)

    def longest(self, now: float, known: bool) -> _P | None:
        """The one that has asked for nothing for longest, if that is :data:`NO_REQUEST`."""
        queue = self._queues[known]
        while queue:
            peer, (since, asked) = next(iter(queue.items()))
            if now - since < NO_REQUEST:
                return None
            if peer.answering or peer.asked != asked:
                del queue[peer]  # the next look takes it in again
            elif self._is_known(peer) is not known:
                self._queues[not known][peer] = queue.pop(peer)
            else:
                return peer
        return None
