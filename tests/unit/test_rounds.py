"""Whose bytes are taken next."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from tests.support.ticking import Ticking
from webcam.http.limits import TURN
from webcam.http.rounds import PASS, Place, Rounds


class Tests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Ticking()
        self.rounds = Rounds(self.clock)
        self.taken: list[str] = []

    def take(self, name: str, seconds: float = 0.0) -> Callable[[], None]:
        """A turn that takes so long."""

        def turn() -> None:
            self.clock.rightNow += seconds
            self.taken.append(name)

        return turn

    def places(self, *addresses: str) -> list[Place]:
        return [self.rounds.place(address) for address in addresses]

    def test_addresses_in_turn(self) -> None:
        """One with many connections has no more turns than one with one."""
        *many, other, third = self.places("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        for number, place in enumerate(many):
            place.wait(self.take(f"many {number}"))
        other.wait(self.take("other"))
        third.wait(self.take("third"))
        self.assertEqual(self.taken, [])
        self.clock.turn()
        self.assertEqual(self.taken, ["many 0", "other", "third", "many 1", "many 2"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_network_of_ipv6_is_one_address(self) -> None:
        first, second, other = self.places("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
        first.wait(self.take("first"))
        self.assertEqual((second.crowded, other.crowded), (True, False))

    def test_a_pass_is_bounded(self) -> None:
        """However many wait: the rest is for later passes."""
        for place in self.places(*["192.0.2.1"] * 50):
            place.wait(self.take("", TURN))
        passes = []
        while self.clock.getDelayedCalls():
            before = len(self.taken)
            self.clock.turn()
            passes.append(len(self.taken) - before)
        self.assertEqual(len(self.taken), 50)
        self.assertLessEqual(max(passes), PASS / TURN + 1)

    def test_who_is_not_done_waits_behind_the_others(self) -> None:
        first, second = self.places("192.0.2.1", "192.0.2.1")
        first.wait(lambda: (self.taken.append("first"), first.wait(self.take("first again"))))
        second.wait(self.take("second"))
        self.clock.turn()
        self.assertEqual(self.taken, ["first", "second", "first again"])

    def test_waiting_and_crowded(self) -> None:
        first, second = self.places("192.0.2.1", "192.0.2.1")
        first.wait(self.take("first"))
        self.assertEqual((first.waiting, first.crowded, second.waiting, second.crowded), (True, True, False, True))
        self.clock.turn()
        self.assertEqual((first.waiting, first.crowded, second.crowded), (False, False, False))

    def test_who_leaves(self) -> None:
        """It has no turn, the others do; with the last one nothing is left to be called."""
        first, second = self.places("192.0.2.1", "192.0.2.1")
        second.leave()
        first.wait(self.take("first"))
        second.wait(self.take("second"))
        first.leave()
        self.clock.turn()
        self.assertEqual(self.taken, ["second"])
        first.wait(self.take("first"))
        first.leave()
        self.assertEqual((first.crowded, self.clock.getDelayedCalls()), (False, []))

    def test_one_that_fails(self) -> None:
        """The others have their turns all the same."""
        first, second = self.places("192.0.2.1", "192.0.2.1")
        first.wait(lambda: self.fail("in a turn"))
        second.wait(self.take("second"))
        self.assertRaises(self.failureException, self.clock.turn)
        self.clock.turn()
        self.assertEqual(self.taken, ["second"])
