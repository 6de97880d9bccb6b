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

    By the wall clock where it is trusted, where :meth:`allow` let the account go by it, and for a setting that was made
    shorter; else by the time that has certainly gone by. Lists and sweeps ask the same.
    """

    def __init__(self, settings: AccountSettings, timekeeper: Timekeeper) -> None:
        self._settings = settings
        self._timekeeper = timekeeper
        self._allowed: set[int] = set()
        self._shortened: dict[int, set[int]] = {}
        settings.on_change.append(self._changed)

    @property
    def running(self) -> int:
        """The running time now (µs)."""
        return self._timekeeper.running

    def expiry(self, account_id: int) -> Expiry:
        """What the account keeps no longer, now."""
        by_wall = self._timekeeper.is_trusted or account_id in self._allowed
        shortened = self._shortened.get(account_id, ())
        expired_at = self._timekeeper.expired_at
        return self._expiry(account_id, lambda kind, age: expired_at(age, not (by_wall or kind in shortened)))

    def by_wall(self, account_id: int) -> Expiry:
        """The same by the wall clock, trusted or not."""
        return self._expiry(account_id, lambda _kind, age: self._timekeeper.expired_at(age))

    def at_most(self, account_id: int) -> Expiry:
        """The most that may be expired by the wall clock, whichever clocks were right before."""
        return self._expiry(account_id, lambda _kind, age: self._timekeeper.may_be_expired_at(age))

    def _expiry(self, account_id: int, expired_at: Callable[[int, int], int]) -> Expiry:
        settings = self._settings.of(account_id)
        return Expiry(*(max(0, expired_at(kind, age_of(settings, kind))) for kind in _KINDS))

    def allow(self, account_id: int, allowed: bool) -> None:
        """Let the account go by the wall clock, until :meth:`forget_allowed`, or not."""
        if allowed:
            self._allowed.add(account_id)
        else:
            self._allowed.discard(account_id)

    def forget_allowed(self) -> None:
        """The clock jumped: what was decided by it is decided anew."""
        self._allowed.clear()
        self._shortened.clear()

    def _changed(self, account_id: int, before: Settings, after: Settings) -> None:
        """A setting that is made shorter acts at once; one that is made longer waits as any other."""
        shortened = self._shortened.setdefault(account_id, set())
        for kind in _KINDS:
            if after[kind] < before[kind]:
                shortened.add(kind)
            elif after[kind] > before[kind]:
                shortened.discard(kind)

    def keep(self, account_ids: Collection[int]) -> None:
        """Forget what was decided for all other accounts: they are gone."""
        self._allowed.intersection_update(account_ids)
        for account_id in self._shortened.keys() - set(account_ids):
            del self._shortened[account_id]


def age_of(settings: Settings, kind: int) -> int:
    """Microseconds for which things are kept by the setting of this kind."""
    return micros(settings[kind] * (HOUR if kind == BROADCAST_HOURS else DAY) / 1_000_000)
