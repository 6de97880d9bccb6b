"""HTTP/2: a connection's life, from its first PING to its end."""

from __future__ import annotations

from h2.errors import ErrorCodes
from twisted.trial.unittest import SynchronousTestCase

from tests.support.http import H2Client
from tests.support.transport import Transport
from tests.support.web import Producer, Web


class Base(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h2()

    def assert_ended_once(self, *clients: H2Client) -> None:
        """Every live upload was lost, once, and no delayed call is left."""
        self.assertEqual([each.ends for each in self.web.uploads], [["lost"]] * len(self.web.uploads))
        self.assertEqual(self.web.timers(), [])
        for client in clients:
            self.assertEqual(client.protocol._channel.streams, {})


class Pings(Base):
    def test_come_every_three_seconds_on_a_silent_open_stream(self) -> None:
        """A client that gives a silent connection up after 5 s never sees one."""
        self.client.open("POST", "/live")
        for count in range(1, 21):
            self.web.pass_time(3, self.client)
            self.assertEqual(self.client.pings, count)
        self.assertFalse(self.client.closed)

    def test_come_three_seconds_behind_the_last_that_was_sent(self) -> None:
        """What is sent in between is a sign of life as good as any."""
        stream = self.client.request("GET", "/held")
        self.client.pump()
        for _ in range(5):
            self.web.pass_time(2, self.client)
            self.web.held[0].write(b"frame")
        self.assertEqual(self.client.pings, 0)
        self.web.pass_time(2.5, self.client)
        self.assertEqual(self.client.pings, 0)
        self.web.pass_time(0.5, self.client)
        self.assertEqual(self.client.pings, 1)
        self.assertEqual(self.client.response(stream).body, b"frame" * 5)

    def test_do_not_come_without_an_open_stream(self) -> None:
        self.client.fetch("POST", "/echo", b"x")
        self.web.pass_time(30, self.client)
        self.assertEqual(self.client.pings, 0)

    def test_unanswered_three_times_the_connection_is_dropped(self) -> None:
        """Its streams are lost, once; until then the peer has 12 s for any sign of life."""
        self.client.open("POST", "/live")
        self.client.mute = True
        self.web.pass_time(11.5, self.client)
        self.assertEqual(self.client.pings, 3)
        self.assertFalse(self.client.closed)
        self.web.pass_time(1, self.client)
        self.assertTrue(self.client.closed)
        self.assertIsNone(self.client.goaway)
        self.assert_ended_once(self.client)

    def test_any_byte_of_the_peer_is_an_answer(self) -> None:
        """A client that sends and answers no PING is alive."""
        stream = self.client.open("POST", "/live")
        for _ in range(10):
            self.client.mute = True
            self.web.pass_time(6, self.client)
            self.client.mute = False
            self.client.h2.clear_outbound_data_buffer()
            self.client.send_data(stream, b"x")
        self.assertFalse(self.client.closed)


class Idle(Base):
    def test_without_a_stream_it_is_closed_after_a_minute(self) -> None:
        """With GOAWAY (NO_ERROR), and the transport closed behind it."""
        self.web.pass_time(59.5, self.client)
        self.assertFalse(self.client.closed)
        self.web.pass_time(0.5, self.client)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.client.goaway, ErrorCodes.NO_ERROR)
        self.assert_ended_once(self.client)

    def test_the_minute_counts_from_the_last_sign_of_use(self) -> None:
        self.web.pass_time(50, self.client)
        self.client.fetch("POST", "/echo", b"x")
        self.web.pass_time(59.5, self.client)
        self.assertFalse(self.client.closed)
        self.web.pass_time(0.5, self.client)
        self.assertTrue(self.client.closed)

    def test_the_minute_is_the_sites(self) -> None:
        """Another site may have another timeout."""
        self.web.site.timeOut = 20
        client = self.web.h2()
        self.web.pass_time(19.5, client)
        self.assertFalse(client.closed)
        self.web.pass_time(0.5, client)
        self.assertTrue(client.closed)

    def test_with_an_open_stream_it_is_never_closed(self) -> None:
        """However quiet it is."""
        stream = self.client.open("POST", "/live")
        self.web.pass_time(600, self.client)
        self.client.end(stream)
        self.assertEqual(self.client.response(stream).body, b"0")

    def test_a_peer_that_does_not_read_the_goodbye(self) -> None:
        """It is dropped 5 s later."""
        client = self.web.h2()
        client.reading = False
        self.web.pass_time(64.5, client)
        self.assertFalse(client.closed)
        self.web.pass_time(0.5, client)
        self.assertTrue(client.closed)

    def test_nothing_of_a_peer_is_heard_behind_the_goodbye(self) -> None:
        """A request that crosses GOAWAY is not served."""
        self.client.reading = False
        self.web.pass_time(60)
        self.client.open("POST", "/live")
        self.assertEqual(self.web.uploads, [])


