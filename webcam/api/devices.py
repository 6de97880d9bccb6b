"""Endpoints: which devices are online, and which stream."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.wire import replies


async def devices_online(call: Call) -> bytes:
    return replies.devices(call.services.devices.online(call.session))


async def streams(call: Call) -> bytes:
    return replies.streams(call.services.devices.streams(call.session))
