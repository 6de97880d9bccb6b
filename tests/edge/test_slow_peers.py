"""Peers that are too slow to be anything but a burden, and connections that end with the server."""

from __future__ import annotations

import h2.connection
import h2.errors
from hyperframe.frame import HeadersFrame
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from tests.support.http import HOST, H1Client, H2Client
from tests.support.transport import Transport
from tests.support.web import Web
from webcam.http import negotiation, request
from webcam.http.bodies import Held
from webcam.http.limits import BODIES, BODY_GRACE, HANDSHAKE, HEADERS, LOOK, UNSENT
from webcam.http.site import Site


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.web.site.startFactory()
        self.addCleanup(self.web.site.stopFactory)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK) + 2):
            self.web.clock.advance(LOOK)


class SlowPeers(Case):
    def test_a_handshake_that_does_not_end(self) -> None:
        channel = self.web.site.buildProtocol(None)
        transport = Transport(channel, None, "192.0.2.7")
        alsoProvides(transport, ISSLTransport)
        channel.makeConnection(transport)
        self.wait(HANDSHAKE)
        self.assertTrue(transport.aborted)
        self.assertEqual(self.web.site.tally.met, {"time for a handshake": 1})

    def test_a_handshake_in_time(self) -> None:
        channel = self.web.site.buildProtocol(None)
        transport = Transport(channel, None, "192.0.2.7")
        alsoProvides(transport, ISSLTransport)
        channel.makeConnection(transport)
        channel.handshakeCompleted()
        self.wait(HANDSHAKE)
        self.assertFalse(transport.aborted)

    def test_headers_that_trickle_on_http_1(self) -> None:
        client = self.web.h1()
        client.send_raw(b"POST /echo HTTP/1.1\r\n")
        for _ in range(int(HEADERS / LOOK) + 1):
            client.send_raw(b"x: y\r\n")
            self.web.clock.advance(LOOK)
        self.assertTrue(client.closed)
        self.assertEqual(self.web.site.tally.met, {"time for headers": 1})

    def test_a_first_line_that_trickles_on_http_1(self) -> None:
        """Of the first request, and of one behind another."""
        for before in (b"", b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"):
            client = self.web.h1()
            client.send_raw(before)
            client.pump()
            for _ in range(int(HEADERS / LOOK) + 2):
                client.send_raw(b"G")
                self.web.clock.advance(LOOK)
            self.assertTrue(client.closed)
        self.assertEqual(self.web.site.tally.met, {"time for headers": 2})

    def test_headers_that_trickle_on_http_2(self) -> None:
        client = self.web.h2()
        stream = client.h2.get_next_available_stream_id()
        client.send_raw(HeadersFrame(stream, b"\x82", flags=[]).serialize())
        self.wait(HEADERS)
        self.assertTrue(client.closed)

    def test_ordinary_bodies_that_trickle(self) -> None:
        for connect in (self.web.h1, self.web.h2):
            client = connect()
            stream = client.open("POST", "/echo", [("content-length", "1000")])
            for _ in range(int(BODY_GRACE / LOOK) + 2):
                client.send_data(stream, b"x")
                self.web.clock.advance(LOOK)
                client.pump()
            over = client.closed if isinstance(client, H1Client) else client.response(stream).reset_code is not None
            self.assertTrue(over)
        self.assertEqual(self.web.site.tally.met, {"time for a body": 2})
        self.assertEqual(self.web.site.bodies.size, 0)

    def test_an_ordinary_body_that_is_slow_but_comes(self) -> None:
        """2 KB a second for a minute: a record over a bad link."""
        for connect in (self.web.h1, self.web.h2):
            client = connect()
            stream = client.open("POST", "/echo", [("content-length", "60000")])
            for _ in range(15):
                client.send_data(stream, b"x" * 4000)
                self.web.clock.advance(2)
            if isinstance(client, H2Client):
                client.end(stream)
            self.assertEqual(client.response(stream).status, 200)

    def test_a_live_body_may_be_as_slow_as_it_likes(self) -> None:
        for connect in (self.web.h1, self.web.h2):
            client = connect()
            client.open("POST", "/live", [("content-length", "1000")])
            for _ in range(20):
                self.web.clock.advance(3)
                client.pump()
            self.assertFalse(client.closed)
        self.assertEqual(self.web.site.tally.met, {})


class Waiting(Case):
    """Bytes that wait in a transport, whoever wrote them."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(negotiation, "unsent", lambda transport: transport.unread)
        self.client = self.web.h1()
        self.client.reading = False
        self.client.request("GET", "/held")

    def test_those_of_a_connection_have_a_bound(self) -> None:
        self.web.held[0].write(b"x" * UNSENT)
        self.wait(LOOK)
        self.assertTrue(self.client.closed)
        self.assertEqual(self.web.site.tally.met, {"bytes of answers of a connection": 1})

    def test_below_it_they_count_for_all(self) -> None:
        self.web.held[0].write(b"x" * (UNSENT - 1000))
        self.wait(LOOK)
        self.assertFalse(self.client.closed)
        self.assertGreater(self.client.protocol.held, UNSENT - 1000)


class Bodies(Case):
    def hold(self, size: int, host: str = HOST) -> tuple[H2Client, int]:
        """A body of which so much has come, and more is to."""
        client = self.web.h2(host=host)
        stream = client.open("POST", "/echo")
        client.send_data(stream, b"x" * size)
        self.assertIsNone(client.response(stream).status)
        return client, stream

    def ask(self, size: int, host: str = HOST) -> int | None:
        """The status that a whole body of this size is answered with."""
        return self.web.h2(host=host).fetch("POST", "/echo", b"y" * size).status

    def test_have_a_bound_in_all_and_their_room_is_given_back(self) -> None:
        self.patch(request, "SMALL_BODY", 100)
        self.web.site.bodies = Held(1000, 1000)
        client, first = self.hold(900)
        self.assertEqual(self.ask(200), 413)
        self.assertEqual(self.ask(200, "192.0.2.8"), 413)
        client.end(first)
        self.assertEqual(client.response(first).body, b"x" * 900)
        self.assertEqual(self.web.site.bodies.size, 0)
        self.assertEqual(self.ask(200), 200)
        self.assertEqual(self.web.site.tally.met, {"bytes of bodies in all": 2})

    def test_have_a_bound_of_an_address_and_no_other_pays_for_it(self) -> None:
        self.patch(request, "SMALL_BODY", 100)
        self.web.site.bodies = Held(1000, 300)
        for connect in (self.web.h1, self.web.h2):
            client = connect(host="2001:db8::1")
            stream = client.open("POST", "/echo", [("content-length", "301")])
            client.send_data(stream, b"x" * 300)
            self.assertEqual([self.ask(101, f"2001:db8::{n}") for n in (1, 2)], [413, 413])
            self.assertEqual(self.ask(101, "2001:db8:0:1::1"), 200)
            client.send_data(stream, b"x")
            self.assertEqual(client.response(stream).status, 413)
            self.assertEqual(self.ask(300, "2001:db8::1"), 200)
        self.assertEqual(self.web.site.bodies.size, 0)
        self.assertEqual(self.web.site.tally.met, {"bytes of bodies of an address": 6})

    def test_of_a_proxy_have_the_bound_of_all_alone(self) -> None:
        """Its connections are all of one address, and may be."""
        for connections, admitted in (((10, 10), None), ((10, 9), "bytes of bodies of an address")):
            site = Site(None, self.web.clock, {}, lambda _: 0, lambda _: None, connections=connections)
            self.assertEqual(site.bodies.take(HOST, BODIES, small=False), admitted)

    def test_small_ones_have_a_room_of_their_own(self) -> None:
        """Whoever fills the room of all, or of their address, with pictures keeps nobody from asking."""
        self.patch(request, "SMALL_BODY", 100)
        for bound in ((300, 300), (1000, 300)):
            self.web.site.bodies = Held(*bound)
            client, _ = self.hold(300)
            self.assertEqual((self.ask(101), self.ask(100)), (413, 200))
            client.drop()

    def test_small_ones_have_a_bound_as_well(self) -> None:
        self.patch(request, "SMALL_BODY", 100)
        for bound in ((300, 300), (1000, 300)):
            self.web.site.bodies = Held(*bound)
            clients = [self.hold(100)[0] for _ in range(6)]
            self.assertEqual(self.ask(1), 413)
            self.assertEqual(self.ask(1, "192.0.2.8"), 200 if bound[0] == 1000 else 413)
            for client in clients:
                client.drop()
            self.assertEqual(self.web.site.bodies.size, 0)

    def test_small_pieces_cost_no_more_than_their_bytes(self) -> None:
        client = self.web.h2()
        stream = client.open("POST", "/held")
        for number in range(10_000):
            client.send_data(stream, bytes((number % 256, 1)))
            if number % 1000 == 0:
                self.web.clock.advance(1)  # so many frames of next to nothing may come in a second
        client.send_data(stream, b"x" * 5000, end=True)
        (held,) = self.web.held
        self.assertEqual(b"".join(held.body), b"".join(bytes((n % 256, 1)) for n in range(10_000)) + b"x" * 5000)
        self.assertLess(len(held.body), 8)

    def test_a_body_that_is_lost_gives_its_room_back(self) -> None:
        client = self.web.h2()
        stream = client.open("POST", "/echo")
        client.send_data(stream, b"x" * 900)
        self.assertEqual(self.web.site.bodies.size, 900)
        client.reset(stream)
        self.assertEqual(self.web.site.bodies.size, 0)


class Ending(Case):
    def test_http_2_refuses_new_streams_and_ends_those_under_way(self) -> None:
        client = self.web.h2()
        stream = client.open("GET", "/held", end=True)
        drained = self.web.site.connections.drain(10)
        client.pump()
        self.assertEqual(client.goaway, h2.errors.ErrorCodes.NO_ERROR)
        self.assertNoResult(drained)
        self.assertFalse(client.closed)
        client.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN  # h2's client takes it for the end
        self.web.held[0].answer(200, b"still")
        self.assertEqual((client.response(stream).status, client.response(stream).body), (200, b"still"))
        client.pump()
        self.successResultOf(drained)

    def test_http_2_without_streams_ends_at_once(self) -> None:
        client = self.web.h2()
        drained = self.web.site.connections.drain(10)
        client.pump()
        self.assertTrue(client.closed)
        self.successResultOf(drained)

    def test_http_1_answers_what_is_under_way_and_says_that_it_closes(self) -> None:
        client = self.web.h1()
        stream = client.request("GET", "/held")
        drained = self.web.site.connections.drain(10)
        self.assertNoResult(drained)
        self.web.held[0].answer(200, b"still")
        response = client.response(stream)
        self.assertEqual(response.body, b"still")
        self.assertEqual(dict(response.headers)["connection"], "close")
        client.pump()
        self.successResultOf(drained)

    def test_http_1_that_is_idle_ends_at_once(self) -> None:
        client = self.web.h1()
        drained = self.web.site.connections.drain(10)
        client.pump()
        self.assertTrue(client.closed)
        self.successResultOf(drained)

    def test_nor_is_the_deadline_waited_for_when_the_server_is_asked_to_hurry(self) -> None:
        clients = [self.web.h1(), self.web.h2()]
        for client in clients:
            client.request("GET", "/held")
        self.web.site.connections.hurry()
        drained = self.web.site.connections.drain(10)
        self.assertNoResult(drained)
        for _ in range(2):
            self.web.site.connections.hurry()
        for client in clients:
            self.assertTrue(client.transport.aborted)
            client.transport.settle()
        self.successResultOf(drained)

    def test_an_answer_that_does_not_end_is_cut_at_the_deadline(self) -> None:
        clients = [self.web.h1(), self.web.h2()]
        for client in clients:
            client.request("GET", "/held")
        drained = self.web.site.connections.drain(10)
        self.web.clock.advance(10)
        for client in clients:
            self.assertTrue(client.transport.aborted)
            client.transport.settle()
        self.successResultOf(drained)
