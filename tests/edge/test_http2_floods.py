"""HTTP/2: peers that send frames which carry nothing, or more than they may. Each costs itself its connection."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from h2.errors import ErrorCodes
from h2.events import StreamReset
from h2.settings import SettingCodes
from hyperframe.frame import (
    AltSvcFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.support.peer import raw
from tests.support.properties import tried
from tests.support.web import Web
from webcam.http import connections
from webcam.http.http2 import LATE_BYTES
from webcam.http.limits import CONTROL_BURST, CONTROL_RATE, NOTICE, STREAMS, Tally

CALM = ErrorCodes.ENHANCE_YOUR_CALM


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.web = Web()
        self.client = self.web.h2()
        self.client.h2.remote_settings.max_concurrent_streams = 2**31  # as a client that heeds no such word
        self.client.h2.remote_settings.acknowledge()

    def flood(self, frame: Callable[[], bytes], times: int = 2 * CONTROL_BURST) -> int:
        """Send until the server has had enough; how many frames that took."""
        for sent in range(1, times + 1):
            self.client.send_raw(frame())
            self.client.pump()
            if self.client.goaway is not None or self.client.closed:
                return sent
        return times + 1

    def assert_cut_off(self, frame: Callable[[], bytes]) -> None:
        other = self.web.h2()
        self.assertLessEqual(self.flood(frame), CONTROL_BURST + 1)
        self.assertEqual(self.client.goaway, CALM)
        self.assertEqual(other.response(other.request("POST", "/echo", b"fine")).body, b"fine")
        self.assertEqual(self.web.site.tally.met["frames that carry nothing"], 1)


class Floods(Case):
    def test_ping(self) -> None:
        self.assert_cut_off(PingFrame(0, b"12345678").serialize)

    def test_ping_that_answers_nothing(self) -> None:
        self.assert_cut_off(PingFrame(0, b"12345678", flags=["ACK"]).serialize)

    def test_settings(self) -> None:
        self.assert_cut_off(SettingsFrame(0, {SettingCodes.INITIAL_WINDOW_SIZE: 65535}).serialize)

    def test_priority(self) -> None:
        self.assert_cut_off(PriorityFrame(99, depends_on=0, stream_weight=1).serialize)

    def test_a_flood_that_goes_on(self) -> None:
        """Behind GOAWAY it is read for a while, and no longer."""
        protocol, transport = self.client.protocol, self.client.transport
        protocol.dataReceived(PingFrame(0, b"12345678").serialize() * 2 * CONTROL_BURST)
        self.assertTrue(transport.disconnecting)
        protocol.dataReceived(bytes(LATE_BYTES))
        self.assertFalse(transport.aborted)
        protocol.dataReceived(b"more")
        self.assertTrue(transport.aborted)

    def test_unknown_frames(self) -> None:
        self.assert_cut_off(lambda: b"\x00\x00\x00\xee\x00\x00\x00\x00\x00")

    def test_window_updates_of_one_byte(self) -> None:
        self.assert_cut_off(WindowUpdateFrame(0, window_increment=1).serialize)

    def test_empty_data(self) -> None:
        stream = self.client.open("POST", "/live")
        self.assert_cut_off(DataFrame(stream, b"").serialize)
        self.assertEqual(self.web.uploads[0].ends, ["lost"])

    def test_rapid_reset(self) -> None:
        """Requests that are reset at once: what the server began for them is over."""

        def pair() -> bytes:
            stream = self.client.open("POST", "/live", end=False)
            return RstStreamFrame(stream, error_code=ErrorCodes.CANCEL).serialize()

        self.assert_cut_off(pair)
        self.assertEqual({tuple(each.ends) for each in self.web.uploads}, {("lost",)})

    def test_resets_that_the_server_is_made_to_send(self) -> None:
        """DATA on a stream that the peer itself has reset: answered by one RST_STREAM each."""
        stream = self.client.open("POST", "/live")
        self.client.reset(stream)
        self.assert_cut_off(DataFrame(stream, b"x").serialize)

    def test_data_behind_a_reset_of_the_server(self) -> None:
        """Was on its way, as much of it as a window holds: it is ignored, and its credit given back."""
        stream = self.client.open("POST", "/refused")
        for _ in range(200):
            self.client.send_raw(DataFrame(stream, b"x" * 16384).serialize() + DataFrame(stream, b"y").serialize())
            self.client.pump()
        self.assertEqual(len(self.resets_of(stream)), 1)
        self.assertIsNone(self.client.goaway)
        self.assertEqual(self.client.response(self.client.request("POST", "/echo", b"fine")).body, b"fine")

    def resets_of(self, stream: int) -> list[Any]:
        return [each for each in self.client.events if isinstance(each, StreamReset) and each.stream_id == stream]

    def test_requests_that_are_refused(self) -> None:
        for _ in range(STREAMS):
            self.client.open("POST", "/live")

        def one_more() -> bytes:
            self.client.open("POST", "/live")
            return b""

        other = self.web.h2()
        self.assertLessEqual(self.flood(one_more), CONTROL_BURST + 1)
        self.assertEqual(self.client.goaway, CALM)
        self.assertEqual(other.response(other.request("POST", "/echo", b"fine")).body, b"fine")

    def test_window_of_one(self) -> None:
        """A window opened byte by byte makes the server write as many tiny frames."""
        self.client = self.web.h2(window=1, auto_window=False)
        stream = self.client.request("GET", "/held")
        self.web.held[0].answer(200, b"x" * 50_000)

        def one_more() -> bytes:
            self.client.credit(stream, 1)
            return b""

        self.assert_cut_off(one_more)

    def test_a_viewer_of_small_frames_that_gives_credit_for_each(self) -> None:
        """30 frames of 156 bytes a second, stream and connection credited each time: no flood, however long."""
        stream = self.client.request("GET", "/held")
        for _ in range(100):
            for _ in range(30):
                self.web.held[0].write(b"x" * 156)
                self.client.pump()
                self.client.send_raw(WindowUpdateFrame(stream, window_increment=156).serialize())
                self.client.send_raw(WindowUpdateFrame(0, window_increment=156).serialize())
            self.web.clock.advance(1)
        self.assertFalse(self.client.closed)
        self.assertIsNone(self.client.goaway)

    def test_a_pace_that_is_none(self) -> None:
        """What a peer may send each second, it may send for ever."""
        for _ in range(20):
            self.web.clock.advance(1)
            for _ in range(int(CONTROL_RATE)):
                self.client.ping()
        self.client.pump()
        self.assertEqual(self.client.pongs, 20 * CONTROL_RATE)

    def test_windows_that_are_opened_by_much(self) -> None:
        """More often than anything that was sent calls for: four of them cost as much as a PING."""
        self.client.send_raw(WindowUpdateFrame(0, window_increment=256).serialize() * 3 * CONTROL_BURST)
        self.assertIsNone(self.client.goaway)
        self.assertFalse(self.client.closed)
        self.client.send_raw(WindowUpdateFrame(0, window_increment=256).serialize() * 2 * CONTROL_BURST)
        self.client.pump()
        self.assertEqual(self.client.goaway, CALM)

    def test_windows_that_are_opened_for_what_was_sent(self) -> None:
        """A stream's and the connection's for each 4 KiB, far more of them than anybody may send for nothing."""
        stream = self.client.request("GET", "/held")
        (held,) = self.web.held
        for _ in range(5 * CONTROL_BURST):
            held.write(b"x" * 8192)
            for target in (stream, 0, stream, 0):
                self.client.send_raw(WindowUpdateFrame(target, window_increment=4096).serialize())
            self.client.transport.take()
        self.assertIsNone(self.client.goaway)
        self.assertFalse(self.client.transport.disconnecting)

    def test_data_of_a_byte(self) -> None:
        """A frame each: a thousand a second are nothing, without a pause they are a flood."""
        stream = self.client.open("POST", "/live")
        tiny = DataFrame(stream, b"x").serialize()
        for _ in range(20):
            self.client.send_raw(tiny * 1000)
            self.client.pump()
            self.web.clock.advance(1)
        self.assertIsNone(self.client.goaway)
        self.assertEqual(len(self.web.uploads[0].received), 20_000)
        self.client.send_raw(tiny * 9000)
        self.client.pump()
        self.assertEqual(self.client.goaway, CALM)

    def test_data_of_a_byte_that_nobody_takes(self) -> None:
        """Padded, or on a stream that the server has reset."""
        for path, frame in (("/live", partial(DataFrame, flags=["PADDED"], pad_length=1)), ("/refused", DataFrame)):
            client = self.web.h2()
            tiny = frame(client.open("POST", path), b"x").serialize()
            for _ in range(20):
                client.send_raw(tiny * 500)
                client.pump()
            self.assertEqual(client.goaway, CALM, path)

    def test_frames_of_little_use(self) -> None:
        """Extensions that have nothing to say to a server, and GOAWAY while there are answers to come."""
        goaway, service = GoAwayFrame(0), AltSvcFrame(0, b"a", b"h2")
        for frame in (goaway, service):
            self.client = self.web.h2()
            self.client.open("POST", "/live")
            self.assertLessEqual(self.flood(frame.serialize), CONTROL_BURST + 1)
            self.assertEqual(self.client.goaway, CALM)

    def test_data_of_a_few_bytes_among_much(self) -> None:
        """The header of each of a camera's frames in a frame of its own, however many cameras."""
        stream = self.client.open("POST", "/live")
        pair = DataFrame(stream, b"header").serialize() + DataFrame(stream, b"x" * 1000).serialize()
        for _ in range(100):
            self.client.send_raw(pair * 30)
            self.client.pump()
        self.assertIsNone(self.client.goaway)

    def test_settings_of_many(self) -> None:
        """A frame of 2,000 settings costs as much as a hundred of what one needs."""
        many = raw(4, 0, b"".join(struct.pack(">HL", 0x1000 + number, 1) for number in range(2000)))
        self.assertLessEqual(self.flood(lambda: many), 5)
        self.assertEqual(self.client.goaway, CALM)


