"""Thumbnails: small pictures of records, made when they are first asked for, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure as Failed

from webcam.errors import DatabaseFail, Failure, NoData, NoSuchRecord
from webcam.model import Record
from webcam.ports import RECORD_PART, RecordStore, ThumbnailStore
from webcam.service.session import Session
from webcam.service.turns import Turns
from webcam.wire import sniff

AT_ONCE = 1
"""Records that are read and decoded at once."""

MOST_BYTES = 32 * 1024 * 1024
"""Of a larger picture there is none."""

TYPES = frozenset(("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"))
"""Content types that there may be one of."""

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


class Decoder(Protocol):
    """What makes thumbnails of pictures."""

    async def thumbnail(self, size: int, parts: Callable[[], AsyncIterator[bytes]]) -> bytes:
        """Return the JPEG of a picture of *size* bytes, whose *parts* are read as they are needed, perhaps twice; empty
        when there can be none, now or later. Raises :class:`webcam.errors.DecoderFail`, and what *parts* raises."""


class Thumbnails:
    """Finds or makes them. Accounts take turns at it, and the sessions of an account."""

    def __init__(self, records: Found, store: RecordStore, kept: ThumbnailStore, decoder: Decoder) -> None:
        self._records = records
        self._store = store
        self._kept = kept
        self._decoder = decoder
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
        """Whoever is cancelled gives up his place. What has begun goes on: it was worth the work."""
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
        """Empty when none can be made, which is kept, too, so it is tried once."""
        found = await self._kept.thumbnail(record)  # another one may have asked for it before
        if found is not None:
            return found
        made = await self._thumbnail(record)
        await self._kept.keep(record, made)
        try:
            await self._records.find(session, record.record_id)
        except NoSuchRecord:
            await self._kept.forget([record.record_id])
            raise
        return made

    async def _thumbnail(self, record: Record) -> bytes:
        """Empty of what is no picture, or too large for one."""
        size = record.size or 0
        if not 0 < size <= MOST_BYTES:
            return b""
        first = await self._records.part(record, 0)
        if sniff.content_type(first[: sniff.HEAD]) not in TYPES:
            return b""

        async def parts() -> AsyncIterator[bytes]:
            yield first
            for number in range(1, -(-size // RECORD_PART)):
                yield await self._records.part(record, number)

        return await self._decoder.thumbnail(size, parts)

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
