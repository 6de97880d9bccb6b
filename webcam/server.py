"""The running server: it opens its listeners, does what has to be done again and again, and ends in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.application import service
from twisted.internet import task, threads
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from webcam import __version__, garbage, heap
from webcam.api.tree import build_site
from webcam.assembly import Assembly
from webcam.config import Config
from webcam.errors import DatabaseFail
from webcam.hangup import Hangup
from webcam.http import reload
from webcam.http.listen import Listener
from webcam.http.request import host_of
from webcam.http.site import Site
from webcam.http.tls import over_tls
from webcam.restoring import LOOK
from webcam.storage.lock import FolderLock
from webcam.systemd import notify

TICK = 2.0
"""Seconds between looks at sessions and accounts; what changed is written behind as often."""

SWEEP = 60.0
"""Seconds between runs of the retention rules."""

_EVERYWHERE = ("::", "0.0.0.0")  # noqa: S104

_log = Logger(namespace="webcam")


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
        self._heap = heap.Heap()
        self._garbage = garbage.Garbage()
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
        self._assembly = Assembly(self._config, self._path, self._reactor)
        self.services = self._assembly.services
        self._audit, self._retention = self._assembly.audit, self._assembly.retention
        self._retention.on_want = lambda: self._soon(self._retention.tidy)

    async def _start(self) -> None:
        await self.services.timekeeping.load()
        await self.services.accounts.load()
        self.services.timekeeping.tell_ahead()
        await _guarded(self._retention.load)
        self._site = site = build_site(self.services, self._reactor, self._config.trusted_proxies)
        factory: Any = site
        if self._pair is not None:
            factory = over_tls(self._pair, site, self._reactor)
            _log.info("certificate SHA-256 {print}", print=self._pair.fingerprint)
            self._pair.warn_of_end()
            self._pair.on_change = lambda new: self._audit.note("certificate_reloaded", fingerprint=new)
            self._every(reload.LOOK, self._pair.look)
            self._every(reload.DATES, self._pair.check_dates)
            self._every(reload.UPKEEP, self._pair.upkeep)
        for listener in self._listeners:
            listener.open(factory, lambda address: site.connections.admits(host_of(address)))
            _log.info("listening on {address}", address=_address(listener.port, self._config.plain))
        self._every(TICK, self.services.timekeeping.look)
        self._every(TICK, self._tick)
        self._every(SWEEP, self._sweep)
        self._every(LOOK, self._assembly.restoring.look)
        self._every(heap.EVERY, self._give_back)
        self._every(garbage.EVERY, self._look_for_garbage)
        self._soon(self._tidy_thumbnails)
        self._garbage.begin()
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
        await self.services.timekeeping.look()
        await self.services.timekeeping.save()
        await self.services.shares.expire()
        swept = await self._retention.sweep()
        if swept:
            _log.info("expired: {messages} messages, {records} records", messages=swept.messages, records=swept.records)
        await self._tidy_thumbnails()

    async def _tidy_thumbnails(self) -> None:
        await self.services.thumbnails.tidy(self.services.accounts.known)

    async def _give_back(self) -> None:
        await threads.deferToThread(self._heap.give_back)

    async def _look_for_garbage(self) -> None:
        self._garbage.look()

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
        try:
            await self._assembly.close()
        finally:
            self._audit.note("server_stopped")
            self._audit.tell_left_out()
            self._lock.release()
            self._hangup.restore()


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
