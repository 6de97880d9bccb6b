"""Thumbnails: small pictures of records, made when they are first asked for, and kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure as Failed

from webcam.errors import DatabaseFail, Failure, NoData, NoSuchRecord
from webcam.model import Record
from webcam.ports import RECORD_PART, RecordStore, ThumbnailStore
from webcam.service.passwords import Offload
from webcam.service.session import Session
from webcam.service.turns import Turns
from webcam.wire.sniff import HEAD
from webcam.wire.thumbnails import MOST_BYTES, may_have_one, thumbnail

AT_ONCE = 2
"""Records that are read and decoded at once."""

WAITING = 1000
"""Requests that may wait for that, none of which holds any data yet. A browser asks for a hundred at once."""

PAGE = 500
"""Of those that are kept, so many are looked at in one step."""

_log = Logger(namespace="webcam")


class Found(Protocol):
    """Who knows which records a session may see (:class:`webcam.service.records.Records`)."""

    async def find(self, session: Session, record_id: int) -> Record:
        """Raises :class:`webcam.errors.NoSuchRecord`."""

    async def part(self, record: Record, part: int) -> bytes:
        """One part of its data. Raises :class:`webcam.errors.NoSuchRecord`."""


class Thumbnails:
    """Finds or makes them. Accounts take turns at it, and the sessions of an account.

    *offload* runs the decoder on a thread that nobody else needs.
    """

    def __init__(self, records: Found, store: RecordStore, kept: ThumbnailStore, offload: Offload) -> None:
        self._records = records
        self._store = store
        self._kept = kept
        self._offload = offload
        self._turns = Turns(AT_ONCE, WAITING, AT_ONCE + WAITING, "thumbnails at once")
        self._accounts: frozenset[int] = frozenset()
        self._untidy = True

    async def of(self, session: Session, record: Record) -> bytes:
        """The JPEG of a record that the session has found. Raises :class:`webcam.errors.NoData` when there is none,
        :class:`webcam.errors.NoSuchRecord` when the record has gone meanwhile, :class:`webcam.errors.Overloaded`."""
        found = await self._kept.thumbnail(record)
        if found is None:
            found = await self._in_turn(session, record)
        if not found:
            raise NoData(f"no thumbnail of record {record.record_id}")
        return found

    def _in_turn(self, session: Session, record: Record) -> Deferred[bytes]:
        """Whoever is cancelled gives up his place. What has begun goes on: its thread can't be stopped, and its data
        are in memory, so its place isn't free before."""
        begun = False

        async def work() -> bytes:
            nonlocal begun
            begun = True
            return await self._made(session, record)

        making = Deferred.fromCoroutine(self._turns.run(str(session.account_id), session.digest, work))
        waiting: Deferred[bytes] = Deferred(lambda _: None if begun else making.cancel())
        making.addCallbacks(
            lambda made: None if waiting.called else waiting.callback(made), self._failed, errbackArgs=(waiting,)
        )
        return waiting

    def _failed(self, failed: Failed, waiting: Deferred[bytes]) -> None:
        if not waiting.called:
            waiting.errback(failed)
        elif failed.check(Failure) is None:
            _log.failure("a thumbnail that nobody waits for failed", failed)

    async def _made(self, session: Session, record: Record) -> bytes:
        """Empty when none can be made, which is kept, too."""
        found = await self._kept.thumbnail(record)  # another one may have asked for it before
        if found is not None:
            return found
        data = await self._data(record)
        made: bytes = (await self._offload(thumbnail, data) if data else None) or b""
        await self._kept.keep(record, made)
        try:
            await self._records.find(session, record.record_id)
        except NoSuchRecord:
            await self._kept.forget([record.record_id])
            raise
        return made

    async def _data(self, record: Record) -> bytes:
        """All of it, or nothing of what is no picture, or too large for one."""
        size = record.size or 0
        if not 0 < size <= MOST_BYTES:
            return b""
        parts = [await self._records.part(record, 0)]
        if not may_have_one(parts[0][:HEAD]):
            return b""
        parts += [await self._records.part(record, number) for number in range(1, -(-size // RECORD_PART))]
        return b"".join(parts)

    # What goes

    def removed(self, record_ids: Collection[int], before: str) -> None:
        """These records are gone, and all of an account that are older than *before*, if that isn't empty."""
        self._untidy = self._untidy or bool(before)
        Deferred.fromCoroutine(self._kept.forget(record_ids))

    def exchanged(self) -> None:
        """Another database is in place."""
        self._untidy = True

    async def tidy(self, accounts: Collection[int]) -> None:
        """Forget those of records that are gone, if any may be: at the start, or since an account is there no more."""
        now = frozenset(accounts)
        self._untidy, untidy = False, self._untidy or bool(self._accounts - now)
        self._accounts = now
        try:
            if untidy:
                await self._tidy()
        except DatabaseFail:
            self._untidy = True
            raise

    async def _tidy(self) -> None:
        after = 0
        while page := await self._kept.kept(after, PAGE):
            there = await self._store.kept_records(page)
            await self._kept.forget([each for each in page if each not in there])
            after = page[-1]
