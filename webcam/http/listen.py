"""Listening sockets: every interface by default, and options that accepted connections inherit."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet import endpoints, error
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

BACKLOG = 512
UNSENT = 64 * 1024
"""TCP_NOTSENT_LOWAT: bytes that the kernel takes before it has sent the ones before. What it holds is the past already;
left alone it takes megabytes, seconds of video on a slow link."""

_NO_IPV6 = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))

_log = Logger()

_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 300_000))
"""A peer that vanished from a silent HTTP/1.1 stream is found within 30 s; HTTP/2 has its own pings. One for which
bytes wait is found by :class:`webcam.http.keepalive.Silence`, by TCP_USER_TIMEOUT where the platform doesn't tell."""

RTO_MAX = 3000
"""TCP_RTO_MAX_MS: what waits for a peer is tried again at least so often, and so is the window of one that stalls. Left
alone the pauses double, to two minutes: a peer that stalls for a minute and then vanishes is found as long after, and
one that comes back waits as long."""

_UNNAMED = {"TCP_RTO_MAX_MS": 44} if sys.platform == "linux" else {}
"""Python doesn't know it yet (Linux 6.15, include/uapi/linux/tcp.h)."""


class CannotListen(Exception):
    """The text is one line for the operator."""


class Listener(ServerFactory):
    """A port that is bound, and takes connections from :meth:`open` on; earlier ones wait in its backlog.

    Bound early, a port in use ends the program before it has become a daemon; opened late, nobody meets a server that
    hasn't loaded its data.
    """

    noisy = False
    port: Any
    _factory: Any = None
    _admits: Callable[[IAddress | None], bool]

    def open(self, factory: Any, admits: Callable[[IAddress | None], bool] = lambda _: True) -> None:
        """Take connections for *factory*, of addresses that *admits* takes: the others are closed at once."""
        factory.doStart()
        self._factory = factory
        self._admits = admits
        self.port.startReading()

    async def close(self) -> None:
        """Take no more connections; those that are open stay."""
        await maybeDeferred(self.port.stopListening)
        if self._factory is not None:
            self._factory.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: N802
        """A protocol of the factory, for a peer that is admitted."""
        return self._factory.buildProtocol(addr) if self._admits(addr) else None


def bind(reactor: Any, description: str) -> Listener:
    """Bind a Twisted endpoint description.

    ``tcp:PORT`` without an interface means every one, IPv6 and IPv4 both where the machine has both. Raises
    :class:`CannotListen`.
    """
    listener = Listener()
    try:
        listener.port = _every_interface(reactor, description, listener) or _endpoint(reactor, description, listener)
    except (OSError, ValueError, TypeError, LookupError, OverflowError, error.CannotListenError) as problem:
        raise CannotListen(f"can't listen on {description}: {_reason(problem)}") from None
    listener.port.stopReading()
    _tune(getattr(listener.port, "socket", None))
    return listener


def _endpoint(reactor: Any, description: str, listener: Listener) -> Any:
    results: list[Any] = []
    endpoints.serverFromString(reactor, description).listen(listener).addBoth(results.append)
    if not results:
        raise ValueError("this kind of endpoint is not bound at once")
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def _every_interface(reactor: Any, description: str, factory: Listener) -> IListeningPort | None:
    kind, _, rest = description.partition(":")
    if kind != "tcp" or not rest.isdigit() or not socket.has_ipv6:
        return None
    try:
        both = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    except OSError:
        return None  # built with IPv6, and running on a kernel without
    try:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        both.setblocking(False)
        both.bind(("::", int(rest)))
        both.listen(BACKLOG)
        port: IListeningPort = reactor.adoptStreamPort(both.fileno(), socket.AF_INET6, factory)
    except OSError as problem:
        if problem.errno in _NO_IPV6:
            return None
        raise
    finally:
        both.close()
    return port


def _reason(problem: BaseException) -> str:
    if isinstance(problem, error.CannotListenError):
        problem = problem.socketError
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    if isinstance(problem, ValueError):
        return f"{problem}; want an endpoint, as tcp:8080"
    return str(problem) or type(problem).__name__


def _tune(listening: socket.socket | None) -> None:
    """Set what the platform has; accepted connections inherit it (Linux, and the BSDs for most)."""
    if listening is None or listening.family not in (socket.AF_INET, socket.AF_INET6):
        return
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_NOTSENT_LOWAT", UNSENT), *_KEEPALIVE, ("TCP_RTO_MAX_MS", RTO_MAX)):
        option = getattr(socket, name, _UNNAMED.get(name))
        if option is None:
            continue
        try:
            listening.setsockopt(socket.IPPROTO_TCP, option, value)
        except OSError as problem:
            _log.debug("the platform has no {name}: {problem}", name=name, problem=problem)
