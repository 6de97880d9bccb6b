"""Devices that were there: which, and when they were last seen. Written behind, as sessions are."""

from __future__ import annotations

from collections.abc import Iterable

from webcam.consolemodel import Seen
from webcam.model import stamp_of
from webcam.ports import Clock, ConsoleStore
from webcam.service.session import Session

REMEMBERED = 1000
"""Devices of an account that are remembered: those that were seen last."""


class LastSeen:
    """Told when sessions of devices begin and end; what it was told is in storage after :meth:`flush`."""

    def __init__(self, store: ConsoleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._unwritten: dict[tuple[int, str], Seen] = {}

    def note(self, session: Session) -> None:
        """Its device is there now, or was when the session was last active."""
        seen = stamp_of(session.active_at(self._clock))
        key = session.account_id, session.device
        self._unwritten[key] = Seen(*key, session.meta, seen)

    async def flush(self) -> None:
        """Write what was noted since the last time."""
        noted, self._unwritten = self._unwritten, {}
        if not noted:
            return
        try:
            await self._store.saw_devices(list(noted.values()), REMEMBERED)
        except Exception:
            self._unwritten = {**noted, **self._unwritten}
            raise

    async def of(self, account_id: int) -> list[Seen]:
        """The account's devices that were there, those that still are among them."""
        stored = {each.device: each for each in await self._store.seen_devices(account_id)}
        unwritten = {device: each for (owner, device), each in self._unwritten.items() if owner == account_id}
        newest = sorted({**stored, **unwritten}.values(), key=lambda each: each.seen, reverse=True)
        return newest[:REMEMBERED]

    def start_anew(self, sessions: Iterable[Session]) -> None:
        """Storage is another one: what wasn't written is of the one before, and only *sessions* go on."""
        self._unwritten.clear()
        for session in sessions:
            if session.is_device:
                self.note(session)
