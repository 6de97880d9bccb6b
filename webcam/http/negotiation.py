"""Which protocol a connection speaks: decided by ALPN, with the first bytes."""

from __future__ import annotations

from typing import Any

from twisted.web import http

from webcam.http.http1 import HTTP1Channel
from webcam.http.http2 import HTTP2Channel


class Channel(http._GenericHTTPChannelProtocol):
    """HTTP/1.1 until the first bytes come; HTTP/2 from then on where TLS has agreed on it."""

    _channel: Any
    _negotiatedProtocol: Any  # noqa: N815

    def __init__(self, reactor: Any) -> None:
        super().__init__(HTTP1Channel())
        self._reactor = reactor

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes of the connection."""
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
        channel: Any = HTTP2Channel(self._reactor)
        channel.requestFactory = self._requestFactory
        channel.site = self._site
        channel.factory = self._factory
        channel.timeOut = self._timeOut
        channel.callLater = self._callLater
        self._channel = channel
        channel.makeConnection(transport)
        producer.registerProducer(channel, True)
