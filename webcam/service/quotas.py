"""Quotas: how much an account may hold, and how much it is known to hold."""

from __future__ import annotations

from dataclasses import replace

from webcam.model import QUOTA_RECORD_BYTES, QUOTA_RECORDS, Account, Bounds, Quotas, Usage


class AccountQuotas:
    """The quotas of every account, and what it held when storage was looked at last, with what came since."""

    def __init__(self, bounds: Bounds) -> None:
        self._defaults = bounds.quotas
        self._set: dict[int, Quotas] = {}
        self._usage: dict[int, Usage] = {}

    def learn(self, account: Account) -> None:
        """What storage holds for the account."""
        self._set[account.account_id] = account.quotas
        self._usage[account.account_id] = account.usage

    def forget(self, account_id: int) -> None:
        """The account is gone."""
        self._set.pop(account_id, None)
        self._usage.pop(account_id, None)

    def of(self, account_id: int, kind: str) -> int | None:
        """The account's bound of this kind; ``None`` when there is none."""
        return {**self._defaults, **self._set.get(account_id, {})}.get(kind) or None

    def stored(self, account_id: int, size: int) -> None:
        """The account holds one more record, of so many bytes."""
        held = self._usage.get(account_id, Usage())
        self._usage[account_id] = replace(held, records=held.records + 1, record_bytes=held.record_bytes + size)

    def excess(self, account_id: int, held: Usage | None = None) -> tuple[int, int]:
        """How many records the account holds above its quotas, and how many bytes of them: of *held*, or of what is
        known."""
        held = held or self._usage.get(account_id, Usage())
        records, size = self.of(account_id, QUOTA_RECORDS), self.of(account_id, QUOTA_RECORD_BYTES)
        return (
            0 if records is None else max(0, held.records - records),
            0 if size is None else max(0, held.record_bytes - size),
        )
