"""Answers to the console's pages, as :mod:`webcam.wire.replies` has those of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webcam.consolemodel import DatedShare, Day, Posted
from webcam.model import DiskState, Presence, Record
from webcam.wire import fields
from webcam.wire.listtext import ListText
from webcam.wire.replies import device_entry, message_entry, ok, record_entry


def logged_in(account: str, device: str, role: str, disk: DiskState) -> bytes:
    return ok(**_who(account, device, role, disk))


def session(account: str, device: str, role: str, disk: DiskState, time: str) -> bytes:
    return ok(**_who(account, device, role, disk), **{fields.TIME: time})


def _who(account: str, device: str, role: str, disk: DiskState) -> dict[str, str]:
    return {fields.ACCOUNT: account, fields.DEVICE: device, fields.ROLE: role, fields.DISK: disk.value}


def devices(known: Iterable[tuple[Presence, bool, str | None, tuple[str, int] | None]]) -> ListText:
    """*known* holds what a device says of itself, whether it is online, the stamp of when it was last seen, and
    sub-protocol and delta (ms) of its stream."""
    return ListText(fields.DEVICES, (_known_entry(*each) for each in known))


def _known_entry(said: Presence, online: bool, seen: str | None, stream: tuple[str, int] | None) -> dict[str, Any]:
    return {
        **device_entry(said),
        fields.ONLINE: online,
        fields.SEEN: seen,
        fields.STREAM: None if stream is None else {fields.SUBPROTOCOL: stream[0], fields.DELTA: stream[1]},
    }


def messages(found: Iterable[Posted]) -> ListText:
    entries = ({**message_entry(each.message), fields.TARGET: each.target} for each in found)
    return ListText(fields.MESSAGES, entries)


def days(found: Iterable[Day]) -> bytes:
    return ok(**{fields.DAYS: [{fields.DAY: each.day, fields.COUNT: each.count} for each in found]})


def records(found: Iterable[Record]) -> ListText:
    return ListText(fields.RECORDS, map(_record_entry, found))


def _record_entry(found: Record) -> dict[str, Any]:
    entry = record_entry(found.record_id, found.device, found.stamp)
    entry |= {fields.META: found.meta, fields.SIZE: found.size or 0}
    return entry if found.kind is None else {**entry, fields.TYPE: found.kind}


def sessions(found: Iterable[tuple[str, str, str, str, str, bool]]) -> ListText:
    """*found* holds id, device, address, the stamp of when it was last active, role, and whether it is the asking
    one."""
    names = (fields.SESSION_ID, fields.DEVICE, fields.ADDRESS, fields.ACTIVE, fields.ROLE, fields.CURRENT)
    return ListText(fields.SESSIONS, (dict(zip(names, each, strict=True)) for each in found))


def shares(found: Iterable[DatedShare]) -> bytes:
    entries = [
        {
            fields.SHARE_ID: each.share.share_id,
            fields.DEVICE: each.share.device,
            fields.UNTIL: each.until,
            fields.MADE: each.made,
        }
        for each in found
    ]
    return ok(**{fields.SHARES: entries})


def shared(made: DatedShare, token: str) -> bytes:
    return ok(
        **{
            fields.SHARE_ID: made.share.share_id,
            fields.PATH: fields.LINK.replace("{token}", token),
            fields.UNTIL: made.until,
        }
    )
