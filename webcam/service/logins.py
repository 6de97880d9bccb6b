"""Logins by HTTP Basic: clients that can't hold a session show name and password with every request.

They only look, so their sessions are of no device: such a client is not online, and nobody is told that it came.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence

from twisted.internet.defer import DeferredLock

from webcam.errors import NoSuchSession, NoSuchUser, Overloaded, Unauthorized
from webcam.service.accounts import Accounts
from webcam.service.session import Session
from webcam.service.sessions import Sessions

REMEMBERED = 1000
"""Logins that are remembered; one more forgets the one that was used longest ago."""

WAITING = 50
"""Requests that wait for the same login: a wall of pictures opens that many at once."""

DEVICE_PREFIX = "http-"

META = "{}"


class Logins:
    """A session for each name with its password, as long as requests come: a password is checked once a session.

    What is remembered is a hash by a key of this process, not a password. Whatever ends a session (its silence, a new
    password of its account) makes the next request check the password again.
    """

    def __init__(self, accounts: Accounts, sessions: Sessions) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._key = secrets.token_bytes(32)
        self._tokens: OrderedDict[bytes, str] = OrderedDict()
        self._turns: dict[bytes, DeferredLock] = {}

    async def first(self, readings: Sequence[tuple[str, str]], address: str) -> Session:
        """The session of the first of these names and passwords that is right: a client's bytes may be read in two
        ways, the likeliest first. Errors as :meth:`session` has them, of the last one.

        One that is remembered goes before, so that only a first login pays for a reading that is wrong. Each one that
        is checked is an attempt of its own, which waits for its turn and which the lockout counts: whoever guesses gets
        no more hashes for an attempt than by sending one reading at a time.
        """
        *others, last = sorted(readings, key=lambda each: len(readings) > 1 and not self._remembers(*each))
        for each in others:
            try:
                return await self.session(*each, address)
            except Unauthorized:
                pass
        return await self.session(*last, address)

    def _remembers(self, name: str, password: str) -> bool:
        return self._hash(name, password) in self._tokens

    async def session(self, name: str, password: str, address: str) -> Session:
        """The session of this login, now active, and not charged for a request.

        Raises :class:`Unauthorized`, and what :meth:`webcam.service.accounts.Accounts.authorize` raises beside it.
        """
        key = self._hash(name, password)
        turn = self._turns.setdefault(key, DeferredLock())
        if len(turn.waiting) >= WAITING:
            raise Overloaded("requests at once of a login")
        try:
            async with turn:
                return self._known(key) or await self._log_in(key, name, password, address)
        finally:
            if not turn.locked:
                self._turns.pop(key, None)

    def _hash(self, name: str, password: str) -> bytes:
        lengths = f"{len(name)} {len(password)} "
        text = f"{lengths}{name}{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)

    def _known(self, key: bytes) -> Session | None:
        token = self._tokens.get(key)
        if token is None:
            return None
        try:
            session = self._sessions.find(token)
        except NoSuchSession:
            del self._tokens[key]
            return None
        self._tokens.move_to_end(key)
        return session

    async def _log_in(self, key: bytes, name: str, password: str, address: str) -> Session:
        """Its tries have a name that nobody else's have, 64 bits that none can know: no stranger's lock it out."""
        tries = DEVICE_PREFIX + key.hex()[:16]
        try:
            token = await self._accounts.authorize(name, password, tries, META, address, looks=True)
        except NoSuchUser as error:
            raise Unauthorized(str(error)) from None
        self._tokens[key] = token
        if len(self._tokens) > REMEMBERED:
            self._tokens.popitem(last=False)
        return self._sessions.find(token)
