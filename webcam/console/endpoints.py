"""The paths that the console's pages ask for, beside the protocol's."""

from __future__ import annotations

from webcam.api.guard import EVERYBODY, VIEWER, Endpoint, Needs
from webcam.api.pictures import STATUSES
from webcam.console import lists, login, record, sessions, shares, thumbnails
from webcam.wire import fields

ENDPOINTS = (
    Endpoint(fields.CONSOLE_LOGIN, login.login, needs=Needs.NOTHING),
    Endpoint(fields.CONSOLE_SESSION, login.session, needs=Needs.OPTIONAL, roles=EVERYBODY),
    Endpoint(fields.CONSOLE_LOGOUT, login.logout, needs=Needs.NOTHING_AT_ALL),
    Endpoint(fields.CONSOLE_DEVICES, lists.devices, roles=VIEWER, reads=True),
    Endpoint(fields.CONSOLE_FORGET, lists.forget),
    Endpoint(fields.CONSOLE_MESSAGES, lists.messages, reads=True),
    Endpoint(fields.CONSOLE_DAYS, lists.days, roles=VIEWER, reads=True),
    Endpoint(fields.CONSOLE_RECORDS, lists.records, roles=VIEWER, reads=True),
    Endpoint(
        fields.CONSOLE_RECORD,
        record.record,
        methods=("GET",),
        roles=VIEWER,
        reads=True,
        statuses=record.STATUSES,
    ),
    Endpoint(fields.CONSOLE_SESSIONS, sessions.sessions, reads=True),
    Endpoint(fields.CONSOLE_REVOKE, sessions.revoke),
    Endpoint(fields.CONSOLE_PASSWORD, sessions.password),
    Endpoint(
        fields.CONSOLE_THUMBNAIL,
        thumbnails.thumbnail,
        ("GET",),
        roles=VIEWER,
        reads=True,
        statuses=thumbnails.STATUSES,
    ),
    Endpoint(fields.CONSOLE_SHARES, shares.shares, reads=True),
    Endpoint(fields.CONSOLE_SHARE, shares.share),
    Endpoint(fields.CONSOLE_UNSHARE, shares.unshare),
    Endpoint(fields.LINK, shares.page, ("GET",), Needs.NOTHING_AT_ALL, reads=True, statuses=STATUSES),
    Endpoint(fields.LINK_STREAM, shares.stream, ("GET",), Needs.NOTHING_AT_ALL, statuses=STATUSES),
    Endpoint(fields.LINK_PICTURE, shares.picture, ("GET",), Needs.NOTHING_AT_ALL, reads=True, statuses=STATUSES),
)
