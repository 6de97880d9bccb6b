"""What a peer may cost Twisted's own HTTP/2 channel, and what the channel costs by itself; see test_stock_faults."""

from __future__ import annotations

from collections.abc import Callable

from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from twisted.web.server import Request

from tests.support.stock import StockCase
from webcam.http.limits import CONTROL_BURST

FLOOD = 3 * CONTROL_BURST
"""Frames; far more than ours takes at once."""


class Floods(StockCase):
    """Frames that carry nothing, from a peer that reads what it is answered. Ours: test_http2_floods."""

    def assert_taken(self, frame: Callable[[], Frame]) -> None:
        for _ in range(FLOOD):
            self.channel.dataReceived(frame().serialize())
            self.transport.clear()
        self.assertFalse(self.transport.disconnecting)

    def test_ping(self) -> None:
        """Ours: test_ping."""
        self.assert_taken(lambda: PingFrame(0, b"12345678"))

    def test_settings(self) -> None:
        """Ours: test_settings."""
        self.assert_taken(lambda: SettingsFrame(0, settings={4: 65535}))

    def test_empty_data(self) -> None:
        """Ours: test_empty_data."""
        stream = self.request()
        self.flush()
        self.assert_taken(lambda: DataFrame(stream, b""))

    def test_windows_opened_by_a_byte(self) -> None:
        """Ours: test_window_updates_of_one_byte."""
        self.assert_taken(lambda: WindowUpdateFrame(0, window_increment=1))

    def test_window_of_one(self) -> None:
        """A frame of one byte for each that the window is opened by. Ours: test_window_of_one."""
        stream = self.request(end=True)
        self.flush()
        self.resource.request.write(b"x" * 100_000)
        for _ in range(10):
            self.turn()
        self.transport.clear()
        sent = 0
        for _ in range(FLOOD):
            self.channel.dataReceived(WindowUpdateFrame(stream, window_increment=1).serialize())
            self.channel.dataReceived(WindowUpdateFrame(0, window_increment=1).serialize())
            self.turn()
            sent += self.transport.value().count(b"\x00\x00\x01\x00\x00" + stream.to_bytes(4, "big"))
            self.transport.clear()
        self.assertEqual(sent, FLOOD)
        self.assertFalse(self.transport.disconnecting)

    def test_headers_that_trickle(self) -> None:
        """A byte a minute, for as long as there are bytes. Ours: test_slow_peers,
        test_headers_that_trickle_on_http_2."""
        self.channel.dataReceived(HeadersFrame(1, b"\x82", flags=[]).serialize())
        for byte in ContinuationFrame(1, bytes(100), flags=["END_HEADERS"]).serialize()[:-1]:
            self.clock.advance(59)
            self.channel.dataReceived(bytes([byte]))
        self.assertFalse(self.transport.disconnecting)


class Costs(StockCase):
    """Of what everybody does."""

    def test_a_write_and_a_turn_for_each_frame(self) -> None:
        """Ours: test_http2_sending, test_an_answer_is_one_write; tests/unit/test_sender.py, test_batches."""
        self.request(end=True)
        self.flush()
        writes = self.transport.writes
        self.resource.request.setHeader(b"content-length", b"64000")
        self.resource.request.write(b"x" * 64_000)
        self.resource.request.finish()
        self.assertGreaterEqual(self.turns(), 4)
        self.assertGreaterEqual(self.transport.writes - writes, 1 + 4)

    def test_each_frame_is_written_down_for_nobody(self) -> None:
        """h2 makes a text of each frame for a trace. Ours: test_http2_uploads, test_data_is_not_written_down."""
        texts: list[DataFrame] = []
        self.patch(DataFrame, "__repr__", lambda frame: texts.append(frame) or "")
        stream = self.request()
        for _ in range(10):
            self.client.send_data(stream, b"x")
        self.flush()
        self.assertEqual(len(texts), 10)

    def test_a_body_that_is_merely_declared(self) -> None:
        """A file, and its descriptor, for each. Ours: test_http2_uploads, test_an_ordinary_body_of_twenty_gib and
        test_a_live_upload_of_twenty_gib_allocates_nothing."""
        made: list[Request] = []

        class Noted(Request):
            def __init__(self, *args: object, **kwargs: object) -> None:
                super().__init__(*args, **kwargs)
                made.append(self)

        self.channel.requestFactory = Noted
        self.request((("content-length", "100000"),))
        self.flush()
        self.addCleanup(made[0].content.close)
        self.assertGreaterEqual(made[0].content.fileno(), 0)
