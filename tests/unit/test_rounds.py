"""Whose bytes are taken next."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from tests.support.ticking import Ticking
from webcam.http.limits import TURN
from webcam.http.rounds import ALONE, PASS, SHARE, Place, Rounds


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

    def test_many_short_turns(self) -> None:
        """They have a pass together; who comes behind them waits, whoever is of another address doesn't."""
        *many, late, other = self.places(*["192.0.2.1"] * 21, "192.0.2.2")
        for place in many:
            self.assertFalse(place.crowded)
            self.short(place, TURN / 2)
        self.assertEqual((late.crowded, late.waiting, other.crowded), (True, False, False))

    def test_short_turns_with_pauses(self) -> None:
        """Half of the time is theirs."""
        for _ in range(10):
            for place in self.places(*["192.0.2.1"] * 20):
                self.assertFalse(place.crowded)
                self.short(place, TURN / 2)
                self.clock.rightNow += TURN / 2

    def test_one_connection_alone(self) -> None:
        """Its turns keep it short, and nothing else has to."""
        alone, second = self.places("192.0.2.1", "192.0.2.1")
        self.short(second, TURN)
        while self.clock.rightNow < 2 * ALONE:
            self.short(alone, TURN)
        for _ in range(100):
            self.short(alone, TURN)
            self.assertFalse(alone.crowded)

    def test_it_is_over_soon(self) -> None:
        """However long it went on."""
        places = self.places(*["192.0.2.1"] * 1000)
        for place in places:
            self.short(place, TURN)
        self.assertTrue(places[0].crowded)
        self.clock.rightNow += PASS / SHARE
        self.assertFalse(places[0].crowded)

    def test_nothing_is_kept_of_who_is_gone(self) -> None:
        places = self.places("192.0.2.1", "192.0.2.1", "192.0.2.2")
        self.assertEqual(len(self.rounds._accounts), 2)
        del places
        self.assertEqual(len(self.rounds._accounts), 0)

    def short(self, place: Place, seconds: float) -> None:
        """A turn of so long, that leaves nothing to wait for."""
        began = self.clock.rightNow
        self.clock.rightNow += seconds - TURN / 4  # which the next look adds
        place.took(began)
