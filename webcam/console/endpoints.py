"""The paths that the console's pages ask for, beside the protocol's."""

from __future__ import annotations

from webcam.api.guard import EVERYBODY, Endpoint, Needs
from webcam.console import login
from webcam.wire import fields

ENDPOINTS = (
    Endpoint(fields.CONSOLE_LOGIN, login.login, needs=Needs.NOTHING),
    Endpoint(fields.CONSOLE_SESSION, login.session, needs=Needs.OPTIONAL, roles=EVERYBODY),
    Endpoint(fields.CONSOLE_LOGOUT, login.logout, needs=Needs.NOTHING),
)
