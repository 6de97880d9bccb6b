"""The part of the store in memory that the console's lists, devices that were there and shared links come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from webcam.consolemodel import Day, Posted, Seen, Share, Thread, Window, day_of
from webcam.errors import NoSuchAccount, QuotaExceeded
from webcam.model import Expiry, Message, Record
from webcam.ports import ALL_DEVICES
from webcam.storage.messages import bounded


class MemoryConsole:
    """See :class:`webcam.ports.ConsoleStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[int, str], Seen] = {}
        self._shares: dict[str, Share] = {}
        self._share_ids = 0

    def _exists(self, account_id: int) -> bool:
        raise NotImplementedError

    def _enabled(self, account_id: int) -> bool:
        raise NotImplementedError

    def _all_records(self, account_id: int) -> Iterable[Record]:
        raise NotImplementedError

    def _all_messages(self, account_id: int) -> Iterable[tuple[str, Message]]:
        raise NotImplementedError

    def _kept(self, account_id: int, expiry: Expiry, devices: frozenset[str]) -> list[Record]:
        """Newest first."""
        found = [
            each
            for each in self._all_records(account_id)
            if each.stamp >= expiry.records and (not devices or each.device in devices)
        ]
        return sorted(found, key=lambda each: each.stamp, reverse=True)

    async def newest_records(
        self, account_id: int, window: Window, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        found = [
            each
            for each in self._kept(account_id, expiry, devices)
            if each.stamp >= window.after and (not window.before or each.stamp < window.before)
        ]
        return found[window.skip :][: window.limit]

    async def record_days(
        self, account_id: int, offset: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Day]:
        days = Counter(day_of(each.stamp, offset) for each in self._kept(account_id, expiry, devices))
        return [Day(day, days[day]) for day in sorted(days, reverse=True)]

    async def thread(self, account_id: int, thread: Thread, expiry: Expiry) -> list[Posted]:
        ends = {thread.device, thread.other}

        def meant(target: str, message: Message) -> bool:
            if message.sender not in ends or (thread.before and message.stamp >= thread.before):
                return False
            oldest = expiry.messages if target else max(expiry.messages, expiry.broadcasts)
            to_the_other = {message.sender, target} == ends or not target
            return message.stamp >= oldest and to_the_other

        found = [each for each in self._all_messages(account_id) if meant(*each)]
        newest = sorted(found, key=lambda each: each[1].stamp, reverse=True)[: thread.limit]
        kept = bounded(message for _, message in newest)
        return [Posted(message, target) for target, message in newest[: len(kept)]]

    async def saw_devices(self, seen: Sequence[Seen], kept: int) -> None:
        for each in seen:
            known = self._seen.get((each.account_id, each.device))
            if self._exists(each.account_id) and (known is None or each.seen >= known.seen):
                self._seen[each.account_id, each.device] = each
        for account_id in {each.account_id for each in seen}:
            for older in (await self.seen_devices(account_id))[kept:]:
                del self._seen[account_id, older.device]

    async def seen_devices(self, account_id: int) -> list[Seen]:
        found = [each for (owner, _), each in self._seen.items() if owner == account_id]
        return sorted(found, key=lambda each: (each.seen, each.device), reverse=True)

    async def add_share(self, share: Share, digest: str, bound: int) -> int:
        if not self._exists(share.account_id):
            raise NoSuchAccount(str(share.account_id))
        if len(await self.shares(share.account_id, share.made)) >= bound:
            raise QuotaExceeded(f"more than {bound} links")
        self._share_ids += 1
        self._shares[digest] = replace(share, share_id=self._share_ids)
        return self._share_ids

    async def shares(self, account_id: int, now: str) -> list[Share]:
        found = [each for each in self._shares.values() if each.account_id == account_id and each.until > now]
        return sorted(found, key=lambda each: (each.until, each.share_id))

    async def share(self, digest: str, now: str) -> Share | None:
        share = self._shares.get(digest)
        return share if share and share.until > now and self._enabled(share.account_id) else None

    async def good_shares(self, share_ids: Sequence[int], now: str) -> list[int]:
        good = {each.share_id for each in self._shares.values() if each.until > now and self._enabled(each.account_id)}
        return [each for each in share_ids if each in good]

    async def remove_share(self, account_id: int, share_id: int) -> bool:
        found = [
            digest
            for digest, each in self._shares.items()
            if (each.account_id, each.share_id) == (account_id, share_id)
        ]
        for digest in found:
            del self._shares[digest]
        return bool(found)

    async def expire_shares(self, now: str) -> None:
        self._shares = {digest: each for digest, each in self._shares.items() if each.until > now}

    def _forget_console(self, account_id: int) -> None:
        """The account is gone."""
        self._seen = {key: each for key, each in self._seen.items() if each.account_id != account_id}
        self._shares = {key: each for key, each in self._shares.items() if each.account_id != account_id}