class Ends(Base):
    def test_of_the_transport(self) -> None:
        """Every stream ends once: live, half answered or waiting."""
        self.client.open("POST", "/live")
        self.client.open("POST", "/live")
        self.client.request("GET", "/held")
        self.client.request("GET", "/held")
        told: list[object] = []
        for request in self.web.held:
            request.notifyFinish().addErrback(told.append)
        self.web.held[0].write(b"begun")
        self.client.drop()
        self.assertEqual(len(told), 2)
        self.assert_ended_once(self.client)

    def test_by_stop_producing_alone(self) -> None:
        """Nothing is written any more; the streams end with the connection, which follows, and only once."""
        self.client.open("POST", "/live")
        channel = self.client.protocol._channel
        channel.stopProducing()
        self.client.drop()
        channel.connectionLost()
        self.assert_ended_once(self.client)

    def test_while_an_answer_is_stuck(self) -> None:
        """What was queued goes, and the producer is not resumed."""
        self.client.stalled.add(self.client.request("GET", "/held"))
        producer = Producer(self.web.held[0])
        self.web.held[0].write(b"x" * 200_000)
        self.client.pump()
        self.client.drop()
        self.assertEqual(producer.told, ["pause"])
        self.assert_ended_once(self.client)

    def test_by_a_stream_that_ends_others(self) -> None:
        """The end of one request may abort another in the same turn; each is told once."""
        self.client.open("POST", "/live")
        self.client.open("POST", "/live")
        first, second = self.web.uploads

        def lost() -> None:
            first.ends.append("lost")
            second.request.abort()

        first.lost = lost  # type: ignore[method-assign]
        self.client.drop()
        self.assert_ended_once(self.client)

    def test_by_goaway_of_the_peer(self) -> None:
        """The streams end, and the transport is really closed."""
        self.client.open("POST", "/live")
        self.client.h2.close_connection(error_code=1)
        self.client.flush()
        self.assertTrue(self.client.transport.disconnecting)
        self.assertTrue(self.client.closed)
        self.assert_ended_once(self.client)

    def test_before_http2_has_begun(self) -> None:
        """A connection that says nothing is closed after a minute, one that goes leaves nothing."""
        self.client.drop()
        for ends_by_itself in (False, True):
            protocol = self.web.site.buildProtocol(None)
            transport = Transport(protocol, b"h2", "192.0.2.7")
            protocol.makeConnection(transport)
            if ends_by_itself:
                transport.drop()
            else:
                self.web.pass_time(60, step=1)
                self.assertTrue(transport.disconnecting)
                transport.settle()
            self.assertEqual(self.web.timers(), [])


class Log(Base):
    def test_no_request_is_written_to_it(self) -> None:
        """An access log would hold every token that travels in a query."""
        from twisted.logger import globalLogPublisher

        events: list[object] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        self.web.site.doStart()
        self.addCleanup(self.web.site.doStop)
        self.client.fetch("POST", "/echo?shash=secret", b"x")
        self.web.h1().fetch("POST", "/echo?shash=secret", b"x")
        self.assertEqual(events, [])
