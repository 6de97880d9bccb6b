"""Peers that are too slow to be anything but a burden, and connections that end with the server."""

from __future__ import annotations

import h2.connection
import h2.errors
from hyperframe.frame import HeadersFrame
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from tests.support.http import H1Client, H2Client
from tests.support.transport import Transport
from tests.support.web import Web
from webcam.http import request
from webcam.http.limits import BODY_GRACE, HANDSHAKE, HEADERS, LOOK


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
        self.assertEqual(self.web.site.bodies, 0)

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


class Bodies(Case):
    def test_bodies_in_all_have_a_bound_and_their_room_is_given_back(self) -> None:
        self.patch(request, "BODIES", 1000)
        self.patch(request, "SMALL_BODY", 100)
        client = self.web.h2()
        first = client.open("POST", "/echo")
        client.send_data(first, b"x" * 900)
        second = client.request("POST", "/echo", b"y" * 200)
        self.assertEqual(client.response(second).status, 413)
        client.end(first)
        self.assertEqual(client.response(first).body, b"x" * 900)
        self.assertEqual(self.web.site.bodies, 0)
        again = client.request("POST", "/echo", b"y" * 200)
        self.assertEqual(client.response(again).body, b"y" * 200)
        self.assertEqual(self.web.site.tally.met, {"bytes of bodies in all": 1})

    def test_small_pieces_cost_no_more_than_their_bytes(self) -> None:
        client = self.web.h2()
        stream = client.open("POST", "/held")
        for number in range(10_000):
            client.send_data(stream, bytes((number % 256, 1)))
        client.send_data(stream, b"x" * 5000, end=True)
        (held,) = self.web.held
        self.assertEqual(b"".join(held.body), b"".join(bytes((n % 256, 1)) for n in range(10_000)) + b"x" * 5000)
        self.assertLess(len(held.body), 8)

    def test_small_bodies_always_have_room(self) -> None:
        self.web.site.bodies = 2**40
        self.assertEqual(self.web.h2().fetch("POST", "/echo", b"x" * 1000).body, b"x" * 1000)

    def test_a_body_that_is_lost_gives_its_room_back(self) -> None:
        client = self.web.h2()
        stream = client.open("POST", "/echo")
        client.send_data(stream, b"x" * 900)
        self.assertEqual(self.web.site.bodies, 900)
        client.reset(stream)
        self.assertEqual(self.web.site.bodies, 0)


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
