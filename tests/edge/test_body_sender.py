"""Large bodies, piece by piece at the pace of the client, over both protocols."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import Boom, Web
from webcam.http.body import STALL, BodySender

PIECE = 50_000


class Pieces:
    """Twenty pieces; ``asked`` counts those that were asked for. With ``slow`` the second one is waited for."""

    def __init__(self, slow: Deferred[None] | None = None, breaks: bool = False) -> None:
        self.asked = 0
        self.forgotten = 0
        self.slow = slow
        self.breaks = breaks

    @property
    def left(self) -> int:
        return (20 - self.asked) * PIECE

    async def read(self) -> bytes:
        each = self.asked
        self.asked += 1
        if each == 1 and self.breaks:
            raise Boom("in the store")
        if each == 1 and self.slow is not None:
            await self.slow
        return bytes([each]) * PIECE

    def forget(self) -> None:
        self.forgotten += 1


WHOLE = b"".join(bytes([each]) * PIECE for each in range(20))


class OverHTTP2(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.make_client()
        self.stream = self.client.request("GET", "/held")
        (self.request,) = self.web.held
        self.pieces = Pieces()

    def make_client(self):
        return self.web.h2(capacity=10_000)

    def send(self) -> Deferred[bool]:
        return Deferred.fromCoroutine(BodySender(self.request).send(self.pieces))

    def test_waits_for_the_transport(self) -> None:
        """The next piece is asked for when the last one has left, none ahead, and nothing is held meanwhile."""
        self.client.reading = False
        sent = self.send()
        self.assertNoResult(sent)
        self.assertEqual((self.pieces.asked, self.pieces.forgotten), (1, 1))
        self.client.reading = True
        self.client.pump()
        self.assertTrue(self.successResultOf(sent))
        self.request.finish()
        self.assertEqual(self.client.response(self.stream).body, WHOLE)

    def test_stops_when_the_client_goes_while_it_waits(self) -> None:
        """False, and no further piece is asked for."""
        self.client.reading = False
        sent = self.send()
        self.client.drop()
        self.assertFalse(self.successResultOf(sent))
        self.assertEqual(self.pieces.asked, 1)
        self.assertEqual(self.web.timers(), [])

    def test_gives_a_client_up_that_takes_nothing_for_a_minute(self) -> None:
        """Its piece is held for nobody; one that takes some goes on."""
        self.client.reading = False
        sent = self.send()
        self.web.clock.advance(STALL - 1)
        self.assertNoResult(sent)
        self.web.clock.advance(1)
        self.assertFalse(self.successResultOf(sent))

    def test_stops_when_the_client_goes_while_a_piece_is_fetched(self) -> None:
        """The piece that comes then is not written."""
        self.pieces = Pieces(slow=Deferred())
        sent = self.send()
        self.client.pump()
        self.client.drop()
        self.pieces.slow.callback(None)
        self.assertFalse(self.successResultOf(sent))
        self.assertEqual(self.pieces.asked, 2)

    def test_begins_when_the_client_is_gone(self) -> None:
        """Nothing is asked for."""
        self.client.drop()
        self.assertFalse(self.successResultOf(self.send()))
        self.assertEqual(self.pieces.asked, 0)

    def test_a_failure_of_the_pieces(self) -> None:
        """It is the caller's; the response is free for another producer."""
        self.pieces = Pieces(breaks=True)
        sent = self.send()
        self.client.pump()
        self.failureResultOf(sent, Boom)
        self.assertIsNone(self.request.producer)
        self.request.abort()
        self.assertFalse(self.client.response(self.stream).ended)

    def test_a_body_without_pieces(self) -> None:
        """Is whole as it is."""

        self.pieces.asked = 20
        sent = self.send()
        self.assertTrue(self.successResultOf(sent))
        self.request.finish()
        self.assertTrue(self.client.response(self.stream).ended)


class OverHTTP1(OverHTTP2):
    def make_client(self):
        return self.web.h1(capacity=10_000)
