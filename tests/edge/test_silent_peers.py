"""Peers that vanish while bytes wait for them, and peers that merely don't read: the system tells them apart."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.support.http import H1Client, H2Client
from tests.support.web import Producer, Web
from webcam.http import negotiation
from webcam.http.limits import LOOK
from webcam.http.tcpinfo import Reading

VANISHED = [Reading(3, 1.5), Reading(4, 3.5), Reading(4, 5.5), Reading(5, 7.5), Reading(5, 9.5), Reading(6, 11.5)]
"""As Linux tells it of a connection whose other end has left the WiFi, a look each 2 s."""

STALLED = [Reading(0, 0.3), Reading(0, 2.3), Reading(1, 3.1), Reading(0, 1.2), Reading(0, 3.2), Reading(1, 5.0)]
"""Of one whose window is shut: its probes are answered."""


class System:
    """What the system tells of each transport: its readings in turn, round and round. ``asked``: how often."""

    def __init__(self) -> None:
        self.readings: dict[Any, list[Reading]] = {}
        self.asked = 0

    def read(self, transport: Any) -> Reading | None:
        self.asked += 1
        readings = self.readings.get(transport)
        if readings is None:
            return None
        readings.append(readings.pop(0))
        return readings[-1]


class SilentPeers(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.web.site.startFactory()
        self.addCleanup(self.web.site.stopFactory)
        self.system = System()
        self.patch(negotiation.tcpinfo, "read", self.system.read)

    def viewers(self, readings: list[Reading] | None) -> list[tuple[H1Client | H2Client, Producer]]:
        """One over each version, which take nothing any more while their answers go on."""
        viewers = []
        for client in (self.web.h1(capacity=1000), self.web.h2(capacity=1000, window=2**20)):
            client.request("GET", "/held")
            self.web.clock.advance(LOOK)  # what was heard of the request is no news any more
            client.pump()
            client.reading = False
            if readings is not None:
                self.system.readings[client.transport] = list(readings)
            producer = Producer(self.web.held[-1])
            self.web.held[-1].write(b"x" * 5000)
            self.assertEqual(producer.told, ["pause"])
            viewers.append((client, producer))
        return viewers

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK)):
            self.web.clock.advance(LOOK)

    def test_one_that_vanished_is_found_within_15_s(self) -> None:
        viewers = self.viewers(VANISHED)
        self.wait(14)
        for client, producer in viewers:
            self.assertTrue(client.transport.aborted)
            self.assertTrue(client.closed)
            self.assertTrue(producer.request.gone)
        self.assertEqual(len(self.web.site.connections), 0)
        self.assertEqual(self.web.site.tally.met, {})  # no limit that it met: it is no culprit

    def test_not_before_9_s(self) -> None:
        """Who walks through a lift has answered by then."""
        viewers = self.viewers(VANISHED)
        self.wait(8)
        self.assertEqual([client.closed for client, _ in viewers], [False, False])

    def test_one_that_stalls_stays(self) -> None:
        viewers = self.viewers(STALLED)
        self.wait(200)
        for client, producer in viewers:
            self.assertFalse(client.closed)
            client.reading = True
            client.pump()
            self.assertEqual(producer.told, ["pause", "resume"])

    def test_a_platform_that_tells_nothing(self) -> None:
        """There it is left to the system."""
        viewers = self.viewers(None)
        self.wait(60)
        self.assertEqual([client.closed for client, _ in viewers], [False, False])

    def test_others_stay_when_one_vanishes(self) -> None:
        gone, there = self.viewers(VANISHED), self.viewers(STALLED)
        self.wait(14)
        self.assertEqual([client.closed for client, _ in (*gone, *there)], [True, True, False, False])

    def test_who_sends_something_is_not_asked_about(self) -> None:
        """A look costs a call of the system only for those of whom nothing was heard since the last."""
        client = self.web.h2()
        stream = client.open("POST", "/live")
        self.system.readings[client.transport] = [Reading(9, 60.0)]
        self.wait(LOOK)
        asked = self.system.asked
        for _ in range(60):
            client.send_data(stream, b"frame")
            self.wait(LOOK)
        self.assertEqual(self.system.asked, asked)
        self.assertFalse(client.closed)
