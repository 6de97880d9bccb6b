"""Free space on the disk: how much is kept, whose records go for it, what is refused for it, and who is told.

Who took the space gives it back. While less than what is to be kept is free, an account's records are deleted to make
up for what that account has stored since there was enough, messages included, and never to make up for another one's
messages. These are refused when their account has no records to give for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from webcam.errors import DiskFull
from webcam.model import EARLIER_RELEASE, KEEP_FREE_RECOMMENDED, Aged, DiskState, Room
from webcam.ports import Clock, Disk, SweepStore
from webcam.service.room import (
    Taker,
    Warned,
    ahead_of,
    default_keep_free,
    oldest_to_go,
    state_of,
    taken_by_none,
    who_gives,
)

LOG = 16 * 1024 * 1024
"""Bytes that are written, at most, before the disk shows that the file has grown by them."""

UNPAID_SHARE = 8
"""Of what is kept free, the part that the messages of an account may take without records to give for them."""

RECORDS_AT_ONCE = 500
"""Records of an account that are looked at together."""

FILE_SPARE = 4 * 1024 * 1024
FILE_SPARE_SHARE = 0.05
"""Of the database's file, so many bytes, or such a share, may stay free for what comes next."""

STEP_SHARE = 64
"""The part of the disk that one step of giving space back may take in the log."""

_log = Logger(namespace="webcam")


Remove = Callable[[list[Aged]], Awaitable[None]]
"""Delete these records, with their parts."""


