"""Answers that never change while the server runs: sent whole, or not at all to who has them already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from twisted.web import http

from webcam.api.answers import answer_failure
from webcam.errors import MethodNotAllowed, allow_text
from webcam.http.conditions import has_already
from webcam.http.request import Request
from webcam.wire import replies

METHODS = ("GET",)
_GETS = frozenset((b"GET", b"HEAD"))
_OF_BODIES = frozenset(("content-type", "content-encoding", "content-length", "content-disposition"))

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Fixed:
    """A body with its headers, the etag but not the length among them."""

    body: bytes
    etag: str
    headers: Headers


def fixed(body: bytes, headers: Headers) -> Fixed:
    """The same, to be asked for anew each time: a small question, since most often nothing has changed."""
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    return Fixed(body, etag, (*headers, ("etag", etag), ("cache-control", "no-cache")))


def fixed_route(choose: Callable[[Request], Fixed]) -> Callable[[Request], None]:
    """The route that serves to everybody what *choose* finds for a request."""

    def route(request: Request) -> None:
        if request.method == b"OPTIONS":
            allowed = ("allow", allow_text(METHODS))
            request.answer(200, replies.OK, (("content-type", "application/json"), allowed))
        elif request.method not in _GETS:
            answer_failure(request, MethodNotAllowed(METHODS))
        else:
            _answer(request, choose(request))

    return route


def _answer(request: Request, chosen: Fixed) -> None:
    if not answered_unchanged(request, chosen.etag, chosen.headers):
        request.answer(200, chosen.body, chosen.headers)


def answered_unchanged(request: Request, etag: str, headers: Headers) -> bool:
    """Whether the client of a GET or HEAD has it already; then it is told so, by 304 with those of *headers* that are
    not of a body."""
    named = request.requestHeaders.getRawHeaders("if-none-match", [])
    if request.method not in _GETS or not has_already(named, etag):
        return False
    request.setResponseCode(http.NOT_MODIFIED)  # there is no body, so no length
    for name, value in headers:
        if name not in _OF_BODIES:
            request.setHeader(name.encode(), value.encode())
    request.start()
    request.write(b"")
    request.finish()
    return True
