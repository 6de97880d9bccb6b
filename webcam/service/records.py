"""Records: stored pictures and clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webcam.consolemodel import Day, Window
from webcam.errors import EmptyRequest, NoData
from webcam.model import Expiry, Page, Record
from webcam.ports import Audit, ConsoleStore, RecordStore
from webcam.service.ages import Ages
from webcam.service.events import Events
from webcam.service.session import Session
from webcam.service.stamps import Stamps
from webcam.service.uploads import Sender, Upload, Uploads


class Store(RecordStore, ConsoleStore, Protocol):
    """Lists from either end."""


class Watch(Protocol):
    """Who sees to it that there is room for records."""

    def written(self, account_id: int, size: int) -> None:
        """So many bytes more of the account are on disk."""

    def stored(self, account_id: int, size: int) -> None:
        """The account has one more record, of so many bytes that were written."""

    def want(self) -> None:
        """Something was deleted."""

    async def room(self) -> None:
        """Fires when there is room for one more, or none can be made."""


class Records:
    """Storing, listing, reading and deleting."""

    def __init__(
        self,
        store: Store,
        ages: Ages,
        stamps: Stamps,
        uploads: Uploads,
        watch: Watch,
        events: Events,
        audit: Audit,
    ) -> None:
        self._store = store
        self._events = events
        self._audit = audit
        self._ages = ages
        self._stamps = stamps
        self._uploads = uploads
        self._watch = watch

    async def add(self, session: Session, meta: str, data: Sequence[bytes]) -> int:
        """Store the bytes of *data*, in order, byte for byte; the answer is the record's id."""
        if not any(data):
            raise EmptyRequest("no data")
        await self._watch.room()
        with self._stamps.writing() as now:
            record_id, stamp = await self._store.add_record(session.account_id, session.device, meta, now, data)
            self._stamps.saw(session.account_id, stamp)
        self._events.record_added(session.account_id, record_id, session.device, stamp)
        size = sum(map(len, data))
        self._watch.written(session.account_id, size)
        self._watch.stored(session.account_id, size)
        return record_id

    def begin(self, session: Session, meta: str, sender: Sender) -> Upload:
        """A record of more than :data:`webcam.ports.RECORD_PART` bytes, which *sender* brings piece by piece."""
        return self._uploads.begin(session, meta, sender)

    async def end(self, upload: Upload) -> int:
        """All of it is there; the answer is the record's id."""
        record_id, size = await upload.end()
        self._watch.stored(upload.account_id, size)
        return record_id

    async def list(self, session: Session, page: Page) -> list[Record]:
        """Oldest first, of the devices that the session may see."""
        return await self._store.records(session.account_id, page, self._expiry(session), session.sees)

    async def newest(self, session: Session, window: Window, device: str | None) -> Sequence[Record]:
        """Newest first, of the devices that the session may see; with *device*, its alone."""
        sees = self._seen_of(session, device)
        if sees is None:
            return []
        return await self._store.newest_records(session.account_id, window, self._expiry(session), sees)

    async def days(self, session: Session, offset: int, device: str | None) -> Sequence[Day]:
        """Days with such records, newest first, where clocks are *offset* minutes ahead of UTC."""
        sees = self._seen_of(session, device)
        if sees is None:
            return []
        return await self._store.record_days(session.account_id, offset, self._expiry(session), sees)

    def _seen_of(self, session: Session, device: str | None) -> frozenset[str] | None:
        """The devices whose records are wanted; ``None`` when there can't be any."""
        if not device:
            return session.sees
        return frozenset((device,)) if session.may_see(device) else None

    async def find(self, session: Session, record_id: int) -> Record:
        """Raises :class:`webcam.errors.NoSuchRecord`, also for a record of a device that the session may not see."""
        return await self._store.record(session.account_id, record_id, self._expiry(session), session.sees)

    async def with_data(self, session: Session, record_id: int) -> tuple[Record, int]:
        """The record and its size in bytes. Also raises :class:`NoData` when there is none."""
        record = await self.find(session, record_id)
        if not record.size:
            raise NoData(f"record {record_id}")
        return record, record.size

    async def part(self, record: Record, part: int) -> bytes:
        """One part of a record's data, of :data:`webcam.ports.RECORD_PART` bytes."""
        return await self._store.record_part(record.record_id, part)

    async def delete(self, session: Session, record_ids: Sequence[int], older: bool) -> None:
        """Delete these; with *older*, all older than the oldest of them, too."""
        before = await self._store.delete_records(session.account_id, record_ids, older)
        self._events.records_removed(session.account_id, set(record_ids), before)
        self._watch.want()
        account, device = session.account_id, session.device
        self._audit.note("records_deleted", account=account, device=device, count=len(record_ids), older=older)

    def _expiry(self, session: Session) -> Expiry:
        return self._ages.expiry(session.account_id)
