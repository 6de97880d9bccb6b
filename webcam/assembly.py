"""Stores and services, wired: all that lies between the disk and the edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet import threads
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from webcam.api.cookies import cookie_name
from webcam.api.services import Limits, Services
from webcam.audit import AuditLog
from webcam.clock import SystemClock
from webcam.config import Config
from webcam.decoder.supervisor import Decoder, memory_for
from webcam.instance import instance_id
from webcam.memory import usable_memory
from webcam.model import Bounds
from webcam.ports import Audit, Clock, Disk, Store, ThumbnailStore
from webcam.relay.hub import Hub
from webcam.relay.memory import FrameMemory
from webcam.restoring import Restoring
from webcam.service.accounts import Accounts
from webcam.service.age_guard import AgeGuard
from webcam.service.ages import Ages
from webcam.service.devices import Devices
from webcam.service.events import Events
from webcam.service.lastseen import LastSeen
from webcam.service.lockout import Lockout
from webcam.service.logins import Logins
from webcam.service.messages import Messages
from webcam.service.passwords import AT_ONCE, PER_ADDRESS, WAITING, Offload, Passwords
from webcam.service.quotas import AccountQuotas
from webcam.service.records import Records
from webcam.service.retention import Retention
from webcam.service.sessions import Sessions
from webcam.service.settings import AccountSettings
from webcam.service.shares import Shares
from webcam.service.stamps import Stamps
from webcam.service.thumbnails import Decoder as DecoderPort
from webcam.service.thumbnails import Thumbnails
from webcam.service.timekeeper import Timekeeper
from webcam.service.timekeeping import Timekeeping
from webcam.service.uploads import Uploads
from webcam.storage.database import Database
from webcam.storage.disk import FolderDisk
from webcam.storage.sqlite import SQLiteStore
from webcam.storage.thumbnails import FILE as THUMBNAILS
from webcam.storage.thumbnails import ThumbnailFile

_log = Logger(namespace="webcam")


@dataclass(frozen=True)
class Outside:
    """What the services meet the world by. ``offload`` is for passwords."""

    store: Store
    kept: ThumbnailStore
    disk: Disk
    audit: Audit
    clock: Clock
    reactor: IReactorTime
    offload: Offload
    decoder: DecoderPort


class Assembly:
    """The stores and services of one server. Making it starts threads.

    Those of storage end with :meth:`close`, the others with the reactor.
    """

    def __init__(self, config: Config, path: Path, reactor: Any) -> None:
        database = Database(path, reactor)
        self.audit = AuditLog(config.audit, SystemClock(), lambda line: _log.error("{line}", line=line), rotates=True)
        self._store = SQLiteStore(database)
        self._decoder = Decoder(reactor, memory_for(usable_memory()))
        self._kept = ThumbnailFile(
            config.data / THUMBNAILS, _threads(reactor, 1, "kept thumbnails"), self._decoder.number
        )
        outside = Outside(
            store=self._store,
            kept=self._kept,
            disk=FolderDisk(config.data),
            audit=self.audit,
            clock=SystemClock(),
            reactor=reactor,
            offload=threads.deferToThread,
            decoder=self._decoder,
        )
        self.services, self.retention = make_services(
            outside, limits_of(config), config.bounds, config.cooldown, config.base_path, instance_id(config.data)
        )
        self.audit.name_of = self.services.accounts.name_of
        self.restoring = Restoring(config.data, database, self.services, threads.deferToThread)

    async def close(self) -> None:
        """Write what is behind, and close what is open."""
        await self.restoring.stop()
        try:
            await self.services.sessions.flush()
            await self.services.last_seen.flush()
            await self.services.timekeeping.close()
        finally:
            await self._store.close()
            await self._kept.close()
            await self._decoder.close()


def limits_of(config: Config) -> Limits:
    """As they are configured."""
    return Limits(
        body=config.body_limit,
        record=config.record_limit,
        frame=config.frame_limit,
        frame_memory=config.frame_bytes(usable_memory()),
        stall=config.stall,
        connections=config.connections,
        connections_per_address=config.connections if config.one_address else config.connections_per_address,
    )


def make_services(
    outside: Outside, limits: Limits, bounds: Bounds, cooldown: float, base: str = "/", instance: str = ""
) -> tuple[Services, Retention]:
    """Everything between storage and edge, and what sweeps it. *instance* is the server's id."""
    store, clock, audit, reactor = outside.store, outside.clock, outside.audit, outside.reactor
    time = Timekeeper(clock)
    settings, stamps, quotas = AccountSettings(store, audit), Stamps(clock, time), AccountQuotas(bounds)
    ages = Ages(settings, time)
    sessions = Sessions(store, settings, quotas, time, audit, cooldown)
    accounts = _accounts(outside, limits.one_address, sessions, settings, stamps, quotas)
    events = Events(store, sessions, ages, stamps, reactor)
    guard = AgeGuard(store, ages, time, accounts.name_of)
    retention = Retention(store, accounts, ages, guard, quotas, clock, audit, outside.disk, bounds)
    retention.space.on_state = events.disk_changed
    records = _records(outside, ages, stamps, retention, events)
    last_seen = LastSeen(store, time)
    devices = Devices(sessions, Hub(), quotas, events, reactor, audit, last_seen)
    services = Services(
        accounts=accounts,
        sessions=sessions,
        settings=settings,
        stamps=stamps,
        timekeeping=Timekeeping(store, time, stamps, ages),
        messages=Messages(store, sessions, ages, stamps, quotas, events, retention.space),
        records=records,
        thumbnails=_thumbnails(outside, records, events),
        devices=devices,
        frames=FrameMemory(limits.frame_memory, not limits.one_address, reactor.seconds),
        last_seen=last_seen,
        shares=Shares(store, devices, time, audit),
        events=events,
        disk=retention.space,
        logins=Logins(accounts, sessions),
        audit=audit,
        clock=reactor,
        limits=limits,
        cookie=cookie_name(base, instance),
        base=base,
    )
    return services, retention


def _accounts(
    outside: Outside,
    one_address: bool,
    sessions: Sessions,
    settings: AccountSettings,
    stamps: Stamps,
    quotas: AccountQuotas,
) -> Accounts:
    passwords = Passwords(outside.offload, WAITING + AT_ONCE if one_address else PER_ADDRESS)
    lockout = Lockout(outside.clock, one_address)
    return Accounts(outside.store, passwords, lockout, sessions, settings, stamps, quotas, outside.audit)


def _records(outside: Outside, ages: Ages, stamps: Stamps, retention: Retention, events: Events) -> Records:
    """With their uploads: what they take on disk retention is told of, what comes and goes of them the events are."""
    uploads = Uploads(outside.store, stamps, retention.room)
    uploads.on_written, uploads.on_abandoned = retention.written, retention.abandoned
    uploads.on_stored, retention.on_removed = events.record_added, events.records_removed
    return Records(outside.store, ages, stamps, uploads, retention, events, outside.audit)


def _thumbnails(outside: Outside, records: Records, events: Events) -> Thumbnails:
    """They go with their records."""
    thumbnails = Thumbnails(records, outside.store, outside.kept, outside.decoder)
    events.on_records_removed = thumbnails.removed
    return thumbnails


def _threads(reactor: Any, number: int, name: str) -> Offload:
    """An offload to threads of its own, so many; they begin with what they are given first."""
    pool = ThreadPool(0, number, name)
    pool.start()
    reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
    return partial(threads.deferToThreadPool, reactor, pool)
