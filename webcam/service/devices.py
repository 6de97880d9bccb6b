"""Devices: which are online, which stream, and the two ends of a live stream."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.interfaces import IReactorTime

from webcam.errors import MalformedRequest, NoSuchDevice, Overloaded, QuotaExceeded
from webcam.model import QUOTA_STREAMS, Presence
from webcam.ports import Audit
from webcam.relay.hub import Hub, device_text
from webcam.relay.stream import Publisher, Stream
from webcam.relay.viewer import Viewer
from webcam.service.events import Events
from webcam.service.lastseen import LastSeen
from webcam.service.publication import Publication
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.token_bucket import TokenBucket

TAKEOVERS, TAKEOVER_RATE = 20.0, 1.0
"""Takeovers of a device's stream at once, and each second: each ends all its viewers, and is told to all followers."""


class Devices:
    """Presence and live streams of an account's devices."""

    def __init__(
        self,
        sessions: Sessions,
        hub: Hub,
        quotas: AccountQuotas,
        events: Events,
        clock: IReactorTime,
        audit: Audit,
        last_seen: LastSeen,
    ) -> None:
        self._sessions = sessions
        self._hub = hub
        self._quotas = quotas
        self._events = events
        self._clock = clock
        self._audit = audit
        self._last_seen = last_seen
        self._kept: dict[tuple[int, str], Publication] = {}
        sessions.on_online = events.device_on
        sessions.on_offline = self._offline
        sessions.on_seen = last_seen.note
        hub.on_open = events.stream_start
        hub.on_close = events.stream_end

    def online(self, session: Session) -> Iterator[Presence]:
        """Yield every device of the account that is online and that the session may see, the asking one too, by name,
        as they are asked for."""
        return (each for each in self._sessions.iterate_online(session.account_id) if session.may_see(each.device))

    async def known(self, session: Session) -> list[tuple[Presence, bool, str | None, Stream | None]]:
        """Every device that the session may see and that is online or was, by name.

        With whether it is online, the stamp of when it was last seen to come or go, and its stream.
        """
        account_id = session.account_id
        seen = {each.device: each for each in await self._last_seen.of(account_id)}
        online = {each.device: each for each in self._sessions.online(account_id)}
        streams = {each.device: each for each in self._hub.streams(account_id)}
        return [
            (
                online.get(device) or Presence(device, seen[device].meta),
                device in online,
                self._last_seen.stamp_of(seen[device]) if device in seen else None,
                streams.get(device),
            )
            for device in sorted(seen.keys() | online.keys())
            if session.may_see(device)
        ]

    def streams(self, session: Session) -> list[tuple[str, str, int]]:
        """The live streams that the session may see, by device: device, sub-protocol, delta (ms)."""
        streams = self._hub.streams(session.account_id)
        return [(each.device, each.subprotocol, each.delta) for each in streams if session.may_see(each.device)]

    def publish(
        self, session: Session, subprotocol: str, delta: int, upload: Publisher, keep: float = 0.0
    ) -> Publication:
        """Begin the device's stream; one that it publishes already is closed.

        With *keep* (s) the stream outlasts its upload for so long; and if the one at hand was begun so, too, and is
        announced alike, this upload goes on with it. Raises :class:`QuotaExceeded` when it would be one more than the
        account may have, and :class:`Overloaded` when it would take over too often from uploads under way.
        """
        self._check_place(session)
        takeovers = self._takeovers_left(session)
        key = (session.account_id, session.device)
        publication = Publication(self._hub, self._sessions, self._clock, session, upload, keep)
        older = self._kept.get(key)
        if keep and older is not None and older.is_of(subprotocol, delta):
            publication.go_on(older)
        else:
            publication.open(Stream(session.device, subprotocol, delta, publication))
        if takeovers is not None and self._hub.is_live(*key):
            self._hub.stream(*key).takeovers = takeovers
        if keep:
            self._kept[key] = publication
            publication.on_end = lambda: self._forget(key, publication)
        return publication

    def _takeovers_left(self, session: Session) -> TokenBucket | None:
        """Pay for taking over from an upload under way. One that goes on where another one ended takes over from none.

        A stream hands what is left on to the one that takes over from it. Raises :class:`Overloaded`.
        """
        account_id, device = session.account_id, session.device
        if not self._hub.is_live(account_id, device):
            return None
        kept, left = self._kept.get((account_id, device)), self._hub.stream(account_id, device).takeovers
        if kept is not None and kept.is_between_uploads:
            return left
        now = self._clock.seconds()
        left = left or TokenBucket(TAKEOVERS, TAKEOVER_RATE, now)
        if not left.take(now):
            raise Overloaded("takeovers of a stream")
        return left

    def _check_place(self, session: Session) -> None:
        bound = self._quotas.of(session.account_id, QUOTA_STREAMS)
        live = {each.device for each in self._hub.streams(session.account_id)}
        if bound is not None and session.device not in live and len(live) >= bound:
            reason = f"more than {bound} streams"
            self._audit.note("quota_met", account=session.account_id, device=session.device, reason=reason)
            raise QuotaExceeded(reason)

    def stream(self, session: Session, device: str) -> Stream:
        """The stream of a device of the account.

        Raises :class:`NoSuchDevice`, also for one that the session may not see, :class:`webcam.errors.NoChannel` or
        :class:`webcam.errors.ErroredStream`.
        """
        if not session.may_see(device):
            raise NoSuchDevice(device_text(device))
        return self.stream_of(session.account_id, device)

    def stream_of(self, account_id: int, device: str) -> Stream:
        """The same, of whoever may see it."""
        if not self._sessions.is_online(account_id, device):
            raise NoSuchDevice(device_text(device))
        return self._hub.stream(account_id, device)

    def watch(self, session: Session, stream: Stream, viewer: Viewer) -> None:
        """Let *viewer* see *stream* until either ends, or the session."""
        viewer.on_close = self._sessions.stream_opened(session, viewer.end)
        stream.watch(viewer)

    def _forget(self, key: tuple[int, str], publication: Publication) -> None:
        if self._kept.get(key) is publication:
            del self._kept[key]

    def _offline(self, account_id: int, device: str) -> None:
        self._hub.forget(account_id, device)
        self._events.device_off(account_id, device)

    async def forget(self, session: Session, device: str) -> None:
        """End the sessions of a device of the account, and remember it no longer. It may come back by a new login.

        Raises :class:`MalformedRequest` for the device that asks.
        """
        if device == session.device:
            raise MalformedRequest("the device that asks can't be forgotten")
        account_id = session.account_id
        self._sessions.revoke([each.digest for each in self._sessions.of(account_id) if each.device == device])
        await self._sessions.flush()
        await self._last_seen.forget(account_id, device)
        self._audit.note("device_forgotten", account=account_id, device=session.device, of=device)

    def close_all(self) -> None:
        """The server ends."""
        self._hub.close_all()
