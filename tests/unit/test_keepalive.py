"""When a silent connection is pinged, and when it is given up."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from webcam.http.keepalive import INTERVAL, MUTE, TRIES, Keepalive, Silence, Verdict
from webcam.http.tcpinfo import Reading


class Case(SynchronousTestCase):
    """A connection that was opened at 100 s and may stand idle for 60 s."""

    def setUp(self) -> None:
        self.keepalive = Keepalive(idle=60.0, heard=100.0, sent=100.0)

    def decide(self, now: float, streams: bool = True, blocked: bool = False) -> tuple[Verdict, float]:
        return self.keepalive.decide(now, streams, blocked)

    def ping(self, now: float) -> None:
        """A ping is due, and is written."""
        self.assertEqual(self.decide(now), (Verdict.PING, INTERVAL))
        self.keepalive.wrote(now)


class OpenStreamTests(Case):
    """While a stream is open."""

    def test_field_fact_ping_every_3_s(self) -> None:
        """Some devices give a silent connection up after 5 s: it hears something every 3 s."""
        self.assertEqual(INTERVAL, 3.0)
        self.assertEqual(self.decide(102.0), (Verdict.NOTHING, 1.0))
        for second in range(3, 300, 3):
            self.ping(100.0 + second)
            self.keepalive.received(100.5 + second)

    def test_written_to(self) -> None:
        """A connection that is written to is not silent; the next look is when it would be."""
        self.keepalive.wrote(102.5)
        self.assertEqual(self.decide(103.0), (Verdict.NOTHING, 2.5))
        self.ping(105.5)

    def test_received_is_not_written(self) -> None:
        """What the peer sends does not tell it that the server is there."""
        self.keepalive.received(102.9)
        self.ping(103.0)

    def test_three_unanswered(self) -> None:
        """Three pings without a sign of life, and the connection is dropped, an interval after the last."""
        for now in (103.0, 106.0, 109.0):
            self.ping(now)
        self.assertEqual(self.decide(111.0), (Verdict.NOTHING, 1.0))
        self.assertEqual(self.decide(112.0)[0], Verdict.DEAD)

    def test_any_sign_of_life(self) -> None:
        """Whatever is received counts as an answer, and the count begins anew."""
        for now in (103.0, 106.0, 109.0):
            self.ping(now)
        self.keepalive.received(111.9)
        for now in (112.0, 115.0, 118.0):
            self.ping(now)
        self.assertEqual(self.decide(121.0)[0], Verdict.DEAD)

    def test_writing_is_no_sign_of_life(self) -> None:
        """Frames that are written between do not clear pings that nobody answered."""
        for now in (103.0, 106.0, 109.0):
            self.ping(now)
        self.keepalive.wrote(110.0)
        self.assertEqual(self.decide(113.0)[0], Verdict.DEAD)

    def test_never_idle(self) -> None:
        """A quiet connection with open streams is never closed by an idle timer."""
        self.keepalive.wrote(100000.0)
        self.assertEqual(self.decide(100001.0)[0], Verdict.NOTHING)

    def test_blocked(self) -> None:
        """While the transport is full no ping is queued behind what it holds, and none counts as unanswered."""
        for second in range(3, 60, 3):
            self.assertEqual(self.decide(100.0 + second, blocked=True), (Verdict.NOTHING, INTERVAL))
        self.assertEqual(self.keepalive.pings, 0)


class WithoutStreamTests(Case):
    """While no stream is open."""

    def test_idle(self) -> None:
        """Closed after its time without a byte in either direction."""
        self.assertEqual(self.decide(159.0, streams=False), (Verdict.NOTHING, 1.0))
        self.assertEqual(self.decide(160.0, streams=False)[0], Verdict.IDLE)

    def test_the_last_byte_counts(self) -> None:
        """In whichever direction it went."""
        self.keepalive.received(130.0)
        self.keepalive.wrote(120.0)
        self.assertEqual(self.decide(189.0, streams=False)[0], Verdict.NOTHING)
        self.assertEqual(self.decide(190.0, streams=False)[0], Verdict.IDLE)
        self.keepalive.wrote(189.0)
        self.assertEqual(self.decide(190.0, streams=False)[0], Verdict.NOTHING)

    def test_no_pings(self) -> None:
        """It is asked again within an interval: a stream may be opened meanwhile, and needs its pings."""
        self.assertEqual(self.decide(110.0, streams=False), (Verdict.NOTHING, INTERVAL))
        self.ping(110.5)


LOOK = 2.0


class SilenceTests(SynchronousTestCase):
    """Whether a peer for which bytes wait has vanished: asked every other second, from 100 s on."""

    def setUp(self) -> None:
        self.silence = Silence()
        self.now = 100.0

    def look(self, reading: Reading | None) -> bool:
        self.now += LOOK
        return self.silence.gone(self.now, reading)

    def looks(self, readings: list[Reading | None]) -> list[bool]:
        return [self.look(each) for each in readings]

    def test_vanished_while_bytes_were_under_way(self) -> None:
        """Retransmissions at 0.2, 0.6, 1.4, 3, 6 s and so on; found at the first look from 9 s after the first."""
        mute = [Reading(tries, 2.0 * number) for number, tries in enumerate((3, 4, 4, 5, 6), 1)]
        self.assertEqual(self.looks([*mute, Reading(6, 12.0)]), [False] * 5 + [True])

    def test_found_within_15_s(self) -> None:
        """With a round trip that makes the first retransmission come after 1 s, and the worst moment for the looks."""
        self.assertLessEqual(1.0 + LOOK + (MUTE // LOOK + 1) * LOOK, 15.0)

    def test_alive_and_stalled(self) -> None:
        """Its window is shut for ever; each probe is answered, sooner or later, and one is lost now and then."""
        for _ in range(50):
            self.assertEqual(
                self.looks([Reading(0, 2.5), Reading(1, 0.1), Reading(1, 3.1), Reading(0, 0.4)]), [False] * 4
            )

    def test_alive_and_stalled_for_long(self) -> None:
        """Probes come at longer and longer pauses: how long ago the last answer was, by itself says nothing."""
        self.assertEqual(self.looks([Reading(0, 100.0)] * 50), [False] * 50)

    def test_vanished_while_stalled(self) -> None:
        """Probes remain unanswered."""
        self.assertEqual(
            self.looks([Reading(0, 60.0), *[Reading(1, 60.0)] * 2, *[Reading(2, 60.0)] * 4])[-2:], [False, True]
        )

    def test_idle_for_long_and_one_packet_lost(self) -> None:
        """There was nothing to answer for long: the time runs from the first look that saw something unanswered."""
        self.assertEqual(self.looks([Reading(4, 600.0), Reading(5, 602.0), Reading(0, 0.5)]), [False] * 3)
        self.assertIsNone(self.silence.since)

    def test_one_try_is_no_proof(self) -> None:
        """On a line whose round trip takes seconds, one packet that was lost is missed for long."""
        self.assertEqual(TRIES, 2)
        self.assertEqual(self.looks([Reading(1, 30.0)] * 20), [False] * 20)

    def test_a_line_that_loses_much(self) -> None:
        """Something is always unanswered, and something is answered between."""
        self.assertEqual(self.looks([Reading(3, 8.0), Reading(4, 10.0), Reading(2, 1.0)] * 20), [False] * 60)

    def test_answers_between_looks_begin_the_count_anew(self) -> None:
        mute = [Reading(5, 2.0 * number) for number in range(1, 5)]
        self.assertEqual(self.looks([*mute, Reading(5, 1.0), *mute, Reading(5, 10.0)]), [False] * 9 + [True])

    def test_heard_of_by_other_means(self) -> None:
        """It has sent something."""
        self.assertEqual(self.looks([*[Reading(5, 20.0)] * 5, None, *[Reading(5, 20.0)] * 5]), [False] * 11)
