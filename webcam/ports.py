"""What the service layer needs of a database, and of disk, clock and audit log, and no more.

One method of a store is one transaction: it happened whole and is on disk when the awaitable fires, or it raised and
nothing happened. Every method of one may raise :class:`webcam.errors.DatabaseFail`. tests/contract holds every
implementation to this.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from webcam.calendar import ClockState
from webcam.consolemodel import Day, Posted, Seen, Share, Thread, Window
from webcam.model import (
    Account,
    Aged,
    Draft,
    Expiry,
    FileSpace,
    Held,
    Incoming,
    Message,
    Moment,
    Page,
    Record,
    Role,
    Room,
    SavedSession,
    Secret,
    Settings,
    Usage,
)

ALL_DEVICES: frozenset[str] = frozenset()
"""Where devices are named to see them alone, none named are all."""

RECORD_PART = 256 * 1024
"""A record's data is stored and read in parts of this many bytes; the last one may be shorter."""


class AccountStore(Protocol):
    """Accounts, their settings, their secrets and their sessions."""

    async def accounts(self) -> list[Account]:
        """Every account, by name."""

    async def version(self) -> tuple[int, ...]:
        """Return a value that is another one when anything was stored, by whatever process, since it was asked for: but
        for the activity of sessions, and perhaps when nothing was."""

    async def account(self, name: str) -> Account | None:
        """The account of this name."""

    async def add_account(self, name: str, password_hash: str) -> int:
        """Its new id. Raises :class:`webcam.errors.AccountExists`."""

    async def set_password(self, name: str, password_hash: str) -> None:
        """Also ends the account's sessions. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def change_password(self, account_id: int, checked: str, password_hash: str, keep: str) -> bool:
        """Put another password's hash in the place of the one that was checked, if that is still there: whether it was.

        It ends the account's sessions but that with the digest *keep*.
        """

    async def rehash(self, account_id: int, checked: str, password_hash: str) -> None:
        """Put another hash of the same password in the place of the one that was checked, if that is still there."""

    async def set_disabled(self, name: str, disabled: bool) -> None:
        """Disabling also ends the account's sessions. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def remove_account(self, name: str) -> None:
        """With all that it holds. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        """Replace the values of the kinds in *chosen*; the others stay."""

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        """Bound what the account of this name may hold; ``None`` gives it back to the server's default.

        Raises :class:`webcam.errors.NoSuchAccount`.
        """

    async def add_secret(
        self, name: str, label: str, digest: str, role: Role, devices: frozenset[str], every_frame: bool = False
    ) -> int:
        """A secret of the account of this name, known by its digest; its new id.

        Raises :class:`webcam.errors.NoSuchAccount`, :class:`webcam.errors.SecretExists`.
        """

    async def secrets(self, name: str) -> list[Secret]:
        """The account's secrets, by label. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def secret(self, name: str, digest: str) -> Secret | None:
        """The secret of the account of this name that has this digest."""

    async def remove_secret(self, name: str, label: str) -> None:
        """Also revokes its sessions.

        Raises :class:`webcam.errors.NoSuchAccount`, :class:`webcam.errors.NoSuchSecret`.
        """

    async def sessions(self) -> list[SavedSession]:
        """Every saved session, in the order in which they were saved first."""

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        """Add or replace, by digest. One whose account or secret is gone is left out without an error."""

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        """Replace what changes in a session's life, in those that are there: one that was deleted stays deleted."""

    async def end_sessions(self, digests: Sequence[str]) -> None:
        """Delete; a digest that is gone is no error."""

    async def revoke_sessions(self, name: str, device: str | None) -> int:
        """Delete the account's sessions, or those of a device, and remember that they have to end; how many.

        Raises :class:`webcam.errors.NoSuchAccount`.
        """

    async def revoked_sessions(self) -> list[str]:
        """The digests of sessions that were revoked and not forgotten yet."""

    async def forget_revoked(self, digests: Sequence[str]) -> None:
        """They have ended."""


