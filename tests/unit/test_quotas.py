"""Quotas: what an account may hold, and by how much it holds more."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.model import QUOTA_MESSAGES, QUOTA_RECORD_BYTES, QUOTA_RECORDS, Account, Bounds, Quotas, Usage
from webcam.service.quotas import AccountQuotas

KINDS = (QUOTA_MESSAGES, QUOTA_RECORDS, QUOTA_RECORD_BYTES)


def account(quotas: Quotas, usage: Usage | None = None) -> Account:
    return Account(1, "user", "hash", 1, "", {}, quotas, usage or Usage())


class QuotasTests(SynchronousTestCase):
    def bounds(self, bounds: Bounds, quotas: Quotas) -> list[int | None]:
        found = AccountQuotas(bounds)
        found.learn(account(quotas))
        return [found.of(1, kind) for kind in KINDS]

    def test_the_servers_where_nothing_is_set(self):
        self.assertEqual(self.bounds(Bounds(), {}), [2_000_000, None, None])
        self.assertEqual(self.bounds(Bounds(7, 8, 9), {}), [7, 8, 9])

    def test_what_is_set_wins_and_0_is_no_bound(self):
        self.assertEqual(self.bounds(Bounds(7, 8, 9), {QUOTA_RECORDS: 3}), [7, 3, 9])
        self.assertEqual(self.bounds(Bounds(7, 8, 9), dict.fromkeys(KINDS, 0)), [None, None, None])

    def test_an_account_that_is_gone_or_unknown_has_the_servers(self):
        quotas = AccountQuotas(Bounds(records=8))
        quotas.learn(account({QUOTA_RECORDS: 3}, Usage(0, 100, 100)))
        quotas.forget(1)
        self.assertEqual((quotas.of(1, QUOTA_RECORDS), quotas.excess(1)), (8, (0, 0)))

    def test_excess_begins_with_what_is_above_the_bound(self):
        quotas = AccountQuotas(Bounds(records=2, record_bytes=100))
        quotas.learn(account({}))
        found = []
        for size in (60, 40, 1):
            quotas.stored(1, size)
            found.append(quotas.excess(1))
        self.assertEqual(found, [(0, 0), (0, 0), (1, 1)])
        self.assertEqual(quotas.excess(1, Usage(9, 5, 150)), (3, 50), "of what storage says")

    def test_without_a_bound_there_is_no_excess(self):
        quotas = AccountQuotas(Bounds())
        quotas.learn(account({}, Usage(0, 10**9, 10**15)))
        self.assertEqual(quotas.excess(1), (0, 0))

    def test_what_storage_says_replaces_what_was_counted(self):
        quotas = AccountQuotas(Bounds(records=2))
        for _ in range(5):
            quotas.stored(1, 1)
        quotas.learn(account({}, Usage(0, 3, 3)))
        self.assertEqual(quotas.excess(1), (1, 0))
