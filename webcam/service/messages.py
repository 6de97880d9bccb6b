"""Messages between devices, and the sync marks by which they are acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webcam.consolemodel import Posted, Thread
from webcam.model import QUOTA_MESSAGE_BYTES, QUOTA_MESSAGES, Draft, Message, Page
from webcam.ports import ConsoleStore, MessageStore
from webcam.service.ages import Ages
from webcam.service.disk_space import DiskSpace
from webcam.service.events import Events
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.service.stamps import Stamps


class Store(MessageStore, ConsoleStore, Protocol):
    """What devices are given, and what people look at."""


class Messages:
    """Sending, getting and acknowledging."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        ages: Ages,
        stamps: Stamps,
        quotas: AccountQuotas,
        events: Events,
        space: DiskSpace,
    ) -> None:
        self._space = space
        self._store = store
        self._quotas = quotas
        self._events = events
        self._sessions = sessions
        self._ages = ages
        self._stamps = stamps

    async def send(self, session: Session, drafts: Sequence[Draft], sync: bool) -> None:
        """Store *drafts*, all or none. With *sync*, acknowledge what the session was given so far.

        A session that asked for nothing yet acknowledges all up to now. Raises
        :class:`webcam.errors.QuotaExceeded`, and :class:`webcam.errors.DiskFull`, with nothing done.
        """
        mark = None
        if sync and session.given != "":
            mark = session.given or ""
        if not drafts and mark is None:
            return
        account_id = session.account_id
        bounds = self._quotas.of(account_id, QUOTA_MESSAGES), self._quotas.of(account_id, QUOTA_MESSAGE_BYTES)
        size = sum(each.size(session.device) for each in drafts)
        if drafts:
            await self._space.admit(account_id, size)
        with self._stamps.writing() as now:
            stamp = await self._store.add_messages(account_id, session.device, now, drafts, mark, *bounds)
            self._stamps.saw(account_id, stamp)
        self._space.written(account_id, size)
        self._space.settled(account_id, size)
        self._events.messages(account_id, session.device, drafts, stamp)

    async def get(self, session: Session, page: Page) -> list[Message]:
        """What the session's device has to be given, oldest first."""
        await self._sessions.asks(session)
        expiry = self._ages.expiry(session.account_id)
        found = await self._store.messages(session.account_id, session.device, page, expiry)
        self._given(session, found)
        return found

    async def thread(self, session: Session, other: str, before: str, limit: int) -> list[Posted]:
        """What the session's device and *other* sent to each other, or to all, newest first.

        It acknowledges nothing.
        """
        wanted = Thread(session.device, other, before, limit)
        return await self._store.thread(session.account_id, wanted, self._ages.expiry(session.account_id))

    async def take(self, session: Session, page: Page) -> list[Message]:
        """The same, acknowledging exactly what it returns."""
        await self._sessions.asks(session)
        expiry = self._ages.expiry(session.account_id)
        found = await self._store.take_messages(session.account_id, session.device, page, expiry)
        self._given(session, found)
        return found

    def _given(self, session: Session, found: Sequence[Message]) -> None:
        self._sessions.given(session, found[-1].stamp if found else "")
