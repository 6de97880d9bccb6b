"""Which messages and records of an account are expired by their age, now."""

from __future__ import annotations

from collections.abc import Callable, Collection

from webcam.calendar import DAY, HOUR, micros
from webcam.model import BROADCAST_HOURS, MESSAGE_DAYS, RECORD_DAYS, Expiry, Settings
from webcam.service.settings import AccountSettings
from webcam.service.timekeeper import Timekeeper

_KINDS = (RECORD_DAYS, BROADCAST_HOURS, MESSAGE_DAYS)
"""As the fields of :class:`Expiry` follow each other."""


class Ages:
    """By account, up to which running time its messages and records are expired.

    By the wall clock where it is trusted, where :meth:`decide` let the account go by it, and for a setting that was
    made shorter; else by the time that has certainly gone by. Lists and sweeps ask the same.
    """

    def __init__(self, settings: AccountSettings, timekeeper: Timekeeper) -> None:
        self._settings = settings
        self._timekeeper = timekeeper
        self._decided: dict[int, bool] = {}
        self.jumps = 0
        """How often what was decided was forgotten."""
        self._shortened: dict[int, set[int]] = {}
        settings.on_change.append(self._changed)

    @property
    def running(self) -> int:
        """The running time now (µs)."""
        return self._timekeeper.running

    def expiry(self, account_id: int) -> Expiry:
        """What the account keeps no longer, now."""
        by_wall = self._timekeeper.is_trusted or self._decided.get(account_id, False)
        return self._expiry_at(account_id, self.running, by_wall)

    def choice(self, account_id: int) -> tuple[Expiry, Expiry]:
        """Return what it keeps no longer if it isn't let go by the wall clock, and if it is, at one moment."""
        now = self.running
        return self._expiry_at(account_id, now, self._timekeeper.is_trusted), self._expiry_at(account_id, now, True)

    def _expiry_at(self, account_id: int, now: int, by_wall: bool) -> Expiry:
        shortened = self._shortened.get(account_id, ())
        expired_at = self._timekeeper.expired_at
        return self._expiry(account_id, lambda kind, age: expired_at(age, now, not (by_wall or kind in shortened)))

    def in_doubt(self, account_id: int) -> Expiry:
        """The most that may be expired by the wall clock, whichever clocks were right before, but for settings that
        were made shorter."""
        shortened = self._shortened.get(account_id, ())
        may_be = self._timekeeper.may_be_expired_at
        return self._expiry(account_id, lambda kind, age: 0 if kind in shortened else may_be(age))

    def _expiry(self, account_id: int, expired_at: Callable[[int, int], int]) -> Expiry:
        settings = self._settings.of(account_id)
        return Expiry(*(max(0, expired_at(kind, age_of(settings, kind))) for kind in _KINDS))

    def decide(self, account_id: int, by_wall: bool) -> None:
        """Let the account go by the wall clock, or not, until :meth:`forget_decisions`."""
        self._decided[account_id] = by_wall

    def forget_decisions(self) -> None:
        """The clock jumped: what was decided by it is decided anew."""
        self.jumps += 1
        self._decided.clear()
        self._shortened.clear()

    def _changed(self, account_id: int, before: Settings, after: Settings) -> None:
        """A setting that is made shorter acts at once, unless something of the account waits for the clock already:
        that would go with it. One that is made longer waits as any other."""
        shortened = self._shortened.setdefault(account_id, set())
        for kind in _KINDS:
            if after[kind] < before[kind] and self._decided.get(account_id):
                shortened.add(kind)
            elif after[kind] > before[kind]:
                shortened.discard(kind)

    def keep(self, account_ids: Collection[int]) -> None:
        """Forget what was decided for all other accounts: they are gone."""
        for known in (self._decided, self._shortened):
            for account_id in known.keys() - set(account_ids):
                del known[account_id]


def age_of(settings: Settings, kind: int) -> int:
    """Microseconds for which things are kept by the setting of this kind."""
    return micros(settings[kind] * (HOUR if kind == BROADCAST_HOURS else DAY) / 1_000_000)
