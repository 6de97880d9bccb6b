"""Answers: our values to the protocol's JSON, in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from webcam.errors import ReplyCode
from webcam.model import SETTING_KINDS, Message, Presence, Record, Settings
from webcam.wire import fields
from webcam.wire.listtext import ListText


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
    return ok(**{fields.MESSAGES: [message_entry(each) for each in found]})


def message_entry(found: Message) -> dict[str, Any]:
    """One of :func:`messages`."""
    return {
        fields.MESSAGE: found.name,
        fields.DEVICE: found.sender,
        fields.STAMP: found.stamp,
        fields.PARAMS: orjson.Fragment(found.params),
    }


def message_size(found: Message) -> int:
    """Bytes that it takes in :func:`messages`, with what parts it from the next one."""
    return len(orjson.dumps(message_entry(found))) + 1


def records(found: Iterable[Record]) -> bytes:
    return ok(**{fields.RECORDS: [record_entry(each.record_id, each.device, each.stamp) for each in found]})


def record_entry(record_id: int, device: str, stamp: str) -> dict[str, Any]:
    """One of :func:`records`."""
    return {fields.RECORD_ID: record_id, fields.DEVICE: device, fields.STAMP: stamp}


def record_size(found: Record) -> int:
    """Bytes that it takes in :func:`records`, with what parts it from the next one."""
    return len(orjson.dumps(record_entry(found.record_id, found.device, found.stamp))) + 1


def record(found: Record) -> bytes:
    return ok(**{fields.DEVICE: found.device, fields.META: found.meta, fields.STAMP: found.stamp})


def devices(online: Iterable[Presence]) -> ListText:
    return ListText(fields.DEVICES, map(device_entry, online))


def device_entry(online: Presence) -> dict[str, Any]:
    """One of :func:`devices`."""
    return {fields.DEVICE: online.device, fields.META: online.meta}


def streams(live: Iterable[tuple[str, str, int]]) -> ListText:
    """*live* holds device, sub-protocol and delta (ms)."""
    return ListText(fields.DEVICES, (stream_entry(*each) for each in live))


def stream_entry(device: str, subprotocol: str, delta: int) -> dict[str, Any]:
    """One of :func:`streams`."""
    return {fields.DEVICE: device, fields.SUBPROTOCOL: subprotocol, fields.DELTA: delta}
