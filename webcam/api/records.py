"""Endpoints: records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from webcam.api.accounts import MAX_META
from webcam.api.guard import Call
from webcam.api.pages import page
from webcam.errors import MalformedRequest, RangeNotSatisfiable
from webcam.http.body import BodySender
from webcam.http.ranges import Unsatisfiable, parse_range
from webcam.model import Record
from webcam.ports import RECORD_PART
from webcam.service.records import Records
from webcam.wire import fields, replies, sniff
from webcam.wire.requests import named_records

PIECE = 64 * 1024
"""Bytes that a client has to take within a stall's time, and that wait for it at most."""


async def add_record(call: Call) -> bytes:
    meta = call.params.text(fields.META, MAX_META) or ""
    data, call.request.body = call.request.body, []
    await call.services.records.add(call.session, meta, data)
    return replies.OK


async def list_records(call: Call) -> bytes:
    wanted = page(call.params, call.params.text(fields.STAMP))
    return replies.records(await call.services.records.list(call.session, wanted))


async def record_meta(call: Call) -> bytes:
    return replies.record(await call.services.records.find(call.session, _record_id(call)))


async def delete_records(call: Call) -> bytes:
    record_ids, older = named_records(call.params)
    await call.services.records.delete(call.session, record_ids, older)
    return replies.OK


async def record_data(call: Call) -> None:
    """The bytes, whole or one range of them, with a type that no browser runs."""
    records = call.services.records
    record, size = await records.with_data(call.session, _record_id(call))
    span = _wanted(call, record, size)
    start, stop = span or (0, size)
    head = await records.part(record, 0)
    request = call.request
    if request.gone:
        return
    request.setResponseCode(206 if span else 200)
    headers = {
        "content-type": sniff.content_type(head[: sniff.HEAD]),
        "content-length": str(stop - start),
        "etag": _etag(record),
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    if span:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    for name, value in headers.items():
        request.setHeader(name.encode(), value.encode())
    request.start()
    if await BodySender(request).send(_pieces(records, record, start, stop, head)):
        request.finish()
    else:
        request.abort()


def _record_id(call: Call) -> int:
    record_id = call.params.integer(fields.RECORD_ID)
    if record_id is None:
        raise MalformedRequest(f"{fields.RECORD_ID} is missing")
    return record_id


def _etag(record: Record) -> str:
    return f'"{record.record_id}-{"".join(filter(str.isdigit, record.stamp))}"'


def _wanted(call: Call, record: Record, size: int) -> tuple[int, int] | None:
    """The range that is asked for; ``None`` for the whole."""
    header = call.request.getHeader("range")
    condition = call.request.getHeader("if-range")
    if header is None or (condition is not None and condition != _etag(record)):
        return None
    try:
        return parse_range(header, size)
    except Unsatisfiable:
        raise RangeNotSatisfiable(size) from None


async def _pieces(records: Records, record: Record, start: int, stop: int, head: bytes) -> AsyncIterator[bytes]:
    """The bytes from *start* to before *stop*; *head* is the record's first part."""
    while start < stop:
        part, offset = divmod(start, RECORD_PART)
        data = await records.part(record, part) if part else head
        for piece in _cut(data[offset : offset + stop - start]):
            yield piece
            start += len(piece)


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]
