"""Endpoints: what the console's pages list, newest first."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.api.lists import answer_list
from webcam.consolemodel import Window
from webcam.wire import console, fields, replies
from webcam.wire.requests import MAX_ID

RECORDS, MAX_RECORDS = 100, 500
MESSAGES, MAX_MESSAGES = 32, 100
"""Entries of an answer, as a rule and at most."""

MAX_OFFSET = 24 * 60
"""Minutes that a place's clocks may be away from UTC."""


async def devices(call: Call) -> bytes | None:
    known = await call.services.devices.known(call.session)
    text = console.devices(
        (said, online, seen, None if stream is None else (stream.subprotocol, stream.delta))
        for said, online, seen, stream in known
    )
    return await answer_list(call.request, text)


async def forget(call: Call) -> bytes:
    """A device of the account is forgotten; one that isn't known is no error."""
    await call.services.devices.forget(call.session, call.params.required_text(fields.DEVICE))
    return replies.OK


async def messages(call: Call) -> bytes | None:
    params = call.params
    other = params.required_text(fields.DEVICE)
    before = params.text(fields.BEFORE) or ""
    limit = params.integer(fields.LIMIT, lowest=1, highest=MAX_MESSAGES) or MESSAGES
    found = await call.services.messages.thread(call.session, other, before, limit)
    return await answer_list(call.request, console.messages(found))


async def days(call: Call) -> bytes:
    offset = call.params.integer(fields.OFFSET, lowest=-MAX_OFFSET, highest=MAX_OFFSET) or 0
    return console.days(await call.services.records.days(call.session, offset, call.params.text(fields.DEVICE)))


async def records(call: Call) -> bytes | None:
    params = call.params
    window = Window(
        after=params.text(fields.AFTER) or "",
        before=params.text(fields.BEFORE) or "",
        skip=params.integer(fields.SKIP, highest=MAX_ID) or 0,
        limit=params.integer(fields.LIMIT, lowest=1, highest=MAX_RECORDS) or RECORDS,
    )
    found = await call.services.records.newest(call.session, window, params.text(fields.DEVICE))
    return await answer_list(call.request, console.records(found))
