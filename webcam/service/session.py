"""A live session: who it is, what it may do, what hangs on it. :mod:`webcam.service.sessions` begins and ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from webcam.model import NO_DEVICE, Role, SavedSession, Secret
from webcam.ports import ALL_DEVICES
from webcam.service.minute import Minute
from webcam.service.timekeeper import Timekeeper
from webcam.token_bucket import TokenBucket


@dataclass(eq=False, slots=True)
class Session:
    """A live session. ``active`` is steady time; ``streams`` counts its open live streams, in and out.

    ``secret`` is what opened it, ``None`` for the account's password; ``pace`` are its requests of setting 4.
    """

    digest: str
    account_id: int
    device: str
    meta: str
    address: str
    active: float
    order: int
    pace: TokenBucket
    secret: Secret | None = None
    requests: int = 0
    browsed: Minute = field(default_factory=Minute)
    given: str | None = None
    asked: bool = False
    streams: int = 0
    dirty: bool = False
    ended: bool = False
    revoked: bool = False
    on_end: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def of(cls, saved: SavedSession, time: Timekeeper, order: int, pace: TokenBucket) -> Session:
        """The one that storage holds. Only time for which servers ran counts as silence: how long none did is known by
        the wall clock alone, which may be wrong until it was set."""
        return cls(
            digest=saved.digest,
            account_id=saved.account_id,
            device=saved.device,
            meta=saved.meta,
            address=saved.address,
            active=time.steady_at(saved.active),
            order=order,
            pace=pace,
            secret=saved.secret,
            requests=saved.requests,
            given=saved.given,
        )

    def saved(self, time: Timekeeper) -> SavedSession:
        """What storage is to hold of it."""
        return SavedSession(
            digest=self.digest,
            account_id=self.account_id,
            device=self.device,
            meta=self.meta,
            address=self.address,
            active=self.active_at(time),
            requests=self.requests,
            given="" if self.given is None and self.asked else self.given,
            secret=self.secret,
        )

    def active_at(self, time: Timekeeper) -> int:
        """The running time (µs) at which it was last active; now, while it has an open stream."""
        return time.running if self.streams else time.running_at(self.active)

    @property
    def role(self) -> Role:
        """What it may do."""
        return Role.FULL if self.secret is None else self.secret.role

    @property
    def is_device(self) -> bool:
        """Whether it is one of the account's devices. A guest is none: the name it gave is nobody's but its own. Nor is
        a client that only looks, by HTTP Basic."""
        return self.role is not Role.VIEW and self.device != NO_DEVICE

    @property
    def sees(self) -> frozenset[str]:
        """The devices that it may see; :data:`ALL_DEVICES` where it isn't limited."""
        return self.secret.devices if self.secret is not None and not self.is_device else ALL_DEVICES

    @property
    def may_hold(self) -> bool:
        """Whether it may have every frame of a stream, and so slow its publisher down. Guests may if their secret was
        made for it."""
        return self.secret is None or self.secret.every_frame

    def may_see(self, device: str) -> bool:
        """Whether it may see this device of its account."""
        sees = self.sees
        return not sees or device in sees
