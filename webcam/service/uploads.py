"""Uploads: records that are too large to be held in memory, on their way to the disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from twisted.internet.defer import Deferred, DeferredSemaphore

from webcam.model import Incoming
from webcam.ports import RECORD_PART, RecordStore
from webcam.service.session import Session
from webcam.service.stamps import Stamps

AT_ONCE = 4
"""Parts of all uploads that storage has to write at the same time: what others want written waits for no more."""


class Sender(Protocol):
    """Where the bytes of an upload come from."""

    def written(self, size: int) -> None:
        """So many bytes more are on disk."""

    def failed(self, error: Exception) -> None:
        """The upload is given up; what comes of it is of no use."""


class Upload:
    """One record on its way. One of :meth:`end` and :meth:`give_up` is to be called, once, as the last.

    A whole part is written as soon as the one before it is on disk.
    """

    def __init__(self, uploads: Uploads, session: Session, meta: str, sender: Sender) -> None:
        self._uploads = uploads
        self._session = session
        self._meta = meta
        self._sender = sender
        self._buffer = bytearray()
        self._record_id: int | None = None
        self._parts = 0
        self._writing: Deferred[None] | None = None
        self._error: Exception | None = None
        self._over = False
        self._ending = False

    @property
    def waiting(self) -> int:
        """Bytes that were taken, and that storage was not given yet."""
        return len(self._buffer)

    def take(self, data: bytes) -> None:
        """The next bytes of the record."""
        if not self._over:
            self._buffer += data
            self._go()

    def _go(self) -> None:
        if self._writing is None and len(self._buffer) >= RECORD_PART:
            self._writing = Deferred()
            Deferred.fromCoroutine(self._write())

    async def _write(self) -> None:
        try:
            while len(self._buffer) >= RECORD_PART and not self._over:
                part = bytes(self._buffer[:RECORD_PART])
                del self._buffer[:RECORD_PART]
                await self._write_part(part)
        except Exception as error:
            self._fail(error)
        writing, self._writing = self._writing, None
        if self._over:
            self._abandon()
        if writing is not None:
            writing.callback(None)

    async def _write_part(self, part: bytes) -> None:
        store = self._uploads.store
        async with self._uploads.turns:
            await self._uploads.room()
            if self._record_id is None:
                self._record_id = await store.begin_upload()
            await store.upload_part(self._record_id, self._parts, part)
        self._parts += 1
        self._uploads.on_written(self.account_id, len(part))
        if not self._over:
            self._sender.written(len(part))

    def _fail(self, error: Exception) -> None:
        if self._over:
            return
        self._over = True
        self._buffer.clear()
        if self._ending:
            self._error = error
        else:
            self._sender.failed(error)

    @property
    def account_id(self) -> int:
        """Whose it is."""
        return self._session.account_id

    async def end(self) -> tuple[int, int]:
        """All bytes were taken: the record appears. The answer is its id and size.

        Raises what storage does, and then there is no record.
        """
        self._ending = True
        if self._writing is not None:
            await self._writing
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None
        tail = bytes(self._buffer)
        session, size = self._session, self._parts * RECORD_PART + len(tail)
        record = Incoming(session.account_id, session.device, self._meta, size)
        try:
            assert self._record_id is not None, "an upload is larger than a part"
            with self._uploads.stamps.writing() as now:
                stamp = await self._uploads.store.end_upload(self._record_id, record, now, tail)
                self._uploads.stamps.saw(session.account_id, stamp)
            self._uploads.on_stored(session.account_id, self._record_id, session.device, stamp)
        except Exception:
            self.give_up()
            raise
        return self._record_id, size

    def give_up(self) -> None:
        """There will be no record."""
        self._over = True
        self._buffer.clear()
        if self._writing is None:
            self._abandon()

    def _abandon(self) -> None:
        record_id, self._record_id = self._record_id, None
        if record_id is not None:
            self._uploads.on_abandoned(self.account_id, record_id, self._parts * RECORD_PART)


class Uploads:
    """What all uploads share.

    ``room``: fires when there is room for a part. ``on_written``: called for each part, with its account and
    size; ``on_abandoned``: parts of this account and id, of so many bytes, are to go; ``on_stored``: the account has a
    record more, with this id, device and stamp.
    """

    def __init__(self, store: RecordStore, stamps: Stamps, room: Callable[[], Awaitable[None]]) -> None:
        self.store = store
        self.room = room
        self.stamps = stamps
        self.turns = DeferredSemaphore(AT_ONCE)
        self.on_written: Callable[[int, int], None] = lambda _account, _size: None
        self.on_abandoned: Callable[[int, int, int], None] = lambda _account, _record_id, _size: None
        self.on_stored: Callable[[int, int, str, str], None] = lambda _account, _record_id, _device, _stamp: None

    def begin(self, session: Session, meta: str, sender: Sender) -> Upload:
        """A record that *session*'s device begins to send."""
        return Upload(self, session, meta, sender)
