"""Retention: what is kept no longer is deleted, a little at a time.

By age, by the quotas of an account, and for free space on the disk; the oldest goes first. A record leaves the lists in
one step; its parts go in others, and what they leave free in the file goes back to the disk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from webcam.calendar import SECOND
from webcam.model import Aged, Bounds, Expiry, Swept, Usage
from webcam.ports import Audit, Clock, Disk, MessageStore, RecordStore, SweepStore
from webcam.service.accounts import Accounts
from webcam.service.age_guard import AgeGuard
from webcam.service.ages import Ages
from webcam.service.backlogs import Backlog, take_turns
from webcam.service.disk_space import DiskSpace
from webcam.service.pace import Pace
from webcam.service.quotas import AccountQuotas
from webcam.service.room import oldest_to_go

GRACE = 300 * SECOND
"""Microseconds for which a targeted message stays after its target acknowledged it."""

MESSAGES_AT_ONCE = 1000
RECORDS_AT_ONCE = 500
PARTS_AT_ONCE = 256
"""So many go in one step at most, and fewer as the disk makes it necessary (:mod:`webcam.service.pace`): but not so few
that a step is nothing but its commit."""

BACK_AT_ONCE = 16 * 1024 * 1024
"""Bytes of the file that are given back in one step at most."""

Deciding = Callable[[], Awaitable[Expiry]]

_log = Logger(namespace="webcam")


class RetentionStore(MessageStore, RecordStore, SweepStore, Protocol):
    """What a sweep needs of storage."""


class Retention:
    """One :meth:`sweep` deletes everything that is to go by then; reading never shows what is expired even before.

    ``on_want`` is called when a write has made something necessary that :meth:`tidy` does, and that shouldn't wait for
    the next sweep. ``on_removed`` is called when records are gone: an account, their ids, and the stamp before which
    all are (empty: no others).
    """

    def __init__(
        self,
        store: RetentionStore,
        accounts: Accounts,
        ages: Ages,
        guard: AgeGuard,
        quotas: AccountQuotas,
        clock: Clock,
        audit: Audit,
        disk: Disk,
        bounds: Bounds,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._ages = ages
        self._guard = guard
        self._quotas = quotas
        self._audit = audit
        self.space = DiskSpace(store, disk, clock, bounds.keep_free, self._make_way)
        self.space.on_want = self.want
        self._turn = DeferredLock()
        self._wanted = False
        self._abandoned: set[int] = set()
        self._paces: dict[int, tuple[Pace, Pace]] = {}
        self._records = Pace(RECORDS_AT_ONCE, 10, RECORDS_AT_ONCE)
        self._parts = Pace(8, 4, PARTS_AT_ONCE)
        self._back = Pace(1024 * 1024, 512 * 1024, BACK_AT_ONCE)
        self.on_want: Callable[[], None] = lambda: None
        self.on_removed: Callable[[int, Collection[int], str], None] = lambda _account, _record_ids, _before: None

    # What others tell

    async def load(self) -> None:
        """Once, at the start: what an earlier process was given of uploads has to go."""
        await self._store.give_up_uploads(None)
        await self.space.learn()

    def stored(self, account_id: int, size: int) -> None:
        """The account has one more record, of so many bytes that were :meth:`written`."""
        self.space.settled(account_id, size)
        self._quotas.stored(account_id, size)
        if any(self._quotas.excess(account_id)):
            self.want()

    def written(self, account_id: int, size: int) -> None:
        """So many bytes more of the account are on disk."""
        self.space.written(account_id, size)

    async def room(self) -> None:
        """Before a record, or a part of one, is written: where there is hardly any space, records go first."""
        if self.space.scarce:
            await self.tidy()

    def abandoned(self, account_id: int, record_id: int, size: int) -> None:
        """Of an upload, parts are there that nobody wants, of so many bytes."""
        self.space.settled(account_id, size)
        self._abandoned.add(record_id)
        self.want()

    async def decide(self) -> None:
        """Decide for each account whether it goes by a wall clock that isn't trusted: at a start, and behind a jump."""
        for account_id in self._accounts.known:
            await self._guard.decide(account_id)

    def keep(self, account_ids: Collection[int]) -> None:
        """Forget what is known of all other accounts: they are gone."""
        self._ages.keep(account_ids)
        for account_id in self._paces.keys() - set(account_ids):
            del self._paces[account_id]

    def want(self) -> None:
        """There is something to tidy."""
        if not self._wanted:
            self._wanted = True
            self.on_want()

    # Sweeping

    async def sweep(self) -> Swept:
        """Expire what is old of every account, a step of each in turn, then tidy; return what was expired.

        What fails for one account keeps no other waiting: it is raised at the end, and the next sweep tries again.
        """
        messages, records = self._expiring()
        parts = Backlog(self._store.drop_parts, self._parts, self._held)
        expiring = [each for account_id in messages for each in (messages[account_id], records[account_id])]
        await take_turns(expiring, self._turn, parts, records.values())
        for account_id, expired in records.items():
            if expired.done:
                self._audit.note("records_expired", account=account_id, count=expired.done, reason="age")
        async with self._turn:
            await self.space.learn()
            await self._tidy()
            await self._store.trim_log()
        for each in expiring:
            if each.failure is not None:
                raise each.failure
        return Swept(*(sum(each.done for each in kind.values()) for kind in (messages, records)))

    def _expiring(self) -> tuple[dict[int, Backlog], dict[int, Backlog]]:
        """Return the messages and the records of each account as backlogs, each with its account's own pace."""
        messages, records = {}, {}
        for account_id in self._accounts.known:
            decide = self._deciding(account_id)
            if account_id not in self._paces:
                paces = Pace(MESSAGES_AT_ONCE, 10, MESSAGES_AT_ONCE), Pace(RECORDS_AT_ONCE, 10, RECORDS_AT_ONCE)
                self._paces[account_id] = paces
            of_messages, of_records = self._paces[account_id]
            messages[account_id] = Backlog(self._messages_of(account_id, decide), of_messages, self._held)
            records[account_id] = Backlog(self._records_of(account_id, decide), of_records, self._held)
        return messages, records

    def _deciding(self, account_id: int) -> Deciding:
        """Decide what is expired with the account's first step of a sweep, and stay with it to the sweep's end."""
        decided: list[Expiry] = []

        async def decide() -> Expiry:
            if not decided:
                decided.append(await self._guard.decide(account_id))
            return decided[0]

        return decide

    def _held(self) -> float:
        return self._store.held

    async def tidy(self) -> None:
        """What was written since the last time made something necessary."""
        async with self._turn:
            await self._tidy()

    async def _tidy(self) -> None:
        self._wanted = False
        abandoned, self._abandoned = self._abandoned, set()
        try:
            if abandoned:
                await self._store.give_up_uploads(sorted(abandoned))
        except Exception:
            self._abandoned |= abandoned
            raise
        await self._keep_quotas()
        await self._drain(self._parts, self._store.drop_parts)
        await self.space.make_room()
        await self._give_back()
        await self.space.measure()

    async def _drain(self, pace: Pace, step: Callable[[int], Awaitable[int]]) -> int:
        total = 0
        while True:
            limit = pace.size
            deleted = await step(limit)
            pace.took(self._store.held)
            total += deleted
            if deleted < limit:
                return total

    def _messages_of(self, account_id: int, decide: Deciding) -> Callable[[int], Awaitable[int]]:
        settle = (self._ages.running, GRACE)

        async def expire(limit: int) -> int:
            return await self._store.expire_messages(account_id, await decide(), settle, limit)

        return expire

    def _records_of(self, account_id: int, decide: Deciding) -> Callable[[int], Awaitable[int]]:
        async def expire(limit: int) -> int:
            deleted, before = await self._store.expire_records(account_id, await decide(), limit)
            if deleted:
                self.on_removed(account_id, (), before)
            return deleted

        return expire

    async def _keep_quotas(self) -> None:
        """Delete the oldest records of accounts, a step of each in turn, until each has what it may, or one record."""
        over = [account_id for account_id in self._accounts.known if any(self._quotas.excess(account_id))]
        while over:
            over = [account_id for account_id in over if await self._keep_quota(account_id)]

    async def _keep_quota(self, account_id: int) -> bool:
        """Do one step for an account; return whether records went, so that another step may be needed."""
        records, size = self._quotas.excess(account_id, await self._store.usage(account_id))
        oldest = await self._store.oldest_records([account_id], self._records.size)
        doomed = oldest_to_go(oldest, records, size)
        if doomed:
            await self._remove(doomed, "over its quota")
        return bool(doomed)

    async def _make_way(self, doomed: list[Aged]) -> None:
        """Records go at once, with their parts, so that the disk has their space."""
        await self._remove(doomed, "for space on the disk")
        await self._drain(self._parts, self._store.drop_parts)

    async def _remove(self, doomed: list[Aged], why: str) -> None:
        gone = await self._store.remove_records([each.record_id for each in doomed])
        self._records.took(self._store.held)
        for account_id, usage in gone.items():
            self.on_removed(account_id, [each.record_id for each in doomed if each.account_id == account_id], "")
            self._tell(account_id, usage, why)

    def _tell(self, account_id: int, gone: Usage, why: str) -> None:
        self._audit.note("records_expired", account=account_id, count=gone.records, size=gone.record_bytes, reason=why)
        _log.info(
            "deleted the oldest {count} records, {size} bytes, of account {account}: {why}",
            count=gone.records,
            size=gone.record_bytes,
            account=self._accounts.name_of(account_id) or account_id,
            why=why,
        )

    async def _give_back(self) -> None:
        """Give the disk what is free in the file, if that is much."""
        space = await self._store.space()
        left = self.space.worthless(space.size, space.free)
        while left > 0:
            given = await self._store.give_back(min(left, self._back.size, self.space.step))
            self._back.took(self._store.held)
            if not given:
                return
            left -= given
