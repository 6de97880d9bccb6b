"""Endpoints: the account's sessions, and its password."""

from __future__ import annotations

from webcam.api.guard import Call
from webcam.api.lists import answer_list
from webcam.model import SESSION_ID
from webcam.wire import console, fields, replies


async def sessions(call: Call) -> bytes | None:
    """By device, those of a device by age."""
    services, mine = call.services, call.session
    found = sorted(services.sessions.of(mine.account_id), key=lambda each: (each.device, each.order))
    text = console.sessions(
        (
            each.digest[:SESSION_ID],
            each.device,
            each.address,
            services.sessions.active_at(each),
            each.role.value,
            each is mine,
        )
        for each in found
    )
    return await answer_list(call.request, text)


async def revoke(call: Call) -> bytes:
    """The session of this id has ended, if there was one."""
    sessions = call.services.sessions
    session_id = call.params.required_text(fields.SESSION_ID)
    account_id = call.session.account_id
    sessions.revoke([each.digest for each in sessions.of(account_id) if each.digest[:SESSION_ID] == session_id])
    await sessions.flush()
    return replies.OK


async def password(call: Call) -> bytes:
    old = call.params.required_text(fields.OLD_PASSWORD)
    new = call.params.required_text(fields.NEW_PASSWORD)
    await call.services.accounts.change_password(call.session, old, new, call.request.address)
    return replies.OK
