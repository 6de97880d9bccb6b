"""Links that share a stream: who has one sees one device, until it ends or is taken back, and nothing else.

A link's token is random, and storage has its SHA-256 alone, as of sessions and secrets: a stolen database opens
nothing, and there is no key to keep and to change. A signed one would need storage all the same, to be taken back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from webcam.calendar import HOUR, SECOND
from webcam.consolemodel import DatedShare, Share
from webcam.errors import NoSuchLink, Overloaded
from webcam.model import stamp_of
from webcam.ports import Audit, ConsoleStore
from webcam.relay.stream import Stream
from webcam.relay.viewer import Viewer
from webcam.service.devices import Devices
from webcam.service.lockout import Table, key_of
from webcam.service.minute import Minute
from webcam.service.session import Session
from webcam.service.timekeeper import Timekeeper
from webcam.service.tokens import TOKEN_BYTES, digest_of

PER_ACCOUNT = 100
"""Links of an account."""

VIEWERS = 50
"""Viewers of a link at once."""

TOLD = 3600.0
"""Seconds in which the use of a link from an address is news once."""

_NEWS = 10_000


@dataclass
class _Use:
    """What a link is used for now."""

    viewers: set[Viewer] = field(default_factory=set)
    minute: Minute = field(default_factory=Minute)


class Shares:
    """The links of every account, and who looks by them."""

    def __init__(self, store: ConsoleStore, devices: Devices, time: Timekeeper, audit: Audit) -> None:
        self._store = store
        self._devices = devices
        self._time = time
        self._audit = audit
        self._uses: dict[int, _Use] = {}
        self._told: Table[float] = Table(_NEWS)

    # Whose they are

    async def make(self, session: Session, device: str, hours: int) -> tuple[DatedShare, str]:
        """A link to *device*'s stream for so many hours, and its token, which nobody is ever told again.

        Raises :class:`webcam.errors.QuotaExceeded`.
        """
        await self.expire()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        new = Share(0, session.account_id, device, self._time.running, hours * HOUR)
        share_id = await self._store.add_share(new, digest_of(token), PER_ACCOUNT)
        made = self.date_share(replace(new, share_id=share_id))
        self._audit.note(
            "link_added", account=new.account_id, device=session.device, link=share_id, of=device, until=made.until
        )
        return made, token

    async def of(self, session: Session) -> list[DatedShare]:
        """Those of the session's account, by their end."""
        found = await self._store.shares(session.account_id)
        return sorted((self.date_share(each) for each in found if not self._is_over(each)), key=lambda each: each.until)

    def date_share(self, share: Share) -> DatedShare:
        """The link with the times from which and until which it works, as far as they are known now."""
        made = self._time.wall_at(share.stored)
        return DatedShare(share, stamp_of(made / SECOND), stamp_of((made + share.lasts) / SECOND))

    def _is_over(self, share: Share) -> bool:
        """Whether the link has ended by its time, which no jump of the wall clock shortens."""
        return self._time.age_of_link(share.stored) >= share.lasts

    async def remove(self, session: Session, share_id: int) -> None:
        """It is good for nothing from now on, and who looks by it is cut off. One that is gone is no error."""
        if await self._store.remove_share(session.account_id, share_id):
            self._audit.note("link_removed", account=session.account_id, device=session.device, link=share_id)
            self._end(share_id)

    # Who has one

    async def find(self, token: str, address: str) -> Share:
        """The link of this token, used from there. Raises :class:`NoSuchLink`, and :class:`Overloaded` when it is used
        too often."""
        share = await self._store.share(digest_of(token))
        if share is None or self._is_over(share):
            raise NoSuchLink("no such link, or it has ended")
        use, now = self._uses.setdefault(share.share_id, _Use()), self._time.steady()
        if not use.minute.allows(now):
            raise Overloaded("requests by a link")
        self._tell(share, address, now)
        return share

    def _tell(self, share: Share, address: str, now: float) -> None:
        key = key_of(str(share.share_id), address)
        told = self._told.get(key)
        if told is None or now - told >= TOLD:
            self._told.put(key, now)
            self._audit.note(
                "link_used", account=share.account_id, link=share.share_id, of=share.device, address=address
            )

    def stream(self, share: Share) -> Stream:
        """What it shows. Raises as :meth:`webcam.service.devices.Devices.stream` does, and :class:`Overloaded` when too
        many look already."""
        use = self._uses.get(share.share_id)
        if use is not None and len(use.viewers) >= VIEWERS:
            raise Overloaded("viewers of a link")
        return self._devices.stream_of(share.account_id, share.device)

    def watch(self, share: Share, stream: Stream, viewer: Viewer) -> None:
        """Let *viewer* see *stream* until either ends, or the link."""
        viewers = self._uses.setdefault(share.share_id, _Use()).viewers
        viewers.add(viewer)
        viewer.on_close = lambda: viewers.discard(viewer)
        stream.watch(viewer)

    # Ends

    async def sweep(self) -> None:
        """Cut off who looks by links that have ended, whose accounts are disabled or gone, or that are no more."""
        now = self._time.steady()
        for share_id in [key for key, use in self._uses.items() if not use.viewers and use.minute.is_over(now)]:
            del self._uses[share_id]
        seen = [share_id for share_id, use in self._uses.items() if use.viewers]
        if seen:
            good = await self._store.good_shares(seen)
            for share_id in set(seen) - {each.share_id for each in good if not self._is_over(each)}:
                self._end(share_id)

    async def expire(self) -> None:
        """Forget links that have ended."""
        over = [each.share_id for each in await self._store.all_shares() if self._is_over(each)]
        if over:
            await self._store.remove_shares(over)

    def start_anew(self) -> None:
        """Storage is another one: its links are others, and who looks comes again by one of them."""
        for share_id in list(self._uses):
            self._end(share_id)

    def _end(self, share_id: int) -> None:
        use = self._uses.pop(share_id, None)
        for viewer in list(use.viewers) if use else []:
            viewer.end()
