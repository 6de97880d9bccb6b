"""The values that the rest passes around: frozen, without behaviour that needs a clock, a socket or a database.

Times are seconds since the epoch (float) unless they are stamps. A stamp is server time in UTC as text,
``YYYY-MM-DD HH:MM:SS.ffffff``, compared as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property

_EPOCH = datetime.fromisoformat("1970-01-01")  # in UTC, as every moment here
_STAMP_FORM = "0001-01-01 00:00:00.000000"
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")

EARLIEST_STAMP, LATEST_STAMP = "1900", "9000"
"""Stamps lie between these: far enough from the ends of the calendar that others can follow."""


def stamp_of(seconds: float) -> str:
    """The stamp of a time in seconds since the epoch."""
    return text_of(_EPOCH + timedelta(seconds=seconds))


def text_of(moment: datetime) -> str:
    """The same, of a moment in UTC."""
    return moment.isoformat(" ", "microseconds")


def next_stamp(now: str, last: str) -> str:
    """The stamp for something that happens at *now* after something stamped *last*: always greater than *last*.

    Where the clock stands at or before *last* (it stepped back, or two things share a microsecond) it is the next
    microsecond after *last*. *last* may lack digits of its time of day, or be empty.
    """
    if now > last:
        return now
    whole = last + _STAMP_FORM[len(last) :]
    moment = datetime.fromisoformat(whole)
    return text_of(moment + timedelta(microseconds=1))


def is_stamp(text: str) -> bool:
    """Return whether another stamp can follow this one; it may have less than six digits behind its second, or none."""
    if not EARLIEST_STAMP <= text < LATEST_STAMP or not _STAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[: len("YYYY-MM-DD HH:MM:SS")])
    except ValueError:
        return False
    return True


def stamp_before(stamp: str) -> str:
    """The microsecond before a whole stamp."""
    return text_of(datetime.fromisoformat(stamp) - timedelta(microseconds=1))


@dataclass(frozen=True)
class SettingKind:
    """An option that an account sets for itself: what it is called and the bounds of its value."""

    kind: int
    description: str
    minimum: float
    maximum: float
    default: float


RECORD_DAYS, SESSION_MINUTES, SESSION_REQUESTS, MINUTE_REQUESTS, BROADCAST_HOURS, MESSAGE_DAYS = range(1, 7)

SETTING_KINDS: dict[int, SettingKind] = {
    each.kind: each
    for each in (
        SettingKind(RECORD_DAYS, "old records timeout (days)", 0.004, 168, 30),
        SettingKind(SESSION_MINUTES, "dead sessions timeout (minutes)", 3, 30, 10),
        SettingKind(SESSION_REQUESTS, "max requests for session", 200, 10000, 1500),
        SettingKind(MINUTE_REQUESTS, "max reqs per min for session", 20, 200, 50),
        SettingKind(BROADCAST_HOURS, "broadcasts lifetime (hr)", 1, 750, 125),
        SettingKind(MESSAGE_DAYS, "overall messages lifetime (days)", 1, 120, 30),
    )
}

Settings = dict[int, float]
"""Kind to value, whole: every kind of :data:`SETTING_KINDS` is a key."""


def whole_settings(chosen: Settings) -> Settings:
    """*chosen* with the defaults for what it leaves open."""
    return {kind: chosen.get(kind, each.default) for kind, each in SETTING_KINDS.items()}


QUOTA_RECORDS, QUOTA_RECORD_BYTES = "records", "record_bytes"
QUOTA_MESSAGES, QUOTA_MESSAGE_BYTES = "messages", "message_bytes"
QUOTA_DEVICES, QUOTA_SESSIONS, QUOTA_STREAMS = "devices", "sessions", "streams"
"""Kinds of quotas: records and their bytes are kept up to them, messages and their bytes taken up to them; devices that
are online, sessions and streams are so many at once."""

LARGEST = 2**62
"""Ids, counts and bounds are not above it: half of what a database can count to, so that whatever is added fits."""

Quotas = dict[str, int]
"""Kind to bound, of the kinds that are set for an account; 0 is no bound, whatever the server's default."""


@dataclass(frozen=True)
class Bounds:
    """What each account may hold where nothing is set for it; 0 is no bound. ``keep_free``: bytes of the disk that
    records leave free; ``None``: as many as the disk makes sensible, see :mod:`webcam.service.disk_space`."""

    messages: int = 2_000_000
    records: int = 0
    record_bytes: int = 0
    keep_free: int | None = None
    devices: int = 1_000
    sessions: int = 10_000
    streams: int = 1_000
    message_bytes: int = 256 * 1024 * 1024

    @property
    def quotas(self) -> Quotas:
        """Those of an account."""
        return {
            QUOTA_MESSAGES: self.messages,
            QUOTA_MESSAGE_BYTES: self.message_bytes,
            QUOTA_RECORDS: self.records,
            QUOTA_RECORD_BYTES: self.record_bytes,
            QUOTA_DEVICES: self.devices,
            QUOTA_SESSIONS: self.sessions,
            QUOTA_STREAMS: self.streams,
        }


@dataclass(frozen=True)
class Usage:
    """What an account holds; ``record_bytes`` is the size of its records' data, ``message_bytes`` that of the texts of
    its messages."""

    messages: int = 0
    records: int = 0
    record_bytes: int = 0
    message_bytes: int = 0


@dataclass(frozen=True)
class Account:
    """An account as storage knows it. ``last_stamp`` is its newest stamp.

    ``generation`` rises whenever its sessions end: with another password, and when it is disabled.
    """

    account_id: int
    name: str
    password_hash: str
    generation: int
    last_stamp: str
    settings: Settings
    quotas: Quotas = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    disabled: bool = False