class MessageStore(Protocol):
    """Messages and sync marks. Stamps are assigned within the transaction, so that they never repeat nor step back."""

    async def add_messages(
        self,
        account_id: int,
        device: str,
        now: Moment,
        drafts: Sequence[Draft],
        mark: str | None,
        bound: int | None = None,
        byte_bound: int | None = None,
    ) -> str:
        """Store *drafts* of *device*; with a *mark*, raise the device's sync mark to it first: it never falls.

        An empty *mark* acknowledges all that the account holds before *drafts*. The answer is the account's newest
        stamp: that of the last draft, and those before it have one microsecond less each. Raises
        :class:`webcam.errors.NoSuchAccount`, and :class:`webcam.errors.QuotaExceeded` when the account would hold more
        than *bound* messages by *drafts*, or more than *byte_bound* bytes of them.
        """

    async def messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        """What *device* has to be given, oldest first: without ``page.after``, what is later than its sync mark."""

    async def take_messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        """The same, and the device's sync mark is raised to the last of them."""

    async def expire_messages(self, account_id: int, expiry: Expiry, settle: tuple[int, int], limit: int) -> int:
        """Delete at most *limit* expired messages; the answer is how many.

        ``settle`` is (now, grace) in microseconds of running time: a targeted message goes once its target's sync mark
        has stood past it for the grace.
        """


