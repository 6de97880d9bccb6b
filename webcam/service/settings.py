"""An account's settings, in memory and in storage."""

from __future__ import annotations

from collections.abc import Callable

from webcam.errors import MalformedRequest
from webcam.model import SETTING_KINDS, Settings, whole_settings
from webcam.ports import AccountStore, Audit


class AccountSettings:
    """The settings of every account; reading them costs a look into memory.

    Each of ``on_change`` is called with an account's settings before and behind a change.
    """

    def __init__(self, store: AccountStore, audit: Audit) -> None:
        self._store = store
        self._audit = audit
        self._known: dict[int, Settings] = {}
        self.on_change: list[Callable[[int, Settings, Settings], None]] = []

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
        before = self.of(account_id)
        self.learn(account_id, {**before, **chosen})
        for told in self.on_change:
            told(account_id, before, self.of(account_id))
        chosen_text = ", ".join(f"{kind}={value:g}" for kind, value in sorted(chosen.items()))
        self._audit.note("settings_changed", account=account_id, device=device, settings=chosen_text)
