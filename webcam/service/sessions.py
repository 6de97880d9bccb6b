"""Sessions: proofs that a device logged in, held in memory and written through to storage.

A session ends by silence, by too many requests in all or a minute (limits of its account), with its account, or with
its account's password. Whoever has to know is told by :attr:`Sessions.on_end`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from webcam.calendar import SECOND
from webcam.errors import NoSuchSession, Overloaded
from webcam.model import (
    MINUTE_REQUESTS,
    SESSION_MINUTES,
    SESSION_REQUESTS,
    Presence,
    SavedSession,
    Secret,
    Settings,
    stamp_of,
)
from webcam.ports import AccountStore, Audit
from webcam.service.cooling import Cooling
from webcam.service.places import check_place, surplus
from webcam.service.quotas import AccountQuotas
from webcam.service.roster import Roster
from webcam.service.session import Session
from webcam.service.settings import AccountSettings
from webcam.service.timekeeper import Timekeeper
from webcam.service.tokens import digest_of, new_token
from webcam.token_bucket import TokenBucket

STREAMING = 30.0
"""Seconds between notes in storage that a session which only streams is active."""

_MINUTE = 60.0


class Sessions:
    """Every live session, by token and by account and device."""

    def __init__(
        self,
        store: AccountStore,
        settings: AccountSettings,
        quotas: AccountQuotas,
        time: Timekeeper,
        audit: Audit,
        cooldown: float = 60.0,
    ) -> None:
        self._store = store
        self._settings = settings
        self._quotas = quotas
        self._time = time
        self._audit = audit
        self._cooling = Cooling(time.steady, cooldown)
        self._roster = Roster(self._alive)
        self._opening: dict[str, Session] = {}
        self._ended: set[str] = set()
        self._order = 0
        settings.on_change.append(self._limits_changed)
        self.on_online: Callable[[int, Presence], None] = lambda _account, _presence: None
        self.on_offline: Callable[[int, str], None] = lambda _account, _device: None
        self.on_seen: Callable[[Session], None] = lambda _session: None

    # What ends by itself

    async def load(self) -> None:
        """Take over what storage holds, once, at the start."""
        for saved in await self._store.sessions():
            self._add(Session.of(saved, self._time, self._next_order(), self._full_bucket(saved.account_id)))

    def take_over(self, saved: Sequence[SavedSession]) -> int:
        """Storage is another one, which holds *saved*: what it doesn't, ends. How many.

        Nor does that go on which ended while the other storage was in use: what isn't known here, ended.
        """
        account_of = {each.digest: each.account_id for each in saved}
        doomed = [each for each in self._roster.all() if account_of.get(each.digest) != each.account_id]
        for session in doomed:
            self.end(session)
        for session in self._roster.all():
            session.dirty = True
        self._ended |= account_of.keys() - {each.digest for each in self._roster.all()}
        return len(doomed)

    async def sweep(self) -> None:
        """End what has been silent for too long, and write behind what changed."""
        now = self._time.steady()
        for session in self._roster.all():
            if not self._alive(session):
                self.end(session)
                continue
            if session.streams and now - session.active >= STREAMING:
                session.active, session.dirty = now, True  # for storage: a restart has to find it alive
        self._cooling.sweep()
        await self.flush()

    async def flush(self) -> None:
        """Write what changed since the last time."""
        ended, self._ended = self._ended, set()
        dirty = [each for each in self._roster.all() if each.dirty]
        for session in dirty:
            session.dirty = False
        try:
            if ended:
                await self._store.end_sessions(sorted(ended))
            if dirty:
                await self._store.touch_sessions([each.saved(self._time) for each in dirty])
        except Exception:
            self._ended |= ended
            for session in dirty:
                session.dirty = True
            raise

    # What devices do

    def check_cooling(self, account_id: int, device: str, address: str, secret: Secret | None = None) -> None:
        """Raises :class:`webcam.errors.CoolingDown` when the device may not authorize from this address yet."""
        self._cooling.check((account_id, secret.secret_id if secret else None, device, address))

    async def open(self, account_id: int, device: str, meta: str, address: str, secret: Secret | None = None) -> str:
        """A new session; the answer is its token. It is in storage when this fires.

        Raises :class:`webcam.errors.QuotaExceeded`, and :class:`NoSuchSession` when it was revoked meanwhile.
        """
        token = new_token()
        session = Session(
            digest=digest_of(token),
            account_id=account_id,
            device=device,
            meta=meta,
            address=address,
            active=self._time.steady(),
            order=self._next_order(),
            pace=self._full_bucket(account_id),
            secret=secret,
        )
        check_place(session, self._devices(account_id), self._roster.of(account_id), self._quotas)
        self._opening[session.digest] = session
        try:
            await self._store.save_sessions([session.saved(self._time)])
        finally:
            del self._opening[session.digest]
        if session.ended:
            raise NoSuchSession("revoked")
        for other in surplus(session, self._roster.of(account_id), self._quotas):
            self.end(other, "more sessions than the account may have")
        self._add(session)
        return token

    def knows(self, token: str) -> bool:
        """Whether it is the token of a live session, which learns nothing of it."""
        session = self._roster.find(digest_of(token))
        return session is not None and self._alive(session)

    def find(self, token: str) -> Session:
        """The session of a token, now active, and not charged for a request. Raises :class:`NoSuchSession`."""
        session = self._roster.find(digest_of(token))
        if session is None:
            raise NoSuchSession("unknown or ended")
        if not self._alive(session):
            self.end(session)
            raise NoSuchSession("ended")
        session.active = self._time.steady()
        session.dirty = True
        return session

    def charge(self, token: str) -> Session:
        """The same, and charged for one request: request N of a limit is served, N + 1 ends the session.

        The limit of a minute is a token bucket: so many requests at once, and as many in each minute from then on.
        """
        session = self.find(token)
        limits = self._settings.of(session.account_id)
        self._set_pace(session, limits)
        if not session.pace.take(session.active):
            self._cool(session)
            self.end(session, "too many requests a minute")
            raise NoSuchSession("too many requests a minute")
        if session.requests + 1 > limits[SESSION_REQUESTS]:
            self.end(session, "too many requests")
            raise NoSuchSession("too many requests")
        session.requests += 1
        return session

    def browse(self, token: str) -> Session:
        """The same as :meth:`find`, for a page of the console: a gallery asks for more than a device ever does.

        Raises :class:`Overloaded` when its requests are too many all the same.
        """
        session = self.find(token)
        if not session.browsed.allows(session.active):
            raise Overloaded("requests of a session's pages")
        return session

    def stream_opened(self, session: Session, on_end: Callable[[], None]) -> Callable[[], None]:
        """A live stream keeps its session active; *on_end* is called if the session ends before it.

        The answer is to be called when the stream is over.
        """
        session.streams += 1
        session.on_end.append(on_end)
        end: Callable[[], None] | None = on_end

        def closed() -> None:
            nonlocal end
            if end in session.on_end:
                session.on_end.remove(end)
                session.streams -= 1
                session.active = self._time.steady()
                session.dirty = True
            end = None  # it leads back to whoever calls this

        return closed

    async def asks(self, session: Session) -> None:
        """The session asks for messages. That it did is in storage when this fires, before it is given any.

        What it was given follows: after a crash its sync acknowledges too little rather than what it never saw.
        """
        if session.given is None:
            session.asked = True  # in all that is written from now on, also by a flush that comes in between
            await self._store.touch_sessions([session.saved(self._time)])
            session.given = session.given or ""

    def given(self, session: Session, stamp: str) -> None:
        """It was given all up to *stamp*; empty when there was nothing."""
        session.given = max(session.given or "", stamp)
        session.dirty = True

    # Who is there

    def all(self) -> list[Session]:
        """Every live session of every account."""
        return self._roster.all()

    def online(self, account_id: int) -> list[Presence]:
        """The account's devices that are online, by name; one with several sessions shows its newest."""
        return list(self._roster.online(account_id))

    def iterate_online(self, account_id: int) -> Iterator[Presence]:
        """Yield the same, found as they are asked for: of thousands it takes longer than a turn."""
        return self._roster.online(account_id)

    def is_online(self, account_id: int, device: str) -> bool:
        """Whether the device has a live session."""
        return self._roster.presence(account_id, device) is not None

    # Ends

    def end(self, session: Session, reason: str | None = None) -> None:
        """End it now, its streams too; storage follows with the next write. An unusual *reason* is noted."""
        if session.ended:
            return
        if reason is not None:
            self._note("session_ended", session, reason)
        session.ended = True
        self._ended.add(session.digest)
        offline = self._roster.remove(session)
        if offline:
            self.on_seen(session)
        callbacks, session.on_end = session.on_end, []
        for callback in callbacks:
            callback()
        if offline:
            self.on_offline(session.account_id, session.device)

    def end_account(self, account_id: int, reason: str, keep: Session | None = None) -> None:
        """End every session of the account but the one to *keep*."""
        sessions = [each for each in self._roster.of(account_id) if each is not keep]
        for session in sessions:
            self.end(session)
        if sessions:
            self._audit.note("sessions_ended", account=account_id, count=len(sessions), reason=reason)

    def revoke(self, digests: Iterable[str], reason: str | None = "revoked") -> None:
        """End sessions that must not go on, also those that are about to open; *reason* is noted."""
        for digest in digests:
            session = self._roster.find(digest)
            if session is not None:
                session.revoked = True
                self.end(session, reason)
            elif digest in self._opening:
                self._opening[digest].ended = True

    def of(self, account_id: int) -> list[Session]:
        """The account's sessions."""
        return [each for each in self._roster.of(account_id) if self._alive(each)]

    def active_at(self, session: Session) -> str:
        """The stamp of when it was last active."""
        return stamp_of(self._time.wall_at(session.active_at(self._time)) / SECOND)

    def _add(self, session: Session) -> None:
        known = self._roster.presence(session.account_id, session.device)
        self._roster.add(session)
        if not session.is_device:
            return
        self.on_seen(session)
        presence = Presence(session.device, session.meta)
        if presence != known:
            self.on_online(session.account_id, presence)

    def _devices(self, account_id: int) -> set[str]:
        """Those that are online, and those that are about to be."""
        opening = {each.device for each in self._opening.values() if each.account_id == account_id and each.is_device}
        return opening | {each.device for each in self._roster.online(account_id)}

    def _next_order(self) -> int:
        self._order += 1
        return self._order

    def _alive(self, session: Session) -> bool:
        """Whether it has a stream, or was silent for no longer than it may be."""
        silent = self._time.steady() - session.active
        return session.streams > 0 or silent <= self._settings.of(session.account_id)[SESSION_MINUTES] * _MINUTE

    def _full_bucket(self, account_id: int) -> TokenBucket:
        """What a session may ask for at once, and in each minute from then on."""
        limit = self._settings.of(account_id)[MINUTE_REQUESTS]
        return TokenBucket(limit, limit / _MINUTE, self._time.steady())

    def _limits_changed(self, account_id: int, _before: Settings, limits: Settings) -> None:
        """Cap what the account's sessions have left, now: a larger limit that follows brings none of it back."""
        for session in self._roster.of(account_id):
            self._set_pace(session, limits)

    def _set_pace(self, session: Session, limits: Settings) -> None:
        limit = limits[MINUTE_REQUESTS]
        if session.pace.burst != limit:
            session.pace.resize(self._time.steady(), limit, limit / _MINUTE)

    def _cool(self, session: Session) -> None:
        secret_id = session.secret.secret_id if session.secret else None
        self._cooling.begin((session.account_id, secret_id, session.device, session.address))
        self._note("cooled_down", session)

    def _note(self, event: str, session: Session, reason: str | None = None) -> None:
        account, device, address = session.account_id, session.device, session.address
        self._audit.note(event, account=account, device=device, address=address, reason=reason)
