"""Endpoints for everything else that shows pictures: a stream as one picture after the other, and its newest one."""

from __future__ import annotations

from collections.abc import Callable

from webcam.api.guard import Call
from webcam.errors import NoPicture, ReplyCode
from webcam.http.body import STALL
from webcam.relay.hub import device_text
from webcam.relay.pictures import FirstPicture, PictureViewer
from webcam.relay.stream import Stream
from webcam.relay.viewer import Viewer
from webcam.wire import fields, pictures
from webcam.wire.frames import HEADER

PATIENCE = 5.0
"""Seconds for which a snapshot waits for the first picture of a stream."""

MAX_CACHE = 3600
"""Seconds for which a client may be told to keep a snapshot."""

STATUSES = {
    ReplyCode.JSON_PARSER_FAIL: 400,
    ReplyCode.JSON_FAIL: 400,
    ReplyCode.MALFORMED_REQUEST: 400,
    ReplyCode.EMPTY_REQUEST: 400,
    ReplyCode.NO_SUCH_SESSION: 403,
    ReplyCode.NO_SUCH_DEVICE: 404,
    ReplyCode.NO_CHANNEL: 404,
    ReplyCode.ERRORED_STREAM: 404,
    ReplyCode.NO_DATA_RETURNED: 404,
    ReplyCode.INTERNAL_UNKNOWN_ERROR: 500,
}
"""What shows pictures goes by the status, and would show a JSON answer of status 200 as a broken one."""


async def watch_pictures(call: Call) -> None:
    """Pictures as they come, until the stream ends or the client goes."""
    stream = _stream(call)
    show_stream(call, lambda viewer: call.services.devices.watch(call.session, stream, viewer))


async def picture(call: Call) -> None:
    """The newest picture."""
    cache = call.params.integer(fields.CACHE, highest=MAX_CACHE)
    await show_picture(call, _stream(call), cache or 0)


def show_stream(call: Call, watch: Callable[[PictureViewer], None]) -> None:
    """Answer by pictures, from the moment on that *watch* lets the viewer see a stream."""
    request, services = call.request, call.services
    if request.gone:
        return
    request.setHeader(b"content-type", pictures.MULTIPART.encode())
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.setHeader(b"x-accel-buffering", b"no")
    request.start()
    if request.head_only:
        request.finish()
        return
    request.write(pictures.OPENING)
    viewer = PictureViewer(request, services.clock, services.limits.stall)
    request.notifyFinish().addErrback(lambda _: viewer.lost())
    watch(viewer)
    request.when_half_closed(viewer.stop)


async def show_picture(call: Call, stream: Stream, cache: int) -> None:
    """Answer by the newest picture of a stream, which the client may keep for *cache* seconds. Raises ``NoPicture``."""
    first = FirstPicture(call.services.clock, PATIENCE)
    stream.watch(first)
    frame = await first.frame
    kind = pictures.picture_type(frame.data) if frame is not None else None
    payload = frame.made("payload", _payload) if frame is not None else None
    if payload is None or kind is None:
        raise NoPicture(f"none of {device_text(stream.device)} came")
    request = call.request
    if request.gone:
        return
    request.setHeader(b"content-type", kind.encode())
    request.setHeader(b"content-length", b"%d" % len(payload))
    request.setHeader(b"cache-control", (f"private, max-age={cache}" if cache else "no-store").encode())
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.start()
    if request.head_only:
        request.finish()
        return
    viewer = Viewer(request, call.services.clock, stall=STALL)
    request.notifyFinish().addErrback(lambda _: viewer.lost())
    viewer.show(payload)


def _payload(frame: bytes) -> bytes:
    return frame[HEADER:]


def _stream(call: Call) -> Stream:
    """The stream that is asked for, if there are pictures in it as far as is known."""
    device = call.params.required_text(fields.DEVICE)
    return with_pictures(call.services.devices.stream(call.session, device))


def with_pictures(stream: Stream) -> Stream:
    """The same. Raises ``NoPicture`` when its newest frame is something else."""
    if stream.newest is not None and pictures.is_other(stream.newest.data):
        raise NoPicture(f"{device_text(stream.device)} streams something else")
    return stream
