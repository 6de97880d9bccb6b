"""Accounts: who may log in, and what happens when the operator changes that while the server runs."""

from __future__ import annotations

from collections.abc import Sequence

from webcam.errors import CoolingDown, NoSuchUser
from webcam.model import Account
from webcam.ports import AccountStore, Audit
from webcam.service.passwords import Passwords
from webcam.service.quotas import AccountQuotas
from webcam.service.sessions import Sessions
from webcam.service.settings import AccountSettings
from webcam.service.stamps import Stamps


class Accounts:
    """The accounts that the server knows. The operator's program changes them in storage; :meth:`refresh` notices."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        sessions: Sessions,
        settings: AccountSettings,
        stamps: Stamps,
        quotas: AccountQuotas,
        audit: Audit,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._settings = settings
        self._stamps = stamps
        self._quotas = quotas
        self._audit = audit
        self._generations: dict[int, int] = {}
        self._names: dict[int, str] = {}

    @property
    def known(self) -> list[int]:
        """The ids of all accounts."""
        return sorted(self._generations)

    def name_of(self, account_id: int) -> str | None:
        """The name of an account that is known."""
        return self._names.get(account_id)

    async def refresh(self) -> None:
        """Learn of new accounts; end the sessions of those that are gone or have another password."""
        before = set(self._generations)
        current = {each.account_id: each for each in await self._store.accounts()}
        for account_id in before - current.keys():
            self._sessions.end_account(account_id, "the account is gone")
            self._forget(account_id)
            self._stamps.forget(account_id)
        for account in current.values():
            self._learn(account)

    def take_over(self, accounts: Sequence[Account]) -> None:
        """Storage is another one, which has these accounts; the sessions that are left are of this one already."""
        for account_id in self.known:
            self._forget(account_id)
        for account in accounts:
            self._learn_who(account)
            self._settings.learn(account.account_id, account.settings)
            self._stamps.saw(account.account_id, account.last_stamp)
            self._quotas.learn(account)

    def _learn_who(self, account: Account) -> None:
        self._generations[account.account_id] = account.generation
        self._names[account.account_id] = account.name

    def _forget(self, account_id: int) -> None:
        del self._generations[account_id], self._names[account_id]
        self._settings.forget(account_id)
        self._quotas.forget(account_id)

    async def authorize(self, name: str, password: str, device: str, meta: str, address: str) -> str:
        """A new session of *device*; the answer is its token.

        Raises :class:`NoSuchUser` for a wrong name and a wrong password alike, in the same time, and
        :class:`webcam.errors.CoolingDown`, and :class:`webcam.errors.Overloaded` when too many log in at once.
        """
        account = await self._store.account(name)
        try:
            token = await self._let_in(account, password, device, meta, address)
        except (NoSuchUser, CoolingDown) as refusal:
            # A name that is none may be a password, typed into the wrong field.
            known = account.name if account else None
            self._audit.note("login_refused", account=known, device=device, address=address, reason=str(refusal))
            raise
        self._audit.note("login", account=name, device=device, address=address)
        return token

    async def _let_in(self, account: Account | None, password: str, device: str, meta: str, address: str) -> str:
        if account is not None:
            self._sessions.check_cooling(account.account_id, device, address)
        if not await self._passwords.check(account.password_hash if account else None, password, address):
            raise NoSuchUser("wrong name or password")
        assert account is not None, "nobody's password was right"
        self._learn(account)
        token = await self._sessions.open(account.account_id, device, meta, address)
        if account.generation != self._generations.get(account.account_id):
            self._sessions.end(self._sessions.find(token))
            raise NoSuchUser("the password changed meanwhile")
        return token

    def _learn(self, account: Account) -> None:
        known = self._generations.get(account.account_id)
        if known is None or known < account.generation:
            self._sessions.end_account(account.account_id, "the password changed")
            self._learn_who(account)
        if known is None:
            # Once: later it is the server itself that changes settings, and what was read before that is old.
            self._settings.learn(account.account_id, account.settings)
        self._stamps.saw(account.account_id, account.last_stamp)
        self._quotas.learn(account)