class Role(Enum):
    """What a session may do: all that its account may, or less. The edge knows which requests each role may make."""

    FULL = "full"
    PUBLISH = "publish"
    VIEW = "view"


@dataclass(frozen=True)
class Secret:
    """A login of an account that may do less than its password's. ``label`` is its name within the account.

    ``devices``: those that a publishing one may log in as, those that a viewing one may see; empty: any.
    ``every_frame``: whether a viewing one may have every frame of a stream, which can slow its publisher.
    """

    secret_id: int
    label: str
    role: Role
    devices: frozenset[str]
    every_frame: bool = False


SESSION_ID = 12
"""Hexadecimal digits of a session's digest that are its id for people: they open nothing."""


@dataclass(frozen=True)
class SavedSession:
    """A session as storage keeps it. ``digest`` is the SHA-256 of the token, in hex: a stolen database opens nothing.

    ``active`` is the running time (µs) at which it was last active. ``given`` is the newest stamp of a message that the
    session was given, ``None`` while it asked for none. ``secret`` is what opened it, ``None`` for the account's
    password.
    """

    digest: str
    account_id: int
    device: str
    meta: str
    address: str
    active: int
    requests: int
    given: str | None
    secret: Secret | None = None


@dataclass(frozen=True)
class Draft:
    """A message on its way in. ``target`` is empty for a broadcast; ``params`` is JSON text of an object or array."""

    name: str
    target: str
    params: str

    @cached_property
    def texts_size(self) -> int:
        """Bytes of its texts in UTF-8, computed once."""
        return sum(len(each.encode()) for each in (self.target, self.name, self.params))

    def size(self, sender: str) -> int:
        """Bytes that the message counts: those of its texts in UTF-8, *sender* among them."""
        return self.texts_size + (len(sender) if sender.isascii() else len(sender.encode()))


NO_DEVICE = ""
"""The device of a session that is of none: no device can log in by this name."""


@dataclass(frozen=True)
class Message:
    """A stored message."""

    stamp: str
    sender: str
    name: str
    params: str


@dataclass(frozen=True)
class Record:
    """A stored picture or clip without its data. ``size`` in bytes; ``None`` where there are no data at all.

    ``kind`` is the content type of the data, ``None`` for records of a time when it was not stored.
    """

    record_id: int
    device: str
    meta: str
    stamp: str
    size: int | None
    kind: str | None = None


@dataclass(frozen=True)
class Incoming:
    """A record whose data came part by part; ``size`` in bytes."""

    account_id: int
    device: str
    meta: str
    size: int


@dataclass(frozen=True)
class Presence:
    """A device that is online."""

    device: str
    meta: str


@dataclass(frozen=True)
class Event:
    """Something that happened in an account. ``data`` is JSON in UTF-8, as the protocol's answers spell it.

    ``stamp`` is that of the message or record which was stored; an event that leaves nothing in storage has none.
    ``device`` is whose event it is: of a message, the sender. Messages alone have a ``target``, empty for a broadcast.
    ``running`` is the running time (µs) at which it was stored, ``None`` where storage was asked for it just now.
    """

    kind: str
    data: bytes
    device: str = ""
    stamp: str = ""
    target: str | None = None
    running: int | None = None


def is_for(device: str, sender: str, target: str) -> bool:
    """Whether a message is given to *device*: it is the target, or one of all but the sender of a broadcast."""
    return target == device if target else sender != device


@dataclass(frozen=True)
class Moment:
    """When something is stored: its stamp, where that is later than the account's newest, and its running time (µs)."""

    stamp: str
    running: int


@dataclass(frozen=True)
class Expiry:
    """What an account no longer keeps: everything stored before these running times (µs)."""

    records: int
    broadcasts: int
    messages: int


KEEP_ALL = Expiry(0, 0, 0)
"""Nothing is expired."""


@dataclass(frozen=True, order=True)
class Aged:
    """A record as retention sees it; ``size`` in bytes. In order by age."""

    stamp: str
    account_id: int
    record_id: int
    size: int


@dataclass(frozen=True)
class FileSpace:
    """Bytes of the database, how many of them are free for what comes, and by how many its files have still to grow:
    for what is in the log, and for the log."""

    size: int
    free: int
    growth: int = 0


class DiskState(Enum):
    """How much space a disk has left, in the words that pages and clients are told."""

    FINE = "fine"
    LOW = "low"
    FULL = "full"


@dataclass(frozen=True)
class Room:
    """Bytes of a disk."""

    free: int
    total: int


@dataclass(frozen=True)
class Held:
    """What an account has on the disk, in bytes: of records and messages, and of those records that may be deleted to
    make room, which are all but its newest."""

    account_id: int
    size: int
    deletable: int


EARLIER_RELEASE = "earlier_release"
"""The fact that a database was made by a release that kept no space free by default; its value is that version."""

KEEP_FREE_RECOMMENDED = "keep_free_recommended"
"""The fact that the operator of such a database was recommended to keep some; its value is how many bytes."""


@dataclass(frozen=True)
class Swept:
    """What one run of the retention rules deleted."""

    messages: int = 0
    records: int = 0

    def __bool__(self) -> bool:
        return bool(self.messages or self.records)


PAGE_BYTES = 1024 * 1024
"""Bytes of JSON text at which a page of messages or records ends; it holds one entry at least."""


@dataclass(frozen=True)
class Page:
    """Where a list starts and how long it may be. ``after`` is a stamp, or ``None`` for the device's sync mark.

    It ends before its entries pass ``size`` bytes of JSON text as they are sent, but holds one at least.
    """

    after: str | None
    limit: int = 32
    size: int = PAGE_BYTES
