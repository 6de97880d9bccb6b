"""What twistd calls: options to a service that runs. The one place that names the reactor."""

from __future__ import annotations

import resource
import sys
from dataclasses import replace
from typing import Any, TextIO

from twisted.application import service
from twisted.internet import threads
from twisted.logger import ILogObserver, Logger

from webcam.clock import SystemClock
from webcam.config import Config, ConfigurationError, Options
from webcam.errors import StartFailure
from webcam.firstaccount import terminal_among
from webcam.firststart import prepare
from webcam.heap import Heap
from webcam.http import reload
from webcam.http.certificate import BadCertificate
from webcam.http.listen import CannotListen, bind
from webcam.logfile import log_observer
from webcam.server import WebcamService
from webcam.storage import handover
from webcam.storage.lock import SERVER, FolderLock

_log = Logger(namespace="webcam")


def current_pair(config: Config) -> reload.CurrentPair:
    """Certificate and key of the configuration. Raises :class:`BadCertificate`."""
    files = config.certificate, config.key
    return reload.CurrentPair(*files, config.own_certificate, SystemClock.wall, threads.deferToThread)


OTHER_DESCRIPTORS = 100
"""Descriptors that are no connection: of the database, of logs, listeners and threads."""


def _raise_descriptor_limit() -> int:
    """As many descriptors as the system lets this process have: often 1,024 are set where a million are allowed.

    Return how many there are.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else sys.maxsize


def within_descriptors(config: Config, limit: int) -> Config:
    """The configuration with no more connections than *limit* descriptors can carry; an address keeps its share."""
    most = max(1, limit - OTHER_DESCRIPTORS, limit // 2 if limit < 2 * OTHER_DESCRIPTORS else 0)
    if config.connections <= most:
        return config
    _log.warn(
        "{wanted} connections need {needed} file descriptors, and there are {limit}: only {most} connections are taken;"
        " raise the limit (ulimit -n, LimitNOFILE=)",
        wanted=config.connections,
        needed=config.connections + OTHER_DESCRIPTORS,
        limit=limit,
        most=most,
    )
    share = max(1, config.connections_per_address * most // config.connections)
    return replace(config, connections=most, connections_per_address=share)


def terminal_of(options: Options) -> TextIO | None:
    """Where the operator sits and sees what a server in the foreground says; a daemon's terminal is another's soon."""
    twistd = options.parent
    return terminal_among((sys.stderr, sys.stdout)) if twistd is not None and twistd.get("nodaemon") else None


def _keep_timers_steady(reactor: Any) -> None:
    """Twisted's timers go by the wall clock: were that set back by an hour, none would go off for as long.

    Nothing may have been timed yet.
    """
    reactor.seconds = SystemClock.steady


class LoggedService(WebcamService):
    """The service, which tells twistd where to log: it asks the application that the service is put into."""

    def __init__(self, observer: ILogObserver | None, *more: Any) -> None:
        super().__init__(*more)
        self._observer = observer

    def setServiceParent(self, parent: Any) -> None:  # noqa: N802
        super().setServiceParent(parent)
        if self._observer is not None:
            parent.setComponent(ILogObserver, self._observer)


def makeService(options: Options) -> service.IService:  # noqa: N802
    """What twistd calls. What is wrong with the configuration ends it here, in one line."""
    from twisted.internet import reactor

    descriptors = _raise_descriptor_limit()
    Heap().bound()
    lock = None
    try:
        config = within_descriptors(options.configuration(), descriptors)
        lock = FolderLock(config.data, SERVER)
        path = prepare(config, terminal_of(options))
        if handover.clear(config.data):
            _log.warn("removed a restored database that was offered and never taken: run webcam restore again")
        pair = None if config.plain else current_pair(config)
        listeners = [bind(reactor, each) for each in config.listen]
        observer = None if options.parent is None else log_observer(options.parent, reactor)
    except (ConfigurationError, StartFailure, BadCertificate, CannotListen) as error:
        if lock is not None:
            lock.release()
        raise SystemExit(f"webcam: {error}") from None
    _keep_timers_steady(reactor)
    return LoggedService(observer, config, path, listeners, reactor, lock, pair)
