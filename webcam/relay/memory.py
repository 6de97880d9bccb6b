"""The memory that frames of all streams take together, and what is given up where that is too much.

A frame counts once while anyone holds it: :class:`Frame` says so itself when the last one lets it go. What an upload
has of an unfinished frame counts, too. A pool counts for the server, one for each account, one for each network of
addresses that uploads come from; an account or a network may hold half of what the server may.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from twisted.logger import Logger

from webcam.address import network_of

AT_ONCE = 20
"""Things that are given up in one go: the next frame goes on with it."""

LOOKED_AT = 50
"""Stalled viewers that are looked at to find one that holds what nobody else does."""

NOTICE = 60.0
"""Seconds between two lines about what was given up."""

_K = TypeVar("_K")
_log = Logger(namespace="webcam")


class Stalled(Protocol):
    """A viewer whose transport takes nothing now."""

    @property
    def holds_old_frames(self) -> bool:
        """Whether it holds frames that are not the newest of their stream."""

    def cut(self) -> None:
        """Let all of them go, and end."""


class AtHand(Protocol):
    """A stream with a frame for those that come."""

    def forget_newest(self) -> None:
        """Let it go."""


class Unfinished(Protocol):
    """An upload."""

    @property
    def unfinished(self) -> int:
        """Bytes of its unfinished frame."""

    def give_up(self) -> None:
        """End it."""


class Pool:
    """Counts the bytes of some frames, up to *limit*, and knows whoever could let some of them go, in the order in
    which they do."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self.stalled: dict[Stalled, None] = {}
        """The one first that has taken nothing for longest."""
        self.unwatched: dict[AtHand, None] = {}
        """The one first that has not been watched for longest."""
        self.watched: dict[AtHand, None] = {}
        self.uploads: set[Unfinished] = set()

    @property
    def is_full(self) -> bool:
        """Whether it holds more than it may."""
        return self.held > self.limit


class Charge:
    """Whose frames some are: the pools that they count in."""

    __slots__ = ("_account", "_memory", "_network", "_whole", "pools")

    def __init__(self, memory: FrameMemory, whole: Pool, account: Pool, network: Pool) -> None:
        self._memory = memory
        self._whole, self._account, self._network = whole, account, network  # three fields: each frame counts in them
        self.pools = (whole, account, network)

    def add(self, size: int) -> None:
        """So many bytes more are held; fewer, if it is negative."""
        self._whole.held += size
        self._account.held += size
        self._network.held += size

    def check(self) -> None:
        """Give something up where too much is held: to be called when more is, and nothing is being done with it."""
        whole, account, network = self._whole, self._account, self._network
        if whole.held > whole.limit or account.held > account.limit or network.held > network.limit:
            for pool in self.pools:
                if pool.is_full:
                    self._memory.relieve(pool)

    def stall(self, viewer: Stalled) -> None:
        """*viewer* takes nothing now."""
        for pool in self.pools:
            pool.stalled[viewer] = None

    def go_on(self, viewer: Stalled) -> None:
        """*viewer* takes something, or is gone."""
        for pool in self.pools:
            pool.stalled.pop(viewer, None)

    def keep(self, stream: AtHand, is_watched: bool) -> None:
        """*stream* has a frame at hand."""
        for pool in self.pools:
            (pool.watched if is_watched else pool.unwatched)[stream] = None

    def drop(self, stream: AtHand) -> None:
        """It has none, or is over."""
        for pool in self.pools:
            pool.watched.pop(stream, None)
            pool.unwatched.pop(stream, None)

    def begin(self, upload: Unfinished) -> None:
        """*upload* may have an unfinished frame from now on."""
        for pool in self.pools:
            pool.uploads.add(upload)

    def end(self, upload: Unfinished) -> None:
        """It is over."""
        for pool in self.pools:
            pool.uploads.discard(upload)


class Frame:
    """A whole frame, header included, for all that hold it."""

    __slots__ = ("_made", "charge", "data")

    def __init__(self, data: bytes, charge: Charge) -> None:
        self.data = data
        self.charge = charge
        self._made: dict[str, Frame | None] | None = None
        charge.add(len(data))

    def __del__(self) -> None:
        self.charge.add(-len(self.data))

    def __len__(self) -> int:
        return len(self.data)

    def made(self, name: str, make: Callable[[bytes], bytes | None]) -> Frame | None:
        """Return what *make* makes of the frame, once for all that want the same; it counts for itself."""
        if self._made is None:
            self._made = {}
        if name not in self._made:
            data = make(self.data)
            self._made[name] = None if data is None else Frame(data, self.charge)
        return self._made[name]


class FrameMemory:
    """All frames of the server: *limit* bytes, half of it for an account and, unless all addresses are one
    (*by_address*), for a network of addresses."""

    def __init__(self, limit: int, by_address: bool = True, steady: Callable[[], float] = time.monotonic) -> None:
        self._by_address = by_address
        self._steady = steady
        self._half = limit // 2
        self.whole = Pool(limit)
        self._anywhere = Pool(limit)
        self._accounts: WeakValueDictionary[int, Pool] = WeakValueDictionary()
        self._networks: WeakValueDictionary[str, Pool] = WeakValueDictionary()
        self._relieving = False
        self._told: float | None = None
        self.viewers = self.frames = self.uploads = 0
        """How many were given up so far: stalled viewers, frames at hand, uploads with an unfinished frame."""

    def charge(self, account_id: int, address: str) -> Charge:
        """Return what counts frames of an account's upload from an address."""
        network = self._pool(self._networks, network_of(address)) if self._by_address else self._anywhere
        return Charge(self, self.whole, self._pool(self._accounts, account_id), network)

    def _pool(self, pools: WeakValueDictionary[_K, Pool], key: _K) -> Pool:
        pool = pools.get(key)
        if pool is None:
            pools[key] = pool = Pool(self._half)
        return pool

    def relieve(self, pool: Pool) -> None:
        """Give up what *pool* knows, until it holds no more than it may: viewers that are stalled first, then frames at
        hand, those of streams that nobody watches first, then the largest unfinished frame."""
        if self._relieving:
            return
        self._relieving = True
        try:
            for _ in range(AT_ONCE):
                if not pool.is_full or not self._give_up_one(pool):
                    break
        finally:
            self._relieving = False
        self._tell(pool)

    def _give_up_one(self, pool: Pool) -> bool:
        """Whether there was anything to give up."""
        for viewer in tuple(islice(pool.stalled, LOOKED_AT)):
            if viewer.holds_old_frames:
                self.viewers += 1
                viewer.cut()
                return True
            del pool.stalled[viewer]
            pool.stalled[viewer] = None
        stream = next(iter(pool.unwatched), None) or next(iter(pool.watched), None)
        if stream is not None:
            self.frames += 1
            stream.forget_newest()
            return True
        upload = max(pool.uploads, key=lambda each: each.unfinished, default=None)
        if upload is None or not upload.unfinished:
            return False
        self.uploads += 1
        upload.give_up()
        return True

    def _tell(self, pool: Pool) -> None:
        now = self._steady()
        if self._told is not None and now - self._told < NOTICE:
            return
        self._told = now
        _log.warn(
            "frame memory is full ({held} of {limit} bytes{whose}): closed {viewers} stalled viewers, dropped {frames}"
            " frames at hand, ended {uploads} uploads since the start",
            held=pool.held,
            limit=pool.limit,
            whose="" if pool is self.whole else " for an account or an address",
            viewers=self.viewers,
            frames=self.frames,
            uploads=self.uploads,
        )
