"""Devices that were there: which, and when they were last seen. Written behind, as sessions are."""

from __future__ import annotations

from collections.abc import Iterable

from webcam.calendar import SECOND
from webcam.consolemodel import Seen
from webcam.model import stamp_of
from webcam.ports import ConsoleStore
from webcam.service.session import Session
from webcam.service.timekeeper import Timekeeper

REMEMBERED = 1000
"""Devices of an account that are remembered: those that were seen last."""

REMEMBERED_OF_SECRET = 100
"""Devices of one secret: whoever stole it, and logs in under new names, pushes out those of the secret alone."""


class LastSeen:
    """Told when sessions of devices begin and end; what it was told is in storage after :meth:`flush`."""

    def __init__(self, store: ConsoleStore, time: Timekeeper) -> None:
        self._store = store
        self._time = time
        self._unwritten: dict[tuple[int, str], Seen] = {}

    def note(self, session: Session) -> None:
        """Its device is there now, or was when the session was last active.

        The end of a session that was revoked makes no device known: it may be revoked because the device is forgotten.
        One that is about to be written stays so.
        """
        key = session.account_id, session.device
        secret_id = session.secret.secret_id if session.secret else None
        active = session.active_at(self._time)
        before = self._unwritten.get(key)
        only_known = session.revoked and (before is None or before.only_known)
        self._unwritten[key] = Seen(*key, session.meta, active, secret_id, only_known)

    async def forget(self, account_id: int, device: str) -> None:
        """Remember it no longer."""
        self._unwritten.pop((account_id, device), None)
        await self._store.forget_device(account_id, device)

    def stamp_of(self, seen: Seen) -> str:
        """The stamp of when the device was last seen, as far as it is known now."""
        return stamp_of(self._time.wall_at(seen.active) / SECOND)

    async def flush(self) -> None:
        """Write what was noted since the last time."""
        noted, self._unwritten = self._unwritten, {}
        if not noted:
            return
        try:
            await self._store.saw_devices(list(noted.values()), REMEMBERED, REMEMBERED_OF_SECRET)
        except Exception:
            self._unwritten = {**noted, **self._unwritten}
            raise

    async def of(self, account_id: int) -> list[Seen]:
        """The account's devices that were there, those that still are among them."""
        stored = {each.device: each for each in await self._store.seen_devices(account_id)}
        unwritten = {
            device: each
            for (owner, device), each in self._unwritten.items()
            if owner == account_id and (device in stored or not each.only_known)
        }
        newest = sorted({**stored, **unwritten}.values(), key=lambda each: each.active, reverse=True)
        return newest[:REMEMBERED]

    def start_anew(self, sessions: Iterable[Session]) -> None:
        """Storage is another one: what wasn't written is of the one before, and only *sessions* go on."""
        self._unwritten.clear()
        for session in sessions:
            if session.is_device:
                self.note(session)
