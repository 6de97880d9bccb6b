"""The whole server without sockets, threads or disk: real services and edge on a database in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.support.audit import Notes
from tests.support.clock import FakeClock
from tests.support.decoder import FakeDecoder
from tests.support.disk import FakeDisk
from tests.support.stores import BlockingStore
from tests.support.trail import PASSWORD, used
from webcam.address import Networks
from webcam.api.services import Limits, Services
from webcam.api.tree import build_site
from webcam.assembly import Outside, make_services
from webcam.model import Bounds, Swept
from webcam.service.passwords import hash_password
from webcam.storage.thumbnails import ThumbnailFile

NAME = "user"

INSTANCE = "0123456789abcdef"
"""The server's id."""


async def at_once(function: Any, *args: Any) -> Any:
    """An offload that blocks."""
    return function(*args)


class World:
    """A server with one account, ``user`` with the password of tests. Every call is finished when it returns."""

    def __init__(
        self,
        limits: Limits | None = None,
        cooldown: float = 60.0,
        bounds: Bounds | None = None,
        base: str = "/",
        proxies: Networks | None = None,
        instance: str = INSTANCE,
    ) -> None:
        self.clock = FakeClock()
        self.store = BlockingStore()
        self.audit = Notes()
        self.disk = FakeDisk(self.store)
        self._options = (limits or Limits(), bounds or Bounds(), cooldown, base, instance)
        self._proxies = proxies
        self._begin()
        self.account_id = self.run(self.store.add_account(NAME, _hash(PASSWORD)))
        self.run(self.services.accounts.refresh())

    def restart(self, down: float = 0.0, jump: float = 0.0, clean: bool = True) -> None:
        """Another process on the same database, *down* seconds later; its wall clock has jumped by *jump*.

        One that isn't *clean* was killed.
        """
        if clean:
            self.run(self.services.sessions.flush())
            self.run(self.services.timekeeping.close())
        wall = self.clock.wall() + down + jump
        self.clock = FakeClock()
        self.clock.advance(5)
        self.clock.step = wall - 5
        self._begin()
        self.run(self.services.timekeeping.load())
        self.run(self.services.accounts.load())
        self.run(self.retention.decide())

    def look(self) -> None:
        """What is done every 2 s about the clock."""
        if self.run(self.services.timekeeping.look()):
            self.run(self.retention.decide())

    def sweep(self) -> Swept:
        """What is done every minute about what is kept."""
        self.look()
        self.run(self.services.timekeeping.save())
        return self.run(self.retention.sweep())

    def _begin(self) -> None:
        outside = Outside(
            store=self.store,
            kept=ThumbnailFile(None, at_once),
            disk=self.disk,
            audit=self.audit,
            clock=self.clock,
            reactor=self.clock,
            offload=at_once,
            decoder=FakeDecoder(),
        )
        self.services: Services
        self.services, self.retention = make_services(outside, *self._options)
        self.site = build_site(self.services, self.clock, self._proxies)

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine that needs no waiting; its exception is raised."""
        results: list[Any] = []
        failures: list[Any] = []
        Deferred.fromCoroutine(coroutine).addCallbacks(results.append, failures.append)
        if failures:
            failures[0].raiseException()
        assert results, "the coroutine waits for something"
        return results[0]

    def authorize(self, device: str, meta: str = "", name: str = NAME, password: str = PASSWORD) -> str:
        """A token for a device."""
        token = self.run(self.services.accounts.authorize(name, password, device, meta, "192.0.2.1"))
        return used("token", token)


_HASHES: dict[str, str] = {}


def _hash(password: str) -> str:
    """Hashing is slow by design; once a password is enough."""
    used("password", password)
    if password not in _HASHES:
        _HASHES[password] = hash_password(password)
    return _HASHES[password]
