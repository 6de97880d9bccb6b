"""Answers to the console's pages, as :mod:`webcam.wire.replies` has those of the protocol."""

from __future__ import annotations

from webcam.wire import fields
from webcam.wire.replies import ok


def logged_in(account: str, device: str, role: str) -> bytes:
    return ok(**{fields.ACCOUNT: account, fields.DEVICE: device, fields.ROLE: role})


def session(account: str, device: str, role: str, time: str) -> bytes:
    return ok(**{fields.ACCOUNT: account, fields.DEVICE: device, fields.ROLE: role, fields.TIME: time})
