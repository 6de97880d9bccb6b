"""Events: what happens in an account, told at once to whoever follows it, and to who waits for a message.

Messages and records are in storage, with stamps that rise; whoever comes back is told of all of them that are later
than the last one it knows. Of the rest the account's journal holds the newest, while the server runs; when some may be
missing, that is told instead.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from twisted.internet.interfaces import IReactorTime

from webcam.errors import Overloaded, Unavailable
from webcam.model import DiskState, Draft, Event, Message, Page, Presence, Role, is_for, stamp_before
from webcam.ports import MessageStore, RecordStore
from webcam.relay.follower import Beginning, Follower
from webcam.relay.journal import Journal
from webcam.relay.stream import Stream
from webcam.relay.subscriber import Sink
from webcam.service.ages import Ages
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.service.stamps import Stamps
from webcam.service.waiting import Waiter
from webcam.wire import events
from webcam.wire.events import Cursor, parse_cursor

T = TypeVar("T")
V = TypeVar("V")

PER_SESSION = 8
"""Followers and waiting requests of one session."""

PER_ACCOUNT = 2000
"""The same of one account."""

AT_ONCE, BYTES_AT_ONCE = 500, 64 * 1024
"""Messages of one request, and bytes of them, that followers are told of at once."""

PAGE = 32
"""Messages, and records, of one look into storage."""


class EventStore(MessageStore, RecordStore, Protocol):
    """What is read for who comes back."""


def may_know(session: Session, event: Event) -> bool:
    """Whether it is for *session* to know: what the requests that its role may make would tell it."""
    if event.target is not None:
        return session.is_device and is_for(session.device, event.device, event.target)
    return session.role is not Role.PUBLISH and (not event.device or session.may_see(event.device))


class Events:
    """The journals, the followers and the waiting requests of every account.

    A journal begins with the first follower of its account. It ends with the account (:meth:`keep`).
    ``on_records_removed`` is called with what :meth:`records_removed` was told, of whatever account.
    """

    def __init__(self, store: EventStore, sessions: Sessions, ages: Ages, stamps: Stamps, clock: IReactorTime) -> None:
        self._store = store
        self._sessions = sessions
        self._ages = ages
        self._stamps = stamps
        self._clock = clock
        self._journals: dict[int, Journal] = {}
        self._followers: dict[int, dict[Follower, None]] = {}
        self._waiters: dict[int, dict[Waiter, str]] = {}
        self._open: Counter[str | int] = Counter()
        self._anew = False
        self._closed = False
        self.on_records_removed: Callable[[Collection[int], str], None] = lambda _record_ids, _before: None

    # What happens

    def messages(self, account_id: int, sender: str, drafts: Sequence[Draft], newest: str) -> None:
        """These were stored; the last of them has the stamp *newest*, and those before it one microsecond less each.

        Of very many the first are left to storage, where followers read them: telling of all would take too long, and
        nothing else of the account may be told of in between.
        """
        targets = {each.target for each in drafts}
        for waiter, device in list(self._waiters.get(account_id, {}).items()):
            if any(is_for(device, sender, each) for each in targets & {"", device}):
                waiter.wake()
        if account_id not in self._journals:
            return
        told, stamps = _last_of(drafts), [newest]
        while len(stamps) < len(told):
            stamps.append(stamp_before(stamps[-1]))
        if len(told) < len(drafts):
            self._journals[account_id].leave_out(stamp_before(stamps[-1]))
        for draft, stamp in zip(told, reversed(stamps), strict=True):
            self._tell(account_id, events.message(Message(stamp, sender, draft.name, draft.params), draft.target))

    def record_added(self, account_id: int, record_id: int, device: str, stamp: str) -> None:
        """This one was stored."""
        if account_id in self._journals:
            self._tell(account_id, events.record_added(record_id, device, stamp))

    def records_removed(self, account_id: int, record_ids: Collection[int], before: str) -> None:
        """These are gone, and all whose stamp is less than *before*, which may be empty."""
        self.on_records_removed(record_ids, before)
        if account_id in self._journals:
            self._tell(account_id, events.records_removed(sorted(record_ids), before))

    def device_on(self, account_id: int, presence: Presence) -> None:
        """A device came online, or its metadata are others now."""
        if account_id in self._journals:
            self._tell(account_id, events.device_on(presence))

    def device_off(self, account_id: int, device: str) -> None:
        """Its last session ended."""
        if account_id in self._journals:
            self._tell(account_id, events.device_off(device))

    def disk_changed(self, state: DiskState) -> None:
        """The server's disk is in another state: every account is told."""
        for account_id in self._journals:
            self._tell(account_id, events.disk(state))

    def stream_start(self, account_id: int, stream: Stream) -> None:
        """It is listed from now on."""
        if account_id in self._journals:
            self._tell(account_id, events.stream_start(stream.device, stream.subprotocol, stream.delta))

    def stream_end(self, account_id: int, stream: Stream, errored: bool) -> None:
        """It is listed no more."""
        if account_id in self._journals:
            self._tell(account_id, events.stream_end(stream.device, errored))

    def _tell(self, account_id: int, event: Event) -> None:
        self._journals[account_id].add(replace(event, running=self._ages.running))
        for follower in tuple(self._followers.get(account_id, ())):
            follower.go()

    # Who is told

    def follow(self, session: Session, last: str | None, sink: Sink) -> Follower:
        """A follower for *session* on *sink*, to be started.

        *last* is the id of the last event that its client knows; without one it is told of what happens from now on.
        Raises :class:`Overloaded` when there are too many, and :class:`Unavailable` when the server ends.
        """
        account_id = session.account_id
        self._take(session)
        journal = self._journal(account_id)
        follower = Follower(
            sink,
            self._clock,
            journal,
            self._beginning(account_id, last),
            meant=lambda event: may_know(session, event) and not self._expired(account_id, event),
            stored=lambda after: self._stored(session, after),
        )
        self._followers.setdefault(account_id, {})[follower] = None
        follower.on_close = self._leaving(self._followers, session, follower, follower.end)
        return follower

    def wait(self, session: Session, seconds: float) -> Waiter:
        """A wait for messages to the session's device, to be closed by its request. Raises as :meth:`follow` does."""
        self._take(session)
        waiter = Waiter(self._clock, seconds)
        self._waiters.setdefault(session.account_id, {})[waiter] = session.device
        waiter.on_close = self._leaving(self._waiters, session, waiter, waiter.session_over)
        return waiter

    def _take(self, session: Session) -> None:
        if self._closed:
            raise Unavailable("shutting down")
        if self._open[session.digest] >= PER_SESSION:
            raise Overloaded("followers of a session")
        if self._open[session.account_id] >= PER_ACCOUNT:
            raise Overloaded("followers of an account")
        self._open.update((session.digest, session.account_id))

    def _leaving(
        self, all_of: dict[int, dict[T, V]], session: Session, each: T, end: Callable[[], None]
    ) -> Callable[[], None]:
        """What is to be done when *each* is over; until then it keeps its session alive, and ends with it."""
        over = self._sessions.stream_opened(session, end)

        def leave() -> None:
            del all_of[session.account_id][each]
            if not all_of[session.account_id]:
                del all_of[session.account_id]
            for key in (session.digest, session.account_id):
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]
            over()

        return leave

    # Where they go on

    def _journal(self, account_id: int) -> Journal:
        journal = self._journals.get(account_id)
        if journal is None:
            journal = Journal(secrets.token_hex(8), self._stamps.held(account_id))
            self._journals[account_id] = journal
        return journal

    def _beginning(self, account_id: int, last: str | None) -> Beginning:
        """An id of nothing that this database knows tells nothing: not even which messages its client has."""
        journal = self._journals[account_id]
        now = journal.cursor
        if last is None:
            return now, ()
        cursor = parse_cursor(last)
        known = cursor is not None and cursor.stamp <= self._stamps.held(account_id)
        if cursor is None or not known or (self._anew and cursor.epoch != journal.epoch):
            return now, events.ALL_LISTS
        if cursor.epoch != journal.epoch or cursor.number > journal.last:
            return Cursor(journal.epoch, journal.last, cursor.stamp), events.UNSTORED
        return cursor, ()

    async def _stored(self, session: Session, after: str) -> tuple[list[Event], str]:
        """See :data:`webcam.relay.follower.Stored`.

        What was stored while this reads is left for the next time: one list may have it and the other not.
        """
        account_id, page, upto = session.account_id, Page(after, PAGE), self._stamps.held(session.account_id)
        expiry = self._ages.expiry(account_id)
        messages, records = [], []
        if session.is_device:
            messages = await self._store.messages(account_id, session.device, page, expiry)
        if session.role is not Role.PUBLISH:
            records = await self._store.records(account_id, page, expiry, session.sees)
        found = [events.message(each, session.device) for each in messages]
        found += [events.record_added(each.record_id, each.device, each.stamp) for each in records]
        upto = min([upto, *(each[-1].stamp for each in (messages, records) if each)])
        return sorted((each for each in found if each.stamp <= upto), key=lambda each: each.stamp), upto

    def _expired(self, account_id: int, event: Event) -> bool:
        """Whether it tells of what is kept no longer."""
        if not event.stamp or event.running is None:
            return False
        expiry = self._ages.expiry(account_id)
        if event.target is None:
            return event.running < expiry.records
        return event.running < (expiry.messages if event.target else max(expiry.messages, expiry.broadcasts))

    # Ends

    def keep(self, account_ids: Collection[int]) -> None:
        """Forget the journals of all other accounts: they are gone."""
        for account_id in self._journals.keys() - set(account_ids):
            del self._journals[account_id]

    def start_anew(self) -> None:
        """Another database is in the place of the one before: whoever comes back has to read every list anew."""
        self._anew = True
        self._end_followers()
        self._journals.clear()

    def _end_followers(self) -> None:
        for followers in list(self._followers.values()):
            for follower in list(followers):
                follower.end()

    def close_all(self) -> None:
        """The server ends: followers are cut off, to come back to the next one; who waits is answered."""
        self._closed = True
        self._end_followers()
        for waiters in list(self._waiters.values()):
            for waiter in list(waiters):
                waiter.over()


def _last_of(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Return as many of the last ones as are told of in one turn."""
    size, count = 0, 0
    while count < min(len(drafts), AT_ONCE) and size < BYTES_AT_ONCE:
        count += 1
        size += drafts[-count].texts_size
    return drafts[len(drafts) - count :]
