"""HTTP/2: a peer whose frames take long, and its turns."""

from __future__ import annotations

import itertools

from h2.errors import ErrorCodes
from twisted.trial.unittest import SynchronousTestCase

from tests.support.peer import raw
from tests.support.ticking import Ticking
from tests.support.web import Web


class Turns(SynchronousTestCase):
    """A peer whose frames take long shares the server with all others."""

    def setUp(self) -> None:
        self.clock = Ticking()
        self.web = Web(clock=self.clock)
        self.client = self.web.h2()

    def ask(self, count: int) -> list[int]:
        with self.client.one_read():
            return [self.client.request("POST", "/held") for _ in range(count)]

    def test_a_few_frames_a_turn(self) -> None:
        """The rest in later turns, in order, and nothing more is read meanwhile."""
        self.ask(30)
        begun = [len(self.web.held)]
        self.assertTrue(self.client.transport.reading_paused)
        while self.client.transport.reading_paused:
            self.clock.turn()
            begun.append(len(self.web.held))
        self.assertEqual(begun[-1], 30)
        self.assertGreater(len(begun), 4)
        self.assertLess(max(after - before for before, after in itertools.pairwise(begun)), 10)
        self.assertEqual([each.channel.streamID for each in self.web.held], [1 + 2 * number for number in range(30)])

    def test_others_have_theirs(self) -> None:
        other = self.web.h2(host="192.0.2.8")
        self.ask(30)
        stream = other.request("POST", "/now")
        self.assertEqual(other.response(stream).status, 200)
        self.assertLess(len(self.web.held), 30)
        while self.client.transport.reading_paused:
            self.clock.turn()

    def test_an_error_among_them(self) -> None:
        """GOAWAY in a later turn; what came before it was begun."""
        with self.client.one_read():
            self.ask(20)
            self.client.send_raw(raw(6, 3, b"12345678"))
            self.client.send_raw(raw(6, 0, b"12345678"))
        for _ in range(30):
            self.clock.turn()
        self.assertEqual(len(self.web.held), 20)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.client.goaway, ErrorCodes.PROTOCOL_ERROR)

    def test_a_peer_that_goes_before_its_turn(self) -> None:
        """Nothing of it is begun any more, and no call is left."""
        self.ask(30)
        begun = len(self.web.held)
        self.client.drop()
        self.clock.turn()
        self.assertEqual(len(self.web.held), begun)
        self.assertEqual(self.clock.getDelayedCalls(), [])
