"""The storage port: what the service layer needs of a database, and no more.

One method is one transaction: it happened whole and is on disk when the awaitable fires, or it raised and nothing
happened. Every method may raise :class:`webcam.errors.DatabaseFail`. tests/contract holds every implementation to this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from webcam.model import Account, Draft, Expiry, Message, Page, Record, SavedSession, Settings

RECORD_PART = 256 * 1024
"""A record's data is stored and read in parts of this many bytes; the last one may be shorter."""


class AccountStore(Protocol):
    """Accounts, their settings and their sessions."""

    async def accounts(self) -> list[Account]:
        """Every account, by name."""

    async def account(self, name: str) -> Account | None:
        """The account of this name."""

    async def add_account(self, name: str, password_hash: str) -> int:
        """Its new id. Raises :class:`webcam.errors.AccountExists`."""

    async def set_password(self, name: str, password_hash: str) -> None:
        """Also ends the account's sessions. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def remove_account(self, name: str) -> None:
        """With all that it holds. Raises :class:`webcam.errors.NoSuchAccount`."""

    async def set_settings(self, account_id: int, chosen: Settings) -> None:
        """Replace the values of the kinds in *chosen*; the others stay."""

    async def set_quota(self, name: str, kind: str, value: int | None) -> None:
        """Bound what the account of this name may hold; ``None`` gives it back to the server's default.

        Raises :class:`webcam.errors.NoSuchAccount`.
        """

    async def sessions(self) -> list[SavedSession]:
        """Every saved session, in the order in which they were saved first."""

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        """Add or replace, by digest. One whose account is gone is left out without an error."""

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        """Replace what changes in a session's life, in those that are there: one that was deleted stays deleted."""

    async def end_sessions(self, digests: Sequence[str]) -> None:
        """Delete; a digest that is gone is no error."""


class MessageStore(Protocol):
    """Messages and sync marks. Stamps are assigned within the transaction, so that they never repeat nor step back."""

    async def add_messages(
        self,
        account_id: int,
        device: str,
        now: str,
        drafts: Sequence[Draft],
        mark: str | None,
        bound: int | None = None,
    ) -> str:
        """Store *drafts* of *device*; with a *mark*, raise the device's sync mark to it first: it never falls.

        An empty *mark* acknowledges all that the account holds before *drafts*. The answer is the account's newest
        stamp. Raises :class:`webcam.errors.NoSuchAccount`, and :class:`webcam.errors.QuotaExceeded` when the account
        would hold more than *bound* messages by *drafts*.
        """

    async def messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        """What *device* has to be given, oldest first: without ``page.after``, what is later than its sync mark."""

    async def take_messages(self, account_id: int, device: str, page: Page, expiry: Expiry) -> list[Message]:
        """The same, and the device's sync mark is raised to the last of them."""

    async def expire_messages(self, account_id: int, expiry: Expiry, settle: tuple[float, float], limit: int) -> int:
        """Delete at most *limit* expired messages; the answer is how many.

        ``settle`` is (now, grace) in seconds: a targeted message goes once its target's sync mark has stood past it
        for the grace.
        """


class RecordStore(Protocol):
    """Records."""

    async def add_record(
        self, account_id: int, device: str, meta: str, now: str, data: Sequence[bytes]
    ) -> tuple[int, str]:
        """Store the bytes of *data*, in order; the answer is id and stamp. Raises ``NoSuchAccount``."""

    async def records(self, account_id: int, page: Page, expiry: Expiry) -> list[Record]:
        """Later than ``page.after`` (``None``: all), oldest first."""

    async def record(self, account_id: int, record_id: int, expiry: Expiry) -> Record:
        """Raises :class:`webcam.errors.NoSuchRecord`."""

    async def record_part(self, record_id: int, part: int) -> bytes:
        """One part of a record's data, of :data:`RECORD_PART` bytes. Raises ``NoSuchRecord`` when it is gone."""

    async def delete_records(self, account_id: int, record_ids: Sequence[int], older: bool) -> None:
        """Delete these; with *older*, all of the account older than the oldest of them, too.

        Raises :class:`webcam.errors.NoSuchRecord` and deletes nothing when one is of another account.
        """

    async def expire_records(self, account_id: int, expiry: Expiry, limit: int) -> int:
        """Delete at most *limit* expired records; the answer is how many."""


class Store(AccountStore, MessageStore, RecordStore, Protocol):
    """All of it."""

    async def close(self) -> None:
        """Let running transactions end, then close."""


class Clock(Protocol):
    """Where the service layer gets the time from."""

    def wall(self) -> float:
        """Seconds since the epoch; may step either way."""

    def steady(self) -> float:
        """Seconds since some moment; never steps."""


class Audit(Protocol):
    """Where the service layer tells what an operator may ask for later: who came in, who didn't, what went."""

    def note(self, event: str, **facts: str | int | None) -> None:
        """One event with what is to be known of it; never a password, a token or a secret. Doesn't fail."""
