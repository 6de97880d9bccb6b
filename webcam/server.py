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
from webcam.hangup import Hangup
from webcam.http import reload
from webcam.http.listen import Listener
from webcam.http.request import host_of
from webcam.http.site import Site
from webcam.http.tls import over_tls
from webcam.jobs import Job
from webcam.model import DiskState
from webcam.restoring import LOOK
from webcam.storage.lock import FolderLock
from webcam.systemd import notify
from webcam.termination import Termination

TICK = 2.0
"""Seconds between looks at sessions and accounts; what changed is written behind as often."""

DISK = 5.0
"""Seconds between looks at the free space of the disk."""

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
        self._termination = Termination(reactor, self._hurry)
        self._config = config
        self._path = path
        self._listeners = listeners
        self._reactor = reactor
        self._heap = heap.Heap()
        self._garbage = garbage.Garbage()
        self._jobs: list[task.LoopingCall] = []
        self._site: Site | None = None
        self._is_hurried = False

    def startService(self) -> None:  # noqa: N802
        """Load what storage holds, then take connections. A failure ends the program."""
        super().startService()
        self._hangup.install()
        self._reactor.callWhenRunning(self._termination.install)
        self._build()
        ensureDeferred(self._start()).addErrback(self._failed)

    def _build(self) -> None:
        """Not before now: a daemon forks on the way here, and threads (the database's) don't survive that."""
        self._assembly = Assembly(self._config, self._path, self._reactor)
        self.services = self._assembly.services
        self._audit, self._retention = self._assembly.audit, self._assembly.retention
        tidying = Job("making room", self._retention.tidy)
        self._retention.on_want = lambda: self._soon(tidying)
        self._thumbnails = Job("tidying thumbnails", self._tidy_thumbnails)

    async def _start(self) -> None:
        await self.services.timekeeping.load()
        await self.services.accounts.load()
        await Job("removing unfinished uploads", self._retention.load, again="the next start tries again").run()
        await Job("deciding on ages", self._retention.decide, again="the next sweep decides").run()
        self._retention.space.look()
        self._site = site = build_site(self.services, self._reactor, self._config.trusted_proxies)
        factory: Any = site
        if self._pair is not None:
            factory = over_tls(self._pair, site, self._reactor)
            _log.info("certificate SHA-256 {print}", print=self._pair.fingerprint)
            self._pair.warn_of_end()
            self._pair.on_change = lambda new: self._audit.note("certificate_reloaded", fingerprint=new)
            self._every(reload.LOOK, "reading the certificate", self._pair.look)
            self._every(reload.DATES, "looking at the certificate's dates", self._pair.check_dates)
            self._every(reload.UPKEEP, "renewing the certificate", self._pair.upkeep)
        for listener in self._listeners:
            listener.open(factory, lambda address: site.connections.admits(host_of(address)))
            _log.info("listening on {address}", address=_address(listener.port, self._config.plain))
        self._every(TICK, "comparing the clocks", self._compare_clocks)
        self._every(TICK, "following accounts and sessions", self._tick)
        self._every(SWEEP, "retention", self._sweep)
        self._every(DISK, "watching the disk", self._look_at_disk)
        self._every(LOOK, "taking up a restored database", self._assembly.restoring.look)
        self._every(heap.EVERY, "giving memory back", self._give_back)
        self._every(garbage.EVERY, "collecting garbage", self._look_for_garbage)
        self._soon(self._thumbnails)
        self._garbage.begin()
        notify("READY=1")
        self._audit.note("server_started", version=__version__)
        if self._retention.space.state is DiskState.FULL:
            _log.warn(
                "the disk is full; for all but new records and messages webcam {version} is ready", version=__version__
            )
        else:
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

    def _every(self, seconds: float, name: str, work: Any) -> None:
        """Run *work* again and again, as a :class:`Job` of this name."""
        job = Job(name, work)
        loop = task.LoopingCall(lambda: ensureDeferred(job.run()))
        loop.clock = self._reactor
        loop.start(seconds, now=False)
        self._jobs.append(loop)

    def _soon(self, job: Job) -> None:
        """Run *job* once, in the next turn of the event loop."""
        self._reactor.callLater(0, lambda: ensureDeferred(job.run()) if self.running else None)

    async def _compare_clocks(self) -> None:
        if await self.services.timekeeping.look():
            await self._retention.decide()

    async def _tick(self) -> None:
        if await self.services.accounts.follow():
            self.services.events.keep(self.services.accounts.known)
            self._retention.keep(self.services.accounts.known)
        await self.services.sessions.sweep()
        await self.services.last_seen.flush()
        await self.services.shares.sweep()

    async def _sweep(self) -> None:
        self._audit.tell_left_out()
        await self._compare_clocks()
        await self.services.timekeeping.save()
        await self.services.shares.expire()
        swept = await self._retention.sweep()
        if swept:
            _log.info("expired: {messages} messages, {records} records", messages=swept.messages, records=swept.records)
        await self._tidy_thumbnails()

    async def _tidy_thumbnails(self) -> None:
        await self.services.thumbnails.tidy(self.services.accounts.known)

    async def _look_at_disk(self) -> None:
        self._retention.space.look()

    async def _give_back(self) -> None:
        await threads.deferToThread(self._heap.give_back)

    async def _look_for_garbage(self) -> None:
        self._garbage.look()

    def stopService(self) -> Deferred[None]:  # noqa: N802
        """Stop listening, end the streams, let answers under way end, write what is behind, close the database."""
        super().stopService()
        self._termination.begin()
        notify("STOPPING=1")
        return ensureDeferred(self._stop())

    def _hurry(self) -> None:
        """Another SIGTERM."""
        _log.info("asked to stop again: answers under way are cut off")
        self._is_hurried = True
        if self._site is not None:
            self._site.connections.hurry()

    async def _stop(self) -> None:
        for job in self._jobs:
            job.stop()
        for listener in self._listeners:
            await listener.close()
        self.services.devices.close_all()
        self.services.events.close_all()
        if self._site is not None:
            await self._site.connections.drain(0.0 if self._is_hurried else self._config.drain)
        try:
            await self._assembly.close()
        finally:
            self._audit.note("server_stopped")
            self._audit.tell_left_out()
            self._lock.release()
            self._hangup.restore()


def _address(port: IListeningPort, plain: bool) -> str:
    host = port.getHost()
    number = getattr(host, "port", None)
    if number is None:
        return str(host)
    name = getattr(host, "host", "")
    shown = "localhost" if name in _EVERYWHERE else f"[{name}]" if ":" in name else name
    return f"{'http' if plain else 'https'}://{shown}:{number}/"
