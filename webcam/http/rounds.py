"""Whose bytes are taken next: those of each address in turn, so that many connections are no more than one.

A connection takes what it has read at once, for so long as a turn is; most never need more. Who has bytes left then
waits here, and with it all of its address that come meanwhile. Two hundred connections, each with its turn in each pass
of the event loop, kept everybody else waiting for 300 ms. So do four hundred that need half a turn each: they wait when
those before them took two passes.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from webcam.address import network_of
from webcam.http.limits import TURN

PASS = 5 * TURN
"""Seconds of a pass of the event loop that all who wait have together."""

SHARE = 0.5
"""Of the time, that the connections of an address may take without waiting, and for a pass more."""

ALONE = 0.1
"""Seconds after which a connection is the only one of its address that takes turns: these keep it short, and waiting
would be for nothing."""


class Account:
    """What the connections of an address took lately."""

    __slots__ = ("__weakref__", "_changed", "_debt", "_last", "_stamp")

    def __init__(self) -> None:
        self._debt = 0.0
        self._stamp = 0.0
        self._last = 0
        self._changed = 0.0

    def add(self, who: int, began: float, now: float) -> None:
        """*who* had a turn from *began* until *now*."""
        self._debt = min(2 * PASS, self._left(now) + now - began)
        self._stamp = now
        if who != self._last:
            self._last = who
            self._changed = now

    def overdrawn(self, clock: IReactorTime) -> bool:
        """Whether they took so much that they have to stay behind for now."""
        if self._debt <= PASS:
            return False
        now = clock.seconds()
        return self._left(now) > PASS and now - self._changed < ALONE

    def _left(self, now: float) -> float:
        return max(0.0, self._debt - SHARE * (now - self._stamp))


class Rounds:
    """Those who wait, by address."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: dict[str, dict[Place, Callable[[], None]]] = {}
        self._call: IDelayedCall | None = None
        self._accounts: WeakValueDictionary[str, Account] = WeakValueDictionary()

    def place(self, address: str) -> Place:
        """For one connection of it."""
        network = network_of(address)
        account = self._accounts.get(network)
        if account is None:
            account = self._accounts[network] = Account()
        return Place(self, network, account, self._clock)

    def add(self, place: Place, function: Callable[[], None]) -> None:
        """Call *function* when it is this one's turn."""
        self._waiting.setdefault(place.address, {})[place] = function
        if self._call is None:
            self._call = self._clock.callLater(0, self._pass)

    def remove(self, place: Place) -> None:
        """It waits no more."""
        theirs = self._waiting.get(place.address, {})
        theirs.pop(place, None)
        if not theirs:
            self._waiting.pop(place.address, None)
        if not self._waiting and self._call is not None:
            self._call.cancel()
            self._call = None

    def has(self, address: str, place: Place | None = None) -> bool:
        """Whether anybody of that address waits, or this one."""
        theirs = self._waiting.get(address)
        return theirs is not None and (place is None or place in theirs)

    def _pass(self) -> None:
        self._call = None
        end = self._clock.seconds() + PASS
        try:
            while self._waiting and self._clock.seconds() <= end:
                self._next()()
        finally:
            if self._waiting and self._call is None:
                self._call = self._clock.callLater(0, self._pass)

    def _next(self) -> Callable[[], None]:
        """Of the address that has waited longest, who of it has; the others of it wait behind all other addresses."""
        address = next(iter(self._waiting))
        theirs = self._waiting.pop(address)
        function = theirs.pop(next(iter(theirs)))
        if theirs:
            self._waiting[address] = theirs
        return function


class Place:
    """That of one connection."""

    def __init__(self, rounds: Rounds, address: str, account: Account, clock: IReactorTime) -> None:
        self._rounds = rounds
        self._account = account
        self._clock = clock
        self.address = address

    @property
    def waiting(self) -> bool:
        """Whether it waits."""
        return self._rounds.has(self.address, self)

    @property
    def crowded(self) -> bool:
        """Whether anybody of its address does, or others of it take much of the time: then it has to, too."""
        return self._rounds.has(self.address) or self._account.overdrawn(self._clock)

    def took(self, began: float) -> None:
        """It had a turn from *began* until now."""
        self._account.add(id(self), began, self._clock.seconds())

    def wait(self, function: Callable[[], None]) -> None:
        """*function* is called when its turn comes, in a later pass of the event loop."""
        self._rounds.add(self, function)

    def leave(self) -> None:
        """It wants no turn any more."""
        self._rounds.remove(self)
