"""Password hashing by argon2id, off the reactor's thread and only so many at once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webcam.service.turns import Turns

Offload = Callable[..., Awaitable[Any]]
"""``await offload(function, *args)`` runs a slow function where it blocks nobody."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's second choice of parameters for argon2id: 19 MiB, two passes. A Raspberry Pi 3 takes about 0.3 s for it."""

AT_ONCE = 2
"""Hashes computed at the same time: each takes a core and 19 MiB."""

WAITING = 200
"""Logins that may wait for their turn."""

PER_ADDRESS = 80
"""Logins of one address that may wait or be under way: a site's devices come back together when its power does. Fewer
than may fail at one account, so that what those are told is to come back."""


MEMORY, PASSES, LANES = 256 * 1024, 16, 16
"""Most that a hash may cost which is checked here: KiB, passes over them, and threads. A database may come from
anywhere, and a hash of 4 GiB would take the server down with the first login."""

_FORM = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}"
)


def is_hash(text: str) -> bool:
    """Return whether *text* is a password's hash, by argon2id, that costs no more than a server can bear."""
    found = _FORM.fullmatch(text)
    if found is None:
        return False
    memory, passes, lanes = map(int, found.groups())
    return 8 * lanes <= memory <= MEMORY and 1 <= passes <= PASSES and 1 <= lanes <= LANES


def hash_password(password: str) -> str:
    """Blocking: for an offload, or for a program that has no reactor."""
    return _HASHER.hash(password.encode("utf-8"))


def check_password(password_hash: str, password: str) -> bool:
    """Blocking, as above. What :func:`is_hash` refuses is nobody's hash: false, and as slow as one of ours."""
    if not is_hash(password_hash):
        hash_password(password)
        return False
    try:
        return _HASHER.verify(password_hash, password.encode("utf-8"))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than new ones are. What is no hash was never a password's."""
    try:
        return _HASHER.check_needs_rehash(password_hash)
    except InvalidHashError:
        return False


class Passwords:
    """Checks passwords; a name that doesn't exist takes as long as a wrong password.

    ``per_address``: logins that one address may have here at once.
    """

    def __init__(self, offload: Offload, per_address: int = PER_ADDRESS) -> None:
        self._offload = offload
        self._turns = Turns(AT_ONCE, WAITING, per_address, "logins at once")
        self._nobody = hash_password(secrets.token_hex(16))

    async def check(self, password_hash: str | None, password: str, address: str, group: Hashable = None) -> bool:
        """``None`` is the hash of nobody: always false, and as slow as any.

        Of an address, each *group* of logins has its turn. Raises :class:`webcam.errors.Overloaded`.
        """

        async def work() -> bool:
            return bool(await self._offload(check_password, password_hash or self._nobody, password))

        return await self._turns.run(address, group, work) and password_hash is not None

    async def renewed(self, password_hash: str, password: str, address: str, group: Hashable = None) -> str | None:
        """A hash by today's parameters in the place of one by other ones. Raises :class:`webcam.errors.Overloaded`."""
        return await self.hash(password, address, group) if is_outdated(password_hash) else None

    async def hash(self, password: str, address: str, group: Hashable = None) -> str:
        """The hash of a new password. Raises :class:`webcam.errors.Overloaded`."""

        async def work() -> str:
            return str(await self._offload(hash_password, password))

        return await self._turns.run(address, group, work)
