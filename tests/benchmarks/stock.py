"""The same application on Twisted's own HTTP channel and TLS: the baseline of the table.

    python -m tests.benchmarks.stock DATA PORT

Storage, services, Klein tree and the relay are the server's, ``server.Site``, its channels and Twisted's TLS are as
they come. Uploads, which Twisted shows to a resource only when they have ended, are fed from ``handleContentChunk``,
which the channel calls as the bytes arrive: what is compared is the channel, not the route. There is no access log, as
in the server.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import SSL4ServerEndpoint
from twisted.internet.ssl import PrivateCertificate
from twisted.python import log
from twisted.web import server

from webcam.api.ingest import ingest_route
from webcam.api.tree import build_tree
from webcam.config import build
from webcam.firststart import prepare
from webcam.http.limits import Tally
from webcam.http.request import BodyConsumer, Request
from webcam.http.rounds import Place, Rounds
from webcam.server import WebcamService
from webcam.storage.lock import FolderLock
from webcam.wire import fields

_UPLOAD = f"/{fields.PUBLISH}".encode()
_ROUNDS = Rounds(reactor)


class StockRequest(Request):
    """The server's request to the application, Twisted's to the channel."""

    gotLength = server.Request.gotLength  # noqa: N815
    ingest: Any
    _begun = False

    def handleContentChunk(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._consumer = self._begin()
        if self._consumer is not None:
            self._consumer.chunk(data)
        else:
            server.Request.handleContentChunk(self, data)

    def _begin(self) -> BodyConsumer | None:
        channel = self.channel
        over_http2 = hasattr(channel, "streamID")
        self.uri = channel.path if over_http2 else channel._path
        self.method = channel.command if over_http2 else channel._command
        self.path, _, self.query = self.uri.partition(b"?")
        consumer: BodyConsumer | None = self.ingest(self) if self.path == _UPLOAD else None
        return consumer

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.clientproto = version
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            consumer.ended()
        else:
            server.Request.requestReceived(self, command, path, version)

    def process(self) -> None:
        _, _, self.query = self.uri.partition(b"?")
        assert self.content is not None
        self.body = [self.content.read()]
        self.place = self.path
        server.Request.process(self)

    def trust(self) -> None:
        """Twisted's windows are what they are."""

    def vouch(self) -> None:
        """Twisted's channel has no places to give."""

    def place_in_rounds(self) -> Place:
        """As the server's, of all uploads together."""
        return _ROUNDS.place("127.0.0.1")

    def answer(self, status: int, body: bytes, headers: Any = ()) -> None:
        """As the server's, without the cork that Twisted's channel doesn't have."""
        self.setResponseCode(status)
        for name, value in headers:
            self.setHeader(name.encode("ascii"), value.encode("latin-1"))
        self.setHeader(b"content-length", b"%d" % len(body))
        self.start()
        self.write(body)
        self.finish()


class StockSite(server.Site):
    """Twisted's, without the access log. Refusals are logged as the server logs them."""

    noisy = False
    tally = Tally()

    def log(self, request: Any) -> None:
        pass


class StockService(WebcamService):
    """The server without a listener of its own, and one of Twisted's in its place."""

    def __init__(self, *args: Any, port: int, certificate: PrivateCertificate) -> None:
        super().__init__(*args)
        self._port = port
        self._pem = certificate

    async def _start(self) -> None:
        await super()._start()
        factory = type("_Request", (StockRequest,), {"ingest": staticmethod(ingest_route(self.services))})
        site = StockSite(build_tree(self.services), requestFactory=factory)
        await SSL4ServerEndpoint(reactor, self._port, self._pem.options(), interface="127.0.0.1").listen(site)
        print("the stock channel is ready", flush=True)


def main() -> None:
    log.startLogging(sys.stdout, setStdout=False)
    config = build({"data": [sys.argv[1]]}, {})
    path = prepare(config)
    certificate = PrivateCertificate.loadPEM(config.certificate.read_text() + Path(config.key).read_text())
    lock = FolderLock(config.data, "the stock channel")
    service = StockService(config, path, [], reactor, lock, port=int(sys.argv[2]), certificate=certificate)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    service.startService()
    reactor.run()


if __name__ == "__main__":
    main()
