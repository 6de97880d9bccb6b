"""treq over HTTP/1.1 and TLS, trusting a server's own certificate."""

from __future__ import annotations

import json
from typing import Any

from treq.client import HTTPClient
from twisted.internet import reactor, ssl
from twisted.internet.defer import Deferred
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from tests.support.process import DEADLINE, Server
from tests.support.trail import PASSWORD, answered


@implementer(IBodyProducer)
class Upload:
    """A request's body of a length that nobody knows yet. ``begun`` fires when it can be written."""

    length = UNKNOWN_LENGTH

    def __init__(self) -> None:
        self.begun: Deferred[None] = Deferred()
        self._done: Deferred[None] = Deferred()
        self._consumer: Any = None

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self._consumer = consumer
        self.begun.callback(None)
        return self._done

    def write(self, data: bytes) -> None:
        """Some more of it."""
        self._consumer.write(data)

    def end(self) -> None:
        """All of it is written."""
        self._done.callback(None)

    def pauseProducing(self) -> None:
        pass  # what tests write fits

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        pass


class Treq:
    """Requests of the protocol to one server, on connections that stay open until :meth:`close`."""

    def __init__(self, server: Server) -> None:
        self._url = server.url
        certificate = ssl.Certificate.loadPEM((server.data / "certificate.pem").read_bytes())
        policy = BrowserLikePolicyForHTTPS(ssl.trustRootFromCertificates([certificate]))
        self._pool = HTTPConnectionPool(reactor)
        self.client = HTTPClient(Agent(reactor, policy, pool=self._pool))

    def close(self) -> Deferred[Any]:
        """Fires when every connection is closed."""
        return self._pool.closeCachedConnections()

    async def post(self, path: str, **more: Any) -> Any:
        """The response."""
        return await self.client.post(f"{self._url}/{path}", timeout=DEADLINE, **more)

    async def call(self, path: str, **params: Any) -> Any:
        """The answer's JSON."""
        answer = await (await self.post(path, json=params)).text()
        answered(answer)
        return json.loads(answer)

    async def authorize(self, name: str, device: str, password: str = PASSWORD) -> Any:
        """The answer of authorize.json."""
        return await self.call("authorize.json", name=name, device=device, **{"pass": password})
