"""The part of the store in memory that holds secrets and sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from webcam.errors import NoSuchAccount, NoSuchSecret, SecretExists
from webcam.model import Role, SavedSession, Secret


class MemorySessions:
    """See :class:`webcam.ports.AccountStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._sessions: dict[str, SavedSession] = {}
        self._secrets: dict[int, dict[str, tuple[str, Secret]]] = {}
        self._revoked: set[str] = set()
        self._secret_ids = 0

    def _account_id(self, name: str) -> int:
        """Raises :class:`webcam.errors.NoSuchAccount`."""
        raise NotImplementedError

    def _exists(self, account_id: int) -> bool:
        raise NotImplementedError

    async def add_secret(self, name: str, label: str, digest: str, role: Role, devices: frozenset[str]) -> int:
        held = self._secrets.setdefault(self._account_id(name), {})
        if label in held:
            raise SecretExists(label)
        self._secret_ids += 1
        held[label] = (digest, Secret(self._secret_ids, label, role, devices))
        return self._secret_ids

    async def secrets(self, name: str) -> list[Secret]:
        held = self._secrets.get(self._account_id(name), {})
        return [held[label][1] for label in sorted(held)]

    async def secret(self, name: str, digest: str) -> Secret | None:
        try:
            held = self._secrets.get(self._account_id(name), {})
        except NoSuchAccount:
            return None
        return next((secret for other, secret in held.values() if other == digest), None)

    async def remove_secret(self, name: str, label: str) -> None:
        held = self._secrets.get(self._account_id(name), {})
        if label not in held:
            raise NoSuchSecret(label)
        _, secret = held.pop(label)
        self._revoke(lambda each: each.secret is not None and each.secret.secret_id == secret.secret_id)

    async def sessions(self) -> list[SavedSession]:
        return list(self._sessions.values())

    async def save_sessions(self, saved: Sequence[SavedSession]) -> None:
        for each in saved:
            secrets = [secret for _, secret in self._secrets.get(each.account_id, {}).values()]
            if self._exists(each.account_id) and (each.secret is None or each.secret in secrets):
                self._sessions[each.digest] = each

    async def touch_sessions(self, saved: Sequence[SavedSession]) -> None:
        for each in saved:
            known = self._sessions.get(each.digest)
            if known is not None:
                self._sessions[each.digest] = replace(
                    known, active=each.active, requests=each.requests, given=each.given
                )

    async def end_sessions(self, digests: Sequence[str]) -> None:
        for digest in digests:
            self._sessions.pop(digest, None)

    async def revoke_sessions(self, name: str, device: str | None) -> int:
        account_id = self._account_id(name)
        return self._revoke(lambda each: each.account_id == account_id and device in (None, each.device))

    async def revoked_sessions(self) -> list[str]:
        return sorted(self._revoked)

    async def forget_revoked(self, digests: Sequence[str]) -> None:
        self._revoked.difference_update(digests)

    def _revoke(self, doomed: Callable[[SavedSession], bool]) -> int:
        digests = [each.digest for each in self._sessions.values() if doomed(each)]
        self._revoked.update(digests)
        for digest in digests:
            del self._sessions[digest]
        return len(digests)

    def _end_account(self, account_id: int, with_secrets: bool = False, keep: str = "") -> None:
        self._sessions = {
            key: each for key, each in self._sessions.items() if each.account_id != account_id or key == keep
        }
        if with_secrets:
            self._secrets.pop(account_id, None)
