"""Endpoints: messages."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.api.pages import page
from webcam.wire import messages, replies


async def add_messages(call: Call) -> bytes:
    drafts, sync = messages.drafts(call.params)
    await call.services.messages.send(call.session, drafts, sync)
    return replies.OK


async def get_messages(call: Call) -> bytes:
    wanted = page(call.params, messages.after(call.params))
    return replies.messages(await call.services.messages.get(call.session, wanted))


async def take_messages(call: Call) -> bytes:
    wanted = page(call.params, messages.after(call.params))
    return replies.messages(await call.services.messages.take(call.session, wanted))
