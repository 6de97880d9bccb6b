"""The window of a trusted upload: it grows where it is what limits."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.http.growth import PAUSE, Growth
from webcam.http.limits import UPLOAD_WINDOW, WIDEST_UPLOAD

HALF = UPLOAD_WINDOW // 2


class GrowthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.growth = Growth()
        self.now = 100.0

    def trip(self, left: int, arrived: int, held: bool = False) -> bool:
        """A round trip that is measured, while so much arrives; whether the window has grown."""
        self.assertTrue(self.growth.received(1000, left, self.now))
        self.growth.received(arrived, left - arrived, self.now + 0.05)
        self.now += 0.1
        grown = self.growth.measured(self.now, held)
        self.now += PAUSE
        return grown

    def test_all_that_was_left_arrives(self) -> None:
        """The camera waits for credit: twice the window."""
        self.assertTrue(self.trip(HALF, HALF))
        self.assertEqual(self.growth.window, 2 * UPLOAD_WINDOW)

    def test_less_arrives(self) -> None:
        """It is limited by something else."""
        self.assertFalse(self.trip(HALF, HALF // 2))
        self.assertEqual(self.growth.window, UPLOAD_WINDOW)

    def test_bound(self) -> None:
        """At most so far; then nothing is measured any more."""
        while self.growth.window < WIDEST_UPLOAD:
            self.assertTrue(self.trip(self.growth.window // 2, self.growth.window // 2))
        self.assertEqual(self.growth.window, WIDEST_UPLOAD)
        self.assertFalse(self.growth.received(1000, WIDEST_UPLOAD // 2, self.now))

    def test_held(self) -> None:
        """A viewer holds the upload back: no further ahead; later it may grow."""
        self.assertFalse(self.trip(HALF, HALF, held=True))
        self.assertEqual(self.growth.window, UPLOAD_WINDOW)
        self.assertTrue(self.trip(HALF, HALF))

    def test_when_it_is_measured(self) -> None:
        """Once at a time, with a pause, and only with a half to a quarter of the window left."""
        self.assertFalse(self.growth.received(1000, HALF + 1, self.now))
        self.assertFalse(self.growth.received(1000, UPLOAD_WINDOW // 4 - 1, self.now))
        self.assertTrue(self.growth.received(1000, UPLOAD_WINDOW // 4, self.now))
        self.assertFalse(self.growth.received(1000, HALF, self.now))
        self.assertFalse(self.growth.measured(self.now, held=False))
        self.assertFalse(self.growth.received(1000, HALF, self.now + PAUSE / 2))
        self.assertTrue(self.growth.received(1000, HALF, self.now + PAUSE))

    def test_an_answer_to_nothing(self) -> None:
        """A PING acknowledged that was not sent, or twice."""
        self.assertFalse(self.growth.measured(self.now, held=False))
        self.assertTrue(self.trip(HALF, HALF))
        self.assertFalse(self.growth.measured(self.now, held=False))
