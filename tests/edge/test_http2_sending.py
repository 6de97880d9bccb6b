"""HTTP/2: what goes out, at the pace of each reader."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.http import H2Client
from tests.support.web import Producer, Web
from webcam.http.limits import UNSENT
from webcam.http.outgoing import BATCH
from webcam.http.sender import STEP

WINDOW = 65535
WHOLE_STEPS = WINDOW - WINDOW % STEP
FRAME = 16384
BODY = bytes(range(256)) * 1000
"""256,000 bytes that tell their places."""


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

    def held(self, client: H2Client) -> tuple[int, Producer]:
        """A request that waits for its answer, with a producer on it."""
        stream = client.request("GET", "/held")
        return stream, Producer(self.web.held[-1])

    def assert_nothing_happens(self, client: H2Client) -> None:
        """Until the keepalive is due there is no delayed call but its own, and nothing is written."""
        self.assertEqual(len(self.web.timers()), 1, self.web.timers())
        writes = client.transport.writes
        self.web.pass_time(2.5, step=0.25)
        self.assertEqual(client.transport.writes, writes)
        self.assertEqual(len(self.web.timers()), 1, self.web.timers())


class StalledReader(Base):
    def test_with_its_window_exhausted(self) -> None:
        """It costs no work at all; when it reads again, everything comes in order and whole."""
        client = self.web.h2(auto_window=False)
        stream, producer = self.held(client)
        producer.request.write(BODY)
        producer.request.unregisterProducer()
        producer.request.finish()
        self.assertEqual(client.response(stream).body, BODY[:WHOLE_STEPS])
        self.assert_nothing_happens(client)
        while not client.response(stream).ended:
            client.credit(0, 10_000)
            client.credit(stream, 10_000)
        self.assertEqual(client.response(stream).body, BODY)

    def test_with_the_window_of_the_connection_exhausted(self) -> None:
        """Streams with windows of their own wait as quietly, and go on when the connection's opens."""
        client = self.web.h2(auto_window=False, window=1024 * 1024)
        streams = [client.request("GET", "/held") for _ in range(2)]
        for request in self.web.held:
            request.answer(200, BODY)
        self.assertEqual(sum(len(client.response(each).body) for each in streams), WHOLE_STEPS)
        self.assert_nothing_happens(client)
        client.credit(0, 2 * len(BODY))
        self.assertEqual([client.response(each).body for each in streams], [BODY, BODY])

    def test_with_its_transport_paused(self) -> None:
        """Nothing is written to a full transport, not even a PING; all goes on when it has room."""
        client = self.web.h2(capacity=10_000, window=1024 * 1024)
        client.credit(0, 1024 * 1024)
        stream, producer = self.held(client)
        client.reading = False
        producer.request.write(BODY)
        producer.request.unregisterProducer()
        producer.request.finish()
        self.assertLess(client.transport.unread, BATCH + 4 * FRAME)
        self.assert_nothing_happens(client)
        writes = client.transport.writes
        self.web.pass_time(60)
        self.assertEqual(client.transport.writes, writes)
        client.reading = True
        self.assertEqual(client.response(stream).body, BODY)
        self.assertEqual((client.responses[stream].ended, client.pings), (True, 0))

    def test_costs_the_other_streams_nothing(self) -> None:
        """Another stream of the same connection is served meanwhile."""
        client = self.web.h2()
        client.credit(0, 1024 * 1024)
        stalled = client.request("GET", "/held")
        client.stalled.add(stalled)
        self.web.held[0].answer(200, BODY)
        self.assertEqual(client.fetch("POST", "/echo", BODY[:90_000]).body, BODY[:90_000])
        self.assertEqual(len(client.response(stalled).body), WHOLE_STEPS)

    def test_an_end_needs_no_window(self) -> None:
        """An answer that fits exactly is complete, and so is one without a body."""
        client = self.web.h2(auto_window=False)
        first, second = client.request("GET", "/held"), client.request("GET", "/held")
        self.web.held[0].write(BODY[:WINDOW])
        self.assertFalse(client.response(first).ended)
        self.web.held[0].finish()
        self.web.held[1].answer(200, b"")
        self.assertTrue(client.response(first).ended)
        self.assertTrue(client.response(second).ended)

    def test_a_shrunk_window(self) -> None:
        """SETTINGS may make a window negative; the stream waits until it is positive again, and nothing breaks."""
        client = self.web.h2(auto_window=False)
        client.credit(0, 1024 * 1024)
        stream, producer = self.held(client)
        producer.request.write(BODY[:40_000])
        client.pump()
        client.set_window(1000)
        producer.request.write(BODY[40_000:])
        self.assertEqual(len(client.response(stream).body), 40_000)
        self.assertEqual(producer.told, ["pause"])
        self.assert_nothing_happens(client)
        client.credit(stream, 39_000)
        self.assertEqual(len(client.response(stream).body), 40_000)
        client.credit(stream, 10)
        self.assertEqual(len(client.response(stream).body), 40_010)
        client.set_window(1024 * 1024)
        self.assertEqual(client.response(stream).body, BODY)
        self.assertEqual(producer.told, ["pause", "resume"])

    def test_the_end_behind_a_shrunk_window(self) -> None:
        """END_STREAM leaves though the window is negative."""
        client = self.web.h2(auto_window=False)
        stream, producer = self.held(client)
        producer.request.write(BODY[:40_000])
        client.set_window(0)
        client.pump()
        producer.request.unregisterProducer()
        producer.request.finish()
        end_of_stream = b"\0\0\0\0\1" + stream.to_bytes(4, "big")
        self.assertEqual(client.transport.take(), end_of_stream)


