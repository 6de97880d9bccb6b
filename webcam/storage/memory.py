"""A store in memory: the fake that tests of the upper layers use, held to the same contract as SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from webcam.errors import AccountExists, DatabaseFail, NoSuchAccount, NoSuchRecord, QuotaExceeded
from webcam.model import (
    Account,
    Aged,
    Draft,
    Expiry,
    FileSpace,
    Incoming,
    Message,
    Page,
    Record,
    Settings,
    Usage,
    next_stamp,
)
from webcam.ports import ALL_DEVICES, RECORD_PART
from webcam.storage.memory_console import MemoryConsole
from webcam.storage.memory_sessions import MemorySessions
from webcam.storage.messages import bounded
from webcam.storage.records import parts
from webcam.wire.sniff import HEAD, content_type


@dataclass
class _Mark:
    stamp: str = ""
    settling: str = ""
    since: float = 0.0
    settled: str = ""


@dataclass
class _Held:
    account: Account
    messages: list[tuple[str, Message]] = field(default_factory=list)
    marks: dict[str, _Mark] = field(default_factory=dict)
    records: dict[int, tuple[Record, bytes]] = field(default_factory=dict)

    def seen(self) -> Account:
        """The account, with what it holds now."""
        sizes = [record.size or 0 for record, _ in self.records.values()]
        return replace(self.account, usage=Usage(len(self.messages), len(sizes), sum(sizes)))

    def stamp(self, now: str) -> str:
        stamp = next_stamp(now, self.account.last_stamp)
        self.account = replace(self.account, last_stamp=stamp)
        return stamp

    def raise_mark(self, device: str, stamp: str) -> None:
        mark = self.marks.setdefault(device, _Mark())
        mark.stamp = max(mark.stamp, stamp)


@dataclass
class _Loose:
    parts: list[bytes]
    uploading: bool


class MemoryStore(MemorySessions, MemoryConsole):
    """See :class:`webcam.ports.Store`."""

    held = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, _Held] = {}
        self._account_ids = 0
        self._record_ids = 0
        self._loose: dict[int, _Loose] = {}

    def _of(self, account_id: int) -> _Held:
        try:
            return self._held[account_id]
        except KeyError:
            raise NoSuchAccount(str(account_id)) from None

    def _named(self, name: str) -> _Held:
        for held in self._held.values():
            if held.account.name == name:
                return held
        raise NoSuchAccount(name)

    def _account_id(self, name: str) -> int:
        return self._named(name).account.account_id

    def _exists(self, account_id: int) -> bool:
        return account_id in self._held

    def _enabled(self, account_id: int) -> bool:
        return self._exists(account_id) and not self._held[account_id].account.disabled

    def _all_records(self, account_id: int) -> list[Record]:
        return [each for each, _ in self._held[account_id].records.values()] if self._exists(account_id) else []

    def _all_messages(self, account_id: int) -> list[tuple[str, Message]]:
        return self._held[account_id].messages if self._exists(account_id) else []

    async def accounts(self) -> list[Account]:
        return sorted((each.seen() for each in self._held.values()), key=lambda account: account.name)

    async def account(self, name: str) -> Account | None:
        try:
            return self._named(name).seen()
        except NoSuchAccount:
            return None

    async def add_account(self, name: str, password_hash: str) -> int:
        if await self.account(name) is not None:
            raise AccountExists(name)
        self._account_ids += 1
        self._held[self._account_ids] = _Held(Account(self._account_ids, name, password_hash, 1, "", {}))
        return self._account_ids

    async def set_password(self, name: str, password_hash: str) -> None:
        held = self._named(name)
        held.account = replace(held.account, password_hash=password_hash, generation=held.account.generation + 1)
        self._end_account(held.account.account_id)

    async def change_password(self, account_id: int, checked: str, password_hash: str, keep: str) -> bool:
        held = self._held.get(account_id)
        if held is None or held.account.password_hash != checked:
            return False
        held.account = replace(held.account, password_hash=password_hash, generation=held.account.generation + 1)
        self._end_account(account_id, keep=keep)
        return True

    async def rehash(self, account_id: int, checked: str, password_hash: str) -> None:
        held = self._held.get(account_id)
        if held is not None and held.account.password_hash == checked:
            held.account = replace(held.account, password_hash=password_hash)

    async def set_disabled(self, name: str, disabled: bool) -> None:
        held = self._named(name)
        generation = held.account.generation + int(disabled)
        held.account = replace(held.account, disabled=disabled, generation=generation)
        if disabled:
            self._end_account(held.account.account_id)

    async def remove_account(self, name: str) -> None:
        account_id = self._account_id(name)
        records = self._held.pop(account_id).records
        for record_id in list(records):
            self._loosen(records, record_id)
        self._end_account(account_id, with_secrets=True)
        self._forget_console(account_id)

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        held = self._of(account_id)
        held.account = replace(held.account, settings={**held.account.settings, **chosen})

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        held = self._named(name)
        others = {each: bound for each, bound in held.account.quotas.items() if each != kind}
        held.account = replace(held.account, quotas=others if value is None else {**others, kind: value})

    async def add_messages(
        self,
        account_id: int,
        device: str,
        now: str,
        drafts: Sequence[Draft],
        mark: str | None,
        bound: int | None = None,
    ) -> str:
        held = self._of(account_id)
        if drafts and bound is not None and len(held.messages) + len(drafts) > bound:
            raise QuotaExceeded(f"more than {bound} messages")
        if mark is not None:
            held.raise_mark(device, mark or held.account.last_stamp)
        for draft in drafts:
            held.messages.append((draft.target, Message(held.stamp(now), device, draft.name, draft.params)))
        return held.account.last_stamp

    async def messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        held = self._held.get(account_id)
        if held is None:
            return []
        after = page.after
        if after is None:
            after = held.marks[device].stamp if device in held.marks else ""
        found = []
        for target, message in held.messages:
            if message.stamp <= after or message.stamp < expiry.messages:
                continue
            if target == device or (not target and message.sender != device and message.stamp >= expiry.broadcasts):
                found.append(message)
        return bounded(found[: page.limit])

    async def take_messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        found = await self.messages(account_id, device, page, expiry)
        if found:
            self._of(account_id).raise_mark(device, found[-1].stamp)
        return found

    async def expire_messages(self, account_id: int, expiry: Expiry, settle: tuple[float, float], limit: int) -> int:
        held = self._held.get(account_id)
        if held is None:
            return 0
        now, grace = settle
        held.marks = {device: mark for device, mark in held.marks.items() if mark.stamp >= expiry.messages}
        for mark in held.marks.values():
            if mark.since <= now - grace:
                mark.settled, mark.settling, mark.since = mark.settling, mark.stamp, now
            elif mark.since > now:  # the clock stepped back: the grace begins anew
                mark.settling, mark.since = mark.stamp, now

        def expired(target: str, message: Message) -> bool:
            if message.stamp < expiry.messages or (not target and message.stamp < expiry.broadcasts):
                return True
            return bool(target) and target in held.marks and message.stamp <= held.marks[target].settled

        doomed = {message.stamp for _, message in [each for each in held.messages if expired(*each)][:limit]}
        held.messages = [each for each in held.messages if each[1].stamp not in doomed]
        return len(doomed)

    async def add_record(
        self, account_id: int, device: str, meta: str, now: str, data: Sequence[bytes]
    ) -> tuple[int, str]:
        held = self._of(account_id)
        self._record_ids += 1
        whole = b"".join(data)
        record = Record(self._record_ids, device, meta, held.stamp(now), len(whole), content_type(whole[:HEAD]))
        held.records[record.record_id] = (record, whole)
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
        held = self._of(record.account_id)
        del self._loose[record_id]
        found = Record(record_id, record.device, record.meta, held.stamp(now), record.size, content_type(whole[:HEAD]))
        held.records[record_id] = (found, whole)
        return found.stamp

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
        held = self._held.get(account_id)
        kept = [each for each, _ in held.records.values() if not devices or each.device in devices] if held else []
        found = [each for each in kept if each.stamp > (page.after or "") and each.stamp >= expiry.records]
        return sorted(found, key=lambda each: each.stamp)[: page.limit]

    async def record(
        self, account_id: int, record_id: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> Record:
        held = self._held.get(account_id)
        if held is None or record_id not in held.records:
            raise NoSuchRecord(str(record_id))
        record, _ = held.records[record_id]
        if record.stamp < expiry.records or (devices and record.device not in devices):
            raise NoSuchRecord(str(record_id))
        return record

    async def record_part(self, record_id: int, part: int) -> bytes:
        for held in self._held.values():
            if record_id in held.records:
                data = held.records[record_id][1][part * RECORD_PART :][:RECORD_PART]
                if data:
                    return data
        raise NoSuchRecord(f"{record_id}, part {part}")

    async def kept_records(self, record_ids: Sequence[int]) -> set[int]:
        return {each for each in record_ids if any(each in held.records for held in self._held.values())}

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> str:
        for owner, held in self._held.items():
            if owner != account_id and any(each in held.records for each in record_ids):
                raise NoSuchRecord("of another account")
        mine = self._held[account_id].records if account_id in self._held else {}
        named = [self._loosen(mine, each) for each in dict.fromkeys(record_ids) if each in mine]
        if not (older and named):
            return ""
        oldest = min(each.stamp for each in named)
        for record_id in [key for key, (each, _) in mine.items() if each.stamp < oldest]:
            self._loosen(mine, record_id)
        return oldest

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> int:
        records = self._held[account_id].records if account_id in self._held else {}
        doomed = [key for key, (each, _) in records.items() if each.stamp < expiry.records][:limit]
        for record_id in doomed:
            self._loosen(records, record_id)
        return len(doomed)

    def _loosen(self, records: dict[int, tuple[Record, bytes]], record_id: int) -> Record:
        record, data = records.pop(record_id)
        self._loose[record_id] = _Loose(list(parts([data])), False)
        return record

    async def usage(self, account_id: int) -> Usage:
        return self._held[account_id].seen().usage if account_id in self._held else Usage()

    async def oldest_records(self, account_ids: Sequence[int], limit: int) -> list[Aged]:
        found: list[Aged] = []
        for account_id in account_ids:
            records = self._held[account_id].records.values() if account_id in self._held else ()
            found += sorted(Aged(each.stamp, account_id, each.record_id, each.size or 0) for each, _ in records)[:-1]
        return sorted(found)[:limit]

    async def remove_records(self, record_ids: Sequence[int]) -> dict[int, Usage]:
        gone = {}
        for account_id, held in self._held.items():
            sizes = [
                self._loosen(held.records, each).size or 0 for each in dict.fromkeys(record_ids) if each in held.records
            ]
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
        return loose + sum(len(data) for held in self._held.values() for _, data in held.records.values())

    async def give_back(self, size: int) -> int:
        return 0

    async def trim_log(self) -> None:
        """There is none."""

    async def close(self) -> None:
        """Nothing to close."""
