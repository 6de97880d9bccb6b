"""The site: which paths take their bodies early, how large bodies may be, and no access log.

Twisted's access log would write every query string, and with it every token that travels in one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.task import LoopingCall
from twisted.web import server

from webcam.address import Networks
from webcam.http.bodies import Held
from webcam.http.connections import Connections
from webcam.http.forwarded import ForwardedRequest
from webcam.http.limits import BODIES, BODIES_PER_ADDRESS, CONNECTIONS, CONNECTIONS_PER_ADDRESS, LOOK, Tally
from webcam.http.negotiation import Channel
from webcam.http.request import BodyConsumer, Request, host_of
from webcam.http.rounds import Rounds

EarlyRoute = Callable[[Request], "BodyConsumer | None"]
"""Called with a request whose headers are here (or so much of its body that the rest isn't held in memory); ``None``
when it has ended or answered the request."""

IDLE = 60.0
"""Seconds after which a connection without any open request is closed."""


class Site(server.Site):
    """A Twisted site on our channels.

    ``early`` takes bodies from their first byte on, ``large`` those of more than
    :data:`webcam.http.limits.HELD` bytes, by path.
    ``too_large`` answers a request whose body is over its limit, ``overloaded`` one for whose body there is no room
    (:class:`webcam.http.bodies.Held`); without it, the former does. ``connections``: how many there may be in all, and
    of one address; where one may have all, as a proxy does, it may have all of the room for bodies, too. ``proxies``
    are believed whose requests they bring (:mod:`webcam.http.forwarded`), and may have all connections.
    """

    noisy = False

    def __init__(
        self,
        resource: Any,
        reactor: Any,
        early: Mapping[bytes, EarlyRoute],
        body_limit: Callable[[bytes], int],
        too_large: Callable[[Request], None],
        overloaded: Callable[[Request], None] | None = None,
        connections: tuple[int, int] = (CONNECTIONS, CONNECTIONS_PER_ADDRESS),
        large: Mapping[bytes, EarlyRoute] | None = None,
        proxies: Networks | None = None,
    ) -> None:
        made = ForwardedRequest if proxies else Request
        super().__init__(resource, requestFactory=made, timeout=IDLE, reactor=reactor, parsePOSTFormSubmission=False)
        self.proxies = proxies or Networks(())
        self.early = early
        self.large = large or {}
        self.body_limit = body_limit
        self.too_large = too_large
        self.overloaded = overloaded or too_large
        self.bodies = Held(BODIES, BODIES if connections[1] >= connections[0] else BODIES_PER_ADDRESS)
        self.tally = Tally()
        self.connections = Connections(reactor, self.tally, *connections, self.proxies)
        self.rounds = Rounds(reactor)
        self._look = LoopingCall(self.connections.look_after)
        self._look.clock = reactor

    def buildProtocol(self, addr: IAddress | None) -> Channel:  # noqa: N802
        """A channel for a new connection."""
        channel = Channel(self.reactor, self.connections, self.rounds, host_of(addr))
        channel.callLater = self.reactor.callLater
        channel.timeOut = self.timeOut
        channel.requestFactory = self.requestFactory
        channel.site = self
        channel.factory = self
        return channel

    def startFactory(self) -> None:  # noqa: N802
        """Look after slow peers from now on."""
        self._look.start(LOOK, now=False)

    def stopFactory(self) -> None:  # noqa: N802
        """No more."""
        if self._look.running:
            self._look.stop()

    def log(self, request: Any) -> None:
        """No access log."""
