"""The SQLite store: the storage port's methods, each one transaction of the statements beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from webcam.calendar import ClockState
from webcam.consolemodel import Day, Posted, Seen, Share, Thread, Window
from webcam.model import (
    Account,
    Aged,
    Draft,
    Expiry,
    FileSpace,
    Held,
    Incoming,
    Message,
    Moment,
    Page,
    Record,
    Role,
    SavedSession,
    Secret,
    Settings,
    Usage,
)
from webcam.ports import ALL_DEVICES
from webcam.storage import (
    accounts,
    aging,
    clock,
    messages,
    newest,
    quotas,
    records,
    removal,
    secrets,
    seen,
    sessions,
    shares,
    sweeping,
    uploads,
)
from webcam.storage.database import Database

LONG = 8192
"""Characters of metadata above which a login is new data."""

_T = TypeVar("_T")


class SQLiteStore:
    """See :class:`webcam.ports.Store`.

    What brings new data is an ``add`` of the database, with its size: records, messages, links that share a stream, and
    logins with long metadata. Everything else may use the reserve when the disk is full.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.held = 0.0

    async def accounts(self) -> list[Account]:
        return await self._database.read(accounts.accounts)

    async def version(self) -> tuple[int, ...]:
        return (self._database.changes, *await self._database.write_aside(accounts.changes_elsewhere))

    async def account(self, name: str) -> Account | None:
        return await self._database.read(accounts.account, name)

    async def add_account(self, name: str, password_hash: str) -> int:
        return await self._database.write(accounts.add_account, name, password_hash)

    async def set_password(self, name: str, password_hash: str) -> None:
        await self._database.write(accounts.set_password, name, password_hash)

    async def change_password(self, account_id: int, checked: str, password_hash: str, keep: str) -> bool:
        return await self._database.write(accounts.change_password, account_id, checked, password_hash, keep)

    async def rehash(self, account_id: int, checked: str, password_hash: str) -> None:
        await self._database.write(accounts.rehash, account_id, checked, password_hash)

    async def set_disabled(self, name: str, disabled: bool) -> None:
        await self._database.write(accounts.set_disabled, name, disabled)

    async def remove_account(self, name: str) -> None:
        await self._database.write(accounts.remove_account, name)

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        await self._database.write(accounts.set_settings, account_id, chosen)

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        await self._database.write(quotas.set_quota, name, kind, value)

    async def add_secret(
        self, name: str, label: str, digest: str, role: Role, devices: frozenset[str], every_frame: bool = False
    ) -> int:
        return await self._database.write(secrets.add_secret, name, label, digest, role, devices, every_frame)

    async def secrets(self, name: str) -> list[Secret]:
        return await self._database.read(secrets.secrets, name)

    async def secret(self, name: str, digest: str) -> Secret | None:
        return await self._database.read(secrets.secret, name, digest)

    async def remove_secret(self, name: str, label: str) -> None:
        await self._database.write(secrets.remove_secret, name, label)

    async def sessions(self) -> list[SavedSession]:
        return await self._database.read(sessions.sessions)

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        size = sum(len(each.meta) for each in saved)
        if size > LONG:
            await self._database.add(size, sessions.save_sessions, saved)
        else:
            await self._database.write(sessions.save_sessions, saved)

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        await self._database.write_aside(sessions.touch_sessions, saved)

    async def end_sessions(self, digests: Sequence[str]) -> None:
        await self._database.write(sessions.end_sessions, digests)

    async def revoke_sessions(self, name: str, device: str | None) -> int:
        return await self._database.write(sessions.revoke_sessions, name, device)

    async def revoked_sessions(self) -> list[str]:
        return await self._database.read(sessions.revoked_sessions)

    async def forget_revoked(self, digests: Sequence[str]) -> None:
        await self._database.write(sessions.forget_revoked, digests)

    async def add_messages(
        self,
        account_id: int,
        device: str,
        now: Moment,
        drafts: Sequence[Draft],
        mark: str | None,
        bound: int | None = None,
        byte_bound: int | None = None,
    ) -> str:
        args = account_id, device, now, drafts, mark, bound, byte_bound
        if not drafts:
            return await self._database.write(messages.add_messages, *args)
        size = sum(each.size(device) for each in drafts)
        return await self._database.add(size, messages.add_messages, *args)

    async def messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        return await self._database.read(messages.messages, account_id, device, page, expiry)

    async def take_messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        return await self._database.write(messages.take_messages, account_id, device, page, expiry)

    async def expire_messages(self, account_id: int, expiry: Expiry, settle: tuple[int, int], limit: int) -> int:
        return await self._step(messages.expire_messages, account_id, expiry, settle, limit)

    async def add_record(
        self, account_id: int, device: str, meta: str, now: Moment, data: Sequence[bytes]
    ) -> tuple[int, str]:
        size = len(meta) + sum(map(len, data))
        return await self._database.add(size, records.add_record, account_id, device, meta, now, data)

    async def begin_upload(self) -> int:
        return await self._database.add(0, uploads.begin_upload)

    async def upload_part(self, record_id: int, part: int, data: bytes) -> None:
        await self._database.add(len(data), uploads.upload_part, record_id, part, data)

    async def end_upload(self, record_id: int, record: Incoming, now: Moment, tail: bytes) -> str:
        return await self._database.add(len(tail), uploads.end_upload, record_id, record, now, tail)

    async def give_up_uploads(self, record_ids: Sequence[int] | None) -> None:
        await self._database.write(uploads.give_up_uploads, record_ids)

    async def records(
        self, account_id: int, page: Page, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        return await self._database.read(records.records, account_id, page, expiry, devices)

    async def record(
        self, account_id: int, record_id: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> Record:
        return await self._database.read(records.record, account_id, record_id, expiry, devices)

    async def record_part(self, record_id: int, part: int) -> bytes:
        return await self._database.read(records.record_part, record_id, part)

    async def kept_records(self, record_ids: Sequence[int]) -> set[int]:
        return await self._database.read(removal.kept_records, record_ids)

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> str:
        return await self._database.write(removal.delete_records, account_id, record_ids, older)

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> tuple[int, str]:
        return await self._step(removal.expire_records, account_id, expiry, limit)

    async def newest_records(
        self, account_id: int, window: Window, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        return await self._database.read(newest.newest_records, account_id, window, expiry, devices)

    async def record_days(
        self, account_id: int, offset: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Day]:
        return await self._database.read(newest.record_days, account_id, offset, expiry, devices)

    async def thread(self, account_id: int, thread: Thread, expiry: Expiry) -> list[Posted]:
        return await self._database.read(newest.thread, account_id, thread, expiry)

    async def saw_devices(self, seen_: Sequence[Seen], kept: int, kept_of_secret: int) -> None:
        await self._database.write(seen.saw_devices, seen_, kept, kept_of_secret)

    async def forget_device(self, account_id: int, device: str) -> None:
        await self._database.write(seen.forget_device, account_id, device)

    async def seen_devices(self, account_id: int) -> list[Seen]:
        return await self._database.read(seen.seen_devices, account_id)

    async def add_share(self, share: Share, digest: str, bound: int) -> int:
        return await self._database.add(0, shares.add_share, share, digest, bound)

    async def shares(self, account_id: int) -> list[Share]:
        return await self._database.read(shares.shares, account_id)

    async def all_shares(self) -> list[Share]:
        return await self._database.read(shares.all_shares)

    async def share(self, digest: str) -> Share | None:
        return await self._database.read(shares.share, digest)

    async def good_shares(self, share_ids: Sequence[int]) -> list[Share]:
        return await self._database.read(shares.good_shares, share_ids)

    async def remove_share(self, account_id: int, share_id: int) -> bool:
        return await self._database.write(shares.remove_share, account_id, share_id)

    async def remove_shares(self, share_ids: Sequence[int]) -> None:
        await self._database.write(shares.remove_shares, share_ids)

    async def count_expired(self, account_id: int, expiry: Expiry, limit: int) -> int:
        return await self._database.read(aging.count_expired, account_id, expiry, limit)

    async def clock_state(self) -> ClockState | None:
        return await self._database.read(clock.clock_state)

    async def save_clock(self, state: ClockState) -> None:
        await self._database.write(clock.save_clock, state)

    async def newest_running(self) -> int:
        return await self._database.read(clock.newest_running)

    async def cursor_stamp(self) -> str:
        return await self._database.read(clock.cursor_stamp)

    async def remember_cursor(self, stamp: str) -> None:
        await self._database.write(clock.remember_cursor, stamp)

    async def trusted_clock(self) -> int | None:
        return await self._database.read(clock.trusted_clock)

    async def forget_trusted(self) -> None:
        await self._database.write(clock.forget_trusted)

    async def usage(self, account_id: int) -> Usage:
        return await self._database.read(accounts.usage, account_id)

    async def oldest_records(self, account_ids: Sequence[int], limit: int) -> list[Aged]:
        return await self._database.read(sweeping.oldest_records, account_ids, limit)

    async def holdings(self) -> list[Held]:
        return await self._database.read(sweeping.held)

    async def facts(self) -> dict[str, str]:
        return await self._database.read(sweeping.facts)

    async def set_fact(self, name: str, value: str) -> None:
        await self._database.write(sweeping.set_fact, name, value)

    async def remove_records(self, record_ids: Sequence[int]) -> dict[int, Usage]:
        return await self._step(removal.remove_records, record_ids)

    async def drop_parts(self, limit: int) -> int:
        return await self._step(sweeping.drop_parts, limit)

    async def space(self) -> FileSpace:
        return await self._database.read(sweeping.space)

    async def give_back(self, size: int) -> int:
        return await self._step(sweeping.give_back, size)

    async def trim_log(self) -> None:
        await self._database.trim_log()

    async def _step(self, function: Callable[..., _T], *args: Any) -> _T:
        result, self.held = await self._database.step(function, *args)
        return result

    async def close(self) -> None:
        await self._database.close()