class RecordStore(Protocol):
    """Records."""

    async def add_record(
        self, account_id: int, device: str, meta: str, now: Moment, data: Sequence[bytes]
    ) -> tuple[int, str]:
        """Store the bytes of *data*, in order; the answer is id and stamp. Raises ``NoSuchAccount``."""

    async def begin_upload(self) -> int:
        """The id of a record that comes part by part; it is in no list before :meth:`end_upload`."""

    async def upload_part(self, record_id: int, part: int, data: bytes) -> None:
        """One part of it, of :data:`RECORD_PART` bytes, in order from 0."""

    async def end_upload(self, record_id: int, record: Incoming, now: Moment, tail: bytes) -> str:
        """The record is there, with *tail* as its last part, if it isn't empty. The answer is its stamp.

        Raises ``NoSuchAccount``, and ``DatabaseFail`` when not all of its parts are there.
        """

    async def give_up_uploads(self, record_ids: Sequence[int] | None) -> None:
        """There will be no such records: their parts may go. ``None``: all that were begun."""

    async def records(
        self, account_id: int, page: Page, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        """Later than ``page.after`` (``None``: all), oldest first; with *devices*, theirs alone."""

    async def record(
        self, account_id: int, record_id: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> Record:
        """Raises :class:`webcam.errors.NoSuchRecord`, with *devices* also for a record of none of them."""

    async def record_part(self, record_id: int, part: int) -> bytes:
        """One part of a record's data, of :data:`RECORD_PART` bytes. Raises ``NoSuchRecord`` when it is gone."""

    async def kept_records(self, record_ids: Sequence[int]) -> set[int]:
        """Those of them that there are, of whatever account."""

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> str:
        """Delete these; with *older*, all of the account older than the oldest of them, too.

        The answer is the stamp before which all are gone by that, empty without *older*, or if none of them was there.
        Raises :class:`webcam.errors.NoSuchRecord` and deletes nothing when one is of another account.
        """

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> tuple[int, str]:
        """Delete at most *limit* expired records, the oldest.

        Return how many, and the stamp before which all are gone by that; empty when there was none.
        """


class ConsoleStore(Protocol):
    """What people look at: lists from their newest end, devices that were there, and links that share a stream."""

    async def newest_records(
        self, account_id: int, window: Window, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Record]:
        """Newest first; with *devices*, theirs alone."""

    async def record_days(
        self, account_id: int, offset: int, expiry: Expiry, devices: frozenset[str] = ALL_DEVICES
    ) -> list[Day]:
        """Days with records, newest first, where clocks are *offset* minutes ahead of UTC."""

    async def thread(self, account_id: int, thread: Thread, expiry: Expiry) -> list[Posted]:
        """What either device sent to the other, or to all, newest first."""

    async def saw_devices(self, seen: Sequence[Seen], kept: int, kept_of_secret: int) -> None:
        """Remember these: a device's newest stamp, with the metadata that came with it.

        Of an account the newest *kept* are remembered, and of those that logged in by one secret *kept_of_secret*. One
        whose account is gone is left out without an error; one whose secret is gone is as one by password.
        """

    async def forget_device(self, account_id: int, device: str) -> None:
        """Remember it no longer. One that isn't remembered is no error."""

    async def seen_devices(self, account_id: int) -> list[Seen]:
        """Those that are remembered, newest first."""

    async def add_share(self, share: Share, digest: str, bound: int) -> int:
        """A link whose token has this digest; its new id, whatever ``share_id`` says.

        Raises :class:`webcam.errors.NoSuchAccount`, and :class:`webcam.errors.QuotaExceeded` when the account has
        *bound* links already.
        """

    async def shares(self, account_id: int) -> list[Share]:
        """Return the account's links in the order in which they were made."""

    async def all_shares(self) -> list[Share]:
        """Return the links of all accounts."""

    async def share(self, digest: str) -> Share | None:
        """Return the link whose token has this digest, if its account may be used."""

    async def good_shares(self, share_ids: Sequence[int]) -> list[Share]:
        """Return the links of these ids that :meth:`share` would find."""

    async def remove_share(self, account_id: int, share_id: int) -> bool:
        """Whether it was there."""

    async def remove_shares(self, share_ids: Sequence[int]) -> None:
        """Remove links of any account; an id that is gone is no error."""


class ThumbnailStore(Protocol):
    """Small pictures of records. They can be made anew: where they can't be kept they are not, and nothing fails."""

    async def thumbnail(self, record: Record) -> bytes | None:
        """What is kept for this very record, if anything is: in a database that is gone, its id was another's."""

    async def keep(self, record: Record, data: bytes) -> None:
        """In place of what is kept for it; empty *data* say that there is none. Others may go for it, the oldest."""

    async def forget(self, record_ids: Collection[int]) -> None:
        """Those that are not kept are no error."""

    async def kept(self, after: int, limit: int) -> list[int]:
        """For which records something is kept, by id, those above *after*; at most *limit* of them."""


class ClockStore(Protocol):
    """What is known of time, over restarts. Running times are in microseconds (:mod:`webcam.calendar`)."""

    async def clock_state(self) -> ClockState | None:
        """Return what was saved; ``None`` before the first time."""

    async def save_clock(self, state: ClockState) -> None:
        """Replace what was saved."""

    async def newest_running(self) -> int:
        """Return the greatest running time of anything that is stored; 0 when nothing is."""

    async def cursor_stamp(self) -> str:
        """Return the stamp after which no cursor was handed out; empty when none was."""

    async def remember_cursor(self, stamp: str) -> None:
        """Remember that cursors up to *stamp* may have been handed out, once :meth:`save_clock` was called."""

    async def trusted_clock(self) -> int | None:
        """Return the wall time (µs) at which the operator trusted the clock, until :meth:`forget_trusted`."""

    async def forget_trusted(self) -> None:
        """Forget that the operator trusts the clock: it is known."""


class SweepStore(Protocol):
    """What takes away, a step at a time, what has to go."""

    @property
    def held(self) -> float:
        """For how many seconds the last step that took something away kept others from writing."""

    async def usage(self, account_id: int) -> Usage:
        """What the account holds; nothing when it is gone."""

    async def count_expired(self, account_id: int, expiry: Expiry, limit: int) -> int:
        """Return how many messages and records of the account are expired by age; *limit* if there are more."""

    async def oldest_records(self, account_ids: Sequence[int], limit: int) -> list[Aged]:
        """At most *limit* records of these accounts, oldest first: never the newest one of an account."""

    async def holdings(self) -> list[Held]:
        """What each account has on the disk."""

    async def facts(self) -> dict[str, str]:
        """What is to be known of the database itself, by name."""

    async def set_fact(self, name: str, value: str) -> None:
        """Remember it, in place of what was known by this name."""

    async def remove_records(self, record_ids: Sequence[int]) -> dict[int, Usage]:
        """Delete these, whosever they are; the answer is what of them was there, by account."""

    async def drop_parts(self, limit: int) -> int:
        """Delete parts of records that are in no list any more: as many as the answer says, at most *limit*."""

    async def space(self) -> FileSpace:
        """How large the database is."""

    async def give_back(self, size: int) -> int:
        """Give about *size* free bytes of the database back to the disk; the answer is how many it were."""

    async def trim_log(self) -> None:
        """Let what is kept beside the database for writes be small again, if nobody needs it now."""


class Store(AccountStore, MessageStore, RecordStore, ConsoleStore, ClockStore, SweepStore, Protocol):
    """All of it."""

    async def close(self) -> None:
        """Let running transactions end, then close."""


class Disk(Protocol):
    """The disk that the database is on."""

    def room(self) -> Room:
        """As it is now."""


class Clock(Protocol):
    """Where the service layer gets the time from."""

    def wall(self) -> float:
        """Seconds since the epoch; may step either way."""

    def steady(self) -> float:
        """Seconds since some moment; never steps."""


class Audit(Protocol):
    """Where the service layer tells what an operator may ask for later: who came in, who didn't, what went."""

    def note(self, event: str, **facts: str | int | None) -> None:
        """One event with what is to be known of it; never a password, a token or a secret. Doesn't fail.

        An ``account`` is named by its name, or by its id. A fact that is ``None`` is left out.
        """
