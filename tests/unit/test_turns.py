"""Turns: addresses are served in turn, and nobody keeps another out by taking every place."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from webcam.errors import Overloaded
from webcam.service.turns import Turns

HERE, THERE = "192.0.2.1", "198.51.100.1"


class TurnsCase(SynchronousTestCase):
    """One at once; four may wait, three of an address may be here unless a test says otherwise."""

    def setUp(self) -> None:
        self.begun: list[str] = []
        self.running: list[Deferred[None]] = []
        self.refused: list[str] = []
        self.turns = self.make()

    def make(self, waiting: int = 4, per_address: int = 3) -> Turns:
        return Turns(1, waiting, per_address, "work")

    def tearDown(self) -> None:
        self.serve_all()
        self.assertEqual((len(self.turns._shares), self.turns._waiting, self.turns._running), (0, 0, 0))
        self.assertEqual(self.turns._lines, {})

    def come(self, name: str, address: str = HERE, group: str = "") -> Deferred[None]:
        """Work of this name comes; when it is refused its name is noted."""

        def work() -> Deferred[None]:
            self.begun.append(name)
            self.running.append(Deferred())
            return self.running[-1]

        def refused(failure: Any) -> None:
            failure.trap(Overloaded)
            self.refused.append(f"{name}: {failure.value}")

        return Deferred.fromCoroutine(self.turns.run(address, group, work)).addErrback(refused)

    def serve_all(self) -> None:
        while self.running:
            self.running.pop(0).callback(None)


class OrderTests(TurnsCase):
    def test_addresses_are_served_in_turn(self):
        self.turns = self.make(waiting=9, per_address=9)
        for number in range(4):
            self.come(f"here {number}")
        self.come("there", THERE)
        self.serve_all()
        self.assertEqual(self.begun, ["here 0", "here 1", "there", "here 2", "here 3"])

    def test_groups_of_an_address_are_served_in_turn(self):
        self.turns = self.make(waiting=9, per_address=9)
        for number in range(4):
            self.come(f"many {number}", group="many")
        self.come("one", group="one")
        self.serve_all()
        self.assertEqual(self.begun, ["many 0", "many 1", "one", "many 2", "many 3"])

    def test_a_household_of_ipv6_is_one_address(self):
        self.turns = self.make(waiting=9, per_address=9)
        for number in range(3):
            self.come(f"house {number}", f"2001:db8::{number + 1}")
        self.come("there", THERE)
        self.serve_all()
        self.assertEqual(self.begun, ["house 0", "house 1", "there", "house 2"])


class PlacesTests(TurnsCase):
    def test_a_group_that_has_an_addresss_places_gives_its_newest_to_another(self):
        for number in range(3):
            self.come(f"many {number}", group="many")
        self.come("one", group="one")
        self.assertEqual(self.refused, ["many 2: work of an address"])
        self.come("two", group="two")
        self.assertEqual(self.refused[1:], ["two: work of an address"], "it would have as many")
        self.come("many 3", group="many")
        self.assertEqual(self.refused[2:], ["many 3: work of an address"])
        self.serve_all()
        self.assertEqual(self.begun, ["many 0", "many 1", "one"])

    def test_an_address_that_has_most_of_all_places_gives_its_newest_to_another(self):
        self.come("served", "203.0.113.1")
        for address in (HERE, THERE):
            for number in range(2):
                self.come(f"{address} {number}", address)
        self.come("other", "203.0.113.2")
        self.assertEqual(self.refused, [f"{HERE} 1: work"])
        self.come("third", "203.0.113.3")
        self.assertEqual(self.refused[1:], [f"{THERE} 1: work"])
        self.come("fourth", "203.0.113.4")
        self.assertEqual(self.refused[2:], ["fourth: work"], "each has one")
        self.serve_all()
        self.assertEqual(self.begun, ["served", f"{HERE} 0", f"{THERE} 0", "other", "third"])

    def test_the_largest_group_of_the_largest_address_gives_it(self):
        self.turns = self.make(waiting=4, per_address=9)
        self.come("served", "203.0.113.1")
        for name, group in (("a", "one"), ("b", "many"), ("c", "many"), ("d", "third")):
            self.come(name, group=group)
        self.come("other", THERE)
        self.assertEqual(self.refused, ["c: work"])

    def test_what_is_under_way_is_never_given_up(self):
        self.turns = self.make(per_address=1)
        self.come("first", group="many")
        self.come("second", group="one")
        self.assertEqual((self.begun, self.refused), (["first"], ["second: work of an address"]))
