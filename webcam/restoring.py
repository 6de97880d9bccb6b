"""A database that ``webcam restore`` offers to the running server: taken up, and memory brought in line with it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from webcam.api.services import Services
from webcam.errors import DatabaseFail, Refused
from webcam.service.passwords import Offload
from webcam.storage import handover
from webcam.storage.database import Database
from webcam.storage.handover import Adopted

LOOK = 1.0
"""Seconds between looks for an offer."""

_log = Logger(namespace="webcam")


class Restoring:
    """Its user calls :meth:`look` again and again, and :meth:`stop` at the end, before the database is closed."""

    def __init__(self, data: Path, database: Database, services: Services, offload: Offload) -> None:
        self._data = data
        self._database = database
        self._services = services
        self._offload = offload
        self._turn = DeferredLock()

    async def look(self) -> None:
        """Take up what is offered, if anything is, and answer the program that waits for it.

        Meanwhile storage is closed to everybody. What can't be used changes nothing.
        """
        async with self._turn:
            try:
                taken = handover.take(self._data)
            except Refused as refusal:
                _log.warn("removed a restored database that was offered: {refusal}", refusal=str(refusal))
                return
            if taken is None:
                return
            try:
                kept = await self._adopt(taken)
            except Refused as refusal:
                _log.error("the database stays: {refusal}", refusal=str(refusal))
                handover.answer(self._data, refusal=str(refusal))
            else:
                handover.answer(self._data, kept)

    async def stop(self) -> None:
        """Let what is under way end; nothing is taken up any more."""
        await self._turn.acquire()

    async def _adopt(self, taken: Path) -> Path | None:
        with contextlib.suppress(DatabaseFail):  # a database that is damaged is exchanged for that very reason
            await self._services.sessions.flush()
        async with self._database.closed():
            self._services.cut()
            newest = self._services.stamps.newest
            adopted: Adopted = await self._offload(handover.put_in_place, self._data, taken, newest)
            self._services.timekeeping.take_over(adopted.clock, adopted.newest_running)
            ended = self._services.sessions.take_over(adopted.sessions)
            self._services.accounts.take_over(adopted.accounts)
            self._services.last_seen.start_anew(self._services.sessions.all())
            self._services.shares.start_anew()
            self._services.disk.start_anew()
            self._services.events.start_anew()
            self._services.thumbnails.exchanged()
        kept = adopted.kept.name if adopted.kept else None
        _log.warn(
            "another database is in place: {ended} sessions ended, {kept} is the one before", ended=ended, kept=kept
        )
        self._services.audit.note("database_exchanged", kept=kept, sessions_ended=ended)
        return adopted.kept
