"""Turns at something that only so many may do at once: who waits is served fairly, and places to wait are few."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred

from webcam.address import Shares, network_of
from webcam.errors import Overloaded

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)

_Line = deque["Deferred[None]"]


class Turns:
    """Serves addresses in turn, and of one address its groups in turn; within a group the first comes first.

    ``at_once`` are served, ``waiting`` more may wait; one address may have ``per_address`` here in all. Where there is
    no place left, whoever has most that wait gives up the newest of them, unless the newcomer would have as many: so
    an address, or a group of it, can't keep another out by taking every place. *what* names the work in the failure
    of those that are refused.
    """

    def __init__(self, at_once: int, waiting: int, per_address: int, what: str) -> None:
        self._at_once = at_once
        self._room = waiting
        self._per_address = per_address
        self._what = what
        self._running = 0
        self._waiting = 0
        self._lines: OrderedDict[str, OrderedDict[Hashable, _Line]] = OrderedDict()
        self._shares = Shares()

    async def run(self, address: str, group: Hashable, work: Callable[[], Awaitable[_T]]) -> _T:
        """What *work* returns, when its turn has come. Raises :class:`Overloaded` when there is no place for it."""
        network = network_of(address)
        self._make_room(network, group)
        self._shares.take(network)
        try:
            await self._turn(network, group)
            try:
                return await work()
            finally:
                self._running -= 1
                self._next()
        finally:
            self._shares.give_back(network)

    def _turn(self, network: str, group: Hashable) -> Deferred[None]:
        turn: Deferred[None] = Deferred(lambda given_up: self._leave(network, group, given_up))
        self._lines.setdefault(network, OrderedDict()).setdefault(group, deque()).append(turn)
        self._waiting += 1
        self._next()
        return turn

    def _next(self) -> None:
        while self._running < self._at_once and self._lines:
            network, groups = next(iter(self._lines.items()))
            group, line = next(iter(groups.items()))
            turn = line[0]
            groups.move_to_end(group)
            self._lines.move_to_end(network)
            self._leave(network, group, turn)
            self._running += 1
            turn.callback(None)

    def _leave(self, network: str, group: Hashable, turn: Deferred[None]) -> None:
        groups = self._lines[network]
        groups[group].remove(turn)
        self._waiting -= 1
        if not groups[group]:
            del groups[group]
        if not groups:
            del self._lines[network]

    # Places

    def _make_room(self, network: str, group: Hashable) -> None:
        """Raises :class:`Overloaded`."""
        if self._shares.of(network) >= self._per_address:
            what = f"{self._what} of an address"
            self._refuse(network, _largest(self._sizes(network), group, what), what)
        elif self._waiting >= self._room:
            largest = _largest({each: sum(self._sizes(each).values()) for each in self._lines}, network, self._what)
            sizes = self._sizes(largest)
            self._refuse(largest, max(sizes, key=lambda each: sizes[each]), self._what)

    def _sizes(self, network: str) -> dict[Hashable, int]:
        return {group: len(line) for group, line in self._lines.get(network, {}).items()}

    def _refuse(self, network: str, group: Hashable, what: str) -> None:
        turn = self._lines[network][group][-1]
        self._leave(network, group, turn)
        turn.errback(Overloaded(what))


def _largest(sizes: Mapping[_K, int], newcomer: _K, what: str) -> _K:
    """Who gives up a place for *newcomer*. Raises :class:`Overloaded` when the newcomer would have as many."""
    largest = max(sizes, key=lambda each: sizes[each], default=newcomer)
    if sizes.get(largest, 0) <= sizes.get(newcomer, 0) + 1:
        raise Overloaded(what)
    return largest
