"""Storing a large record: its body goes to the disk as it comes."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from webcam.api.answers import answer_failure, answer_ok, as_failure
from webcam.api.guard import Call, Endpoint, admit, answers_options
from webcam.api.services import Services
from webcam.errors import Failure, NoSuchSession
from webcam.http.request import BodyConsumer, Request
from webcam.service.uploads import Upload
from webcam.wire import replies

AHEAD = 1024 * 1024
"""Bytes that wait for storage before the client is held back."""


class RecordUpload:
    """A body consumer for its request, a sender for its upload.

    The answer comes at the end of the body, whenever it is known: a client that is still sending may not read it. Of a
    body that nobody wants any more nothing is kept.
    """

    live = False

    def __init__(self, services: Services, request: Request) -> None:
        self._services = services
        self._request = request
        self._upload: Upload | None = None
        self._failure: Failure | None = None
        self._paused = False
        self._closed: Callable[[], None] = lambda: None

    def begin(self, call: Call) -> None:
        """The client has shown who it is. Raises a :class:`webcam.errors.Failure`."""
        meta = call.params.metadata()
        self._upload = self._services.records.begin(call.session, meta, self)
        self._closed = self._services.sessions.stream_opened(call.session, self._cut)
        self._request.trust()

    def chunk(self, data: bytes) -> None:
        """Bytes of the record."""
        if self._upload is None:
            self._request.release(len(data))
            return
        self._upload.take(data)
        if self._upload.waiting > AHEAD and not self._paused:
            self._paused = True
            self._request.pause_body()

    def written(self, size: int) -> None:
        """So much of it is on disk."""
        self._request.release(size)
        if self._upload is not None and self._upload.waiting <= AHEAD // 2:
            self._resume()

    def failed(self, error: Exception) -> None:
        """Storage refused a part of it."""
        self.refuse(error)

    def refuse(self, error: Exception) -> None:
        """There will be no record."""
        if self._failure is None:
            self._failure = as_failure(error, self._request)
        self._give_up()
        self._request.release()
        self._resume()

    def ended(self) -> None:
        """The body is over."""
        upload, self._upload = self._upload, None
        self._closed()
        if self._failure is not None:
            answer_failure(self._request, self._failure)
        elif upload is not None:
            Deferred.fromCoroutine(self._end(upload))

    async def _end(self, upload: Upload) -> None:
        try:
            await self._services.records.end(upload)
            answer_ok(self._request, replies.OK)
        except Exception as error:
            answer_failure(self._request, as_failure(error, self._request))

    def lost(self) -> None:
        """The upload was reset, or too slow, or too large, or its connection is gone."""
        self._give_up()

    def _cut(self) -> None:
        self.refuse(NoSuchSession("ended during an upload"))

    def _give_up(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.give_up()
        self._closed()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._request.resume_body()


def upload_route(services: Services, endpoint: Endpoint) -> Callable[[Request], BodyConsumer | None]:
    """The route of bodies that are too large to be held."""

    def route(request: Request) -> BodyConsumer | None:
        upload = RecordUpload(services, request)
        try:
            if answers_options(endpoint, request):
                return None
            upload.begin(admit(services, endpoint, request))
        except Exception as error:
            upload.refuse(error)
        return upload

    return route
