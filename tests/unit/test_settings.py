"""Settings: their bounds, all or nothing."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.audit import Notes
from tests.support.stores import BlockingStore
from webcam.errors import DatabaseFail, MalformedRequest
from webcam.model import SETTING_KINDS, whole_settings
from webcam.service.settings import AccountSettings

DEFAULTS = {1: 30, 2: 10, 3: 1500, 4: 50, 5: 125, 6: 30}


class SettingsCase(SynchronousTestCase):
    def setUp(self):
        self.store = BlockingStore()
        self.audit = Notes()
        self.account_id = self.successResultOf(self.store.add_account("user", "hash"))
        self.settings = AccountSettings(self.store, self.audit)

    def change(self, chosen: dict[int, float]) -> None:
        self.successResultOf(self.settings.change(self.account_id, chosen))

    def stored(self) -> dict[int, float]:
        return self.successResultOf(self.store.account("user")).settings

    def assertRefused(self, chosen: dict[int, float], failure: type[Exception] = MalformedRequest) -> None:
        before = (self.settings.of(self.account_id), self.stored())
        self.failureResultOf(self.settings.change(self.account_id, chosen), failure)
        self.assertEqual((self.settings.of(self.account_id), self.stored()), before)


class ChangeTests(SettingsCase):
    def test_kinds_bounds_and_defaults_are_the_protocols(self):
        self.assertEqual(
            {kind: (each.minimum, each.maximum, each.default) for kind, each in SETTING_KINDS.items()},
            {
                1: (0.004, 168, 30),
                2: (3, 30, 10),
                3: (200, 10000, 1500),
                4: (20, 200, 50),
                5: (1, 750, 125),
                6: (1, 120, 30),
            },
        )

    def test_an_account_that_set_nothing_has_the_defaults(self):
        self.assertEqual(self.settings.of(self.account_id), DEFAULTS)
        self.assertEqual(whole_settings({2: 3}), {**DEFAULTS, 2: 3})

    def test_a_change_acts_at_once_is_stored_and_leaves_the_other_kinds(self):
        self.change({1: 5.5, 2: 20})
        self.change({2: 3})
        self.assertEqual(self.settings.of(self.account_id), {**DEFAULTS, 1: 5.5, 2: 3})
        self.assertEqual(self.stored(), {1: 5.5, 2: 3})

    def test_the_bounds_themselves_are_within_and_a_step_beyond_is_not(self):
        for kind, each in SETTING_KINDS.items():
            self.change({kind: each.minimum})
            self.change({kind: each.maximum})
            for wrong in (each.minimum - 0.001, each.maximum + 0.001, 0, -each.minimum, float("nan"), float("inf")):
                self.assertRefused({kind: wrong})

    def test_one_wrong_entry_and_nothing_changes(self):
        self.assertRefused({1: 5, 2: 31})
        self.assertRefused({1: 5, 7: 5})
        self.assertRefused({0: 5})

    def test_what_storage_refuses_does_not_act(self):
        async def refuse(account_id, chosen):
            raise DatabaseFail("refused")

        self.patch(self.store, "set_settings", refuse)
        self.assertRefused({2: 20}, DatabaseFail)

    def test_accounts_have_their_own(self):
        other_id = self.successResultOf(self.store.add_account("other", "hash"))
        self.change({2: 20})
        self.assertEqual(self.settings.of(other_id), DEFAULTS)

    def test_forgotten_settings_are_the_defaults(self):
        self.change({2: 20})
        self.settings.forget(self.account_id)
        self.settings.forget(self.account_id)
        self.assertEqual(self.settings.of(self.account_id), DEFAULTS)
