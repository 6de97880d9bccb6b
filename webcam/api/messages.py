"""Endpoints: messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from webcam.api.guard import Call
from webcam.api.pages import page
from webcam.api.turns import in_turns
from webcam.model import Message
from webcam.wire import fields, messages, replies

MAX_WAIT = 300
"""Seconds for which a request may wait for a message."""


async def add_messages(call: Call) -> bytes:
    drafts, sync = await in_turns(call.request, messages.drafts(call.params))
    await call.services.messages.send(call.session, drafts, sync)
    return replies.OK


async def get_messages(call: Call) -> bytes:
    wanted = page(call.params, messages.after(call.params))
    return replies.messages(await _patiently(call, lambda: call.services.messages.get(call.session, wanted)))


async def take_messages(call: Call) -> bytes:
    wanted = page(call.params, messages.after(call.params))
    return replies.messages(await _patiently(call, lambda: call.services.messages.take(call.session, wanted)))


async def _patiently(call: Call, look: Callable[[], Awaitable[list[Message]]]) -> list[Message]:
    """What *look* finds: now, or when a message came that it finds, or nothing when the request's time is over."""
    seconds = call.params.integer(fields.WAIT, highest=MAX_WAIT)
    if not seconds:
        return await look()
    waiter = call.services.events.wait(call.session, seconds)
    call.request.notifyFinish().addErrback(lambda _: waiter.over())
    call.request.when_half_closed(waiter.over)
    try:
        found = await look()
        while not found and await waiter.more():
            found = await look()
        return found
    finally:
        waiter.close()
