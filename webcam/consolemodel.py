"""The values that people look at: frozen, as those of :mod:`webcam.model`, which devices need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webcam.model import Message, text_of


@dataclass(frozen=True)
class Thread:
    """Which messages between two devices are wanted: at most *limit*, all of them before the stamp *before*.

    ``before`` is empty for the newest.
    """

    device: str
    other: str
    before: str
    limit: int


@dataclass(frozen=True)
class Posted:
    """A message as both its ends see it; ``target`` is empty for a broadcast."""

    message: Message
    target: str


@dataclass(frozen=True)
class Window:
    """A part of a list of records, newest first: stamped from *after* on and before *before*, past the first *skip*.

    Either stamp may be empty: no bound.
    """

    after: str
    before: str
    skip: int
    limit: int


@dataclass(frozen=True)
class Day:
    """A day, ``YYYY-MM-DD`` somewhere in the world, and how many records are of it."""

    day: str
    count: int


@dataclass(frozen=True)
class Seen:
    """A device that was there: ``active`` is the running time (µs) at which it last was, ``meta`` what it said of
    itself. ``secret_id`` is that of the secret by which it logged in, ``None`` for the account's password.

    ``only_known``: it counts for a device that is remembered, and makes no other one known.
    """

    account_id: int
    device: str
    meta: str
    active: int
    secret_id: int | None = None
    only_known: bool = False


@dataclass(frozen=True)
class Share:
    """A link that shows the stream of one device to whoever has it.

    ``stored`` is the running time (µs) at which it was made, ``lasts`` is how long it works (µs).
    """

    share_id: int
    account_id: int
    device: str
    stored: int
    lasts: int


@dataclass(frozen=True)
class DatedShare:
    """A link with the stamps from which and until which it works, as people read them."""

    share: Share
    made: str
    until: str


def day_of(stamp: str, offset: int) -> str:
    """The day of a whole stamp, ``YYYY-MM-DD``, where clocks are *offset* minutes ahead of UTC."""
    return (datetime.fromisoformat(stamp) + timedelta(minutes=offset)).date().isoformat()


def beginning_of(day: str, offset: int) -> str:
    """The first stamp of such a day."""
    return text_of(datetime.fromisoformat(day) - timedelta(minutes=offset))
