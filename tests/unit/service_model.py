"""What a server's services must do, in plain Python: the model beside :mod:`tests.unit.test_service_machine`.

It knows of no storage: a restart is what it remembers of what has to be in storage by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from webcam.model import (
    BROADCAST_HOURS,
    MESSAGE_DAYS,
    MINUTE_REQUESTS,
    RECORD_DAYS,
    SESSION_MINUTES,
    SESSION_REQUESTS,
    Settings,
    whole_settings,
)

COOLDOWN = 60.0


@dataclass
class Times:
    """``steady`` steps by a restart alone; ``true`` is real time; ``jumped`` is how far the wall clock moved in all.

    What is older than its life by real time is expired. Nothing else is, but for what the wall clock jumped while no
    server looked.
    """

    steady: float = 0.0
    true: float = 0.0
    jumped: float = 0.0

    def is_kept(self, born: float, life: float) -> bool:
        """Whether something of this age is there for certain."""
        return self.true - born + self.jumped <= life

    def is_gone(self, born: float, life: float) -> bool:
        """Whether it is not, for certain."""
        return self.true - born > life


@dataclass(frozen=True)
class Sent:
    """A message that is kept."""

    stamp: str
    sender: str
    target: str
    name: str
    params: str
    born: float


@dataclass(frozen=True)
class Stored:
    """A record that is kept."""

    stamp: str
    born: float
    device: str
    meta: str
    data: bytes


@dataclass
class Saved:
    """What storage has of a session. ``there``: it has it at all."""

    active: float
    requests: int = 0
    given: str | None = None
    there: bool = True


@dataclass
class Known:
    """A session, alive or not."""

    token: str
    account: AccountModel
    device: str
    active: float
    saved: Saved
    requests: int = 0
    given: str | None = None
    left: float = field(init=False)
    """Requests of setting 4, at ``refilled``."""
    refilled: float = field(init=False)
    changed: bool = False
    alive: bool = True

    def __post_init__(self) -> None:
        self.left, self.refilled = self.limit, self.active

    @property
    def limit(self) -> float:
        """Requests at once, and in each minute from then on."""
        return self.account.settings[MINUTE_REQUESTS]

    def refill(self, now: Times) -> None:
        """With what came since the last time."""
        self.left = min(self.limit, self.left + (now.steady - self.refilled) * self.limit / 60)
        self.refilled = now.steady

    def charge(self, now: Times) -> bool:
        """Whether one more request is served; if not, it has ended."""
        if not self.alive or self.silent(now):
            self.alive = False
            return False
        self.active, self.changed = now.steady, True
        self.refill(now)
        if self.left < 1 - 1e-6:
            self.account.cooling[self.device] = now.steady + COOLDOWN
            self.alive = False
        elif self.requests + 1 > self.account.settings[SESSION_REQUESTS]:
            self.alive = False
        else:
            self.left -= 1
            self.requests += 1
        return self.alive

    def silent(self, now: Times) -> bool:
        """Whether it has been for too long."""
        return now.steady - self.active > self.account.settings[SESSION_MINUTES] * 60

    def asks(self, now: Times) -> None:
        """For messages: that it did is in storage at once, with all else of it."""
        if self.given is None:
            self.write(now)
            self.saved.given = self.given = ""

    def was_given(self, stamp: str) -> None:
        """All up to this."""
        self.given = max(self.given or "", stamp)
        self.changed = True

    def write(self, now: Times) -> None:
        """To storage, where it is."""
        self.saved.active = now.true - (now.steady - self.active)
        self.saved.requests, self.saved.given = self.requests, self.given

    def flush(self, now: Times) -> None:
        """What changed, and that it has ended."""
        if not self.alive:
            self.saved.there = False
        elif self.changed:
            self.write(now)
            self.changed = False

    def restart(self, now: Times) -> None:
        """As storage has it."""
        self.alive = self.saved.there
        self.active = now.steady - (now.true - self.saved.active)
        self.requests, self.given = self.saved.requests, self.saved.given
        self.left, self.refilled, self.changed = self.limit, now.steady, False


@dataclass
class AccountModel:
    """What an account holds. ``loose``: stamps of what a sweep may have taken or not."""

    account_id: int
    name: str
    settings: Settings = field(default_factory=lambda: whole_settings({}))
    sessions: list[Known] = field(default_factory=list)
    messages: list[Sent] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    records: dict[int, Stored] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)
    newest: str = ""
    cursor: str = ""
    """The newest server's time that a client was told."""
    cooling: dict[str, float] = field(default_factory=dict)

    # Messages

    def page(self, device: str, after: str | None, now: Times) -> list[Sent]:
        """All that the device has to be given behind *after*, or behind its mark."""
        start = self.marks.get(device, "") if after is None else after
        return [each for each in self.messages if each.stamp > start and self._for(each, device, now)]

    def _for(self, message: Sent, device: str, now: Times) -> bool:
        meant = message.target == device if message.target else message.sender != device
        return meant and not now.is_gone(message.born, self._life(message))

    def _life(self, message: Sent) -> float:
        lives = self.settings[MESSAGE_DAYS] * 86400.0
        return lives if message.target else min(lives, self.settings[BROADCAST_HOURS] * 3600.0)

    def unsure(self, now: Times) -> set[str]:
        """Stamps of what may be there or not."""
        messages = {each.stamp for each in self.messages if not now.is_kept(each.born, self._life(each))}
        records = {each.stamp for each in self.records.values() if not now.is_kept(each.born, self._record_life)}
        return self.loose | messages | records

    def acknowledge(self, device: str, stamp: str) -> None:
        """The mark never falls."""
        self.marks[device] = max(self.marks.get(device, ""), stamp)

    # Records

    @property
    def _record_life(self) -> float:
        return self.settings[RECORD_DAYS] * 86400.0

    def kept(self, now: Times) -> dict[int, Stored]:
        """Those that may be there still."""
        return {key: each for key, each in self.records.items() if not now.is_gone(each.born, self._record_life)}

    def delete(self, record_ids: list[int], older: bool) -> None:
        """These, and with *older* all older than the oldest of them."""
        named = [self.records.pop(each) for each in dict.fromkeys(record_ids) if each in self.records]
        if older and named:
            oldest = min(each.stamp for each in named)
            self.records = {key: each for key, each in self.records.items() if each.stamp >= oldest}

    # Time

    def sweep(self, now: Times) -> None:
        """What is expired goes; what its target acknowledged may, and what may be expired."""
        self.loose = self.unsure(now)
        self.messages = [each for each in self.messages if not now.is_gone(each.born, self._life(each))]
        self.records = self.kept(now)
        self.loose |= {
            each.stamp for each in self.messages if each.target and each.stamp <= self.marks.get(each.target, "")
        }
