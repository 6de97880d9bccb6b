"""Accounts: who may log in, and what happens when the operator changes that while the server runs."""

from __future__ import annotations

from webcam.errors import NoSuchUser
from webcam.model import Account
from webcam.ports import AccountStore
from webcam.service.lockout import Key, Lockout
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
        lockout: Lockout,
        sessions: Sessions,
        settings: AccountSettings,
        stamps: Stamps,
        quotas: AccountQuotas,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._lockout = lockout
        self._sessions = sessions
        self._settings = settings
        self._stamps = stamps
        self._quotas = quotas
        self._generations: dict[int, int] = {}
        self._names: dict[int, str] = {}

    def name_of(self, account_id: int) -> str | None:
        """The name of an account that is known."""
        return self._names.get(account_id)

    async def load(self) -> None:
        """Take over what storage holds, once, at the start. Devices that are in may log in again at any time."""
        await self.refresh()
        await self._sessions.load()
        names = {each.account_id: each.name for each in await self._store.accounts()}
        for session in self._sessions.all():
            if session.account_id in names:
                self._lockout.remember(names[session.account_id], session.device, session.address)

    @property
    def known(self) -> list[int]:
        """The ids of all accounts."""
        return sorted(self._generations)

    async def refresh(self) -> None:
        """Learn of new accounts; end the sessions of those that are gone or have another password."""
        before = set(self._generations)
        current = {each.account_id: each for each in await self._store.accounts()}
        for account_id in before - current.keys():
            self._sessions.end_account(account_id)
            del self._generations[account_id], self._names[account_id]
            self._settings.forget(account_id)
            self._stamps.forget(account_id)
            self._quotas.forget(account_id)
        for account in current.values():
            self._learn(account)

    async def authorize(self, name: str, password: str, device: str, meta: str, address: str) -> str:
        """A new session of *device*; the answer is its token.

        Raises :class:`NoSuchUser` for a wrong name and a wrong password alike, in the same time;
        :class:`webcam.errors.LockedOut` at once; :class:`webcam.errors.CoolingDown`; and
        :class:`webcam.errors.Overloaded` when too many log in at once.
        """
        with self._lockout.attempt(name, device, address) as group:
            account = await self._checked(name, password, device, address, group)
            return await self._admit(account, device, meta, address)

    async def _checked(self, name: str, password: str, device: str, address: str, group: Key) -> Account:
        account = await self._store.account(name)
        if account is not None:
            self._sessions.check_cooling(account.account_id, device, address)
        if not await self._passwords.check(account.password_hash if account else None, password, address, group):
            raise NoSuchUser("wrong name or password")
        assert account is not None, "nobody's password was right"
        return account

    async def _admit(self, account: Account, device: str, meta: str, address: str) -> str:
        self._learn(account)
        token = await self._sessions.open(account.account_id, device, meta, address)
        if account.generation != self._generations.get(account.account_id):
            self._sessions.end(self._sessions.find(token))
            raise NoSuchUser("the password changed meanwhile")
        return token

    def _learn(self, account: Account) -> None:
        known = self._generations.get(account.account_id)
        if known is None or known < account.generation:
            self._sessions.end_account(account.account_id)
            self._generations[account.account_id] = account.generation
            self._names[account.account_id] = account.name
        if known is None:
            # Once: later it is the server itself that changes settings, and what was read before that is old.
            self._settings.learn(account.account_id, account.settings)
        self._stamps.saw(account.account_id, account.last_stamp)
        self._quotas.learn(account)
