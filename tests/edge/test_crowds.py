"""Many connections of one address are served as one: they wait for each other, and nobody else for them."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.connection import Client
from tests.support.http import H1Client, H2Client
from tests.support.ticking import Ticking, turn
from tests.support.web import Web
from webcam.http.limits import TURN
from webcam.http.request import Request
from webcam.http.rounds import PASS

CROWD, OTHER = "192.0.2.7", "192.0.2.8"


class Case(SynchronousTestCase):
    kind: type[H1Client] | type[H2Client]

    def setUp(self) -> None:
        self.web = Web(clock=Ticking())

    def connect(self, host: str) -> Client:
        client = self.kind(self.web.site, host=host)
        client.pump()
        return client

    def flood(self, client: Client) -> list[int]:
        """More requests than fit into a turn, in one read."""
        with client.one_read():
            return [client.request("POST", "/echo", b"x") for _ in range(90)]

    def answered(self, client: Client, number: int) -> bool:
        return client.response(number).ended


class Tests:
    """Over either protocol."""

    def test_others_are_answered_at_once(self: Case) -> None:
        self.flood(self.connect(CROWD))
        other = self.connect(OTHER)
        self.assertTrue(self.answered(other, other.request("POST", "/echo", b"x")))

    def test_its_own_wait_for_their_turn(self: Case) -> None:
        """And have it before the rest of those who came before."""
        first, second = self.connect(CROWD), self.connect(CROWD)
        flood = self.flood(first)
        number = second.request("POST", "/echo", b"x")
        self.assertFalse(self.answered(second, number))
        while not self.answered(second, number):
            self.web.clock.turn()
        self.assertFalse(self.answered(first, flood[-1]))
        while not self.answered(first, flood[-1]):
            self.web.clock.turn()
        self.assertTrue(all(self.answered(first, each) for each in flood))

    def test_a_pass_is_for_some_of_them(self: Case) -> None:
        """Not a turn for each of a hundred connections."""
        crowd = [self.connect(CROWD) for _ in range(100)]
        floods = [self.flood(client) for client in crowd]
        self.web.clock.turn()
        begun = [client for client, flood in zip(crowd, floods, strict=True) if self.answered(client, flood[0])]
        self.assertLess(len(begun), 10)

    def test_a_request_of_each(self: Case) -> None:
        """A turn is more than any of them needs: the first are answered at once, the others in passes of their own."""
        self.web = Web()
        answer = Request.answer

        def half_a_turn(*given: Any) -> None:
            self.web.clock.rightNow += TURN / 2
            answer(*given)

        self.patch(Request, "answer", half_a_turn)
        connected = [self.connect(CROWD) for _ in range(100)]
        crowd = [(client, client.request("POST", "/echo", b"x")) for client in connected]
        at_once = sum(self.answered(*each) for each in crowd)
        self.assertLessEqual(at_once, 2 * PASS / (TURN / 2))
        other = self.connect(OTHER)
        self.assertTrue(self.answered(other, other.request("POST", "/echo", b"x")))
        turn(self.web.clock)
        later = sum(self.answered(*each) for each in crowd) - at_once
        self.assertEqual((at_once > 0, later > 0), (True, True))
        self.assertLessEqual(later, PASS / (TURN / 2) + 1)
        for _ in range(10):
            turn(self.web.clock)
        self.assertTrue(all(self.answered(*each) for each in crowd))

    def test_one_that_goes_while_it_waits(self: Case) -> None:
        """It has no turn, and the others go on."""
        first, second = self.connect(CROWD), self.connect(CROWD)
        flood = self.flood(first)
        number = second.request("POST", "/echo", b"x")
        first.drop()
        for _ in range(100):
            self.web.clock.turn()
        self.assertTrue(self.answered(second, number))
        self.assertFalse(first.responses[flood[-1]].ended)
        self.assertFalse(self.web.site.rounds.has(CROWD))


class Http1(Tests, Case):
    kind = H1Client


class Http2(Tests, Case):
    kind = H2Client
