"""Twisted's own HTTP/2 channel between two ends in memory: what tests of its faults share."""

from __future__ import annotations

from typing import Any

import h2.config
import h2.connection
from h2.settings import SettingCodes
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import _http2
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

HEADERS = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")]


class Held(Resource):
    """Answers nothing; the test does."""

    isLeaf = True  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    @property
    def request(self) -> Any:
        """The latest."""
        return self.requests[-1]

    def render(self, request: Request) -> int:
        self.requests.append(request)
        return NOT_DONE_YET


class Counted(StringTransport):
    """Counts what is written to it."""

    writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)


class StockCase(SynchronousTestCase):
    """A connection of the stock channel, and the client's end of it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.resource = Held()
        self.site = Site(self.resource, reactor=self.clock)
        self.transport = Counted(lenient=True)
        self.channel = _http2.H2Connection(self.clock)
        self.channel.requestFactory = Request
        self.channel.site = self.channel.factory = self.site
        self.channel.timeOut = 60
        self.channel.callLater = self.clock.callLater
        self.channel.makeConnection(self.transport)
        self.transport.registerProducer(self.channel, True)
        self.client = h2.connection.H2Connection(h2.config.H2Configuration())
        self.client.initiate_connection()
        self.flush()

    def flush(self) -> None:
        """What the client has written reaches the server in one read, and what the server has written the client."""
        self.channel.dataReceived(self.client.data_to_send())
        self.client.receive_data(self.transport.value())
        self.transport.clear()

    def turn(self) -> bool:
        """One turn of the reactor; whether something asked to be called in it."""
        due = [call for call in self.clock.getDelayedCalls() if call.getTime() <= self.clock.seconds()]
        for call in due:
            function, args = call.func, call.args
            call.cancel()
            function(*args)
        return bool(due)

    def turns(self) -> int:
        """Turns until nothing asks for one; how many."""
        count = 0
        while self.turn():
            count += 1
        return count

    def request(self, headers: tuple[tuple[str, str], ...] = (), end: bool = False) -> int:
        """The headers of a request, yet to be flushed; its stream."""
        stream = self.client.get_next_available_stream_id()
        self.client.send_headers(stream, [*HEADERS, *headers], end_stream=end)
        return stream

    def be_heedless(self) -> None:
        """The client opens more streams than the server allows."""
        self.client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 2**31 - 1
        self.client.remote_settings.acknowledge()
