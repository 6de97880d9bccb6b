"""Watching: a viewer on the response of ``output.raw``."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.relay.viewer import Viewer
from webcam.wire import fields


async def watch(call: Call) -> None:
    """Whole frames as they come, until the stream ends or the client goes."""
    device = call.params.required_text(fields.DEVICE)
    every = call.params.integer(fields.EVERY, highest=1) == 1 and call.session.may_hold
    services, request = call.services, call.request
    stream = services.devices.stream(call.session, device)
    if request.gone:
        return
    request.setHeader(b"content-type", b"application/octet-stream")
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.start()
    if request.head_only:
        request.finish()
        return
    request.write(b"")  # the answer's head goes out before the first frame comes
    viewer = Viewer(request, services.clock, every=every, stall=services.limits.stall)
    request.notifyFinish().addErrback(lambda _: viewer.lost())
    services.devices.watch(call.session, stream, viewer)
    request.when_half_closed(viewer.stop)
