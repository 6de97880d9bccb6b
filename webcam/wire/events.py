"""Events as Server-Sent Events carry them: what they say, and the ids from which a client goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from webcam.model import DiskState, Event, Message, Presence
from webcam.wire import fields, replies

CONTENT_TYPE = "text/event-stream"

UNSTORED = (fields.DEVICES_ONLINE, fields.STREAMS, fields.LIST_RECORDS)
"""The lists of which some events leave nothing in storage: of the records, that one was removed."""

ALL_LISTS = (*UNSTORED, fields.GET_MESSAGES)

SILENCE = b":\n\n"
"""A comment: it says that the connection lives."""

_ID = re.compile(r"([0-9a-f]{16})-([0-9]{1,18})-((?:[0-9]{20})?)\Z")
_STAMP = re.compile(r"(....)(..)(..)(..)(..)(..)(......)")


@dataclass(frozen=True)
class Cursor:
    """Where a client is. Messages and records were seen up to ``stamp``, whatever runs or not: storage has them.

    What leaves nothing in storage was seen up to ``number`` of the journal that is called ``epoch``.
    """

    epoch: str
    number: int
    stamp: str

    @property
    def text(self) -> str:
        """The id of an event: for a client to show again, not to be understood."""
        return f"{self.epoch}-{self.number}-{''.join(filter(str.isdigit, self.stamp))}"


def parse_cursor(text: str) -> Cursor | None:
    """What :attr:`Cursor.text` gave; ``None`` for all else."""
    match = _ID.match(text)
    if match is None:
        return None
    epoch, number, digits = match.groups()
    return Cursor(epoch, int(number), _STAMP.sub(r"\1-\2-\3 \4:\5:\6.\7", digits))


def block(event: Event, cursor: Cursor) -> bytes:
    """An event, as a client reads it. JSON has no line ends that mean anything; those of stored parameters may be."""
    data = b"\ndata: ".join(event.data.splitlines())
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.text.encode(), event.kind.encode(), data)


def position(cursor: Cursor) -> bytes:
    """No event, only where the client is now."""
    return b"id: %b\n\n" % cursor.text.encode()


def beginning(cursor: Cursor, lists: Iterable[str], retry: int) -> bytes:
    """What comes first: where the client is now, and after how many ms it is to come back when it is cut off.

    If it has to read *lists* anew, the same block says so: whoever has an id knows what it missed before it.
    """
    first = block(reset(lists), cursor) if lists else position(cursor)
    return b"retry: %d\n%b" % (retry, first)


def message(came: Message, target: str) -> Event:
    return _event(fields.MESSAGE_CAME, replies.message_entry(came), came.sender, came.stamp, target)


def record_added(record_id: int, device: str, stamp: str) -> Event:
    return _event(fields.RECORD_ADDED, replies.record_entry(record_id, device, stamp), device, stamp)


def records_removed(record_ids: Sequence[int], before: str) -> Event:
    """These are gone, and all whose stamp is less than *before*."""
    return _event(fields.RECORD_REMOVED, {fields.RECORDS: list(record_ids), fields.STAMP: before})


def device_on(presence: Presence) -> Event:
    return _event(fields.DEVICE_ON, replies.device_entry(presence), presence.device)


def device_off(device: str) -> Event:
    return _event(fields.DEVICE_OFF, {fields.DEVICE: device}, device)


def stream_start(device: str, subprotocol: str, delta: int) -> Event:
    return _event(fields.STREAM_START, replies.stream_entry(device, subprotocol, delta), device)


def stream_end(device: str, errored: bool) -> Event:
    return _event(fields.STREAM_ERROR if errored else fields.STREAM_END, {fields.DEVICE: device}, device)


def disk(state: DiskState) -> Event:
    """The server's disk is in this state from now on."""
    return _event(fields.DISK_CHANGED, {fields.STATE: state.value})


def reset(lists: Iterable[str]) -> Event:
    """Events of these lists may be missing: they are to be read anew."""
    return _event(fields.RESET, {fields.LISTS: list(lists)})


def _event(kind: str, data: dict[str, Any], device: str = "", stamp: str = "", target: str | None = None) -> Event:
    return Event(kind, orjson.dumps(data), device, stamp, target)
