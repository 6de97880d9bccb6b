"""HTTP/2: control frames of a peer that reads no answers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import Web
from webcam.http.http2 import BLOCKED_BYTES


class ControlFrames(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

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
        for _ in range(answers):
            client.ping()
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
            for _ in range(BLOCKED_BYTES // 17 - 100):
                client.ping()
            client.reading = True
            self.assertFalse(client.closed)

    def test_are_no_matter_to_a_peer_that_reads(self) -> None:
        client = self.web.h2(capacity=1000)
        for _ in range(5000):
            client.ping()
            client.pump()
        self.assertEqual(client.pongs, 5000)
        self.assertFalse(client.closed)