class Bounds(Case):
    def test_one_stream_too_many_is_refused_and_may_be_tried_again(self) -> None:
        streams = [self.client.open("POST", "/live") for _ in range(STREAMS)]
        refused = self.client.open("POST", "/live")
        self.assertEqual(self.client.response(refused).reset_code, ErrorCodes.REFUSED_STREAM)
        self.assertEqual(len(self.web.uploads), STREAMS)
        self.client.end(streams[0])
        self.assertEqual(self.client.response(streams[0]).status, 200)
        again = self.client.open("POST", "/live")
        self.assertIsNone(self.client.response(again).reset_code)
        self.assertEqual(len(self.web.uploads), STREAMS + 1)

    def test_streams_of_an_address(self) -> None:
        """One too many on any of its connections is refused, as the limit of a connection is; however one ends, there
        is room for another."""
        self.patch(connections, "STREAMS_PER_ADDRESS", 5)
        one, two, other = self.client, self.web.h2(), self.web.h2(host="198.51.100.1")
        streams = [one.open("POST", "/live") for _ in range(3)] + [two.open("POST", "/live") for _ in range(2)]
        for client in (one, two):
            self.assertEqual(client.response(client.open("POST", "/live")).reset_code, ErrorCodes.REFUSED_STREAM)
        self.assertEqual(self.web.site.tally.met["streams of an address"], 2)
        self.assertIsNone(other.response(other.open("POST", "/live")).reset_code)
        ends = (lambda: one.end(streams[0]), lambda: one.reset(streams[1]), lambda: one.open("POST", "/refused"))
        for end in ends:
            end()
            one.pump()
            again = two.open("POST", "/live")
            self.assertIsNone(two.response(again).reset_code)
            two.end(again)
            two.pump()
        two.drop()
        for _ in range(3):
            self.assertIsNone(one.response(one.open("POST", "/live")).reset_code)
        one.drop()
        other.drop()
        self.assertEqual(len(self.web.site.connections._streams), 0)

    def test_a_frame_over_the_limit_is_refused_by_its_header(self) -> None:
        stream = self.client.open("POST", "/live")
        self.client.send_raw((2**24 - 1).to_bytes(3, "big") + b"\x00\x00" + struct.pack(">I", stream))
        self.client.pump()
        self.assertEqual(self.client.goaway, ErrorCodes.FRAME_SIZE_ERROR)

    def test_continuation_without_an_end(self) -> None:
        stream = self.client.h2.get_next_available_stream_id()
        self.client.send_raw(HeadersFrame(stream, b"\x82", flags=[]).serialize())
        header = b"\x00\x00\x01\x09\x00" + struct.pack(">I", stream) + b"\x82"
        self.assertLess(self.flood(lambda: header), 100)

    def test_a_header_block_that_unpacks_to_much(self) -> None:
        """One entry of 4 KB in the table, named 2,000 times in 2,000 bytes: 8 MB of headers."""
        bomb = b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000 + b"\xbe" * 2000
        stream = self.client.h2.get_next_available_stream_id()
        self.client.send_raw(HeadersFrame(stream, bomb, flags=["END_HEADERS"]).serialize())
        self.client.pump()
        self.assertEqual(self.client.goaway, CALM)


