"""Retention: what is kept no longer is deleted, a little at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from webcam.model import Swept
from webcam.ports import Clock, MessageStore, RecordStore
from webcam.service.accounts import Accounts
from webcam.service.settings import AccountSettings

GRACE = 300.0
"""Seconds for which a targeted message stays after its target acknowledged it."""

MESSAGES_AT_ONCE = 1000
RECORDS_AT_ONCE = 20
"""So many go in one transaction, so that nobody waits long for the writer."""


class RetentionStore(MessageStore, RecordStore, Protocol):
    """What a sweep needs of storage."""


class Retention:
    """One :meth:`sweep` deletes everything that is expired by then; reading never shows it even before."""

    def __init__(self, store: RetentionStore, accounts: Accounts, settings: AccountSettings, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._settings = settings
        self._clock = clock

    async def sweep(self) -> Swept:
        """Over every account; the answer is what was deleted."""
        messages = records = 0
        for account_id in self._accounts.known:
            messages += await self._drain(MESSAGES_AT_ONCE, self._messages_of(account_id))
            records += await self._drain(RECORDS_AT_ONCE, self._records_of(account_id))
        return Swept(messages, records)

    async def _drain(self, limit: int, expire: Callable[[int], Awaitable[int]]) -> int:
        total = 0
        while True:
            deleted = await expire(limit)
            total += deleted
            if deleted < limit:
                return total

    def _messages_of(self, account_id: int) -> Callable[[int], Awaitable[int]]:
        settle = (self._clock.wall(), GRACE)
        expiry = self._settings.expiry(account_id)
        return lambda limit: self._store.expire_messages(account_id, expiry, settle, limit)

    def _records_of(self, account_id: int) -> Callable[[int], Awaitable[int]]:
        expiry = self._settings.expiry(account_id)
        return lambda limit: self._store.expire_records(account_id, expiry, limit)
