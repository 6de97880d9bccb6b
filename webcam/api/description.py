"""The description of the protocol in OpenAPI's form: ``openapi.json`` beside this file, served as it is."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from importlib import resources

from webcam.api.answers import answer_failure
from webcam.errors import MethodNotAllowed
from webcam.http.request import Request
from webcam.wire import replies

PATH = "openapi.json"
"""Where it is served, and its file's name."""

METHODS = ("GET", "HEAD")
_JSON = ("content-type", "application/json")


def description() -> bytes:
    """Its text."""
    return (resources.files(__package__) / PATH).read_bytes()


def description_route() -> Callable[[Request], None]:
    """The route that serves it: to everybody, and to who has it already in one line."""
    text = description()
    etag = f'"{sha256(text).hexdigest()[:32]}"'
    headers = (_JSON, ("etag", etag), ("cache-control", "no-cache"))

    def route(request: Request) -> None:
        method = request.method.decode("latin-1")
        if method == "OPTIONS":
            request.answer(200, replies.OK, (_JSON, ("allow", ", ".join((*METHODS, "OPTIONS")))))
        elif method not in METHODS:
            answer_failure(request, MethodNotAllowed(METHODS))
        elif request.setETag(etag.encode()) is None:
            request.answer(200, text, headers)
        else:
            _unchanged(request)

    return route


def _unchanged(request: Request) -> None:
    """304, which Twisted has set already, and the etag: without a body, so without a length."""
    request.setHeader(b"cache-control", b"no-cache")
    request.start()
    request.write(b"")
    request.finish()
