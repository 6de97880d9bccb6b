"""Endpoint: a small picture of a record, for galleries."""

from __future__ import annotations

from webcam.api import pictures
from webcam.api.guard import Call
from webcam.errors import MalformedRequest, NoData, ReplyCode
from webcam.http.request import Request
from webcam.wire import fields, replies

STATUSES = {**pictures.STATUSES, ReplyCode.NO_SUCH_RECORD: 404}

CACHING = b"private, max-age=31536000, immutable"
"""A record never changes, so its thumbnail doesn't."""

_HEADERS = (
    (b"content-type", b"image/jpeg"),
    (b"cache-control", CACHING),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
)


async def thumbnail(call: Call) -> None:
    """The JPEG; 404 of a record that has none, as most of a gallery may, without a line in the log for each."""
    record_id = call.params.integer(fields.RECORD_ID)
    if record_id is None:
        raise MalformedRequest(f"{fields.RECORD_ID} is missing")
    record = await call.services.records.find(call.session, record_id)
    request = call.request
    etag = f'"{record_id}-{"".join(filter(str.isdigit, record.stamp))}-thumbnail"'
    if request.gone:
        return
    if request.setETag(etag.encode()) is not None:
        _unchanged(request)
        return
    try:
        data = await call.services.thumbnails.of(call.session, record)
    except NoData:
        request.etag = None
        request.answer(404, replies.bad(ReplyCode.NO_DATA_RETURNED), (("content-type", "application/json"),))
        return
    for name, value in _HEADERS:
        request.setHeader(name, value)
    request.answer(200, data)


def _unchanged(request: Request) -> None:
    """304, which Twisted has set already, and the etag: without a body, so without a length."""
    request.setHeader(b"cache-control", CACHING)
    request.start()
    request.write(b"")
    request.finish()
