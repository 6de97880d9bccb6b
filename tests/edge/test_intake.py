"""Frames that are read past h2 have the outcome that they have by way of h2: any frames, cut anywhere."""

from __future__ import annotations

import itertools
from typing import Any

import h2.exceptions
from h2.events import DataReceived
from h2.settings import SettingCodes
from hyperframe.frame import (
    ContinuationFrame,
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

from tests.support.peer import PREFACE, block, raw, request
from tests.support.properties import tried
from webcam.http.connection import Connection
from webcam.http.intake import CLOSED, Opened

STREAMS = (0, 1, 2, 3, 5, 7, 9)
GREETING = PREFACE + SettingsFrame(0).serialize()

streams = st.sampled_from(STREAMS)
bodies = st.sampled_from((b"", b"x", b"body" * 10, b"z" * 5000))
extras = st.sampled_from(
    (
        (),
        ((b"content-length", b"40"),),
        ((b"te", b"gzip"),),
        ((b":late", b"1"),),
        ((b"cookie", b"a"), (b"cookie", b"b")),
    )
)
heads = extras.map(lambda extra: block(request(b"POST", b"/held", extra)))


def flags(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True)


def padding(frame: DataFrame | HeadersFrame, size: int) -> Frame:
    if "PADDED" in frame.flags:
        frame.pad_length = size
    return frame


frames = st.one_of(
    st.builds(
        lambda stream, data, given, pad: padding(HeadersFrame(stream, data, flags=given, depends_on=3), pad),
        streams.filter(bool),
        heads,
        flags("END_STREAM", "END_HEADERS", "END_HEADERS", "PADDED", "PRIORITY").map(lambda given: [*given]),
        st.integers(0, 20),
    ),
    st.builds(lambda stream, data: HeadersFrame(stream, data, flags=["END_HEADERS"]), streams.filter(bool), heads),
    st.builds(
        lambda stream, data, given, pad: padding(DataFrame(stream, data, flags=given), pad),
        streams.filter(bool),
        bodies,
        flags("END_STREAM", "PADDED"),
        st.integers(0, 20),
    ),
    st.builds(
        lambda stream, size: WindowUpdateFrame(stream, window_increment=size),
        streams,
        st.sampled_from((1, 255, 256, 40000, 2**31 - 1)),
    ),
    st.builds(lambda stream: RstStreamFrame(stream, error_code=8), streams.filter(bool)),
    st.builds(lambda stream, data: ContinuationFrame(stream, data, flags=["END_HEADERS"]), streams.filter(bool), heads),
    st.builds(lambda stream: PriorityFrame(stream, depends_on=11), streams.filter(bool)),
    st.builds(lambda size: SettingsFrame(0, {SettingCodes.INITIAL_WINDOW_SIZE: size}), st.sampled_from((0, 1, 70000))),
    st.just(PingFrame(0, b"12345678")),
    st.just(GoAwayFrame(0, 0, 0)),
).map(lambda frame: bytes(frame.serialize()))

oddities = st.builds(
    raw,
    st.integers(0, 11),
    streams,
    st.binary(max_size=12),
    st.integers(0, 255),
    st.sampled_from((None, 3, 20000)),
)


def opened(*numbers: int) -> bytes:
    """Requests that are open."""
    return b"".join(
        HeadersFrame(number, block(request(b"POST", b"/held")), flags=["END_HEADERS"]).serialize() for number in numbers
    )


class Side:
    """A connection, what it was caused to do, and how it stands."""

    def __init__(self, past_h2: bool) -> None:
        self.connection = Connection()
        if not past_h2:
            self.connection._readers = {}
        self.connection.initiate_connection()
        self.outcome: list[Any] = []

    def take(self, data: bytes) -> bool:
        """Whether the connection lives on."""
        try:
            events = self.connection.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            self.outcome.append(error.error_code)
            return False
        self.outcome += [self.shown(event) for event in events]
        self.outcome.append(self.connection.data_to_send())
        return True

    def shown(self, event: Any) -> Any:
        if isinstance(event, Opened):
            head = event.head
            return event.stream_id, head.method, head.path, head.fields, head.length, head.cookies
        if isinstance(event, DataReceived) and not event.data and not event.flow_controlled_length:
            return None  # it says nothing
        return type(event).__name__, [repr(value) for name, value in vars(event).items() if name != "stream_ended"]

    def stands(self) -> Any:
        """Windows and open streams."""
        core = self.connection
        windows = core.inbound_flow_control_window, core.outbound_flow_control_window
        open_ones = {
            number: (
                stream.state_machine.state,
                stream.inbound_flow_control_window,
                stream.outbound_flow_control_window,
            )
            for number, stream in core.streams.items()
            if stream.open
        }
        return windows, open_ones, core.highest_inbound_stream_id


class IntakeTests(SynchronousTestCase):
    """The two ways."""

    def same(self, data: bytes, cuts: list[int]) -> None:
        """One gets *data* whole, past h2; the other in pieces, by way of h2."""
        edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
        pieces = [data[start:stop] for start, stop in itertools.pairwise(edges)]
        fast, slow, cut = Side(True), Side(False), Side(True)
        for side, parts in ((fast, [data]), (slow, [data]), (cut, pieces)):
            all(side.take(part) for part in (GREETING, *parts))
            side.outcome = self.joined(side.outcome)
        self.assertEqual(fast.outcome, slow.outcome)
        self.assertEqual(fast.stands(), slow.stands())
        if not isinstance(fast.outcome[-1], int):  # a read that ends badly is not told of at all
            self.assertEqual(cut.outcome, fast.outcome)
            self.assertEqual(cut.stands(), fast.stands())

    def joined(self, outcome: list[Any]) -> list[Any]:
        """Events in order, then all that was sent, then the error."""
        sent = b"".join(each for each in outcome if isinstance(each, bytes))
        events = [each for each in outcome if isinstance(each, tuple)]
        return [*events, sent, *(each for each in outcome if isinstance(each, int))]

    @tried
    @given(st.lists(frames, max_size=12), st.lists(st.integers(0, 20000), max_size=5))
    def test_any_frames(self, some: list[bytes], cuts: list[int]) -> None:
        """Behind two open requests."""
        self.same(opened(1, 3) + b"".join(some), cuts)

    @tried
    @given(st.lists(st.one_of(frames, oddities), max_size=8), st.lists(st.integers(0, 20000), max_size=5))
    def test_odd_frames(self, some: list[bytes], cuts: list[int]) -> None:
        """Of any type, flags and length."""
        self.same(opened(1) + b"".join(some), cuts)

    def test_streams_are_forgotten(self) -> None:
        """Requests that end, in any way, leave nothing behind but the way in which the last of them ended."""
        side = Side(True)
        self.assertTrue(side.take(GREETING))
        for number in range(1, 4000, 4):
            self.assertTrue(side.take(opened(number, number + 2) + RstStreamFrame(number, error_code=8).serialize()))
            side.connection.reset_stream(number + 2)
        self.assertEqual(side.connection.streams, {})
        self.assertEqual(len(side.connection._closed_streams), CLOSED)
