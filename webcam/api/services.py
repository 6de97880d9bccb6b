"""What the edge works with: the services and the limits, put together by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from webcam.http.limits import CONNECTIONS, CONNECTIONS_PER_ADDRESS
from webcam.ports import Audit
from webcam.relay.memory import FrameMemory
from webcam.relay.viewer import STALL
from webcam.service.accounts import Accounts
from webcam.service.devices import Devices
from webcam.service.disk_space import DiskSpace
from webcam.service.events import Events
from webcam.service.lastseen import LastSeen
from webcam.service.logins import Logins
from webcam.service.messages import Messages
from webcam.service.records import Records
from webcam.service.sessions import Sessions
from webcam.service.settings import AccountSettings
from webcam.service.shares import Shares
from webcam.service.stamps import Stamps
from webcam.service.thumbnails import Thumbnails
from webcam.service.timekeeping import Timekeeping


@dataclass(frozen=True)
class Limits:
    """Bounds of what requests may bring, and of how many connections may; sizes in bytes, times in seconds."""

    body: int = 1024 * 1024
    record: int = 32 * 1024 * 1024
    frame: int = 2 * 1024 * 1024
    frame_memory: int = 512 * 1024 * 1024
    stall: float = STALL
    connections: int = CONNECTIONS
    connections_per_address: int = CONNECTIONS_PER_ADDRESS

    @property
    def one_address(self) -> bool:
        """Whether one address may have all connections, as a proxy does: then it may have all of the rest, too."""
        return self.connections_per_address >= self.connections


@dataclass(frozen=True)
class Services:
    """Everything that a handler may call."""

    accounts: Accounts
    sessions: Sessions
    settings: AccountSettings
    stamps: Stamps
    timekeeping: Timekeeping
    thumbnails: Thumbnails
    messages: Messages
    records: Records
    devices: Devices
    frames: FrameMemory
    last_seen: LastSeen
    shares: Shares
    events: Events
    disk: DiskSpace
    logins: Logins
    audit: Audit
    clock: IReactorTime
    limits: Limits = field(default_factory=Limits)
    cookie: str = ""
    """The name of the console's cookie."""
    base: str = "/"
    """The path that all others lie below; it ends in a slash."""
    under_way: set[Deferred[None]] = field(default_factory=set)
    """Requests whose handlers wait for something. One that is cancelled is answered by :class:`Unavailable`."""

    def cut(self) -> None:
        """End every request that is under way: what it knows is about a storage that is no more. Streams go on."""
        for serving in list(self.under_way):
            serving.cancel()