class DiskSpace:
    """Keeps space free, and knows the state of the disk.

    *keep_free* is ``None`` where the operator set nothing. ``on_want`` is called when :meth:`make_room` is necessary,
    ``on_state`` when the disk's state has become another one.
    """

    def __init__(self, store: SweepStore, disk: Disk, clock: Clock, keep_free: int | None, remove: Remove) -> None:
        self._store = store
        self._disk = disk
        self._clock = clock
        self._set = keep_free
        self._remove = remove
        self._spare = 0
        self._turn = DeferredLock()
        self._short, self._warned = Warned(), Warned()
        self.keep_free = keep_free or 0
        self.state = DiskState.FINE
        self.on_want: Callable[[], None] = lambda: None
        self.on_state: Callable[[DiskState], None] = lambda _state: None
        self.start_anew()

    def start_anew(self) -> None:
        """Forget who took the space: nobody has yet, or storage is another one, with other accounts."""
        self._base: dict[int, int] | None = None
        self._coming: Counter[int] = Counter()
        self._since: Counter[int] = Counter()
        self._credit: dict[int, int] = {}
        self._given_for_others = 0

    async def learn(self) -> None:
        """Decide how much to keep free where the operator set nothing: none in a database of an earlier release, which
        deleted no record for space. Recommend a value, once, in the log."""
        if self._set is not None:
            return
        usual = default_keep_free(self._disk.room().total)
        facts = await self._store.facts()
        self.keep_free = 0 if EARLIER_RELEASE in facts else usual
        if not self.keep_free and KEEP_FREE_RECOMMENDED not in facts:
            await self._store.set_fact(KEEP_FREE_RECOMMENDED, str(usual))
            _log.warn(
                "keep-free is off, because an earlier release made this database: a full disk refuses new records and"
                " messages. Set keep-free = {megabytes}M to delete the oldest records instead, or 0 to leave it off",
                megabytes=usual // (1024 * 1024),
            )

    # What others tell

    def written(self, account_id: int, size: int) -> None:
        """So many bytes more of the account are on disk."""
        self._coming[account_id] += size
        if not self.keep_free:
            return
        free = self._estimate()
        if self._is_fine(free):
            self._base = None
            self._since.clear()
            self._credit = {}
        self._since[account_id] += size
        self._spare = max(self._spare - size, -LOG)
        if free - size < self.keep_free:
            self.on_want()

    def settled(self, account_id: int, size: int) -> None:
        """So many of the bytes that were written are counted with the account now, or are to go."""
        self._coming[account_id] = max(0, self._coming[account_id] - size)

    @property
    def scarce(self) -> bool:
        """Whether half of what is to be free is gone: records have to go faster than they come."""
        return bool(self.keep_free) and (self._estimate() < self.keep_free // 2 or self._is_nearly_full())

    def _is_nearly_full(self) -> bool:
        """Whether the disk itself has hardly anything, whatever is free in the database's file."""
        return state_of(self._disk.room(), 0) is DiskState.FULL

    def _estimate(self) -> int:
        """Bytes that are free, with what was written since they were counted."""
        return self._disk.room().free + self._spare

    # Messages

    async def admit(self, account_id: int, size: int) -> None:
        """Before messages of *size* bytes are stored: raises :class:`DiskFull` when the account has to give records for
        them, and has none."""
        if not self.keep_free or self._free_for(account_id, self._estimate()) - size >= self.keep_free:
            return
        async with self._turn:
            free = await self.measure()
            takers = {each.account_id: each for each in await self._takers(free)}
            mine = takers.get(account_id)
            short = self.keep_free + size - self._free_for(account_id, free)
            if mine is None or short <= 0 or mine.took + size <= self.keep_free // UNPAID_SHARE:
                return
            if mine.deletable < min(short, mine.took + size):
                raise DiskFull("the space that is kept free would go, and the account has no records to give for it")
            await self._give({account_id: min(short, mine.took + size)})

    def _free_for(self, account_id: int, free: int) -> int:
        """Of *free* bytes, those that other accounts didn't give for themselves."""
        return free - sum(size for each, size in self._credit.items() if each != account_id)

    # Making room

    async def make_room(self) -> None:
        """Records go until enough of the disk is free, if that can succeed.

        For what no account took they go up to what is to be kept free, until the disk was fine again: another program
        that takes whatever becomes free doesn't get it all.
        """
        if not self.keep_free:
            return
        async with self._turn:
            free = await self.measure()
            takers = await self._takers(free)
            short = self.keep_free - free
            if short <= 0:
                return
            ahead = ahead_of(self._disk.room().total)
            others = taken_by_none(short, takers)
            level = self._given_for_others + others <= self.keep_free + ahead
            gives = who_gives(short, ahead, takers, level)
            if gives and level:
                self._given_for_others += others
            self._tell_short(bool(gives))
            await self._give(gives)
            await self._takers(await self.measure())

    async def measure(self) -> int:
        """Bytes that are free on the disk and in the database's file, without those that its files have to grow by."""
        space = await self._store.space()
        self._spare = space.free - space.growth
        return self._estimate()

    async def _takers(self, free: int) -> list[Taker]:
        """What each account took since the disk was fine, and gave since then."""
        held = await self._store.holdings()
        sizes = {each.account_id: each.size + self._coming[each.account_id] for each in held}
        if self._is_fine(free):
            self._base = dict(sizes)
            self._given_for_others = 0
        elif self._base is None:
            self._base = {account_id: size - self._since[account_id] for account_id, size in sizes.items()}
        base = self._base
        took = {account_id: size - base.setdefault(account_id, 0) for account_id, size in sizes.items()}
        gave = {account_id: -size for account_id, size in took.items() if size < 0}
        there = max(0, free - self.keep_free + sum(size for size in took.values() if size > 0))
        for account_id, kept in divided(gave, there).items():
            base[account_id], took[account_id] = sizes[account_id] + kept, -kept
        ahead = ahead_of(self._disk.room().total)
        self._credit = {account_id: min(ahead, -size) for account_id, size in took.items() if size < 0}
        return [Taker(each.account_id, took[each.account_id], each.size, each.deletable) for each in held]

    def _is_fine(self, free: int) -> bool:
        """Whether there is more than what is kept free, and what accounts gave ahead for themselves."""
        return free - sum(self._credit.values()) >= self.keep_free + ahead_of(self._disk.room().total)

    async def _give(self, gives: dict[int, int]) -> None:
        """Each account's oldest records, of so many bytes."""
        for account_id, size in gives.items():
            left = size
            while left > 0:
                oldest = await self._store.oldest_records([account_id], RECORDS_AT_ONCE)
                doomed = oldest_to_go(oldest, 0, left)
                if not doomed:
                    break
                await self._remove(doomed)
                left -= sum(each.size for each in doomed)

    def _tell_short(self, succeeds: bool) -> None:
        if not self._short.due(True, self._clock.steady()):
            return
        if succeeds:
            what = "deleting the oldest records, first those of the accounts that took the space"
        else:
            what = "no more records are deleted for it, since that doesn't help; free space on the disk by other means"
        _log.warn("less than {keep} bytes of the disk are free: {what}", keep=self.keep_free, what=what)

    # The state of the disk

    def look(self) -> None:
        """Say when the disk is low or full, by its own figures alone."""
        room = self._disk.room()
        state, before = state_of(room, self.keep_free), self.state
        if state is not before:
            self._warned.due(False, 0.0)
        self.state = state
        if self._warned.due(state is not DiskState.FINE, self._clock.steady()):
            _log.warn("{what}", what=_warning(state, room))
        elif state is DiskState.FINE and before is not state:
            _log.info("disk space is fine again: {free} of {total} bytes free", free=room.free, total=room.total)
        if state is not before:
            self.on_state(state)

    @property
    def step(self) -> int:
        """Bytes of the file that go back to the disk in one step, at most: they pass through the log."""
        return max(1, self._disk.room().total // STEP_SHARE)

    def worthless(self, size: int, free: int) -> int:
        """Purely: of *free* bytes of a database's file of *size* bytes, those that go back to the disk."""
        if self.state is not DiskState.FINE or self._is_nearly_full():
            return free
        spare = 2 * ahead_of(self._disk.room().total) if self.keep_free else FILE_SPARE
        return to_give_back(size, free, spare)


def divided(gave: dict[int, int], there: int) -> dict[int, int]:
    """Purely: of what accounts gave ahead, *there* bytes are left. The rest went for what nobody stored, such as the
    database's log; each account has its part of that."""
    total = sum(gave.values())
    return gave if total <= there else {account_id: size * there // total for account_id, size in gave.items()}


def to_give_back(size: int, free: int, spare: int = FILE_SPARE) -> int:
    """Purely: bytes of the file that are free and not worth keeping."""
    return free if free > max(spare, size * FILE_SPARE_SHARE) else 0


def _warning(state: DiskState, room: Room) -> str:
    figures = f"{room.free} of {room.total} bytes free"
    helps = "Delete records, free space on the disk, or set keep-free"
    if state is DiskState.FULL:
        return f"the disk is full: {figures}. New records and messages are refused, all else goes on. {helps}"
    return f"low disk space: {figures}. {helps}"