class Producers(Base):
    def test_is_paused_at_once_by_its_window(self) -> None:
        """The write that can't leave whole pauses the producer before it returns; it is resumed when all has left."""
        client = self.web.h2(auto_window=False)
        client.credit(0, 1024 * 1024)
        stream, producer = self.held(client)
        producer.request.write(BODY[:WINDOW])
        self.assertEqual(producer.told, [])
        producer.request.write(b"1")
        self.assertEqual(producer.told, ["pause"])
        client.credit(stream, 1)
        self.assertEqual(producer.told, ["pause", "resume"])

    def test_is_paused_at_once_by_the_transport(self) -> None:
        """Every stream's producer is, and each is told once."""
        client = self.web.h2(capacity=10_000)
        client.reading = False
        _, first = self.held(client)
        _, second = self.held(client)
        first.request.write(BODY[:20_000])
        self.assertEqual((first.told, second.told), (["pause"], ["pause"]))
        client.reading = True
        client.pump()
        self.assertEqual((first.told, second.told), (["pause", "resume"], ["pause", "resume"]))

    def test_is_paused_when_it_comes_to_a_full_transport(self) -> None:
        """One that registers then can write once."""
        client = self.web.h2(capacity=10_000)
        client.reading = False
        _, first = self.held(client)
        first.request.write(BODY[:20_000])
        _, second = self.held(client)
        second.request.write(b"once")
        self.assertEqual(second.told, ["pause"])
        client.reading = True
        client.pump()
        self.assertEqual(second.told, ["pause", "resume"])

    def test_paused_by_both_it_waits_for_both(self) -> None:
        """Room in the transport is of no use without a window."""
        client = self.web.h2(capacity=10_000, auto_window=False)
        client.reading = False
        stream, producer = self.held(client)
        producer.request.write(BODY[: WINDOW + 1])
        client.reading = True
        client.pump()
        self.assertEqual(producer.told, ["pause"])
        client.credit(0, 100)
        client.credit(stream, 100)
        self.assertEqual(producer.told, ["pause", "resume"])

    def test_written_under_a_cork(self) -> None:
        """What was written within the handling of a read pauses as well."""
        client = self.web.h2(auto_window=False)
        _, viewer = self.held(client)
        live = client.open("POST", "/live")
        self.web.uploads[0].chunk = viewer.request.write  # type: ignore[method-assign]
        for start in range(0, 60_000, 10_000):
            client.send_data(live, BODY[start : start + 10_000])
            client.pump()
        self.assertEqual(viewer.told, [])
        client.send_data(live, BODY[:10_000])
        self.assertEqual(viewer.told, ["pause"])

    def test_feeds_a_body_of_any_size_through_a_small_window(self) -> None:
        """Piece by piece, in order and whole, never more than a piece behind."""
        client = self.web.h2()
        stream, producer = self.held(client)
        producer.pieces = [BODY[start : start + 5000] for start in range(0, len(BODY), 5000)]
        producer.go()
        channel = client.protocol._channel
        self.assertLessEqual(channel._sender.queued(stream), 5000)
        client.pump()
        self.assertEqual(client.response(stream).body, BODY)

    def test_one_that_left_is_not_resumed(self) -> None:
        client = self.web.h2(auto_window=False)
        stream, producer = self.held(client)
        producer.request.write(BODY[: WINDOW + 1])
        producer.request.unregisterProducer()
        client.credit(0, 100)
        client.credit(stream, 100)
        self.assertEqual(producer.told, ["pause"])


