"""Listening sockets: every interface by default, and options that accepted connections inherit."""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet import endpoints, error
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger

BACKLOG = 512
UNSENT = 64 * 1024
"""TCP_NOTSENT_LOWAT: bytes that the kernel takes before it has sent the ones before. What it holds is the past already;
left alone it takes megabytes, seconds of video on a slow link."""

_NO_IPV6 = frozenset((errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))

_log = Logger()

_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""A peer that vanished from an HTTP/1.1 stream is found within 30 s; HTTP/2 has its own pings."""


class CannotListen(Exception):
    """The text is one line for the operator."""


async def listen(reactor: Any, description: str, factory: IProtocolFactory) -> IListeningPort:
    """Listen on a Twisted endpoint description.

    ``tcp:PORT`` without an interface listens on every one, IPv6 and IPv4 both where the machine has both. Raises
    :class:`CannotListen`.
    """
    try:
        port = _every_interface(reactor, description, factory)
        if port is None:
            port = await endpoints.serverFromString(reactor, description).listen(factory)
    except (OSError, ValueError, TypeError, KeyError, error.CannotListenError) as problem:
        raise CannotListen(f"can't listen on {description}: {_reason(problem)}") from None
    _tune(getattr(port, "socket", None))
    return port


def _every_interface(reactor: Any, description: str, factory: IProtocolFactory) -> IListeningPort | None:
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
    return str(problem) or type(problem).__name__


def _tune(listening: socket.socket | None) -> None:
    """Set what the platform has; accepted connections inherit it (Linux, and the BSDs for most)."""
    if listening is None or listening.family not in (socket.AF_INET, socket.AF_INET6):
        return
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_NOTSENT_LOWAT", UNSENT), *_KEEPALIVE):
        option = getattr(socket, name, None)
        if option is None:
            continue
        try:
            listening.setsockopt(socket.IPPROTO_TCP, option, value)
        except OSError as problem:
            _log.debug("the platform has no {name}: {problem}", name=name, problem=problem)
