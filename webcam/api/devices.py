"""Endpoints: which devices are online, and which stream."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.api.lists import answer_list
from webcam.wire import replies


async def devices_online(call: Call) -> bytes | None:
    return await answer_list(call.request, replies.devices(call.services.devices.online(call.session)))


async def streams(call: Call) -> bytes | None:
    return await answer_list(call.request, replies.streams(call.services.devices.streams(call.session)))
