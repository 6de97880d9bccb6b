"""Streams of one connection, each with its turn: a question is answered among a hundred streams that are busy."""

from __future__ import annotations

import gc
import types
from typing import Any, NamedTuple

from hyperframe.frame import PriorityFrame
from twisted.trial.unittest import SynchronousTestCase

from tests.support.http import H2Client
from tests.support.web import Web
from webcam.http.outgoing import BATCH
from webcam.http.sender import SMALL

FRAME = 16384
WINDOW = 300_000
"""Of each stream; what a viewer has queued is less, what the stalled one has is more."""


class Sent(NamedTuple):
    """A frame of the server: where in all that it sent the frame ends, with its 9 bytes of header."""

    end: int
    size: int
    kind: int
    stream: int
    last: bool


class Wire(H2Client):
    """A client that keeps what it reads, and reads when it is told to."""

    def __init__(self, site: Any, **options: Any) -> None:
        self.raw = bytearray()
        super().__init__(site, window=WINDOW, **options)
        self.credit(0, 2**30)

    def _take(self, data: bytes) -> None:
        self.raw += data
        super()._take(data)

    @property
    def written(self) -> int:
        """Bytes that have left the server so far, read or not."""
        return len(self.raw) + self.transport.unread

    def frames(self) -> list[Sent]:
        """All frames that were read."""
        found, start = [], 0
        while start < len(self.raw):
            size = 9 + int.from_bytes(self.raw[start : start + 3], "big")
            kind, flags = self.raw[start + 3 : start + 5]
            stream = int.from_bytes(self.raw[start + 5 : start + 9], "big")
            start += size
            found.append(Sent(start, size, kind, stream, kind == 0 and bool(flags & 1)))
        return found

    def data(self, since: int = 0) -> list[Sent]:
        """DATA that was sent behind the first *since* bytes."""
        return [each for each in self.frames() if each.kind == 0 and each.end - each.size >= since]


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

    def connect(self, capacity: int = BATCH) -> Wire:
        client = Wire(self.web.site, capacity=capacity)
        self.web.clock.advance(0)
        return client

    def busy(self, client: Wire, viewers: int = 97, size: int = 150_000) -> tuple[int, int]:
        """Large answers, one more that is stalled by its window, an upload, and a transport that is full of them.

        The stalled stream and the upload.
        """
        stalled = client.request("GET", "/stalled")
        client.stalled.add(stalled)
        self.web.held[-1].write(b"s" * WINDOW)
        client.pump()
        self.web.held[-1].write(b"s" * WINDOW)
        upload = client.open("POST", "/live")
        client.reading = False
        client.send_data(upload, b"u" * 2_000_000, end=True)
        for _ in range(viewers):
            client.request("GET", "/viewer")
            self.web.held[-1].write(b"v" * size)
            self.web.held[-1].finish()
        self.assertTrue(client.transport.full)
        return stalled, upload

    def read(self, client: Wire) -> None:
        """All that comes."""
        client.reading = True
        client.pump()


