"""The receiving half of h2's connection: the frames of which there are many are read here, the others by h2.

HEADERS of a new request, DATA of an open stream and WINDOW_UPDATE change little, and h2 spends on each of them some
objects, a state machine and a look at every open stream. What is unusual about a frame (padding, a block in pieces, a
stream that isn't open, a window that overflows) makes it h2's again. tests/edge/test_intake.py holds the two ways to
the same outcome. All of it is on private names of h2 that tests/unit/test_private_names.py watches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.frame_buffer
import h2.settings
import h2.stream
from hyperframe.exceptions import InvalidPaddingError
from hyperframe.frame import (
    AltSvcFrame,
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from webcam.http.core import PRIORITY, Core, Frames, Settings, known_settings
from webcam.http.dues import Dues
from webcam.http.fieldblock import Decoder, Encoder
from webcam.http.framing import FrameReader
from webcam.http.head import Head, Malformed, read_head
from webcam.http.limits import FIELD_BYTES, FIELDS, STREAMS, TINY_WINDOW_UPDATE

ROOMY = 4096
"""Bytes of a window that isn't about to shut."""

LAST_WINDOW = 2**31 - 1

CLOSED = 256
"""Streams whose end a connection remembers, for frames that crossed it. h2's 65,536 are 12 MB, which a device that asks
once a second has filled in a day."""

_END_STREAM, _END_HEADERS = 0x1, 0x4
_STATE = h2.stream.StreamState
_RECEIVING = (_STATE.OPEN, _STATE.HALF_CLOSED_LOCAL)
_IDLE_FRAMES = (PingFrame, PriorityFrame, RstStreamFrame, GoAwayFrame, AltSvcFrame, ExtensionFrame)

Events = list[Any]


@dataclass(slots=True)
class Opened:
    """A request's head is here."""

    stream_id: int
    head: Head