class Equality(SynchronousTestCase):
    """DATA of open streams goes past h2's state machines: what arrives is the same, however it is packed and cut."""

    @tried
    @given(
        st.lists(st.tuples(st.binary(max_size=300), st.none() | st.integers(0, 255), st.booleans()), max_size=20),
        st.lists(st.integers(1, 400), min_size=1),
    )
    def test_any_padding_cutting_and_company(self, pieces: list[tuple[bytes, int | None, bool]], cuts: list[int]):
        web = Web()
        client = web.h2()
        stream = client.open("POST", "/live")
        frames: list[Frame] = []
        for data, padding, with_ping in pieces:
            if padding is None:
                frames.append(DataFrame(stream, data))
            else:
                frames.append(DataFrame(stream, data, pad_length=padding, flags=["PADDED"]))
            if with_ping:
                frames.append(PingFrame(0, b"12345678"))
        wire = b"".join(each.serialize() for each in frames)
        start = turn = 0
        while start < len(wire):
            client.send_raw(wire[start : start + cuts[turn % len(cuts)]])
            start += cuts[turn % len(cuts)]
            turn += 1
        self.assertEqual(web.uploads[0].received, b"".join(data for data, _, _ in pieces))
        client.send_raw(DataFrame(stream, b"", flags=["END_STREAM"]).serialize())
        client.h2.streams.pop(stream)
        self.assertEqual(web.uploads[0].ends, ["ended"])

    def test_more_than_the_window(self) -> None:
        """A peer that sends past a window ends its connection, on this way, too."""
        web = Web()
        client = web.h2()
        stream = client.open("POST", "/live")
        client.send_raw(DataFrame(stream, b"stop" + b"x" * 16000).serialize())
        for _ in range(4):
            client.send_raw(DataFrame(stream, b"x" * 16384).serialize())
        client.pump()
        self.assertEqual(client.goaway, ErrorCodes.FLOW_CONTROL_ERROR)


class Counting(SynchronousTestCase):
    def test_a_limit_is_told_of_once_a_minute_and_always_counted(self) -> None:
        tally = Tally()
        for now in (0.0, 1.0, NOTICE - 1, NOTICE, NOTICE + 1):
            tally.count("streams", "192.0.2.7", now)
        self.assertEqual(tally.met["streams"], 5)
