"""Connections of a site: who is admitted, who is cut off, how they end."""

from __future__ import annotations

from functools import partial

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from webcam.address import Networks
from webcam.http.connections import Connections
from webcam.http.limits import STREAMS_PER_ADDRESS, TURN, UNSENT_IN_ALL, Tally


class FakePeer:
    def __init__(self, connections: Connections, address: str, stays: bool = False) -> None:
        self.connections = connections
        self.address = address
        self.stays = stays
        self.slow: str | None = None
        self.held = 0
        self.asked = 0
        self.answering = False
        self.aborted = self.draining = False
        connections.opened(self)

    def look_after(self, now: float) -> str | None:
        return self.slow

    def drain(self) -> None:
        self.draining = True
        if not self.stays:
            self.connections.closed(self)

    def abort(self) -> None:
        self.aborted = True
        self.connections.closed(self)


class Streams(SynchronousTestCase):
    """How many streams the connections of an address may have."""

    def admitted(self, limits: Connections, address: str, times: int = STREAMS_PER_ADDRESS + 1) -> int:
        return sum(limits.admits_stream(address) for _ in range(times))

    def test_of_an_address(self) -> None:
        limits = Connections(Clock(), Tally(), total=4, per_address=2)
        self.assertEqual(self.admitted(limits, "2001:db8::1"), STREAMS_PER_ADDRESS)
        self.assertEqual(self.admitted(limits, "2001:db8::2", 1), 0, "it is of the same network")
        self.assertEqual(self.admitted(limits, "2001:db8:1::1", 1), 1)
        limits.stream_closed("2001:db8::2")
        self.assertEqual(self.admitted(limits, "2001:db8::1"), 1)

    def test_of_a_proxy(self) -> None:
        """All who come through it are of its address."""
        limits = Connections(Clock(), Tally(), total=4, per_address=2, proxies=Networks.read("192.0.2.0/24"))
        self.assertEqual(self.admitted(limits, "192.0.2.1"), STREAMS_PER_ADDRESS + 1)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.tally = Tally()
        self.connections = Connections(self.clock, self.tally, total=8, per_address=2)

    def peer(self, address: str = "192.0.2.1", stays: bool = False) -> FakePeer:
        return FakePeer(self.connections, address, stays)

    def look(self) -> None:
        looked = self.connections.look_after()
        self.clock.advance(0)
        self.successResultOf(looked)


class Admission(Case):
    def test_so_many_of_an_address_and_no_other_pays_for_it(self) -> None:
        first, _ = self.peer(), self.peer()
        self.assertFalse(self.connections.admits("192.0.2.1"))
        self.assertTrue(self.connections.admits("192.0.2.2"))
        self.assertEqual(self.tally.met, {"connections of an address": 1})
        self.connections.closed(first)
        self.assertTrue(self.connections.admits("192.0.2.1"))

    def test_a_proxy_may_have_all_of_them(self) -> None:
        self.connections = Connections(self.clock, self.tally, 4, 2, Networks.read("192.0.2.1"))
        for _ in range(4):
            self.assertTrue(self.connections.admits("192.0.2.1"))
            self.peer("192.0.2.1")
        self.assertFalse(self.connections.admits("192.0.2.1"))
        self.assertEqual(self.tally.met, {"connections in all": 1})

    def test_so_many_in_all_and_half_of_them_for_who_is_not_known(self) -> None:
        guests = [self.peer(f"192.0.2.{number}") for number in range(4)]
        self.assertFalse(self.connections.admits("192.0.2.9"))
        self.assertEqual(self.tally.met, {"connections in all": 1})
        for number in range(4):
            address = f"198.51.100.{number}"
            self.connections.vouch(address)
            self.assertTrue(self.connections.admits(address))
            self.peer(address)
        self.connections.vouch("198.51.100.9")
        self.assertFalse(self.connections.admits("198.51.100.9"))
        self.connections.closed(guests[0])
        self.assertTrue(self.connections.admits("198.51.100.9"))

    def test_who_asked_for_nothing_for_5_seconds_makes_room_the_oldest_first(self) -> None:
        first = self.peer("192.0.2.1")
        self.clock.advance(1)
        second, third, fourth = (self.peer(f"192.0.2.{number}", stays=True) for number in (2, 3, 4))
        third.asked, third.answering = 1, True
        self.clock.advance(3.9)
        self.assertFalse(self.connections.admits("192.0.2.9"), "nobody waits for so long")
        self.clock.advance(0.2)
        self.assertTrue(self.connections.admits("192.0.2.9"))
        newest = self.peer("192.0.2.9")
        self.assertFalse(self.connections.admits("192.0.2.8"))
        second.asked = 1  # asked, and was answered since the last look
        self.look()
        self.clock.advance(1)
        self.assertTrue(self.connections.admits("192.0.2.8"))
        aborted = [each.aborted for each in (first, second, third, fourth, newest)]
        self.assertEqual(aborted, [True, False, False, True, False])
        self.assertEqual(self.tally.met["time without a request, when places ran out"], 2)

    def test_the_place_of_one_that_is_evicted_is_given_once(self) -> None:
        """Its connection ends a turn of the event loop later."""
        evicted = [FakePeer(self.connections, f"192.0.2.{number}") for number in range(4)]
        for each in evicted:
            each.abort = lambda: None  # type: ignore[method-assign]
        self.clock.advance(5)
        for number in range(4):
            self.assertTrue(self.connections.admits("192.0.2.9"))
            self.peer(f"203.0.113.{number}")
        for each in evicted:
            self.connections.closed(each)
        self.assertFalse(self.connections.admits("192.0.2.9"))

    def test_one_from_a_known_address_makes_room_for_another_such_alone(self) -> None:
        for number in range(8):
            self.connections.vouch(f"198.51.100.{number}")
        peers = [self.peer(f"198.51.100.{number}") for number in range(8)]
        self.clock.advance(5)
        self.assertFalse(self.connections.admits("192.0.2.9"))
        self.connections.vouch("198.51.100.9")
        self.assertTrue(self.connections.admits("198.51.100.9"))
        self.assertTrue(peers[0].aborted)

    def test_a_stream_keeps_its_address_known(self) -> None:
        viewer, idle = "198.51.100.1", "198.51.100.2"
        for address in (viewer, idle):
            self.connections.vouch(address)
        peer = self.peer(viewer)
        peer.answering = True
        for number in range(4):
            guest = self.peer(f"192.0.2.{number}")
            guest.answering = True
        for _ in range(7):
            self.clock.advance(100)
            self.look()
        self.assertTrue(self.connections.admits(viewer))
        self.assertFalse(self.connections.admits(idle))

    def test_a_household_of_ipv6_is_one_address(self) -> None:
        self.peer("2001:db8::1"), self.peer("2001:db8::ffff:2")
        self.assertFalse(self.connections.admits("2001:db8::3"))
        self.assertTrue(self.connections.admits("2001:db8:0:1::3"))

    def test_nothing_is_remembered_of_who_is_gone(self) -> None:
        peers = [self.peer(f"192.0.2.{number}") for number in range(4)]
        for peer in (*peers, *peers):
            self.connections.closed(peer)
        self.assertEqual(len(self.connections), 0)
        self.assertEqual((len(self.connections._places), len(self.connections._idle)), (0, 0))


