"""The benchmarks' loads, as far as they are pure: what they count, and what they wait for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.benchmarks import h2load, long_requests
from tests.benchmarks.loads import relayed
from tests.benchmarks.slow import Pace
from tests.benchmarks.watching import STAMP, Seen, StreamOfFrames


class H2loadTests(SynchronousTestCase):
    LOG = ("1000000\t200\t500000", "1400000\t200\t200000", "1500000\t200\t300000", "1900000\t0\t-1")

    def test_answers(self) -> None:
        """Those under way at the end are none."""
        self.assertEqual(h2load.answers(self.LOG), [(1.0, 500_000.0), (1.4, 200_000.0), (1.5, 300_000.0)])

    def test_a_bad_answer(self) -> None:
        error = self.assertRaises(AssertionError, h2load.answers, [*self.LOG, "1000\t503\t10"])
        self.assertIn("1 of 5 requests failed", str(error))

    def test_answers_of_the_time_that_is_measured(self) -> None:
        """By when they came: at 1.5, 1.6 and 1.8."""
        found = h2load.figures(h2load.answers(self.LOG), 1.55, 2.05, cpu=0.1)
        self.assertEqual({key: round(value, 6) for key, value in found.items()}, {
            "rate": 4.0, "cost": 50_000.0, "core": 0.2, "p50": 300.0, "p99": 300.0,
        })  # fmt: skip

    def test_nothing_answered(self) -> None:
        self.assertRaises(AssertionError, h2load.figures, [], 0.0, 1.0, 0.1)

    def test_sessions_last(self) -> None:
        """At 25,000 requests a second none of them makes two hundred."""
        for seconds in (0.5, 1.5, 10.0):
            self.assertLess(25_000 * (0.7 + seconds) / h2load.sessions_for(seconds), 200)


class PaceTests(SynchronousTestCase):
    def test_bytes_come_at_the_rate(self) -> None:
        pace = Pace(1000, 500, now=10.0)
        self.assertEqual(pace.room(10.0), 0)
        self.assertEqual(pace.room(10.125), 125)
        pace.take(60)
        self.assertEqual(pace.room(10.125), 65)
        self.assertEqual(pace.room(10.25), 190)

    def test_fractions_are_not_lost(self) -> None:
        """A thousand looks within a second add up."""
        pace, taken = Pace(400_000, 16_384, now=0.0), 0
        for step in range(1, 1001):
            room = pace.room(step / 1000 + 0.0000003)
            pace.take(room)
            taken += room
        self.assertAlmostEqual(taken, 400_000, delta=1)

    def test_who_comes_late_finds_the_buffer_full_and_no_more(self) -> None:
        pace = Pace(1000, 500, now=0.0)
        self.assertEqual(pace.room(60.0), 500)
        pace.take(500)
        self.assertEqual(pace.room(60.125), 125)


class FramesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.stream = StreamOfFrames()
        self.stream.since = 1.0

    def see(self, data: bytes, now: float, step: int = 1 << 20) -> None:
        for start in range(0, len(data), step):
            self.stream.feed(memoryview(data)[start : start + step], lambda: now)

    def frame(self, sent: float, number: int, size: int = 100) -> bytes:
        return b"\xaa\xaa" + (size - 6).to_bytes(4, "little") + STAMP.pack(sent, number) + bytes(size - 18)

    def test_age(self) -> None:
        """However the bytes come."""
        for step in (1, 7, 100, 150, 1000):
            self.setUp()
            self.see(self.frame(2.0, 5) + self.frame(2.25, 6), 2.5, step)
            self.assertEqual((self.stream.ages, self.stream.numbers), ([0.5, 0.25], [5, 6]))

    def test_frames_sent_too_early_do_not_count(self) -> None:
        self.see(self.frame(0.9, 1) + self.frame(1.0, 2), 2.0)
        self.assertEqual(self.stream.numbers, [2])

    def test_missed(self) -> None:
        self.assertEqual(self.stream.missed, 0)
        self.see(b"".join(self.frame(2.0, number) for number in (4, 5, 8, 9, 11)), 2.0)
        self.assertEqual(self.stream.missed, 3)


class RelayedTests(SynchronousTestCase):
    def test_share_of_what_was_wanted(self) -> None:
        seen = Seen(ages=[[0.001, 0.003], [0.002]], missed=0, size=3_000_000, seconds=2.0, cpu=0.3)
        found = relayed(seen, wanted=2_000_000)
        self.assertEqual({key: round(value, 6) for key, value in found.items()}, {
            "rate": 1.5, "cost": 100.0, "core": 0.15, "p50": 2.0, "p99": 3.0, "seen": 0.75,
        })  # fmt: skip

    def test_framing_is_no_frames(self) -> None:
        """What TLS and HTTP/2 add doesn't make it more than all."""
        seen = Seen(ages=[[0.1]], missed=0, size=1010, seconds=1.0, cpu=0.1)
        self.assertEqual(relayed(seen, wanted=1000)["seen"], 1.0)

    def test_nothing_came(self) -> None:
        self.assertRaises(AssertionError, relayed, Seen([], 0, 0, 1.0, 0.1), 1000)


class LongRequestsTests(SynchronousTestCase):
    def test_turns_of_each_kind(self) -> None:
        turns = {what.partition(",")[0]: len(each) for what, each in long_requests.measured().items()}
        self.assertEqual(turns, {"addMsgs.json": 15, "deleteRecords.json": 59, "getDevicesOnline.json": 11})
