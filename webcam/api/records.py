"""Endpoints: records."""

from __future__ import annotations

from collections.abc import Callable

from webcam.api.fixed import answered_unchanged
from webcam.api.guard import Call
from webcam.api.pages import page
from webcam.api.turns import in_turns
from webcam.errors import DatabaseFail, MalformedRequest, RangeNotSatisfiable
from webcam.http.body import BodySender
from webcam.http.ranges import Unsatisfiable, parse_range
from webcam.model import Record
from webcam.ports import RECORD_PART
from webcam.service.records import Records
from webcam.wire import fields, replies, sniff
from webcam.wire.requests import named_records

FOREVER = "private, max-age=31536000, immutable"
"""How long a browser may keep a record: it never changes, and its id is never used again."""

Headers = dict[str, str]

PIECE = 32 * 1024
"""Bytes that a client has to take within a stall's time, and that wait for it at most."""


async def add_record(call: Call) -> bytes:
    meta = call.params.metadata()
    data, call.request.body = call.request.body, []
    await call.services.records.add(call.session, meta, data)
    return replies.OK


async def list_records(call: Call) -> bytes:
    wanted = page(call.params, call.params.text(fields.STAMP))
    return replies.records(await call.services.records.list(call.session, wanted))


async def record_meta(call: Call) -> bytes:
    return replies.record(await call.services.records.find(call.session, record_id_of(call)))


async def delete_records(call: Call) -> bytes:
    record_ids, older = await in_turns(call.request, named_records(call.params))
    await call.services.records.delete(call.session, record_ids, older)
    return replies.OK


async def record_data(call: Call) -> None:
    """The bytes, whole or one range of them, with a type that no browser runs."""
    await send_record(call, lambda _record, _type: {})


async def send_record(call: Call, more: Callable[[Record, str], Headers]) -> None:
    """The same; *more* are the headers beside the usual ones, of a record with data of a content type."""
    records = call.services.records
    record, size = await records.with_data(call.session, record_id_of(call))
    if call.request.gone:
        return  # nothing is read for nobody
    request = call.request
    if answered_unchanged(request, etag_of(record), (("etag", etag_of(record)), ("cache-control", FOREVER))):
        return
    span = _wanted(call, record, size)
    head = await records.part(record, 0)
    if request.gone:
        return
    content_type = sniff.content_type(head[: sniff.HEAD])
    headers = {**_headers(record, size, span, content_type), **more(record, content_type)}
    for name, value in headers.items():
        request.setHeader(name.encode(), value.encode())
    request.setResponseCode(206 if span else 200)
    request.start()
    if request.head_only:
        request.finish()
        return
    data = _Data(records, record, *(span or (0, size)), head)
    del head  # a fetch may stand for a minute
    if await BodySender(request).send(data):
        request.finish()
    else:
        request.abort()


def _headers(record: Record, size: int, span: tuple[int, int] | None, content_type: str) -> Headers:
    start, stop = span or (0, size)
    headers = {
        "content-type": content_type,
        "content-length": str(stop - start),
        "etag": etag_of(record),
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    if span:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return headers


def record_id_of(call: Call) -> int:
    """The record that is asked for."""
    record_id = call.params.integer(fields.RECORD_ID)
    if record_id is None:
        raise MalformedRequest(f"{fields.RECORD_ID} is missing")
    return record_id


def etag_of(record: Record) -> str:
    """No other record ever has it."""
    return f'"{record.record_id}-{"".join(filter(str.isdigit, record.stamp))}"'


def _wanted(call: Call, record: Record, size: int) -> tuple[int, int] | None:
    """The range that is asked for; ``None`` for the whole."""
    header = None if call.request.head_only else call.request.getHeader("range")  # RFC 9110, 14.2
    condition = call.request.getHeader("if-range")
    if header is None or (condition is not None and condition != etag_of(record)):
        return None
    try:
        return parse_range(header, size)
    except Unsatisfiable:
        raise RangeNotSatisfiable(size) from None


class _Data:
    """A record's bytes from *start* to before *stop*; *head* is its first part. See :class:`webcam.http.body.Source`.

    A client that makes us wait costs a piece, not the part that the piece was cut from.
    """

    def __init__(self, records: Records, record: Record, start: int, stop: int, head: bytes) -> None:
        self._records = records
        self._record = record
        self._at = start
        self._stop = stop
        self._number: int | None = 0
        self._part = head

    @property
    def left(self) -> int:
        return self._stop - self._at

    async def read(self) -> bytes:
        number, offset = divmod(self._at, RECORD_PART)
        if number != self._number:
            self._part = await self._records.part(self._record, number)
            self._number = number
        piece = self._part[offset : offset + min(PIECE, self.left)]
        if not piece:
            raise DatabaseFail(f"record {self._record.record_id} is shorter than it says")
        self._at += len(piece)
        return piece

    def forget(self) -> None:
        self._number, self._part = None, b""
