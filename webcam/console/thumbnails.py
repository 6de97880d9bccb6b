"""Endpoint: a small picture of a record, for galleries."""

from __future__ import annotations

from webcam.api.fixed import answered_unchanged
from webcam.api.guard import Call
from webcam.api.records import FOREVER, etag_of, record_id_of
from webcam.console.record import STATUSES
from webcam.errors import NoData, ReplyCode
from webcam.wire import replies

__all__ = ["STATUSES", "thumbnail"]

_HEADERS = (
    ("content-type", "image/jpeg"),
    ("cache-control", FOREVER),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "sandbox; default-src 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
)


async def thumbnail(call: Call) -> None:
    """The JPEG; 404 of a record that has none, as most of a gallery may, without a line in the log for each."""
    request = call.request
    record = await call.services.records.find(call.session, record_id_of(call))
    etag = etag_of(record).replace('"', '"small-', 1)
    if request.gone or answered_unchanged(request, etag, (*_HEADERS, ("etag", etag))):
        return
    try:
        data = await call.services.thumbnails.of(call.session, record)
    except NoData:
        request.answer(404, replies.bad(ReplyCode.NO_DATA_RETURNED), (("content-type", "application/json"),))
        return
    for name, value in (*_HEADERS, ("etag", etag)):
        request.setHeader(name.encode(), value.encode())
    request.answer(200, data)
