"""Endpoint: being told of events as they happen, as Server-Sent Events."""

from __future__ import annotations

from webcam.api.answers import as_failure, log_refusal
from webcam.api.guard import Call
from webcam.wire import fields
from webcam.wire.events import CONTENT_TYPE


async def follow(call: Call) -> None:
    """Events as they come, until the session ends or the client goes."""
    request, services = call.request, call.services
    last = request.getHeader("last-event-id") or call.params.text(fields.LAST)
    follower = None if request.head_only else services.events.follow(call.session, last or None, request)
    request.setHeader(b"content-type", CONTENT_TYPE.encode())
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.setHeader(b"x-accel-buffering", b"no")
    request.start()
    if follower is None:
        request.finish()
        return
    request.notifyFinish().addErrback(lambda _: follower.lost())
    follower.on_failure = lambda error: log_refusal(request, as_failure(error, request))
    follower.start()
    request.when_half_closed(follower.stop)
