"""Answers of the edge: good ones, and the one place where a failure becomes what the client reads and the log says."""

from __future__ import annotations

import re

from twisted.logger import Logger

from webcam.errors import AskLater, Failure, NoSuchAccount, NoSuchSession, Overloaded
from webcam.http.request import Request
from webcam.wire import replies

_JSON = (("content-type", "application/json"),)
_LINK = re.compile(rb"(share/).+", re.IGNORECASE | re.DOTALL)
_log = Logger(namespace="webcam.api")


def answer_ok(request: Request, body: bytes) -> None:
    """A JSON answer."""
    request.answer(200, body, _JSON)


def answer_failure(request: Request, failure: Failure, status: int | None = None) -> None:
    """A JSON_BAD answer, and one log line. An answer that has begun can only be broken off.

    *status* is in place of the failure's own.
    """
    log_refusal(request, failure)
    if request.startedWriting:
        request.abort()
        return
    request.answer(status or failure.status, replies.bad(failure.code), (*_JSON, *failure.headers().items()))


def log_refusal(request: Request, failure: Failure) -> None:
    """One line, without query and body: a token, a password may stand in them. Met limits are told of in a line a
    minute, so are refusals of a kind to an address that has to wait, and of refusals without number some are left out.
    """
    tally, now = request.site.tally, request.site.reactor.seconds()
    if isinstance(failure, Overloaded):
        tally.count(str(failure), request.address, now)
        return
    path, again = path_text(request), 0
    if isinstance(failure, AskLater):
        left_out = tally.repeats.may_tell((type(failure), path, request.address), now)
        if left_out is None:
            return
        again = left_out
    untold = tally.may_tell(now)
    if untold is None:
        return
    if untold:
        _log.info("{untold} refusals were not told of", untold=untold)
    _log.info(
        "refused {path} from {address}: {code} ({why}){again}",
        path=path,
        address=request.address,
        code=failure.code.name,
        why=str(failure),
        again=f"; {again} more before it" if again else "",
    )


def as_failure(error: Exception, request: Request) -> Failure:
    """What the client is told of *error*. One that nobody foresaw is logged with its traceback.

    From any other its traceback and what it came from are taken: they lead to the request, which would have to wait for
    the garbage collector.
    """
    if isinstance(error, Failure):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    if isinstance(error, NoSuchAccount):
        return NoSuchSession("its account is gone")
    _log.failure("{path} failed", path=path_text(request))
    return Failure(type(error).__name__)


def path_text(request: Request) -> str:
    """The path as a log line shows it: without what may be the token of a link, however that is written."""
    path = _LINK.sub(rb"\1...", request.place) if _LINK.search(request.place) else request.path
    return ascii(path[:100].decode("latin-1"))[1:-1]
