"""HTTP/1.1: what goes out, at the pace of the reader."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.web import Producer, Web

BODY = bytes(range(256)) * 1000


class Answers(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h1(capacity=10_000)

    def held(self) -> tuple[int, Producer]:
        """A request that waits for its answer, with a producer on it."""
        number = self.client.request("GET", "/held")
        return number, Producer(self.web.held[-1])

    def test_live_answers_are_chunked(self) -> None:
        """Every piece leaves as it is written."""
        number, producer = self.held()
        for piece in (b"one", b"two"):
            producer.request.write(piece)
            self.assertTrue(self.client.response(number).body.endswith(piece))
        producer.request.unregisterProducer()
        producer.request.finish()
        response = self.client.response(number)
        self.assertEqual((response.header("transfer-encoding"), response.body), ("chunked", b"onetwo"))
        self.assertEqual((response.chunks, response.ended), ([3, 3], True))

    def test_a_stalled_reader_costs_no_work(self) -> None:
        """Its producer is paused at once, nothing is scheduled, nothing is written; then all comes in order."""
        number, producer = self.held()
        self.client.reading = False
        producer.pieces = [BODY[start : start + 5000] for start in range(0, len(BODY), 5000)]
        producer.go()
        self.assertEqual(producer.told, ["pause"])
        self.assertLess(self.client.transport.unread, 20_000)
        writes = self.client.transport.writes
        self.assertEqual(self.web.timers(), [])
        self.web.pass_time(300, step=10)
        self.assertEqual(self.client.transport.writes, writes)
        self.client.reading = True
        self.assertEqual(self.client.response(number).body, BODY)

    def test_a_producer_that_comes_to_a_full_transport(self) -> None:
        """It is told so: what its request wrote before has filled the transport."""
        self.client.reading = False
        number = self.client.request("GET", "/held")
        self.web.held[0].write(BODY)
        producer = Producer(self.web.held[0], [b"x" * 5000] * 20)
        self.assertEqual(producer.told, ["pause"])
        producer.go()
        self.client.reading = True
        self.assertEqual(self.client.response(number).body, BODY + b"x" * 100_000)

    def test_an_answer_waits_for_the_one_before(self) -> None:
        """A client that takes nothing gets no more than one, however many it has asked for at once."""
        self.client.reading = False
        one = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + b"%04d" * 1250
        with self.client.one_read():
            for number in range(40):
                self.client.expect("POST")
                self.client.send_raw(one.replace(b"%04d", b"%04d" % number))
        self.assertLess(self.client.transport.unread, 20_000)
        self.assertTrue(self.client.transport.reading_paused)
        self.client.reading = True
        bodies = [self.client.response(number).body for number in range(40)]
        self.assertEqual(bodies, [b"%04d" % number * 1250 for number in range(40)])

    def test_a_reader_that_stalls_is_not_read_from(self) -> None:
        """Requests of a client that takes no answers wait in its own buffers."""
        self.client.reading = False
        self.client.request("POST", "/echo", BODY[:50_000])
        self.client.request("GET", "/held")
        self.assertEqual(self.web.held, [])
        self.assertTrue(self.client.transport.reading_paused)
        self.client.reading = True
        self.client.pump()
        self.assertEqual(len(self.web.held), 1)

    def test_requests_behind_an_answer_that_is_not_read(self) -> None:
        """They wait in the client's own buffers, too, also while more of that answer is to come."""
        _, producer = self.held()
        self.client.reading = False
        producer.pieces = [BODY]
        producer.go()
        self.assertEqual(producer.told, ["pause"])
        for _ in range(40):
            self.client.request("POST", "/echo", BODY[:50_000])
        self.assertTrue(self.client.transport.reading_paused)
        self.assertLess(self.client.transport.fed, 100_000)
        producer.request.unregisterProducer()
        producer.request.finish()
        self.client.reading = True
        self.assertEqual([self.client.response(number).body for number in (0, 1, 40)], [BODY, *2 * [BODY[:50_000]]])

    def test_the_client_goes_in_the_middle(self) -> None:
        """The application hears of it once; what it writes then goes nowhere."""
        _, producer = self.held()
        told: list[object] = []
        producer.request.notifyFinish().addErrback(told.append)
        producer.request.write(b"begun")
        self.client.drop()
        self.assertEqual((len(told), producer.told), (1, ["stop"]))
        producer.request.write(b"more")
        producer.request.unregisterProducer()
        producer.request.finish()
        producer.request.abort()
        self.assertEqual(self.web.timers(), [])
