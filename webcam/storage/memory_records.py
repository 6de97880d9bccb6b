"""The part of the store in memory that holds records, those that come and those that go, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webcam.errors import DatabaseFail, NoSuchRecord
from webcam.model import Aged, Expiry, FileSpace, Incoming, Page, Record, Usage
from webcam.ports import ALL_DEVICES, RECORD_PART
from webcam.storage.records import parts
from webcam.wire.sniff import HEAD, content_type


@dataclass
class _Loose:
    parts: list[bytes]
    uploading: bool


class MemoryRecords:
    """See :class:`webcam.ports.RecordStore`, and what :class:`webcam.ports.SweepStore` does to records."""

    def __init__(self) -> None:
        super().__init__()
        self._records: dict[int, dict[int, tuple[Record, bytes]]] = {}
        self._loose: dict[int, _Loose] = {}
        self._record_ids = 0

    def _stamp(self, account_id: int, now: str) -> str:
        """The account's next one. Raises :class:`webcam.errors.NoSuchAccount`."""
        raise NotImplementedError

    def _records_of(self, account_id: int) -> dict[int, tuple[Record, bytes]]:
        return self._records.get(account_id, {})

    def _all_records(self, account_id: int) -> list[Record]:
        return [each for each, _ in self._records_of(account_id).values()]

    def _kept_of(self, account_id: int) -> tuple[int, int]:
        """How many records the account holds, and their bytes."""
        sizes = [each.size or 0 for each in self._all_records(account_id)]
        return len(sizes), sum(sizes)

    async def add_record(
        self, account_id: int, device: str, meta: str, now: str, data: Sequence[bytes]
    ) -> tuple[int, str]:
        stamp = self._stamp(account_id, now)
        self._record_ids += 1
        whole = b"".join(data)
        record = Record(self._record_ids, device, meta, stamp, len(whole), content_type(whole[:HEAD]))
        self._records.setdefault(account_id, {})[record.record_id] = (record, whole)
        return record.record_id, record.stamp

    async def begin_upload(self) -> int:
        self._record_ids += 1
        self._loose[self._record_ids] = _Loose([], True)
        return self._record_ids

    async def upload_part(self, record_id: int, part: int, data: bytes) -> None:
        self._uploading(record_id).parts.append(data)

    async def end_upload(self, record_id: int, record: Incoming, now: str, tail: bytes) -> str:
        whole = b"".join([*self._uploading(record_id).parts, tail])
        if len(whole) != record.size:
            raise DatabaseFail("parts are missing")
        stamp = self._stamp(record.account_id, now)
        del self._loose[record_id]
        found = Record(record_id, record.device, record.meta, stamp, record.size, content_type(whole[:HEAD]))
        self._records.setdefault(record.account_id, {})[record_id] = (found, whole)
        return stamp

    def _uploading(self, record_id: int) -> _Loose:
        loose = self._loose.get(record_id)
        if loose is None or not loose.uploading:
            raise DatabaseFail(f"{record_id} is no upload any more")
        return loose

    async def give_up_uploads(self, record_ids: Sequence[int] | None) -> None:
        for record_id, loose in self._loose.items():
            if record_ids is None or record_id in record_ids:
                loose.uploading = False

    async def records(
        self, account_id: int, page: Page, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        kept = [each for each in self._all_records(account_id) if not devices or each.device in devices]
        found = [each for each in kept if each.stamp > (page.after or "") and each.stamp >= expiry.records]
        return sorted(found, key=lambda each: each.stamp)[: page.limit]

    async def record(
        self, account_id: int, record_id: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> Record:
        records = self._records_of(account_id)
        if record_id not in records:
            raise NoSuchRecord(str(record_id))
        record, _ = records[record_id]
        if record.stamp < expiry.records or (devices and record.device not in devices):
            raise NoSuchRecord(str(record_id))
        return record

    async def record_part(self, record_id: int, part: int) -> bytes:
        for records in self._records.values():
            if record_id in records:
                data = records[record_id][1][part * RECORD_PART :][:RECORD_PART]
                if data:
                    return data
        raise NoSuchRecord(f"{record_id}, part {part}")

    async def kept_records(self, record_ids: Sequence[int]) -> set[int]:
        return {each for each in record_ids if any(each in records for records in self._records.values())}

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> str:
        for owner, records in self._records.items():
            if owner != account_id and any(each in records for each in record_ids):
                raise NoSuchRecord("of another account")
        mine = self._records_of(account_id)
        named = [self._loosen(mine, each) for each in dict.fromkeys(record_ids) if each in mine]
        if not (older and named):
            return ""
        oldest = min(each.stamp for each in named)
        for record_id in [key for key, (each, _) in mine.items() if each.stamp < oldest]:
            self._loosen(mine, record_id)
        return oldest

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> int:
        records = self._records_of(account_id)
        doomed = [key for key, (each, _) in records.items() if each.stamp < expiry.records][:limit]
        for record_id in doomed:
            self._loosen(records, record_id)
        return len(doomed)

    def _loosen(self, records: dict[int, tuple[Record, bytes]], record_id: int) -> Record:
        record, data = records.pop(record_id)
        self._loose[record_id] = _Loose(list(parts([data])), False)
        return record

    async def oldest_records(self, account_ids: Sequence[int], limit: int) -> list[Aged]:
        found: list[Aged] = []
        for account_id in account_ids:
            records = self._all_records(account_id)
            found += sorted(Aged(each.stamp, account_id, each.record_id, each.size or 0) for each in records)[:-1]
        return sorted(found)[:limit]

    async def remove_records(self, record_ids: Sequence[int]) -> dict[int, Usage]:
        gone = {}
        for account_id, records in self._records.items():
            sizes = [self._loosen(records, each).size or 0 for each in dict.fromkeys(record_ids) if each in records]
            if sizes:
                gone[account_id] = Usage(0, len(sizes), sum(sizes))
        return gone

    async def drop_parts(self, limit: int) -> int:
        dropped = 0
        for record_id in sorted(key for key, each in self._loose.items() if not each.uploading):
            going = self._loose[record_id].parts
            left = limit - dropped
            if left <= 0:
                break
            dropped += max(1, min(left, len(going)))
            del going[-left:]
            if not going:
                del self._loose[record_id]
        return dropped

    async def space(self) -> FileSpace:
        return FileSpace(self.size, 0)

    @property
    def size(self) -> int:
        """Bytes of all records, of those that come and go, too."""
        loose = sum(len(part) for each in self._loose.values() for part in each.parts)
        return loose + sum(len(data) for records in self._records.values() for _, data in records.values())

    def _forget_records(self, account_id: int) -> None:
        """The account is gone."""
        for record_id in list(self._records_of(account_id)):
            self._loosen(self._records[account_id], record_id)
        self._records.pop(account_id, None)