class Questions(Base):
    """What was sent of others between the arrival of a question and the end of its answer."""

    def others(self, client: Wire, since: int, *questions: int) -> int:
        """Bytes, framing included."""
        data = client.data(since)
        end = max(each.end for each in data if each.stream in questions and each.last)
        return sum(each.size for each in data if each.end <= end and each.stream not in questions)

    def ask(self, client: Wire) -> int:
        """A small question, answered as it comes."""
        return client.request("POST", "/echo", b"small")

    def test_one_among_a_hundred_streams_is_answered_within_one_batch(self) -> None:
        for capacity in (1, BATCH, 2 * BATCH):
            client = self.connect(capacity)
            stalled, upload = self.busy(client)
            since = client.written
            question = self.ask(client)
            self.assertEqual(len(client.protocol._channel.streams), 100)
            self.read(client)
            self.assertEqual(client.response(question).body, b"small")
            self.assertLessEqual(self.others(client, since, question), BATCH)
            self.assertEqual(client.response(upload).body, b"2000000")
            self.assertFalse(client.response(stalled).ended)
            self.assertEqual(len(client.protocol._channel.streams), 1)

    def test_in_the_midst_of_it(self) -> None:
        """Wherever in the round of the others the question comes."""
        for batches in range(1, 25, 6):
            client = self.connect()
            self.busy(client, 30)
            for _ in range(batches):
                client._take(client.transport.take())
            since = client.written
            question = self.ask(client)
            self.read(client)
            self.assertLessEqual(self.others(client, since, question), BATCH)

    def test_that_was_asked_first_and_is_answered_late(self) -> None:
        """An answer of storage comes turns of the event loop behind its question: what counts is when it is there."""
        client = self.connect()
        question = client.request("GET", "/slow")
        (slow,) = self.web.held
        self.busy(client)
        since = client.written
        slow.answer(200, b"at last")
        self.read(client)
        self.assertLessEqual(self.others(client, since, question), BATCH)

    def test_twenty_at_once(self) -> None:
        client = self.connect()
        self.busy(client, 70)
        since = client.written
        questions = [self.ask(client) for _ in range(20)]
        self.read(client)
        self.assertLessEqual(self.others(client, since, *questions), BATCH)

    def test_whoever_asks_on_and_on_starves_nobody(self) -> None:
        """More small answers than leave: a large one has its turn between them."""
        client = self.connect(capacity=1)
        large = client.request("GET", "/large")
        client.reading = False
        self.web.held[0].write(b"l" * 3 * BATCH)
        self.assertTrue(client.transport.full)
        for _ in range(7):
            for _ in range(BATCH // SMALL + 1):
                client.request("GET", "/small")
                self.web.held[-1].answer(200, b"x" * SMALL)
            client._take(client.transport.take())
            if not client.protocol._channel._sender.queued(large):
                break
        else:
            self.fail("the large answer stands still")


class Rounds(Base):
    """Streams with more than a frame to send take turns, frame by frame."""

    def test_the_large_ones_are_never_more_than_a_frame_apart(self) -> None:
        for viewers, size, capacity in ((2, 290_000, 1), (10, 123_456, BATCH), (97, 50_000, 3 * BATCH)):
            client = self.connect(capacity)
            client.reading = False
            for _ in range(viewers):
                client.request("GET", "/viewer")
            self.web.held[-1].write(b"first, so that the transport is full" * 10_000)
            since = client.written
            for request in self.web.held[-viewers:-1]:
                request.write(b"v" * size)
            self.read(client)
            counts = dict.fromkeys({each.stream for each in client.data(since)}, 0)
            for each in client.data(since)[: viewers * (size // FRAME)]:
                counts[each.stream] += 1
                self.assertLessEqual(max(counts.values()) - min(counts.values()), 1)

    def test_what_is_written_later_comes_into_the_round_as_one(self) -> None:
        """A stream that writes again and again has no more of the connection than one that wrote all at once."""
        client = self.connect(capacity=1)
        client.reading = False
        for _ in range(2):
            client.request("GET", "/viewer")
        eager, patient = self.web.held
        eager.write(b"e" * BATCH)
        patient.write(b"p" * 10 * FRAME)
        since = client.written
        while client.protocol._channel._sender.queued(3):
            eager.write(b"e" * FRAME)
            client._take(client.transport.take())
        self.read(client)
        share = [each.stream for each in client.data(since)][:18]
        self.assertLessEqual(abs(share.count(1) - share.count(3)), 2)

    def test_a_shut_window_keeps_no_place(self) -> None:
        """It costs the round nothing, and opened again it has its turn, once."""
        client = self.connect()
        stalled, _ = self.busy(client, 10)
        client.reading = True
        client.credit(stalled, FRAME)
        since = client.written
        self.read(client)
        self.assertEqual([each.stream for each in client.data(since)].count(stalled), 1)
        self.assertFalse(client.protocol._channel._sender.ready)


class Uploads(Base):
    def test_paused_ones_starve_no_other(self) -> None:
        """Ninety-eight that are paused with all that their windows let in, five times the connection's window."""
        client = self.connect()
        for _ in range(98):
            paused = client.open("POST", "/live")
            client.send_data(paused, b"stop" * 20_000)
            client.pump()
        running = client.open("POST", "/live")
        client.send_data(running, b"u" * 1_000_000, end=True)
        question = client.request("POST", "/echo", b"small")
        self.assertEqual(client.response(question).body, b"small")
        self.assertEqual(client.response(running).body, b"1000000")

    def test_one_goes_on_while_nothing_of_the_answers_is_read(self) -> None:
        """As long as the client reads what opens the windows: those don't wait behind the answers."""
        client = self.connect()
        _, upload = self.busy(client)
        before = len(self.web.uploads[0].received)
        client._take(client.transport.take())
        client._take(client.transport.take())
        self.assertGreater(len(self.web.uploads[0].received), before)
        self.assertFalse(client.responses[upload].ended)


def tracked(root: Any) -> int:
    """How many objects can be reached from *root* that hold others, classes, functions and modules aside."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | types.ModuleType | types.FunctionType):
            continue
        seen[id(each)] = each
        waiting += gc.get_referents(each)
    return sum(gc.is_tracked(each) for each in seen.values())


class Priorities(Base):
    """RFC 7540's, which RFC 9113 (5.3.1) has deprecated: taken, and nothing else."""

    def send(self, client: Wire, stream: int, depends_on: int, weight: int, exclusive: bool = False) -> None:
        client.send_raw(
            PriorityFrame(stream, depends_on=depends_on, stream_weight=weight, exclusive=exclusive).serialize()
        )

    def order(self, prioritise: bool) -> list[int]:
        client = self.connect()
        client.reading = False
        viewers = [client.request("GET", "/viewer") for _ in range(10)]
        for request in self.web.held[-10:]:
            request.write(b"v" * 100_000)
        if prioritise:
            for number, stream in enumerate(viewers):
                self.send(client, stream, viewers[number - 1], 255 if number == 7 else 0, exclusive=number % 2 == 0)
        self.read(client)
        return [each.stream for each in client.data()]

    def test_change_no_order(self) -> None:
        self.assertEqual(self.order(prioritise=True), self.order(prioritise=False))

    def test_come_with_headers(self) -> None:
        """Of a stream that isn't there, as a browser of 2020 sends them."""
        client = self.connect()
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(
            stream,
            [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/held")],
            end_stream=True,
            priority_weight=256,
            priority_depends_on=11,
            priority_exclusive=True,
        )
        client.flush()
        self.assertEqual(len(self.web.held), 1)

    def test_nothing_is_kept_of_a_tree(self) -> None:
        """Of streams that are idle, open and closed: the connection holds as many objects as before."""
        client = self.connect()
        client.request("GET", "/held")
        closed = client.request("POST", "/echo", b"x")
        self.assertTrue(client.response(closed).ended)
        connection = client.protocol._channel.conn
        channel = client.protocol._channel
        for number in range(50):  # whatever is made once is made by now
            self.send(client, 5 + 2 * number, 0, 1)
        held, streams = tracked(channel), set(connection.streams)
        for number in range(200):
            self.send(client, 1001 + 2 * number, 1 + 2 * number, 7, exclusive=True)
            self.send(client, (1, closed)[number % 2], 1001 + 2 * number, 9)
            self.web.clock.advance(0.1)
        self.assertEqual(set(connection.streams), streams)
        self.assertLessEqual(tracked(channel), held)
        self.assertIsNone(client.goaway)