class Intake(h2.connection.H2Connection):
    """What comes in on the server's side of a connection.

    ``charge`` is asked for the cost of a frame that carries nothing before it is taken; when it says no, receiving
    raises :class:`webcam.http.core.Flood`.
    """

    MAX_CLOSED_STREAMS = CLOSED
    encoder: Encoder
    incoming_buffer: Frames

    def __init__(self, charge: Callable[[float], bool] = lambda _: True) -> None:
        super().__init__(h2.config.H2Configuration(client_side=False, header_encoding=None))
        codes = h2.settings.SettingCodes
        self.local_settings = Settings(
            client=False,
            initial_values={
                codes.MAX_CONCURRENT_STREAMS: STREAMS,
                codes.MAX_HEADER_LIST_SIZE: FIELD_BYTES,
            },
        )
        self.incoming_buffer = Frames()
        self.decoder = Decoder()
        self.decoder.max_header_list_size = FIELD_BYTES
        self.decoder.max_fields = FIELDS
        self.encoder = Encoder()
        self._dues = Dues(charge)
        self._resets = 0
        self._greeted = False
        self._reader = FrameReader()

    def forget(self) -> None:
        """The connection is over, and nothing comes in any more; whatever is still to be sent meets closed streams.

        What leads back to the connection, or to its channel, is let go, so that all of it is freed at once: the garbage
        collector takes tens of milliseconds for what a few rude peers leave, and everybody waits for it.
        """
        self.streams.clear()
        self._frame_dispatch_table.clear()
        self._dues = Dues(lambda _: True)

    # Frames

    def receive_data(self, data: Any) -> Events:
        """What bytes of the peer cause, in order. Raises h2's ``ProtocolError`` when they end the connection."""
        events: Events = []
        self.feed(data)
        while (more := self.next_events()) is not None:
            events += more
        return events

    def feed(self, data: bytes) -> None:
        """Bytes of the peer; :meth:`next_events` tells what they cause, a frame at a time."""
        self._reader.feed(data)

    def next_events(self) -> Events | None:
        """What the next frame causes; ``None`` when no more of them is whole. Errors as :meth:`receive_data`."""
        try:
            cut = self._reader.next(self.max_inbound_frame_size)
            return None if cut is None else self._read_frame(*cut)
        except InvalidPaddingError as error:
            self._terminate_connection(h2.errors.ErrorCodes.PROTOCOL_ERROR)
            raise h2.exceptions.ProtocolError("bad padding") from error
        except h2.exceptions.ProtocolError as error:
            self._terminate_connection(error.error_code)
            raise

    def _read_frame(self, kind: int, flags: int, stream_id: int, data: bytes, at: int, stop: int) -> Events:
        reader = self._readers.get(kind)
        if reader is not None and self._greeted and not self.incoming_buffer._headers_buffer:
            found = reader(self, stream_id & LAST_WINDOW, flags, data, at + 9, stop)
            if found is not None:
                return found
        frame = data[at:stop]
        if kind == WindowUpdateFrame.type and len(frame) == 13:
            frame = frame[:9] + bytes((frame[9] & 0x7F,)) + frame[10:]  # a reserved bit, which hyperframe minds
        elif kind == SettingsFrame.type:
            self._dues.take_settings(len(frame))
            frame = known_settings(frame)
        self.incoming_buffer.max_frame_size = self.max_inbound_frame_size
        self.incoming_buffer.add_data(frame)
        return [event for each in self.incoming_buffer for event in self._receive_frame(each)]

    @property
    def unread(self) -> int:
        """Bytes of frames and of a field block that are here in part."""
        return self._reader.unread + self.incoming_buffer.block_bytes

    @property
    def unfinished(self) -> bool:
        """Whether a part of a frame or of a field block is here, and the rest isn't."""
        return bool(self._reader.unread or self.incoming_buffer._headers_buffer)

    @property
    def block(self) -> int | None:
        """The stream of a field block that is here in part."""
        begun = self.incoming_buffer.block
        return self._reader.block if begun is None else begun

    # The many

    def _read_headers(self, stream_id: int, flags: int, data: bytes, at: int, stop: int) -> Events | None:
        """A new request's, in one piece."""
        if flags | _END_STREAM | PRIORITY != _END_HEADERS | _END_STREAM | PRIORITY or not self._is_next(stream_id):
            return None
        if flags & PRIORITY:
            if stop - at < 5 or int.from_bytes(data[at : at + 4], "big") & LAST_WINDOW == stream_id:
                return None
            at += 5
        return self._open(stream_id, data[at:stop], bool(flags & _END_STREAM))

    def _read_data(self, stream_id: int, flags: int, data: bytes, at: int, stop: int) -> Events | None:
        """Of a stream that receives, without padding."""
        stream = self.streams.get(stream_id)
        size = stop - at
        if stream is None or flags & ~_END_STREAM or stream.state_machine.state not in _RECEIVING:
            return None
        events: Events = []
        if size:
            self._dues.take_data(size)
            self._inbound_flow_control_window_manager.window_consumed(size)
            stream._inbound_window_manager.window_consumed(size)
            events.append(h2.events.DataReceived(stream_id=stream_id, data=data[at:stop], flow_controlled_length=size))
        elif not flags:
            self._dues.take("DATA")
        if flags:
            events.append(self._end_received(stream))
        return events

    def _read_window_update(self, stream_id: int, flags: int, data: bytes, at: int, stop: int) -> Events | None:
        """Of an open window that it opens further by no small step."""
        increment = int.from_bytes(data[at:stop], "big") & LAST_WINDOW
        target: Any = self.streams.get(stream_id) if stream_id else self
        if stop - at == 4 and not increment and not self._is_idle(stream_id):
            return self._update_of_nothing(stream_id)
        if stop - at != 4 or increment < TINY_WINDOW_UPDATE or target is None or (stream_id and not target.open):
            return None
        window = target.outbound_flow_control_window + increment
        if window > LAST_WINDOW:
            return None
        self._dues.take_update()
        target.outbound_flow_control_window = window
        return [h2.events.WindowUpdated(stream_id=stream_id, delta=increment)]

    _readers: ClassVar[dict[int, Callable[[Intake, int, int, bytes, int, int], Events | None]]] = {
        DataFrame.type: _read_data,
        HeadersFrame.type: _read_headers,
        WindowUpdateFrame.type: _read_window_update,
    }

    def _update_of_nothing(self, stream_id: int) -> Events:
        """By 0: an error of its stream (RFC 9113, 6.9); h2 makes it one of the connection."""
        self._dues.take("WINDOW_UPDATE by 0")
        stream = self.streams.get(stream_id)
        if stream is None or not stream.open:
            return []
        self.reset_stream(stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        return [h2.events.StreamReset(stream_id=stream_id, error_code=h2.errors.ErrorCodes.PROTOCOL_ERROR)]

    def _open(self, stream_id: int, block: bytes, ends: bool) -> Events:
        """A stream that the peer opens by a request."""
        fields = self.decoder.decode(block)
        self.state_machine.process_input(h2.connection.ConnectionInputs.RECV_HEADERS)
        self.highest_inbound_stream_id = stream_id
        self._dues.opened()
        window, theirs = self.local_settings.initial_window_size, self.remote_settings.initial_window_size
        stream = self.streams[stream_id] = Core(stream_id, self.config, window, theirs)
        stream.max_outbound_frame_size = self.max_outbound_frame_size
        machine = stream.state_machine
        machine.client, machine.headers_received, machine.state = False, True, _STATE.OPEN
        try:
            head = read_head(fields)
        except Malformed:
            self.reset_stream(stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
            self._dues.take("a malformed request")
            return []
        events: Events = [Opened(stream_id, head)]
        if ends:
            events.append(self._end_received(stream))
        return events

    def _end_received(self, stream: h2.stream.H2Stream) -> h2.events.StreamEnded:
        machine = stream.state_machine
        if machine.state is _STATE.OPEN:
            machine.state = _STATE.HALF_CLOSED_REMOTE
        else:
            self._close(stream, h2.stream.StreamClosedBy.RECV_END_STREAM)
        return h2.events.StreamEnded(stream_id=stream.stream_id)

    def _close(self, stream: h2.stream.H2Stream, how: h2.stream.StreamClosedBy) -> None:
        """It is over in both directions; h2 looks for such streams among all others whenever one is opened."""
        stream.state_machine.state = _STATE.CLOSED
        stream.state_machine.stream_closed_by = how
        self._forget_closed(stream.stream_id)

    def _forget_closed(self, stream_id: int) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None and stream.closed:
            del self.streams[stream_id]
            self._closed_streams[stream_id] = stream.closed_by

    def reset_stream(self, stream_id: int, error_code: Any = 0) -> None:
        """RST_STREAM. Raises h2's ``ProtocolError`` for a stream that is closed."""
        super().reset_stream(stream_id, error_code)
        self._forget_closed(stream_id)

    # The others

    def _receive_frame(self, frame: Frame) -> Events:
        if not self._greeted:
            self._greet(frame)
        if type(frame) is ContinuationFrame:
            raise h2.exceptions.ProtocolError("CONTINUATION of nothing")  # h2's answer depends on the stream's state
        if type(frame) is DataFrame:
            if frame.data:
                self._dues.take_data(len(frame.data))
            elif "END_STREAM" not in frame.flags:
                self._dues.take("DATA")
        elif isinstance(frame, _IDLE_FRAMES) or (
            type(frame) is WindowUpdateFrame
            and frame.window_increment < TINY_WINDOW_UPDATE
            and not self._gives_back(frame)
        ):
            self._dues.take(type(frame).__name__)
            if type(frame) is RstStreamFrame and self._is_idle(frame.stream_id):
                raise h2.exceptions.ProtocolError("RST_STREAM of an idle stream")  # h2 lets it pass; RFC 9113, 6.4
        resets = self._resets
        events = super()._receive_frame(frame)
        self._forget_closed(frame.stream_id)
        if self._resets > resets:
            self._dues.take("a frame that is reset")  # a peer can make us reset streams as fast as it could itself
        return events

    def _receive_headers_frame(self, frame: HeadersFrame) -> tuple[list[Frame], Events]:
        """A new request's are ours, padded and put together as they may be; others are trailers, or wrong."""
        if not self._is_next(frame.stream_id):
            frames, events = super()._receive_headers_frame(frame)
            return frames, events
        if "PRIORITY" in frame.flags and frame.depends_on == frame.stream_id:
            raise h2.exceptions.ProtocolError("a stream that depends on itself")
        return [], self._open(frame.stream_id, frame.data, "END_STREAM" in frame.flags)

    def _receive_data_frame(self, frame: DataFrame) -> tuple[list[Frame], Events]:
        """What was on its way when we reset its stream is ignored (RFC 9113, 5.1); h2 resets the stream again."""
        if self._stream_closed_by(frame.stream_id) is not h2.stream.StreamClosedBy.SEND_RST_STREAM:
            frames, events = super()._receive_data_frame(frame)
            return frames, events
        size = frame.flow_controlled_length
        self._inbound_flow_control_window_manager.window_consumed(size)
        return [], [h2.events.DataReceived(stream_id=frame.stream_id, data=b"", flow_controlled_length=size)]

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], Events]:
        """A peer that opens no more streams, and waits for its answers; h2 would close the connection to them."""
        if frame.error_code != h2.errors.ErrorCodes.NO_ERROR:
            frames, events = super()._receive_goaway_frame(frame)
            return frames, events
        event = h2.events.ConnectionTerminated()
        event.error_code = h2.errors.ErrorCodes.NO_ERROR
        event.last_stream_id = frame.last_stream_id
        return [], [event]

    def _greet(self, frame: Frame) -> None:
        """The first frame is the rest of the preface (RFC 9113, 3.4); h2 takes any."""
        if type(frame) is not SettingsFrame or "ACK" in frame.flags:
            raise h2.exceptions.ProtocolError("SETTINGS are missing from the preface")
        self._greeted = True

    def _is_next(self, stream_id: int) -> bool:
        """Whether the peer may open this stream now."""
        return bool(stream_id & 1 and stream_id > self.highest_inbound_stream_id)

    def _is_idle(self, stream_id: int) -> bool:
        """Whether the peer has not opened the stream; even ones are ours to open, and we open none."""
        return bool(stream_id % 2 == 0 or stream_id > self.highest_inbound_stream_id)

    def _gives_back(self, frame: WindowUpdateFrame) -> bool:
        """Whether a tiny WINDOW_UPDATE gives back what a small frame took: twice a frame, stream and connection.

        One that opens a window which is all but shut is none of these: it makes us write a tiny frame for it.
        """
        stream = self.streams.get(frame.stream_id) if frame.stream_id else self
        if stream is None or stream.outbound_flow_control_window < ROOMY:
            return False
        return self._dues.settle()

    def _prepare_for_sending(self, frames: list[Frame]) -> None:
        self._resets += sum(type(frame) is RstStreamFrame for frame in frames)
        super()._prepare_for_sending(frames)
