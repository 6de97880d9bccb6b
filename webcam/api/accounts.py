"""Endpoints: logging in, staying, settings, time."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.wire import fields, replies
from webcam.wire.requests import chosen_settings

NO_META = "{}"


async def authorize(call: Call) -> bytes:
    return replies.authorized(await log_in(call))


async def log_in(call: Call) -> str:
    """The token of a new session of the device that the request names. Raises what ``Accounts.authorize`` raises."""
    params = call.params
    return await call.services.accounts.authorize(
        name=params.required_text(fields.NAME),
        password=params.required_text(fields.PASSWORD),
        device=params.required_text(fields.DEVICE),
        meta=_given(params.any_metadata()),
        address=call.request.address,
    )


def _given(meta: str | None) -> str:
    return NO_META if meta is None else meta


async def heartbeat(_: Call) -> bytes:
    return replies.OK


async def get_settings(call: Call) -> bytes:
    return replies.settings(call.services.settings.of(call.session.account_id))


async def set_settings(call: Call) -> bytes:
    session = call.session
    await call.services.settings.change(session.account_id, chosen_settings(call.params), session.device)
    return replies.OK


async def server_time(call: Call) -> bytes:
    session = call.maybe_session
    return replies.server_time(await call.services.timekeeping.server_time(session.account_id if session else None))
