"""The site: which paths take their bodies early, how large bodies may be, and no access log.

Twisted's access log would write every query string, and with it every token that travels in one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.web import server

from webcam.http.limits import Tally
from webcam.http.negotiation import Channel
from webcam.http.request import BodyConsumer, Request

EarlyRoute = Callable[[Request], "BodyConsumer | None"]
"""Called with a request whose headers are here; ``None`` when it has aborted the request."""

IDLE = 60.0
"""Seconds after which a connection without any open request is closed."""


class Site(server.Site):
    """A Twisted site on our channels."""

    noisy = False

    def __init__(
        self,
        resource: Any,
        reactor: Any,
        early: Mapping[bytes, EarlyRoute],
        body_limit: Callable[[bytes], int],
        too_large: Callable[[Request], None],
    ) -> None:
        super().__init__(resource, requestFactory=Request, timeout=IDLE, reactor=reactor, parsePOSTFormSubmission=False)
        self.early = early
        self.body_limit = body_limit
        self.too_large = too_large
        self.tally = Tally()
        self.protocol: Any = self._channel

    def _channel(self) -> Channel:
        return Channel(self.reactor)

    def buildProtocol(self, addr: IAddress | None) -> Channel:  # noqa: N802
        """A channel for a new connection."""
        channel: Channel = super().buildProtocol(addr)
        return channel

    def log(self, request: Any) -> None:
        """No access log."""
