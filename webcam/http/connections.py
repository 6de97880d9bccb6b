"""Every open connection of a site: how many there may be, what is looked after now and then, how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Cooperator

from webcam.address import Networks, Shares
from webcam.http.idle import Idle
from webcam.http.limits import STREAMS_PER_ADDRESS, TURN, UNSENT_IN_ALL, Tally
from webcam.http.places import IN_ALL, Places


class Peer(Protocol):
    """A connection, as its site sees it."""

    address: str

    @property
    def held(self) -> int:
        """Bytes that wait for the peer, or that it sent and nobody has taken yet."""

    @property
    def asked(self) -> int:
        """How often the head of a request was complete."""

    @property
    def answering(self) -> bool:
        """Whether such a request is under way."""

    def look_after(self, now: float) -> str | None:
        """The limit that the peer has met by being slow, if any."""

    def drain(self) -> None:
        """Begin nothing new; close when what is under way has ended."""

    def abort(self) -> None:
        """Close now."""


class Connections:
    """Admits, counts and ends connections, ``total`` of them and ``per_address``; ``proxies`` may have all. See
    :mod:`webcam.http.places` for who gets one when there are not enough."""

    def __init__(
        self, clock: IReactorTime, tally: Tally, total: int, per_address: int, proxies: Networks | None = None
    ) -> None:
        self._clock = clock
        self._tally = tally
        self._proxies = proxies or Networks(())
        self._places = Places(total, per_address, self._proxies)
        self._open: set[Peer] = set()
        self._placed: set[Peer] = set()
        self._idle: Idle[Peer] = Idle(lambda peer: self._places.is_known(peer.address))
        self._cut_off: set[Peer] = set()
        self._streams = Shares()
        self._drained: Deferred[None] | None = None
        self._deadline: IDelayedCall | None = None
        self._cooperator = Cooperator(self._turn, lambda turn: clock.callLater(0, turn))

    def __len__(self) -> int:
        return len(self._open)

    def admits(self, address: str) -> bool:
        """Whether one more connection from there may be made. Where there is no place left, one goes that asked for
        nothing for a while."""
        now = self._clock.seconds()
        met = self._places.met(address, now)
        if met == IN_ALL and self._evict(self._places.is_known(address), now):
            met = self._places.met(address, now)
        if met is not None:
            self._tally.count(met, address, now)
        return met is None

    def _evict(self, for_known: bool, now: float) -> bool:
        """The one that asked for nothing for longest makes room; one from a known address only for another such."""
        peer = self._idle.longest(now, known=False)
        if peer is None and for_known:
            peer = self._idle.longest(now, known=True)
        if peer is None:
            return False
        self._leave(peer)
        self.cut_off("time without a request, when places ran out", peer)
        return True

    def vouch(self, address: str) -> None:
        """Somebody used a session from there."""
        self._places.vouch(address, self._clock.seconds())

    def opened(self, peer: Peer) -> None:
        """A new connection."""
        self._open.add(peer)
        self._placed.add(peer)
        self._places.take(peer.address)
        self._idle.look(peer, self._clock.seconds())

    def closed(self, peer: Peer) -> None:
        """It is gone."""
        if peer not in self._open:
            return
        self._open.remove(peer)
        self._cut_off.discard(peer)
        self._leave(peer)
        if self._drained is not None and not self._open:
            self._end_of_drain()

    def _leave(self, peer: Peer) -> None:
        """Its place is free, at once where it is evicted: the connection's end takes a turn of the event loop more."""
        if peer in self._placed:
            self._placed.remove(peer)
            self._places.give_back(peer.address)
            self._idle.forget(peer)

    def admits_stream(self, address: str) -> bool:
        """Whether a connection from there may have one more stream; then it has. A proxy may always."""
        if self._streams.of(address) >= STREAMS_PER_ADDRESS and address not in self._proxies:
            return False
        self._streams.take(address)
        return True

    def stream_closed(self, address: str) -> None:
        """One that was admitted is over."""
        self._streams.give_back(address)

    def look_after(self) -> Deferred[Any]:
        """Cut off who is too slow to be anything but a burden. A look over many peers takes several turns of the event
        loop, of :data:`webcam.http.limits.TURN` each, so that nobody else waits for it; fires when it is over."""
        return self._cooperator.coiterate(self._look())

    def _turn(self) -> Callable[[], bool]:
        end = self._clock.seconds() + TURN
        return lambda: self._clock.seconds() > end

    def _look(self) -> Iterator[None]:
        for peer in self._open - self._cut_off:
            if peer in self._open:
                self._look_at(peer, self._clock.seconds())
            yield
        self._make_room()

    def _look_at(self, peer: Peer, now: float) -> None:
        if peer.answering and self._places.is_known(peer.address):
            self._places.vouch(peer.address, now)  # a stream uses its session all the time
        met = peer.look_after(now)
        if met is not None:
            self.cut_off(met, peer)
        elif peer in self._placed:
            self._idle.look(peer, now)

    def _make_room(self) -> None:
        """Of all bytes that wait there are no more than :data:`UNSENT_IN_ALL`: who has most of them goes first."""
        held = {peer: peer.held for peer in self._open - self._cut_off}
        total = sum(held.values())
        while total > UNSENT_IN_ALL:
            peer = max(held, key=lambda each: held[each])
            total -= held.pop(peer)
            self.cut_off("bytes of answers in all", peer)

    def cut_off(self, met: str, peer: Peer) -> None:
        """It has met a limit."""
        self._cut_off.add(peer)
        self._tally.count(met, peer.address, self._clock.seconds())
        peer.abort()

    def note(self, what: str, peer: Peer) -> None:
        """Log what the peer did, at a bounded rate."""
        self._tally.note(what, peer.address, self._clock.seconds())

    def drain(self, seconds: float) -> Deferred[None]:
        """Let every connection end what is under way; after *seconds* cut the rest. Fires when all are gone."""
        self._drained = Deferred()
        drained = self._drained
        for peer in list(self._open):
            peer.drain()
        if self._open:
            self._deadline = self._clock.callLater(seconds, self._cut)
        elif not drained.called:
            self._end_of_drain()
        return drained

    def hurry(self) -> None:
        """Wait no longer for what is under way, while connections drain."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._cut()

    def _cut(self) -> None:
        self._deadline = None
        for peer in list(self._open):
            peer.abort()

    def _end_of_drain(self) -> None:
        drained, self._drained = self._drained, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if drained is not None:
            drained.callback(None)
