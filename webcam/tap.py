"""The composition root: configuration to a running service. The one place that names the reactor."""

from __future__ import annotations

import gc
import os
import resource
import sqlite3
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from twisted.application import service
from twisted.internet import task, threads
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from webcam import __version__
from webcam.api.services import Limits, Services
from webcam.api.tree import build_site
from webcam.audit import AuditLog
from webcam.clock import SystemClock
from webcam.config import Config, ConfigurationError, Options
from webcam.errors import DatabaseFail, StartFailure
from webcam.firstaccount import PASSWORD_FILE, make_first_account, terminal_among
from webcam.hangup import Hangup
from webcam.http import reload
from webcam.http.certificate import BadCertificate, make_or_renew, utc
from webcam.http.listen import CannotListen, Listener, bind
from webcam.http.request import host_of
from webcam.http.site import Site
from webcam.http.tls import over_tls
from webcam.model import Bounds
from webcam.ports import Audit, Clock, Disk, Store, ThumbnailStore
from webcam.relay.hub import Hub
from webcam.restoring import LOOK, Restoring
from webcam.service.accounts import Accounts
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
from webcam.service.thumbnails import AT_ONCE as AT_ONCE_MADE
from webcam.service.thumbnails import Thumbnails
from webcam.service.uploads import Uploads
from webcam.storage import handover
from webcam.storage.database import Database
from webcam.storage.disk import FolderDisk
from webcam.storage.lock import SERVER, FolderLock
from webcam.storage.schema import make_ready
from webcam.storage.sqlite import SQLiteStore
from webcam.storage.thumbnails import FILE as THUMBNAILS
from webcam.storage.thumbnails import ThumbnailFile
from webcam.systemd import notify

TICK = 2.0
"""Seconds between looks at sessions and accounts; what changed is written behind as often."""

SWEEP = 60.0
"""Seconds between runs of the retention rules."""

_EVERYWHERE = ("::", "0.0.0.0")  # noqa: S104

_log = Logger(namespace="webcam")


def make_services(
    store: Store,
    clock: Clock,
    offload: Offload,
    reactor: Any,
    limits: Limits,
    cooldown: float,
    audit: Audit,
    disk: Disk,
    bounds: Bounds,
    kept: ThumbnailStore,
    workshop: Offload,
    base: str = "/",
) -> tuple[Services, Retention]:
    """Everything between storage and edge, wired."""
    settings = AccountSettings(store, clock, audit)
    stamps = Stamps(clock)
    quotas = AccountQuotas(bounds)
    sessions = Sessions(store, settings, quotas, clock, audit, cooldown)
    passwords = Passwords(offload, WAITING + AT_ONCE if limits.one_address else PER_ADDRESS)
    lockout = Lockout(clock, limits.one_address)
    accounts = Accounts(store, passwords, lockout, sessions, settings, stamps, quotas, audit)
    events = Events(store, sessions, settings, stamps, reactor)
    retention = Retention(store, accounts, settings, quotas, clock, audit, disk, bounds)
    uploads = Uploads(store, stamps, retention.room)
    uploads.on_written, uploads.on_abandoned = retention.written, retention.abandoned
    records = Records(store, settings, stamps, uploads, retention, events, audit)
    thumbnails = Thumbnails(records, store, kept, workshop)
    events.on_records_removed = thumbnails.removed
    uploads.on_stored, retention.on_removed = events.record_added, events.records_removed
    last_seen = LastSeen(store, clock)
    devices = Devices(sessions, Hub(), quotas, events, reactor, audit, last_seen)
    services = Services(
        accounts=accounts,
        sessions=sessions,
        settings=settings,
        stamps=stamps,
        messages=Messages(store, sessions, settings, stamps, quotas, events),
        records=records,
        thumbnails=thumbnails,
        devices=devices,
        last_seen=last_seen,
        shares=Shares(store, devices, clock, audit),
        events=events,
        logins=Logins(accounts, sessions),
        audit=audit,
        clock=reactor,
        limits=limits,
        base=base,
    )
    return services, retention


