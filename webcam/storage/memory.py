"""A store in memory: the fake that tests of the upper layers use, held to the same contract as SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from webcam.errors import AccountExists, NoSuchAccount, NoSuchRecord, QuotaExceeded
from webcam.model import Account, Draft, Expiry, Message, Page, Record, SavedSession, Settings, Usage, next_stamp
from webcam.ports import RECORD_PART
from webcam.storage.messages import bounded


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


class MemoryStore:
    """See :class:`webcam.ports.Store`."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._sessions: dict[str, SavedSession] = {}
        self._account_ids = 0
        self._record_ids = 0

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

    async def remove_account(self, name: str) -> None:
        account_id = self._named(name).account.account_id
        del self._held[account_id]
        self._end_account(account_id)

    def _end_account(self, account_id: int) -> None:
        self._sessions = {key: each for key, each in self._sessions.items() if each.account_id != account_id}

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        held = self._of(account_id)
        held.account = replace(held.account, settings={**held.account.settings, **chosen})

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        held = self._named(name)
        others = {each: bound for each, bound in held.account.quotas.items() if each != kind}
        held.account = replace(held.account, quotas=others if value is None else {**others, kind: value})

    async def sessions(self) -> list[SavedSession]:
        return list(self._sessions.values())

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        self._sessions.update({each.digest: each for each in saved if each.account_id in self._held})

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        for each in saved:
            known = self._sessions.get(each.digest)
            if known is not None:
                self._sessions[each.digest] = replace(
                    known, active=each.active, requests=each.requests, given=each.given
                )

    async def end_sessions(self, digests: Sequence[str]) -> None:
        for digest in digests:
            self._sessions.pop(digest, None)

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
        record = Record(self._record_ids, device, meta, held.stamp(now), len(whole))
        held.records[record.record_id] = (record, whole)
        return record.record_id, record.stamp

    async def records(self, account_id: int, page: Page, expiry: Expiry) -> list[Record]:
        held = self._held.get(account_id)
        kept = [each for each, _ in held.records.values()] if held else []
        found = [each for each in kept if each.stamp > (page.after or "") and each.stamp >= expiry.records]
        return sorted(found, key=lambda each: each.stamp)[: page.limit]

    async def record(self, account_id: int, record_id: int, expiry: Expiry) -> Record:
        held = self._held.get(account_id)
        if held is None or record_id not in held.records or held.records[record_id][0].stamp < expiry.records:
            raise NoSuchRecord(str(record_id))
        return held.records[record_id][0]

    async def record_part(self, record_id: int, part: int) -> bytes:
        for held in self._held.values():
            if record_id in held.records:
                data = held.records[record_id][1][part * RECORD_PART :][:RECORD_PART]
                if data:
                    return data
        raise NoSuchRecord(f"{record_id}, part {part}")

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> None:
        for owner, held in self._held.items():
            if owner != account_id and any(each in held.records for each in record_ids):
                raise NoSuchRecord("of another account")
        mine = self._held[account_id].records if account_id in self._held else {}
        named = [mine.pop(each)[0] for each in dict.fromkeys(record_ids) if each in mine]
        if older and named:
            oldest = min(each.stamp for each in named)
            for record_id in [key for key, (each, _) in mine.items() if each.stamp < oldest]:
                del mine[record_id]

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> int:
        records = self._held[account_id].records if account_id in self._held else {}
        doomed = [key for key, (each, _) in records.items() if each.stamp < expiry.records][:limit]
        for record_id in doomed:
            del records[record_id]
        return len(doomed)

    async def close(self) -> None:
        """Nothing to close."""
