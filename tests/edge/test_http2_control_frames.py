"""HTTP/2: control frames of a peer that reads no answers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.http import H2Client
from tests.support.web import Web
from webcam.http.limits import CONTROL_RATE
from webcam.http.outgoing import BLOCKED_BYTES


class ControlFrames(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

    def ping(self, client: H2Client, times: int) -> None:
        """At a pace that is no flood."""
        for number in range(times):
            if number % CONTROL_RATE == 0:
                self.web.clock.advance(1)
            client.ping()

    def test_pile_up_to_a_limit(self) -> None:
        """A peer that lets answers to its PINGs pile up and reads none is dropped after 64 KiB, not before."""
        client = self.web.h2(capacity=1000)
        client.open("POST", "/live")
        client.reading = False
        self.web.held.clear()
        client.request("GET", "/held")
        self.web.held[0].write(b"x" * 2000)
        self.assertTrue(client.transport.full)
        answers = BLOCKED_BYTES // 17
        self.ping(client, answers)
        self.assertFalse(client.closed)
        client.ping()
        self.assertTrue(client.closed)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])
        self.assertEqual(self.web.timers(), [])

    def test_are_counted_anew_when_they_were_read(self) -> None:
        """A peer that is slow now and then is no offender."""
        client = self.web.h2(capacity=1000)
        client.request("GET", "/held")
        for _ in range(3):
            client.reading = False
            self.web.held[0].write(b"x" * 2000)
            self.ping(client, BLOCKED_BYTES // 17 - 100)
            client.reading = True
            self.assertFalse(client.closed)

    def test_are_no_matter_to_a_peer_that_reads(self) -> None:
        client = self.web.h2(capacity=1000)
        for _ in range(100):
            self.ping(client, 50)
            client.pump()
        self.assertEqual(client.pongs, 5000)
        self.assertFalse(client.closed)
