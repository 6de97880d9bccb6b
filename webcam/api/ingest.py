"""Publishing: the upload of ``input.raw``, frame by frame as its bytes arrive."""

from __future__ import annotations

from collections.abc import Callable

from webcam.api.answers import as_failure, log_refusal
from webcam.api.guard import PUBLISHER, allowed, session_of
from webcam.api.services import Services
from webcam.errors import FrameError, MalformedRequest
from webcam.http.request import BodyConsumer, Request
from webcam.service.publication import Publication
from webcam.wire import fields
from webcam.wire.frames import FrameDecoder
from webcam.wire.requests import Params

METHODS = ("POST", "PUT")
MAX_DELTA = 2**31 - 1
"""Milliseconds."""

MAX_KEEP = 60_000
"""Milliseconds for which a stream may be kept behind an upload."""


class Ingest:
    """One upload: a body consumer for its request, a publisher for its stream.

    Nothing is answered before the upload ends: a client of the field closes its upload when it sees early headers.
    """

    live = True

    def __init__(self, request: Request, max_frame: int) -> None:
        self._request = request
        self._decoder = FrameDecoder(max_frame)
        self._publication: Publication | None = None

    def begin(self, services: Services) -> None:
        """Accept the upload: the stream is listed from now on. Raises a :class:`webcam.errors.Failure`."""
        params = Params.from_query(self._request.query)
        found = session_of(services, self._request, params, free=True)
        if found is None:
            raise MalformedRequest(f"{fields.TOKEN} is missing")
        session = allowed(found, PUBLISHER)
        subprotocol = params.text(fields.SUBPROTOCOL) or ""
        delta = params.integer(fields.DELTA, highest=MAX_DELTA) or 0
        keep = params.integer(fields.KEEP, highest=MAX_KEEP) or 0
        self._publication = services.devices.publish(session, subprotocol, delta, self, keep / 1000)
        self._request.trust()

    def chunk(self, data: bytes) -> None:
        """Bytes of the upload; a frame that ends in them is on its way to every viewer when this returns."""
        publication = self._publication
        if publication is None:
            return
        try:
            for frame in self._decoder.feed(data):
                publication.publish(frame)
        except FrameError as error:
            log_refusal(self._request, error)
            self._end(errored=True)
            self._request.abort()

    def ended(self) -> None:
        """The upload is over, by the client's will."""
        self._end()
        self._request.answer(200, b"")

    def lost(self) -> None:
        """The upload was reset, or its connection is gone: the ordinary end for many devices."""
        self._end()

    def pause(self) -> None:
        """A viewer of every frame is too far behind."""
        self._request.pause_body()

    def resume(self) -> None:
        """It has caught up."""
        self._request.resume_body()

    def cut(self) -> None:
        """The server ends the stream: another took it over, or its session ended."""
        self._request.abort()

    def _end(self, errored: bool = False) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            publication.end(errored)


def ingest_route(services: Services) -> Callable[[Request], BodyConsumer | None]:
    """The early route of uploads."""

    def route(request: Request) -> BodyConsumer | None:
        if request.method.decode("latin-1") not in METHODS:
            return None  # the tree answers
        ingest = Ingest(request, services.limits.frame)
        try:
            ingest.begin(services)
        except Exception as error:
            log_refusal(request, as_failure(error, request))
            request.abort()
            return None
        return ingest

    return route
