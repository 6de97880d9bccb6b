"""Answers: our values to the protocol's JSON, in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from webcam.errors import ReplyCode
from webcam.model import SETTING_KINDS, Message, Presence, Record, Settings
from webcam.wire import fields


def ok(**more: Any) -> bytes:
    """A good answer with these keys."""
    return orjson.dumps({**more, fields.RESULT: fields.OK})


OK = ok()


def bad(code: ReplyCode) -> bytes:
    """A bad answer."""
    return orjson.dumps({fields.RESULT: fields.BAD, fields.CODE: int(code)})


def authorized(token: str) -> bytes:
    return ok(**{fields.TOKEN: token})


def server_time(stamp: str) -> bytes:
    return ok(**{fields.STAMP: stamp})


def settings(values: Settings) -> bytes:
    entries = [
        {
            fields.KIND: kind,
            fields.DESCRIPTION: each.description,
            fields.MINIMUM: float(each.minimum),
            fields.MAXIMUM: float(each.maximum),
            fields.DEFAULT: float(each.default),
            fields.VALUE: float(values[kind]),
        }
        for kind, each in SETTING_KINDS.items()
    ]
    return ok(**{fields.SETTINGS: entries})


def messages(found: Iterable[Message]) -> bytes:
    """``params`` go out as the text that was stored: equal to what came in, whatever numbers it holds."""
    entries = [
        {
            fields.MESSAGE: each.name,
            fields.DEVICE: each.sender,
            fields.STAMP: each.stamp,
            fields.PARAMS: orjson.Fragment(each.params),
        }
        for each in found
    ]
    return ok(**{fields.MESSAGES: entries})


def records(found: Iterable[Record]) -> bytes:
    entries = [
        {fields.RECORD_ID: each.record_id, fields.DEVICE: each.device, fields.STAMP: each.stamp} for each in found
    ]
    return ok(**{fields.RECORDS: entries})


def record(found: Record) -> bytes:
    return ok(**{fields.DEVICE: found.device, fields.META: found.meta, fields.STAMP: found.stamp})


def devices(online: Iterable[Presence]) -> bytes:
    entries = [{fields.DEVICE: each.device, fields.META: each.meta} for each in online]
    return ok(**{fields.DEVICES: entries})


def streams(live: Iterable[tuple[str, str, int]]) -> bytes:
    """*live* holds device, sub-protocol and delta (ms)."""
    entries = [
        {fields.DEVICE: device, fields.SUBPROTOCOL: subprotocol, fields.DELTA: delta}
        for device, subprotocol, delta in live
    ]
    return ok(**{fields.DEVICES: entries})
