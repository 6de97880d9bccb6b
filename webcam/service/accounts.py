"""Accounts: who may log in, and what happens when the operator changes that while the server runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from webcam.errors import (
    CoolingDown,
    DatabaseFail,
    LockedOut,
    NoSuchUser,
    NotAllowed,
    Overloaded,
    QuotaExceeded,
)
from webcam.model import NO_DEVICE, Account, Role, Secret
from webcam.ports import AccountStore, Audit
from webcam.service.lockout import Key, Lockout
from webcam.service.passwords import Passwords
from webcam.service.quotas import AccountQuotas
from webcam.service.session import Session
from webcam.service.sessions import Sessions
from webcam.service.settings import AccountSettings
from webcam.service.stamps import Stamps
from webcam.service.tokens import SECRET_PREFIX, digest_of


@dataclass(frozen=True)
class Login:
    """What a device says to be let in. ``password`` may be a secret.

    ``looks``: its session will be of no device; ``device`` is what it is told apart by until then.
    """

    name: str
    password: str
    device: str
    meta: str
    address: str
    looks: bool = False


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
        audit: Audit,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._lockout = lockout
        self._sessions = sessions
        self._settings = settings
        self._stamps = stamps
        self._quotas = quotas
        self._audit = audit
        self._generations: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._followed: tuple[int, ...] | None = None
        """What storage's version was before it was read last."""

    async def load(self) -> None:
        """Take over what storage holds, once, at the start. Devices that are in may log in again at any time."""
        await self.refresh()
        await self._sessions.load()
        for session in self._sessions.all():
            name = self.name_of(session.account_id)
            if name is not None and session.secret is None:
                self._lockout.remember(name, session.device, session.address)

    @property
    def known(self) -> list[int]:
        """The ids of all accounts."""
        return sorted(self._generations)

    def name_of(self, account_id: int) -> str | None:
        """The name of an account that is known."""
        return self._names.get(account_id)

    async def follow(self) -> bool:
        """Do :meth:`refresh` if anything was stored since the last time; return whether it was done.

        To read thousands of accounts every 2 s took 3 % of a core on a server where nothing happened.
        """
        version = await self._store.version()
        if version == self._followed:
            return False
        await self.refresh()
        self._followed = version
        return True

    async def refresh(self) -> None:
        """Learn of new accounts; end the sessions of those that are gone, disabled or have another password.

        Also those that the operator revoked.
        """
        before = set(self._generations)
        current = {each.account_id: each for each in await self._store.accounts()}
        for account_id in before - current.keys():
            self._sessions.end_account(account_id, "the account is gone")
            self._forget(account_id)
            self._stamps.forget(account_id)
        for account in current.values():
            self._learn(account)
            if account.disabled:
                self._sessions.end_account(account.account_id, "the account is disabled")
        revoked = await self._store.revoked_sessions()
        if revoked:
            self._sessions.revoke(revoked)
            await self._store.forget_revoked(revoked)

    def take_over(self, accounts: Sequence[Account]) -> None:
        """Storage is another one, which has these accounts; the sessions that are left are of this one already."""
        self._followed = None
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

    async def authorize(
        self, name: str, password: str, device: str, meta: str, address: str, looks: bool = False
    ) -> str:
        """A new session of *device*; the answer is its token. *password* may also be a secret of the account.

        With *looks* the session is of no device, whatever *device* is: that name only tells its tries from others'.

        Raises :class:`NoSuchUser` for a wrong name, a wrong password and a disabled account alike, in the same time;
        :class:`webcam.errors.LockedOut` at once; :class:`webcam.errors.CoolingDown`; :class:`Overloaded` when too many
        log in at once; :class:`webcam.errors.QuotaExceeded`; :class:`NotAllowed` for a secret of other devices.
        """
        login = Login(name, password, device, meta, address, looks)
        with self._noting(login):
            return await self._let_in(login)

    @contextmanager
    def _noting(self, login: Login) -> Iterator[None]:
        """Why a login was refused is noted."""
        try:
            yield
        except LockedOut as failure:
            if failure.news:
                self._note("locked_out", login)
            raise
        except CoolingDown as failure:
            if failure.news:
                self._note("login_refused", login, reason=str(failure))
            raise
        except QuotaExceeded as failure:
            self._note("quota_met", login, reason=str(failure))
            raise
        except (NoSuchUser, NotAllowed) as failure:
            self._note("login_refused", login, reason=str(failure))
            raise

    async def change_password(self, session: Session, old: str, new: str, address: str) -> None:
        """Another password for the session's account; its other sessions end, this one goes on.

        The old one is checked as at a login. Raises :class:`NoSuchUser` when it is wrong,
        :class:`webcam.errors.LockedOut`, :class:`Overloaded`.
        """
        name = self.name_of(session.account_id) or ""
        login = Login(name, old, session.device, session.meta, address)
        with self._noting(login):
            with self._lockout.attempt(name, session.device, address) as group:
                account = await self._enabled(name)
                checked = account.password_hash if account else None
                if account is None or not await self._passwords.check(checked, old, address, group):
                    raise NoSuchUser("wrong password")
            await self._replace_hash(account, await self._passwords.hash(new, address, group), session)
        self._sessions.end_account(session.account_id, "the password changed", keep=session)
        self._note("password_changed", login)

    async def _replace_hash(self, account: Account, password_hash: str, session: Session) -> None:
        """The account's next generation is known before it is there: who learns of it ends this session no more."""
        account_id, known = account.account_id, self._generations.get(account.account_id)
        if known is None:
            raise NoSuchUser("the account is gone")
        self._generations[account_id] = account.generation + 1
        changed = False
        try:
            changed = await self._store.change_password(
                account_id, account.password_hash, password_hash, session.digest
            )
        finally:
            if not changed and account_id in self._generations:
                self._generations[account_id] = known
        if not changed:
            raise NoSuchUser("the password changed meanwhile")

    async def _let_in(self, login: Login) -> str:
        found = await self._secret(login)
        if found is not None:
            return await self._by_secret(*found, login)
        with self._lockout.attempt(login.name, login.device, login.address) as group:
            return await self._by_password(login, group)

    def _note(self, event: str, login: Login, **facts: str | None) -> None:
        """A name that is none of an account's is left out: it may be a password, typed into the wrong field."""
        known = login.name if login.name in self._names.values() else None
        self._audit.note(event, account=known, device=login.device, address=login.address, **facts)

    async def _secret(self, login: Login) -> tuple[Account, Secret] | None:
        """No slow hash guards it: it can't be guessed. What only looks like one may still be the password."""
        if not login.password.startswith(SECRET_PREFIX):
            return None
        secret = await self._store.secret(login.name, digest_of(login.password))
        account = await self._enabled(login.name)
        return None if secret is None or account is None else (account, secret)

    async def _by_secret(self, account: Account, secret: Secret, login: Login) -> str:
        if secret.role is Role.PUBLISH and secret.devices and login.device not in secret.devices:
            raise NotAllowed("a secret of other devices")
        self._lockout.check_secret(secret.secret_id)
        self._sessions.check_cooling(account.account_id, login.device, login.address, secret)
        token = await self._open(account, login, secret)
        if await self._secret(login) is None:
            self._sessions.revoke([digest_of(token)], reason=None)  # nobody was told of it
            raise NoSuchUser("the secret was removed meanwhile")
        self._note("login", login, secret=secret.label)
        return token

    async def _by_password(self, login: Login, group: Key) -> str:
        account = await self._enabled(login.name)
        if account is not None:
            self._sessions.check_cooling(account.account_id, login.device, login.address)
        password_hash = account.password_hash if account else None
        if not await self._passwords.check(password_hash, login.password, login.address, group):
            raise NoSuchUser("wrong name or password")
        assert account is not None, "nobody's password was right"
        token = await self._open(account, login, None)
        self._note("login", login)
        await self._renew_hash(account, login, group)
        return token

    async def _enabled(self, name: str) -> Account | None:
        account = await self._store.account(name)
        return None if account is None or account.disabled else account

    async def _open(self, account: Account, login: Login, secret: Secret | None) -> str:
        self._learn(account)
        device = NO_DEVICE if login.looks else login.device
        token = await self._sessions.open(account.account_id, device, login.meta, login.address, secret)
        if account.generation != self._generations.get(account.account_id):
            self._sessions.revoke([digest_of(token)], reason=None)  # nobody was told of it
            raise NoSuchUser("the password changed meanwhile")
        return token

    async def _renew_hash(self, account: Account, login: Login, group: Key) -> None:
        """What keeps it from being renewed keeps nobody out: the next login tries again."""
        try:
            renewed = await self._passwords.renewed(account.password_hash, login.password, login.address, group)
            if renewed is not None:
                await self._store.rehash(account.account_id, account.password_hash, renewed)
        except (DatabaseFail, Overloaded):
            pass

    def _learn(self, account: Account) -> None:
        known = self._generations.get(account.account_id)
        if known is None or known < account.generation:
            reason = "the account is disabled" if account.disabled else "the password changed"
            self._sessions.end_account(account.account_id, reason)
            self._learn_who(account)
        if known is None:
            # Once: later it is the server itself that changes settings, and what was read before that is old.
            self._settings.learn(account.account_id, account.settings)
        self._stamps.saw(account.account_id, account.last_stamp)
        self._quotas.learn(account)
