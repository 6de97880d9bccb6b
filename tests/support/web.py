"""A tiny application on the HTTP server, and its site: what the tests of ``webcam.http`` talk to.

Ordinary paths: ``/echo`` answers with the body, anything else is held for the test (:attr:`Web.held`). Early paths:
``/live`` takes its body as it arrives, ``/now`` answers at once, ``/refused`` aborts, ``/broken`` raises.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from tests.support.http import H1Client, H2Client
from webcam.http.request import Request
from webcam.http.site import Site

LIMIT = 100_000
"""Bytes of an ordinary body."""


class Boom(Exception):
    """Raised by the application where a test asks for it."""


class Upload:
    """The consumer of a body that is taken as it arrives. ``ends`` tells how it ended, once for each time told.

    A chunk that starts with ``boom`` raises; one that starts with ``stop`` pauses the body.
    """

    live = True

    def __init__(self, request: Request) -> None:
        self.request = request
        self.received = b""
        self.ends: list[str] = []
        self.streams_at_start = dict(getattr(getattr(request.channel, "_conn", None), "streams", {}))

    def chunk(self, data: bytes) -> None:
        if data.startswith(b"boom"):
            raise Boom("in a chunk")
        if data.startswith(b"stop"):
            self.request.pause_body()
        self.received += data

    def ended(self) -> None:
        self.ends.append("ended")
        self.request.answer(200, b"%d" % len(self.received))

    def lost(self) -> None:
        self.ends.append("lost")


@implementer(IPushProducer)
class Producer:
    """Notes what it is told; on a resume it writes what it is given, piece by piece, while it may."""

    def __init__(self, request: Request, pieces: list[bytes] | None = None) -> None:
        self.request = request
        self.pieces = pieces or []
        self.told: list[str] = []
        self.ready = True
        request.registerProducer(self, True)

    def go(self) -> None:
        while self.pieces and self.ready:
            self.request.write(self.pieces.pop(0))

    def pauseProducing(self) -> None:
        self.told.append("pause")
        self.ready = False

    def resumeProducing(self) -> None:
        self.told.append("resume")
        self.ready = True
        self.go()

    def stopProducing(self) -> None:
        self.told.append("stop")
        self.ready = False


class _Tree(Resource):
    isLeaf = True  # noqa: N815

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web

    def render(self, request: Any) -> int:
        if request.path == b"/echo":
            request.answer(200, b"".join(request.body))
        else:
            self._web.held.append(request)
        return NOT_DONE_YET


class Web:
    """The site with its clock. ``held``: the ordinary requests that wait for an answer; ``uploads``: the live ones;
    ``refused``: those that were too large.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.held: list[Request] = []
        self.uploads: list[Upload] = []
        self.refused: list[Request] = []
        early = {b"/live": self._live, b"/now": self._now, b"/refused": self._refused, b"/broken": self._broken}
        self.site = Site(
            _Tree(self),
            self.clock,
            early,
            body_limit=lambda _: LIMIT,
            too_large=self._too_large,
        )

    def h2(self, **options: Any) -> H2Client:
        """A new HTTP/2 connection; its one delayed call is the next look at the keepalive."""
        client = H2Client(self.site, **options)
        self.clock.advance(0)
        return client

    def h1(self, **options: Any) -> H1Client:
        """A new HTTP/1.1 connection."""
        return H1Client(self.site, **options)

    def timers(self) -> list[float]:
        """When the delayed calls are due, in seconds from now."""
        return sorted(round(call.getTime() - self.clock.seconds(), 6) for call in self.clock.getDelayedCalls())

    def pass_time(self, seconds: float, *clients: Any, step: float = 0.5) -> None:
        """Time passes, and the clients read and answer meanwhile."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            for client in clients:
                client.pump()

    def _too_large(self, request: Request) -> None:
        self.refused.append(request)
        request.answer(413, b"large")

    def _live(self, request: Request) -> Upload:
        upload = Upload(request)
        self.uploads.append(upload)
        return upload

    def _now(self, request: Request) -> None:
        request.answer(200, b"at once")

    def _refused(self, request: Request) -> None:
        request.abort()

    def _broken(self, request: Request) -> None:
        raise Boom("in the early hook")