def prepare(config: Config, terminal: TextIO | None = None) -> Path:
    """What a first start makes: folder, database, a first account, key and certificate. The database's path.

    The account's password is shown on *terminal*. Raises :class:`StartFailure`.
    """
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(config.data, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        path = make_ready(config.data)
        make_first_account(path, config.data / PASSWORD_FILE, terminal)
        if not config.plain and config.own_certificate:
            make_or_renew(config.certificate, config.key, utc(SystemClock.wall()))
    except OSError as error:
        raise StartFailure(f"can't use the data folder {config.data}: {error.strerror}") from None
    except sqlite3.Error as error:
        raise StartFailure(f"the database {path} can't be used: {error}") from None
    return path


def current_pair(config: Config) -> reload.CurrentPair:
    """Certificate and key of the configuration. Raises :class:`BadCertificate`."""
    files = config.certificate, config.key
    return reload.CurrentPair(*files, config.own_certificate, SystemClock.wall, threads.deferToThread)


class WebcamService(service.Service):
    """The running server: opens its listeners in :meth:`startService`, and ends with :meth:`stopService`.

    Without *pair* there is no TLS.
    """

    name = "webcam"

    def __init__(
        self,
        config: Config,
        path: Path,
        listeners: Sequence[Listener],
        reactor: Any,
        lock: FolderLock,
        pair: reload.CurrentPair | None = None,
    ) -> None:
        self._lock = lock
        self._pair = pair
        self._hangup = Hangup(reactor, self._reload, reactor.stop)
        self._config = config
        self._path = path
        self._listeners = listeners
        self._reactor = reactor
        self._jobs: list[task.LoopingCall] = []
        self._site: Site | None = None

    def startService(self) -> None:  # noqa: N802
        """Load what storage holds, then take connections. A failure ends the program."""
        super().startService()
        self._hangup.install()
        self._build()
        ensureDeferred(self._start()).addErrback(self._failed)

    def _build(self) -> None:
        """Not before now: a daemon forks on the way here, and threads (the database's) don't survive that."""
        config = self._config
        limits = Limits(
            body=config.body_limit,
            record=config.record_limit,
            frame=config.frame_limit,
            stall=config.stall,
            connections=config.connections,
            connections_per_address=config.connections if config.one_address else config.connections_per_address,
        )
        database = Database(self._path, self._reactor)
        self._store = SQLiteStore(database)
        self._kept = ThumbnailFile(config.data / THUMBNAILS, _threads(self._reactor, 1, "kept thumbnails"))
        self._audit = AuditLog(config.audit, SystemClock(), lambda line: _log.error("{line}", line=line), rotates=True)
        self.services, self._retention = make_services(
            self._store,
            SystemClock(),
            threads.deferToThread,
            self._reactor,
            limits,
            config.cooldown,
            self._audit,
            FolderDisk(config.data),
            config.bounds,
            self._kept,
            _threads(self._reactor, AT_ONCE_MADE, "thumbnails"),
            config.base_path,
        )
        self._retention.on_want = lambda: self._soon(self._retention.tidy)
        self._audit.name_of = self.services.accounts.name_of
        self._restoring = Restoring(config.data, database, self.services, threads.deferToThread)

    async def _start(self) -> None:
        await self.services.accounts.load()
        await _guarded(self._retention.load)
        self._site = site = build_site(self.services, self._reactor, self._config.trusted_proxies)
        factory: Any = site
        if self._pair is not None:
            factory = over_tls(self._pair, site, self._reactor)
            _log.info("certificate SHA-256 {print}", print=self._pair.fingerprint)
            self._pair.warn_of_end()
            self._pair.on_change = lambda new: self._audit.note("certificate_reloaded", fingerprint=new)
            self._every(reload.LOOK, self._pair.look)
            self._every(reload.UPKEEP, self._pair.upkeep)
        for listener in self._listeners:
            listener.open(factory, lambda address: site.connections.admits(host_of(address)))
            _log.info("listening on {address}", address=_address(listener.port, self._config.plain))
        self._every(TICK, self._tick)
        self._every(SWEEP, self._sweep)
        self._every(LOOK, self._restoring.look)
        gc.freeze()  # what is here stays: collecting it again and again takes 10 ms each time
        notify("READY=1")
        self._audit.note("server_started", version=__version__)
        _log.info("webcam {version} is ready", version=__version__)

    def _failed(self, failure: Any) -> None:
        _log.failure("webcam can't start", failure)
        self._reactor.fireSystemEvent("shutdown")

    def _reload(self) -> None:
        """SIGHUP. What else the server read at its start, it reads at the next one."""
        if self._pair is None:
            _log.info("nothing to reload: there is no TLS")
        else:
            self._pair.reload()

    def _every(self, seconds: float, job: Any) -> None:
        """Run *job* again and again; it survives its own failures, and reports them."""

        loop = task.LoopingCall(lambda: ensureDeferred(_guarded(job)))
        loop.clock = self._reactor
        loop.start(seconds, now=False)
        self._jobs.append(loop)

    def _soon(self, job: Any) -> None:
        """Run *job* once, in the next turn of the event loop."""
        self._reactor.callLater(0, lambda: ensureDeferred(_guarded(job)) if self.running else None)

    async def _tick(self) -> None:
        await self.services.accounts.refresh()
        self.services.events.keep(self.services.accounts.known)
        await self.services.sessions.sweep()
        await self.services.last_seen.flush()
        await self.services.shares.sweep()

    async def _sweep(self) -> None:
        self._audit.tell_left_out()
        await self.services.shares.expire()
        swept = await self._retention.sweep()
        if swept:
            _log.info("expired: {messages} messages, {records} records", messages=swept.messages, records=swept.records)
        await self.services.thumbnails.tidy(self.services.accounts.known)

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Stop listening, end the streams, let answers under way end, write what is behind, close the database."""
        super().stopService()
        notify("STOPPING=1")
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        for job in self._jobs:
            job.stop()
        for listener in self._listeners:
            await listener.close()
        self.services.devices.close_all()
        self.services.events.close_all()
        if self._site is not None:
            await self._site.connections.drain(self._config.drain)
        await self._restoring.stop()
        try:
            await self.services.sessions.flush()
            await self.services.last_seen.flush()
        finally:
            await self._store.close()
            await self._kept.close()
            self._audit.note("server_stopped")
            self._audit.tell_left_out()
            self._lock.release()
            self._hangup.restore()


def _threads(reactor: Any, number: int, name: str) -> Offload:
    """An offload to threads of its own, so many; they begin with what they are given first."""
    pool = ThreadPool(0, number, name)
    pool.start()
    reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
    return partial(threads.deferToThreadPool, reactor, pool)


async def _guarded(job: Any) -> None:
    try:
        await job()
    except DatabaseFail as refusal:
        _log.warn("{job} will be tried again: storage refused ({why})", job=job.__name__, why=str(refusal))
    except Exception:
        _log.failure("{job} failed and will be tried again", job=job.__name__)


def _address(port: IListeningPort, plain: bool) -> str:
    host = port.getHost()
    number = getattr(host, "port", None)
    if number is None:
        return str(host)
    name = getattr(host, "host", "")
    shown = "localhost" if name in _EVERYWHERE else f"[{name}]" if ":" in name else name
    return f"{'http' if plain else 'https'}://{shown}:{number}/"


def _raise_descriptor_limit() -> None:
    """As many descriptors as the system lets this process have: often 1,024 are set where a million are allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def terminal_of(options: Options) -> TextIO | None:
    """Where the operator sits and sees what a server in the foreground says; a daemon's terminal is another's soon."""
    twistd = options.parent
    return terminal_among((sys.stderr, sys.stdout)) if twistd is not None and twistd.get("nodaemon") else None


def _keep_timers_steady(reactor: Any) -> None:
    """Twisted's timers go by the wall clock: were that set back by an hour, none would go off for as long.

    Nothing may have been timed yet.
    """
    reactor.seconds = SystemClock.steady


def makeService(options: Options) -> service.IService:  # noqa: N802
    """What twistd calls. What is wrong with the configuration ends it here, in one line."""
    from twisted.internet import reactor

    _raise_descriptor_limit()
    lock = None
    try:
        config = options.configuration()
        lock = FolderLock(config.data, SERVER)
        path = prepare(config, terminal_of(options))
        handover.clear(config.data)
        pair = None if config.plain else current_pair(config)
        listeners = [bind(reactor, each) for each in config.listen]
    except (ConfigurationError, StartFailure, BadCertificate, CannotListen) as error:
        if lock is not None:
            lock.release()
        raise SystemExit(f"webcam: {error}") from None
    _keep_timers_steady(reactor)
    return WebcamService(config, path, listeners, reactor, lock, pair)