class Frames(Base):
    def test_an_answer_goes_out_in_full_size_frames(self) -> None:
        """Small writes are put together, large ones cut at the peer's frame size."""
        client = self.web.h2(window=1024 * 1024)
        client.credit(0, 1024 * 1024)
        stream = client.request("GET", "/held")
        self.web.held[0].answer(200, BODY[:100_000])
        self.assertEqual(client.response(stream).chunks, [FRAME] * 6 + [100_000 - 6 * FRAME])

    def test_an_answer_is_one_write(self) -> None:
        """Headers, body and end leave together."""
        client = self.web.h2()
        stream = client.request("GET", "/held")
        writes = client.transport.writes
        self.web.held[0].answer(200, b"{}")
        self.assertEqual(client.transport.writes, writes + 1)
        self.assertTrue(client.response(stream).ended)

    def test_two_large_answers_take_turns(self) -> None:
        """A frame each, whichever was first."""
        client = self.web.h2(capacity=1000, window=1024 * 1024)
        client.credit(0, 1024 * 1024)
        first, second = client.request("GET", "/held"), client.request("GET", "/held")
        client.reading = False
        client.transport.write(b"")
        self.web.held[0].write(BODY[:2000])
        for request in self.web.held:
            request.write(BODY[-200_000:])
            request.finish()
        client.reading = True
        client.pump()
        order = [each.stream_id for each in client.events if type(each).__name__ == "DataReceived"][1:]
        self.assertEqual(order[:20], [first, second] * 10)
        self.assertTrue(client.response(first).ended)
        self.assertEqual(client.response(second).body, BODY[-200_000:])

    def test_a_transport_that_fills_gets_no_more_than_a_batch(self) -> None:
        """One write of about 64 KiB, and nothing behind it while it is full."""
        client = self.web.h2(capacity=1, window=1024 * 1024)
        client.credit(0, 1024 * 1024)
        client.reading = False
        client.request("GET", "/held")
        self.web.held[0].setHeader(b"content-length", b"%d" % len(BODY))
        with self.web.held[0].channel.corked():
            self.web.held[0].write(BODY)
        self.assertLessEqual(client.transport.unread, BATCH + FRAME + 1000)


class Unread(Base):
    """Answers that wait because a peer's windows are shut."""

    def test_so_many_bytes_of_a_connection(self) -> None:
        """More than its share ends the connection, and no other."""
        other = self.web.h2()
        client = self.web.h2(window=0, auto_window=False)
        answer = b"x" * (UNSENT // 16)
        for _ in range(17):
            self.assertFalse(client.closed)
            client.request("GET", "/held")
            self.web.held[-1].answer(200, answer)
        self.assertTrue(client.closed)
        self.assertEqual(self.web.site.tally.met["bytes of answers of a connection"], 1)
        self.assertEqual(other.response(other.request("POST", "/echo", b"fine")).body, b"fine")

    def test_bytes_that_were_read_count_no_more(self) -> None:
        client = self.web.h2()
        for _ in range(20):
            stream = client.request("GET", "/held")
            self.web.held[-1].answer(200, b"x" * (UNSENT // 16))
            self.assertEqual(len(client.response(stream).body), UNSENT // 16)
        self.assertEqual(client.protocol.held, 0)

    def test_bytes_of_streams_that_were_reset_count_no_more(self) -> None:
        client = self.web.h2(window=0, auto_window=False)
        for _ in range(20):
            stream = client.request("GET", "/held")
            self.web.held[-1].answer(200, b"x" * (UNSENT // 16))
            self.assertEqual(client.protocol.held, UNSENT // 16)
            client.reset(stream)
        self.assertEqual(client.protocol.held, 0)

    def test_bytes_of_a_paused_upload_count(self) -> None:
        client = self.web.h2()
        stream = client.open("POST", "/live")
        (upload,) = self.web.uploads
        upload.request.pause_body()
        client.send_data(stream, b"x" * 10_000)
        client.pump()
        self.assertEqual(client.protocol.held, 10_000)
        upload.request.resume_body()
        self.assertEqual(client.protocol.held, 0)
