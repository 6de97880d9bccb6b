"""Requests as they go out, and what comes back: over HTTP/2 and HTTP/1.1, never longer than a frame of a stream."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import h2.exceptions

from tests.support.field_client import FieldClient
from tests.support.process import DEADLINE, Server

_STREAMS = {
    "output.raw": "application/octet-stream",
    "stream.mjpg": "multipart/x-mixed-replace",
    "events": "text/event-stream",
}
_HEAD = 6
"""Bytes of a frame's header."""


@dataclass
class Request:
    """``query`` holds names and values before they are percent-encoded."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query."""
        pairs = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in self.query)
        return f"{self.path}?{pairs}" if pairs else self.path


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


@dataclass
class Answer:
    """``cut``: the server ended the request without an answer. Of a live stream ``body`` is how it begins."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    version: str = "1.1"


class Sender(Protocol):
    """A connection, made anew when it is gone."""

    def __call__(self, request: Request) -> Answer:
        """The answer as far as it is wanted. Raises ``AssertionError`` when none comes."""

    def close(self) -> None:
        """No more."""


def _is_live(path: str, headers: dict[str, str]) -> bool:
    wanted = _STREAMS.get(path.rpartition("/")[2])
    return wanted is not None and headers.get("content-type", "").startswith(wanted)


class HTTP2:
    """See :class:`Sender`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: FieldClient | None = None

    def __call__(self, request: Request) -> Answer:
        if self._client is None or self._client.closed:
            self._client = FieldClient(self._server)
        client = self._client
        stream = client.open(request.method, request.target, request.headers, end=not request.body)
        try:
            if request.body:
                client.send(stream, request.body)
                client.end(stream)
        except h2.exceptions.ProtocolError:
            pass  # the answer, or the reset, was there before the end of the body
        found = client.answers[stream]
        live = lambda: _is_live(request.path, found.headers) and len(found.body) > _HEAD  # noqa: E731
        client.wait(lambda: client.closed or found.over or live())
        if client.closed:
            return Answer(cut=True, version="2")
        if not found.over:
            client.reset(stream, h2.errors.ErrorCodes.CANCEL)
        del client.answers[stream]
        cut = found.status is None
        return Answer(found.status or 0, found.headers, bytes(found.body), cut, "2")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


class HTTP1:
    """See :class:`Sender`. With a *source* the connection comes from that address."""

    def __init__(self, server: Server, source: str | None = None) -> None:
        self._server = server
        self._source = None if source is None else (source, 0)
        self._connection: http.client.HTTPSConnection | None = None

    def __call__(self, request: Request) -> Answer:
        used = self._connection is not None
        answer = self._ask(request)
        # A connection that is idle for a minute is closed, perhaps just now.
        return self._ask(request) if answer.cut and used else answer

    def _ask(self, request: Request) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                "127.0.0.1",
                self._server.port,
                context=self._server.trust(),
                timeout=DEADLINE,
                source_address=self._source,
            )
        try:
            self._connection.request(request.method, request.target, request.body, request.headers)
            return self._read(request, self._connection.getresponse())
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
            self.close()
            return Answer(cut=True)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise AssertionError(f"no answer: {error!r}") from error

    def _read(self, request: Request, response: http.client.HTTPResponse) -> Answer:
        headers = {name.lower(): value for name, value in response.getheaders()}
        if _is_live(request.path, headers):
            answer = Answer(response.status, headers, response.read(_HEAD + 1))
            self.close()
            return answer
        return Answer(response.status, headers, response.read())

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
