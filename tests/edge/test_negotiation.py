"""Which protocol a connection speaks."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.support.transport import Transport
from tests.support.web import Web
from webcam.http.http1 import HTTP1Channel
from webcam.http.http2 import HTTP2Channel

REQUEST = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"


class Negotiation(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()

    def connect(self, negotiated: bytes | None) -> Transport:
        protocol = self.web.site.buildProtocol(None)
        transport = Transport(protocol, negotiated, "192.0.2.7")
        protocol.makeConnection(transport)
        return transport

    def test_is_http1_without_alpn(self) -> None:
        """Plain TCP, or a TLS client that offers nothing."""
        transport = self.connect(None)
        transport.feed(REQUEST)
        self.assertIsInstance(transport.protocol._channel, HTTP1Channel)
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_is_what_alpn_has_agreed_on(self) -> None:
        for negotiated, kind in ((b"http/1.1", HTTP1Channel), (b"h2", HTTP2Channel)):
            transport = self.connect(negotiated)
            transport.feed(REQUEST)
            self.assertIsInstance(transport.protocol._channel, kind)

    def test_a_transport_that_knows_of_no_alpn(self) -> None:
        transport = self.connect(None)
        del transport.negotiatedProtocol
        transport.feed(REQUEST)
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_the_channel_of_http2_takes_over_whole(self) -> None:
        """The transport's producer and the only timer are its own from then on."""
        client = self.web.h2()
        self.assertIs(client.transport.producer, client.protocol._channel)
        self.assertEqual(len(self.web.timers()), 1)
        self.assertEqual(client.fetch("POST", "/echo", b"x").body, b"x")
        self.assertIs(self.web.site, client.protocol._channel.site)

    def test_the_address_is_the_clients(self) -> None:
        """Without its port; IPv4 within IPv6 reads as IPv4."""
        for host, told in (
            ("192.0.2.9", "192.0.2.9"),
            ("::ffff:192.0.2.9", "192.0.2.9"),
            ("2001:db8::1", "2001:db8::1"),
        ):
            for client in (self.web.h1(host=host), self.web.h2(host=host)):
                client.request("GET", "/held")
                self.assertEqual(self.web.held[-1].address, told)
