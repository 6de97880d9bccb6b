"""The SQLite store: the storage port's methods, each one transaction of the statements beside it."""

from __future__ import annotations

from collections.abc import Sequence

from webcam.model import Account, Draft, Expiry, Message, Page, Record, SavedSession, Settings
from webcam.storage import accounts, messages, quotas, records, removal
from webcam.storage.database import Database


class SQLiteStore:
    """See :class:`webcam.ports.Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accounts(self) -> list[Account]:
        return await self._database.read(accounts.accounts)

    async def account(self, name: str) -> Account | None:
        return await self._database.read(accounts.account, name)

    async def add_account(self, name: str, password_hash: str) -> int:
        return await self._database.write(accounts.add_account, name, password_hash)

    async def set_password(self, name: str, password_hash: str) -> None:
        await self._database.write(accounts.set_password, name, password_hash)

    async def remove_account(self, name: str) -> None:
        await self._database.write(accounts.remove_account, name)

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        await self._database.write(accounts.set_settings, account_id, chosen)

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        await self._database.write(quotas.set_quota, name, kind, value)

    async def sessions(self) -> list[SavedSession]:
        return await self._database.read(accounts.sessions)

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        await self._database.write(accounts.save_sessions, saved)

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        await self._database.write(accounts.touch_sessions, saved)

    async def end_sessions(self, digests: Sequence[str]) -> None:
        await self._database.write(accounts.end_sessions, digests)

    async def add_messages(
        self,
        account_id: int,
        device: str,
        now: str,
        drafts: Sequence[Draft],
        mark: str | None,
        bound: int | None = None,
    ) -> str:
        return await self._database.write(messages.add_messages, account_id, device, now, drafts, mark, bound)

    async def messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        return await self._database.read(messages.messages, account_id, device, page, expiry)

    async def take_messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        return await self._database.write(messages.take_messages, account_id, device, page, expiry)

    async def expire_messages(self, account_id: int, expiry: Expiry, settle: tuple[float, float], limit: int) -> int:
        return await self._database.write(messages.expire_messages, account_id, expiry, settle, limit)

    async def add_record(
        self, account_id: int, device: str, meta: str, now: str, data: Sequence[bytes]
    ) -> tuple[int, str]:
        return await self._database.write(records.add_record, account_id, device, meta, now, data)

    async def records(self, account_id: int, page: Page, expiry: Expiry) -> list[Record]:
        return await self._database.read(records.records, account_id, page, expiry)

    async def record(self, account_id: int, record_id: int, expiry: Expiry) -> Record:
        return await self._database.read(records.record, account_id, record_id, expiry)

    async def record_part(self, record_id: int, part: int) -> bytes:
        return await self._database.read(records.record_part, record_id, part)

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> None:
        await self._database.write(removal.delete_records, account_id, record_ids, older)

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> int:
        return await self._database.write(removal.expire_records, account_id, expiry, limit)

    async def close(self) -> None:
        await self._database.close()
