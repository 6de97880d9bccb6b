"""Endpoints: a browser logs in and out, its session by a cookie."""

from __future__ import annotations

import contextlib

from webcam.api.accounts import log_in
from webcam.api.cookies import cookie_token, give_cookie, is_foreign
from webcam.api.guard import Call
from webcam.errors import NoSuchSession, NotAllowed, ReplyCode
from webcam.model import DiskState
from webcam.service.session import Session
from webcam.wire import console, fields, replies


async def login(call: Call) -> bytes:
    """A new session, as for any device, whose token only the browser's cookie has.

    It takes the place of the browser's session before: nobody has the token of that any more.
    """
    services, request = call.services, call.request
    if is_foreign(request):
        raise NotAllowed("a page of another site logs in")
    token = await log_in(call)
    _end(call, cookie_token(request, services.cookie))
    give_cookie(request, services.cookie, services.base, token)
    return console.logged_in(*_who(call, services.sessions.find(token)))


async def session(call: Call) -> bytes:
    """Whose session it is, and the time. A page that finds out by it that nobody is logged in is not refused anything:
    the log has no line of it."""
    found = call.maybe_session
    if found is None:
        return replies.bad(ReplyCode.NO_SUCH_SESSION)
    return console.session(*_who(call, found), call.services.stamps.server_time(found.account_id))


async def logout(call: Call) -> bytes:
    """The session has ended when this returns, and the cookie is gone; also where there was none any more."""
    services, request = call.services, call.request
    _end(call, call.params.text(fields.TOKEN) or cookie_token(request, services.cookie))
    if not is_foreign(request):
        give_cookie(request, services.cookie, services.base, None)
        request.setHeader(b"clear-site-data", b'"cache"')  # pictures that the next one at this browser may not see
    await services.sessions.flush()
    return replies.OK


def _end(call: Call, token: str | None) -> None:
    """End the session of a token, if there is one."""
    if token:
        with contextlib.suppress(NoSuchSession):
            call.services.sessions.end(call.services.sessions.find(token))


def _who(call: Call, found: Session) -> tuple[str, str, str, DiskState]:
    """Whose it is, and what everybody who uses the console has to know of the server's disk."""
    services = call.services
    return services.accounts.name_of(found.account_id) or "", found.device, found.role.value, services.disk.state
