"""A store in memory: the fake that tests of the upper layers use, held to the same contract as SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from webcam.errors import AccountExists, NoSuchAccount, QuotaExceeded
from webcam.model import Account, Draft, Expiry, Message, Page, Settings, Usage, next_stamp
from webcam.storage.memory_console import MemoryConsole
from webcam.storage.memory_records import MemoryRecords
from webcam.storage.memory_sessions import MemorySessions
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

    def stamp(self, now: str) -> str:
        stamp = next_stamp(now, self.account.last_stamp)
        self.account = replace(self.account, last_stamp=stamp)
        return stamp

    def raise_mark(self, device: str, stamp: str) -> None:
        mark = self.marks.setdefault(device, _Mark())
        mark.stamp = max(mark.stamp, stamp)


class MemoryStore(MemorySessions, MemoryRecords, MemoryConsole):
    """See :class:`webcam.ports.Store`."""

    held = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, _Held] = {}
        self._account_ids = 0

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

    def _counted(self, held: _Held) -> Account:
        """The account, with what it holds now."""
        records, size = self._kept_of(held.account.account_id)
        return replace(held.account, usage=Usage(len(held.messages), records, size))

    def _stamp(self, account_id: int, now: str) -> str:
        return self._of(account_id).stamp(now)

    def _exists(self, account_id: int) -> bool:
        return account_id in self._held

    def _enabled(self, account_id: int) -> bool:
        return self._exists(account_id) and not self._held[account_id].account.disabled

    def _all_messages(self, account_id: int) -> list[tuple[str, Message]]:
        return self._held[account_id].messages if self._exists(account_id) else []

    async def accounts(self) -> list[Account]:
        return sorted((self._counted(each) for each in self._held.values()), key=lambda account: account.name)

    async def account(self, name: str) -> Account | None:
        try:
            return self._counted(self._named(name))
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
        del self._held[account_id]
        self._forget_records(account_id)
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

    async def usage(self, account_id: int) -> Usage:
        return self._counted(self._held[account_id]).usage if account_id in self._held else Usage()

    async def give_back(self, size: int) -> int:
        return 0

    async def trim_log(self) -> None:
        """There is none."""

    async def close(self) -> None:
        """Nothing to close."""
