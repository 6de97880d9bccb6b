"""What tests of sessions begin with: one account, and sessions on a store that can refuse."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.audit import Notes
from tests.support.clock import FakeClock
from tests.support.stores import RefusingStore
from tests.support.trail import used
from webcam.errors import NoSuchSession
from webcam.model import MINUTE_REQUESTS, SESSION_MINUTES, SESSION_REQUESTS, Bounds, Role, Secret
from webcam.service.quotas import AccountQuotas
from webcam.service.sessions import Sessions
from webcam.service.settings import AccountSettings
from webcam.service.timekeeper import Timekeeper

HERE = "192.0.2.1"


class SessionsCase(SynchronousTestCase):
    def setUp(self):
        self.clock = FakeClock()
        self.store = RefusingStore()
        self.account_id = self.successResultOf(self.store.add_account("user", "hash"))
        self.audit = Notes()
        self.settings = AccountSettings(self.store, self.audit)
        self.quotas = AccountQuotas(Bounds())
        self.time = Timekeeper(self.clock)
        self.sessions = Sessions(self.store, self.settings, self.quotas, self.time, self.audit)
        self.offline: list[str] = []
        self.sessions.on_offline = lambda _, device: self.offline.append(device)

    def set(self, **chosen: float) -> None:
        kinds = {"minutes": SESSION_MINUTES, "requests": SESSION_REQUESTS, "a_minute": MINUTE_REQUESTS}
        self.settings.learn(self.account_id, {kinds[name]: value for name, value in chosen.items()})

    def bound(self, kind: str, value: int) -> None:
        """Set a quota of the account."""
        self.successResultOf(self.store.set_quota("user", kind, value))
        self.quotas.learn(self.successResultOf(self.store.account("user")))

    def secret(self, role: Role, *devices: str, label: str = "a secret") -> Secret:
        """A new secret of the account."""
        named = frozenset(devices)
        secret_id = self.successResultOf(self.store.add_secret("user", label, f"digest of {label}", role, named))
        return Secret(secret_id, label, role, named)

    def open(self, device: str = "camera", meta: str = "{}", address: str = HERE, secret: Secret | None = None) -> str:
        return used("token", self.successResultOf(self.begin_to_open(device, meta, address, secret)))

    def begin_to_open(
        self, device: str = "camera", meta: str = "{}", address: str = HERE, secret: Secret | None = None
    ) -> Deferred[str]:
        return Deferred.fromCoroutine(self.sessions.open(self.account_id, device, meta, address, secret))

    def sweep(self) -> None:
        self.successResultOf(self.sessions.sweep())

    def assertEnded(self, token: str) -> None:
        self.assertRaises(NoSuchSession, self.sessions.find, token)
