"""What small frames cost a peer, and what it sent or was sent before that pays for them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.http.core import Flood
from webcam.http.dues import LITTLE, LITTLE_COST, MAX_OWED, SETTINGS_FREE, UPDATE_COST, Dues


class DuesTests(SynchronousTestCase):
    def setUp(self):
        self.paid: list[float] = []
        self.dues = Dues(lambda cost: self.paid.append(cost) or True)

    def settled(self) -> int:
        """How many frames of credit the peer owed."""
        number = 0
        while self.dues.settle():
            number += 1
        return number

    def test_who_has_nothing_left_floods(self):
        self.assertRaises(Flood, Dues(lambda _: False).take, "PING")

    def test_updates_are_owed_for_what_was_sent_and_for_a_stream_that_opened(self):
        self.dues.opened()
        self.dues.sent(4096)
        for _ in range(6):
            self.dues.take_update()
        self.assertEqual(self.paid, [])
        self.dues.take_update()
        self.assertEqual(self.paid, [UPDATE_COST])

    def test_no_more_is_owed_than_so_much(self):
        for _ in range(MAX_OWED):
            self.dues.sent(100)
            self.dues.opened()
        self.assertLessEqual(self.settled(), MAX_OWED + 2)

    def test_data_of_little_is_paid_for_by_data_of_much(self):
        while not self.paid:
            self.dues.take_data(1)
        self.dues.take_data(5 * LITTLE)
        for _ in range(4):
            self.dues.take_data(1)
        self.assertEqual(self.paid, [LITTLE_COST])
        self.dues.take_data(1)
        self.assertEqual(self.paid, [LITTLE_COST] * 2)

    def test_more_settings_than_there_are_cost_more(self):
        self.dues.take_settings(9)
        self.dues.take_settings(3 * SETTINGS_FREE)
        self.assertEqual(self.paid, [1.0, 3.0])
