"""An account's settings, in memory and in storage, and what follows from them for what is kept."""

from __future__ import annotations

from webcam.errors import MalformedRequest
from webcam.model import (
    BROADCAST_HOURS,
    MESSAGE_DAYS,
    RECORD_DAYS,
    SETTING_KINDS,
    Expiry,
    Settings,
    stamp_of,
    whole_settings,
)
from webcam.ports import AccountStore, Audit, Clock


class AccountSettings:
    """The settings of every account; reading them costs a look into memory."""

    def __init__(self, store: AccountStore, clock: Clock, audit: Audit) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._known: dict[int, Settings] = {}

    def learn(self, account_id: int, chosen: Settings) -> None:
        """What storage holds for the account."""
        self._known[account_id] = whole_settings(chosen)

    def forget(self, account_id: int) -> None:
        """The account is gone."""
        self._known.pop(account_id, None)

    def of(self, account_id: int) -> Settings:
        """Kind to value, every kind."""
        return self._known.get(account_id) or whole_settings({})

    async def change(self, account_id: int, chosen: Settings, device: str | None = None) -> None:
        """All or nothing, by *device*. Raises :class:`MalformedRequest` for an unknown kind or a wrong value."""
        for kind, value in chosen.items():
            known = SETTING_KINDS.get(kind)
            if known is None:
                raise MalformedRequest(f"no setting of kind {kind}")
            if not known.minimum <= value <= known.maximum:
                raise MalformedRequest(f"setting {kind} is out of bounds")
        await self._store.set_settings(account_id, chosen)
        self.learn(account_id, {**self.of(account_id), **chosen})
        told = ", ".join(f"{kind}={value:g}" for kind, value in sorted(chosen.items()))
        self._audit.note("settings_changed", account=account_id, device=device, settings=told)

    def expiry(self, account_id: int) -> Expiry:
        """What the account keeps no longer, now."""
        return expiry(self.of(account_id), self._clock.wall())


def expiry(settings: Settings, now: float) -> Expiry:
    """Purely: the stamps before which things are expired at *now* (s)."""
    days, hours = 86400.0, 3600.0
    return Expiry(
        records=stamp_of(now - settings[RECORD_DAYS] * days),
        broadcasts=stamp_of(now - settings[BROADCAST_HOURS] * hours),
        messages=stamp_of(now - settings[MESSAGE_DAYS] * days),
    )
