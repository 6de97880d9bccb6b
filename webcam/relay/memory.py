"""The memory that frames of all streams take together, and what is given up when that is too much.

A frame counts once while anyone holds it: :class:`Frame` says so itself when the last one lets it go. So do the bytes
of an upload's unfinished frame. There is one pool for the server, one for each account and one for each network that
uploads come from; an account or a network may hold half of what the server may.
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
"""Most things that are given up in one go; the next chunk of an upload continues."""

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
    """A stream with a frame for those that come, or a viewer of pictures with one to repeat."""

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
        """Count *size* more bytes, or fewer if it is negative."""
        self._whole.held += size
        self._account.held += size
        self._network.held += size

    def check(self) -> None:
        """Give something up if too much is held. To be called after more was added, when no frame is being handed
        out."""
        whole, account, network = self._whole, self._account, self._network
        if whole.held > whole.limit or account.held > account.limit or network.held > network.limit:
            for pool in self.pools:
                if pool.is_full:
                    self._memory.relieve(pool)

    def stall(self, viewer: Stalled) -> None:
        """Register *viewer*, whose transport takes nothing now."""
        for pool in self.pools:
            pool.stalled[viewer] = None

    def go_on(self, viewer: Stalled) -> None:
        """Forget *viewer*, which takes something again or is gone."""
        for pool in self.pools:
            pool.stalled.pop(viewer, None)

    def keep(self, stream: AtHand, is_watched: bool) -> None:
        """Register *stream*, which has a frame at hand."""
        for pool in self.pools:
            (pool.watched if is_watched else pool.unwatched)[stream] = None

    def drop(self, stream: AtHand) -> None:
        """Forget *stream*, which has none or is over."""
        for pool in self.pools:
            pool.watched.pop(stream, None)
            pool.unwatched.pop(stream, None)

    def begin(self, upload: Unfinished) -> None:
        """Register *upload*, which may have an unfinished frame from now on."""
        for pool in self.pools:
            pool.uploads.add(upload)

    def end(self, upload: Unfinished) -> None:
        """Forget *upload*, which is over."""
        for pool in self.pools:
            pool.uploads.discard(upload)


class Frame:
    """A whole frame, or what was made of one, shared by all that hold it."""

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

    def is_origin_of(self, frame: Frame) -> bool:
        """Whether *frame* is this one, or was made of it."""
        return frame is self or (self._made is not None and any(each is frame for each in self._made.values()))

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
        held = pool.held
        self._relieving = True
        try:
            for _ in range(AT_ONCE):
                if not pool.is_full or not self._give_up_one(self._heaviest(pool)):
                    break
        finally:
            self._relieving = False
        if pool.held < held:
            self._tell(pool, held)

    def _heaviest(self, pool: Pool) -> list[Pool]:
        """The pools in which something is given up for *pool*: for the server's, those of accounts, beginning with the
        one that holds most."""
        if pool is not self.whole:
            return [pool]
        return sorted(self._accounts.values(), key=lambda each: each.held, reverse=True)

    def _give_up_one(self, pools: list[Pool]) -> bool:
        """Give up one thing, and return whether there was one. A failure of it is logged: it is nobody else's."""
        give_up = self._viewer_of(pools) or self._frame_of(pools) or self._upload_of(pools)
        if give_up is None:
            return False
        try:
            give_up()
        except Exception:
            _log.failure("what held frames can't be given up")
        return True

    def _viewer_of(self, pools: list[Pool]) -> Callable[[], None] | None:
        for pool in pools:
            for viewer in tuple(islice(pool.stalled, LOOKED_AT)):
                if viewer.holds_old_frames:
                    self.viewers += 1
                    return viewer.cut
                del pool.stalled[viewer]
                pool.stalled[viewer] = None
        return None

    def _frame_of(self, pools: list[Pool]) -> Callable[[], None] | None:
        for kept in (*(pool.unwatched for pool in pools), *(pool.watched for pool in pools)):
            for each in kept:
                self.frames += 1
                return each.forget_newest
        return None

    def _upload_of(self, pools: list[Pool]) -> Callable[[], None] | None:
        for pool in pools:
            upload = max(pool.uploads, key=lambda each: each.unfinished, default=None)
            if upload is not None and upload.unfinished:
                self.uploads += 1
                return upload.give_up
        return None

    def _tell(self, pool: Pool, held: int) -> None:
        now = self._steady()
        if self._told is not None and now - self._told < NOTICE:
            return
        self._told = now
        _log.warn(
            "too much frame memory in use ({held} of {limit} bytes{whose}): closed {viewers} stalled viewers,"
            " dropped {frames} frames at hand, ended {uploads} uploads since the start",
            held=held,
            limit=pool.limit,
            whose="" if pool is self.whole else " for an account or an address",
            viewers=self.viewers,
            frames=self.frames,
            uploads=self.uploads,
        )