class Looks(Case):
    def test_who_has_most_of_what_waits_makes_room(self) -> None:
        """As many as it takes, whoever they are; the others stay."""
        sizes = (UNSENT_IN_ALL // 2, UNSENT_IN_ALL // 4, UNSENT_IN_ALL // 3, 1000)
        peers = [self.peer(f"192.0.2.{number}") for number in range(4)]
        for peer, size in zip(peers, sizes, strict=True):
            peer.held = size
        self.look()
        self.assertEqual([peer.aborted for peer in peers], [True, False, False, False])
        self.assertEqual(self.tally.met, {"bytes of answers in all": 1})

    def test_what_waits_may_fill_its_room(self) -> None:
        peer = self.peer()
        peer.held = UNSENT_IN_ALL
        self.look()
        self.assertFalse(peer.aborted)

    def test_the_slow_are_cut_off_and_counted(self) -> None:
        slow, fine = self.peer(), self.peer()
        slow.slow = "time for headers"
        self.look()
        self.assertEqual((slow.aborted, fine.aborted), (True, False))
        self.assertEqual(self.tally.met, {"time for headers": 1})

    def test_a_long_look_takes_turns(self) -> None:
        """Others are served between two turns; a peer that is gone by then is not looked at any more."""
        self.connections = Connections(self.clock, self.tally, total=10, per_address=10)
        peers = [self.peer(f"192.0.2.{number}") for number in range(6)]
        served: list[FakePeer | None] = []
        for peer in peers:
            peer.look_after = partial(self.takes_long, served, peer)  # type: ignore[method-assign]
        looked = self.connections.look_after()

        def neighbour() -> None:
            served.append(None)
            if served.count(None) == 2:
                self.connections.closed(next(peer for peer in peers if peer not in served))
            if not looked.called:
                self.clock.callLater(0, neighbour)

        self.clock.callLater(0, neighbour)
        self.clock.advance(0)
        self.successResultOf(looked)
        self.assertEqual([peer is not None for peer in served], [True, True, False] * 2 + [True, False])

    def takes_long(self, served: list[FakePeer | None], peer: FakePeer, now: float) -> None:
        served.append(peer)
        self.clock.rightNow += TURN * 0.6


class Drains(Case):
    def test_nobody_there(self) -> None:
        self.successResultOf(self.connections.drain(10))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_those_that_end_at_once(self) -> None:
        self.peer(), self.peer()
        self.successResultOf(self.connections.drain(10))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_ends_in_time(self) -> None:
        peer = self.peer(stays=True)
        drained = self.connections.drain(10)
        self.clock.advance(9)
        self.assertNoResult(drained)
        self.connections.closed(peer)
        self.successResultOf(drained)
        self.assertFalse(peer.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_doesnt(self) -> None:
        peer = self.peer(stays=True)
        drained = self.connections.drain(10)
        self.clock.advance(10)
        self.successResultOf(drained)
        self.assertTrue(peer.aborted)
