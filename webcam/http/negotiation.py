"""A connection: which protocol it speaks, decided by ALPN with the first bytes, and its life from TLS to its end."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import implementer

from webcam.http import tcpinfo
from webcam.http.connections import Connections
from webcam.http.http1 import HTTP1Channel
from webcam.http.http2 import HTTP2Channel
from webcam.http.keepalive import Silence
from webcam.http.limits import HANDSHAKE, LAST_BYTES, UNSENT, Stuck
from webcam.http.rounds import Rounds
from webcam.http.tls import ended, unmatched, unsent

_log = Logger()


@implementer(IHandshakeListener, IHalfCloseableProtocol)
class Channel(http._GenericHTTPChannelProtocol):
    """HTTP/1.1 until the first bytes come; HTTP/2 from then on where TLS has agreed on it."""

    _channel: Any
    _negotiatedProtocol: Any  # noqa: N815

    def __init__(self, reactor: Any, connections: Connections, rounds: Rounds, address: str) -> None:
        self._place = rounds.place(address)
        super().__init__(HTTP1Channel(self._place))
        self._reactor = reactor
        self._connections = connections
        self._since = reactor.seconds()
        self._shaken = False
        self._heard = True
        self._silence = Silence()
        self._stuck: Stuck | None = None
        """Of a peer that sends no more."""
        self.address = address

    def makeConnection(self, transport: Any) -> None:  # noqa: N802
        """The connection is there; TLS, where there is any, is yet to be agreed on."""
        self._connections.opened(self)
        if not ISSLTransport.providedBy(transport):
            self.handshakeCompleted()
        self._channel.makeConnection(transport)

    def handshakeCompleted(self) -> None:  # noqa: N802
        """TLS has been agreed on."""
        self._shaken = True
        if unmatched(self._channel.transport):
            self.note("ALPN offered neither h2 nor http/1.1, and HTTP/1.1 is spoken")

    def readConnectionLost(self) -> None:  # noqa: N802
        """The peer sends no more: the end of TCP's one direction, or TLS's close_notify. It may still read."""
        if self._stuck is None:
            self._stuck = Stuck(self._reactor.seconds())
            self._channel.read_ended()

    def writeConnectionLost(self) -> None:  # noqa: N802
        """Never on its own: this side ends both directions."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """The connection is gone."""
        self._connections.closed(self)
        self._place.leave()
        self._channel.connectionLost(reason)

    @property
    def held(self) -> int:
        """See :class:`webcam.http.connections.Peer`."""
        return int(self._channel.held) + unsent(self._channel.transport)

    @property
    def asked(self) -> int:
        """See :class:`webcam.http.connections.Peer`."""
        return int(self._channel.asked)

    @property
    def answering(self) -> bool:
        """See :class:`webcam.http.connections.Peer`."""
        return bool(self._channel.answering)

    def look_after(self, now: float) -> str | None:
        """See :class:`webcam.http.connections.Peer`."""
        over = ended(self._channel.transport)
        if over is not None:
            return "time for the last bytes" if now - over > LAST_BYTES else None
        if not self._shaken:
            return "time for a handshake" if now - self._since > HANDSHAKE else None
        if self._stuck is not None and self._stuck.late(now, unsent(self._channel.transport), self._channel.full):
            return "time for the last bytes"
        if self._has_vanished(now):
            _log.info("gone silently: {peer}", peer=self.address)
            self.abort()
            return None
        if unsent(self._channel.transport) > UNSENT:  # TLS answers, too: a peer may ask it for new keys, and not read
            return "bytes of answers of a connection"
        met: str | None = self._channel.look_after(now)
        return met

    def _has_vanished(self, now: float) -> bool:
        """The system is asked about those only of whom nothing was heard since the last look."""
        heard, self._heard = self._heard, False
        return self._silence.gone(now, None if heard else tcpinfo.read(self._channel.transport))

    def cut_off(self, met: str) -> None:
        """TLS found that the peer has met a limit."""
        self._connections.cut_off(met, self)

    def note(self, what: str) -> None:
        """The peer did something that whoever runs the server should know."""
        self._connections.note(what, self)

    def drain(self) -> None:
        """See :class:`webcam.http.connections.Peer`."""
        if self._shaken:
            self._channel.drain()
        else:
            self.abort()

    def abort(self) -> None:
        """See :class:`webcam.http.connections.Peer`."""
        self._channel.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection."""
        self._heard = True
        if self._negotiatedProtocol is None:
            transport = self._channel.transport
            self._negotiatedProtocol = getattr(transport, "negotiatedProtocol", None) or b"http/1.1"
            if self._negotiatedProtocol == b"h2":
                self._become_http2(transport)
        self._channel.dataReceived(data)

    def _become_http2(self, transport: Any) -> None:
        producer = self._channel._networkProducer
        producer.unregisterProducer()
        self._channel.setTimeout(None)
        channel: Any = HTTP2Channel(self._reactor, self._place)
        channel.requestFactory = self._requestFactory
        channel.site = self._site
        channel.factory = self._factory
        channel.timeOut = self._timeOut
        channel.callLater = self._callLater
        self._channel = channel
        channel.makeConnection(transport)
        producer.registerProducer(channel, True)
