"""h2's connection, with credit, declared lengths, limits and DATA in our own hands.

The connection's window is opened on receipt, a stream's on consumption, so that one paused upload never starves the
others; h2 ties the two together. It ends the whole connection where a stream's declared length is wrong, or where one
stream too many is opened; both are the channel's to judge here. DATA frames of open streams go past h2's state machines
both ways: they change nothing in them, and cost most of its time. All of it is on private names of h2 that
tests/unit/test_private_names.py watches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.frame_buffer
import h2.settings
import h2.stream
import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from webcam.http.limits import STREAMS, TINY_WINDOW_UPDATE, WIDEST

Buffer = bytes | memoryview

ROOMY = 4096
MAX_GIVEN_BACK = 2000
"""Bytes of a window that isn't about to shut, and frames sent for which a peer may still give credit."""

TABLE = 4096
"""Bytes of fields that a connection remembers to name them shortly: HTTP/2's default."""

_RECEIVING = (h2.stream.StreamState.OPEN, h2.stream.StreamState.HALF_CLOSED_LOCAL)
_IDLE_FRAMES = (PingFrame, SettingsFrame, PriorityFrame, RstStreamFrame, ExtensionFrame)


class Flood(h2.exceptions.ProtocolError):
    """The peer sends more frames that carry nothing than it may."""

    error_code = h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


class CompressionError(h2.exceptions.ProtocolError):
    """A field block that can't be decoded: no later one can be (RFC 9113, 4.3). h2 has no code of its own for it."""

    error_code = h2.errors.ErrorCodes.COMPRESSION_ERROR


class _Decoder(hpack.Decoder):
    def decode(self, data: bytes, raw: bool = False) -> Iterable[hpack.HeaderTuple]:
        try:
            return super().decode(data, raw)
        except hpack.OversizedHeaderListError:
            raise
        except hpack.HPACKError as error:
            raise CompressionError(str(error)) from error


class _Encoder(hpack.Encoder):
    """Its table stays within :data:`TABLE`, whatever the peer offers to remember, and of many changes it tells the
    least and the last (RFC 7541, 4.2)."""

    @property
    def header_table_size(self) -> int:
        return int(self.header_table.maxsize)

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        size = min(value, TABLE)
        if size != self.header_table.maxsize:  # hpack forgets a change that is said again before it was told
            self.header_table.maxsize = size
            least = min(size, *self.table_size_changes, TABLE)
            self.table_size_changes = [least] if least == size else [least, size]


class _Frames(h2.frame_buffer.FrameBuffer):
    """h2 takes a payload of an acknowledgement for bad data; it is a bad size (RFC 9113, 6.5)."""

    def _validate_frame_length(self, length: int) -> None:
        super()._validate_frame_length(length)
        if length and self._data[3] == SettingsFrame.type and self._data[4] & 1:
            raise h2.exceptions.FrameDataMissingError("an acknowledgement with a payload")


class _Settings(h2.settings.Settings):
    """What is announced of streams, :data:`webcam.http.limits.STREAMS`, is not what h2 ends the connection for."""

    @property
    def max_concurrent_streams(self) -> int:
        return 2**31

    @max_concurrent_streams.setter
    def max_concurrent_streams(self, value: int) -> None:
        raise AttributeError("announced once")


class Connection(h2.connection.H2Connection):
    """The server's side of a connection.

    ``charge`` is asked before a frame that carries nothing is taken; when it says no, receiving raises :class:`Flood`.
    """

    def __init__(self, charge: Callable[[], bool] = lambda: True) -> None:
        super().__init__(h2.config.H2Configuration(client_side=False, header_encoding=None))
        codes = h2.settings.SettingCodes
        self.local_settings = _Settings(
            client=False,
            initial_values={
                codes.MAX_CONCURRENT_STREAMS: STREAMS,
                codes.MAX_HEADER_LIST_SIZE: self.DEFAULT_MAX_HEADER_LIST_SIZE,
            },
        )
        self.incoming_buffer = _Frames(server=True)
        self.decoder = _Decoder()
        self.decoder.max_header_list_size = self.DEFAULT_MAX_HEADER_LIST_SIZE
        self.encoder = _Encoder()
        self._charge = charge
        self._resets = 0
        self._greeted = False
        self._given_back = 0

    def receive_data(self, data: Any) -> list[h2.events.Event]:
        """As h2's; a frame over the limit is refused when its header is here, not when its megabytes are."""
        events = super().receive_data(data)
        head = self.incoming_buffer._data[:3]
        if len(head) == 3 and int.from_bytes(head, "big") > self.max_inbound_frame_size:
            error = h2.exceptions.FrameTooLargeError("a frame over the limit")
            self._terminate_connection(error.error_code)
            raise error
        return events

    @property
    def unfinished(self) -> bool:
        """Whether a part of a frame or of a header block is here, and the rest isn't."""
        return bool(self.incoming_buffer._data or self.incoming_buffer._headers_buffer)

    def announce_goaway(self) -> None:
        """GOAWAY for streams to come; those that are open, or on their way here, go on (RFC 9113, 6.8)."""
        frame = GoAwayFrame(0, last_stream_id=2**31 - 1)
        self._prepare_for_sending([frame])

    def _receive_frame(self, frame: Frame) -> list[h2.events.Event]:
        if not self._greeted:
            self._greet(frame)
        if type(frame) is DataFrame:
            events = self._receive_open_data(frame)
            if events is not None:
                return events
        elif type(frame) is ContinuationFrame:
            raise h2.exceptions.ProtocolError("CONTINUATION of nothing")  # h2's answer depends on the stream's state
        elif isinstance(frame, _IDLE_FRAMES) or (
            type(frame) is WindowUpdateFrame
            and frame.window_increment < TINY_WINDOW_UPDATE
            and not self._gives_back(frame)
        ):
            self._take(frame)
            if type(frame) is RstStreamFrame and self._is_idle(frame.stream_id):
                raise h2.exceptions.ProtocolError("RST_STREAM of an idle stream")  # h2 lets it pass; RFC 9113, 6.4
        resets = self._resets
        events = super()._receive_frame(frame)
        if self._resets > resets:
            self._take(frame)  # a peer can make us reset streams as fast as it could itself
        return events

    def _greet(self, frame: Frame) -> None:
        """The first frame is the rest of the preface (RFC 9113, 3.4); h2 takes any."""
        if type(frame) is not SettingsFrame or "ACK" in frame.flags:
            raise h2.exceptions.ProtocolError("SETTINGS are missing from the preface")
        self._greeted = True

    def _is_idle(self, stream_id: int) -> bool:
        """Whether the peer has not opened the stream; even ones are ours to open, and we open none."""
        return bool(stream_id % 2 == 0 or stream_id > self.highest_inbound_stream_id)

    def _gives_back(self, frame: WindowUpdateFrame) -> bool:
        """Whether a tiny WINDOW_UPDATE gives back what a small frame took: twice a frame, stream and connection.

        One that opens a window which is all but shut is none of these: it makes us write a tiny frame for it.
        """
        stream = self.streams.get(frame.stream_id) if frame.stream_id else self
        if not self._given_back or stream is None or stream.outbound_flow_control_window < ROOMY:
            return False
        self._given_back -= 1
        return True

    def _take(self, frame: Frame) -> None:
        if not self._charge():
            raise Flood(type(frame).__name__)

    def _receive_open_data(self, frame: DataFrame) -> list[h2.events.Event] | None:
        """DATA that doesn't end its stream, on a stream that receives; ``None`` for all other."""
        stream = self.streams.get(frame.stream_id)
        if stream is None or "END_STREAM" in frame.flags or stream.state_machine.state not in _RECEIVING:
            return None
        if not frame.data:
            self._take(frame)
        size = frame.flow_controlled_length
        self._inbound_flow_control_window_manager.window_consumed(size)
        stream._inbound_window_manager.window_consumed(size)
        return [h2.events.DataReceived(stream_id=frame.stream_id, data=frame.data, flow_controlled_length=size)]

    def _prepare_for_sending(self, frames: list[Frame]) -> None:
        self._resets += sum(type(frame) is RstStreamFrame for frame in frames)
        super()._prepare_for_sending(frames)

    def _begin_new_stream(self, stream_id: int, allowed_ids: h2.connection.AllowedStreamIDs) -> h2.stream.H2Stream:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        # A live upload of the field's clients ends short of the length that it declared; h2 would answer with GOAWAY.
        stream._track_content_length = _any_length  # type: ignore[method-assign]
        return stream

    def widen(self, stream_id: int, window: int) -> None:
        """Let the peer send *window* bytes ahead on a stream, and on the connection beside all other streams."""
        stream = self.streams.get(stream_id)
        if stream is not None and stream.open and stream.inbound_flow_control_window < window:
            self.increment_flow_control_window(window - stream.inbound_flow_control_window, stream_id)
            if self._inbound_flow_control_window_manager.max_window_size + window <= WIDEST:
                self.increment_flow_control_window(window)

    def credit_connection(self, size: int) -> None:
        """*size* bytes of DATA, padding included, were received."""
        increment = self._inbound_flow_control_window_manager.process_bytes(size)
        if increment:
            frame = WindowUpdateFrame(0)
            frame.window_increment = increment
            self._prepare_for_sending([frame])

    def credit_stream(self, stream_id: int, size: int) -> None:
        """*size* bytes of them were consumed. A stream that is closed needs no credit."""
        stream = self.streams.get(stream_id)
        if stream is not None and stream.open and size:
            self._prepare_for_sending(stream.acknowledge_received_data(size))

    def write_data(self, stream_id: int, data: Buffer, largest: int) -> None:
        """DATA frames of at most *largest* bytes, within :meth:`send_window`, that don't end the stream.

        h2 makes four objects and three copies of a frame; this makes one copy, and CPU is what a relay spends on it.
        """
        self._given_back = min(MAX_GIVEN_BACK, self._given_back + 2)
        out = self._data_to_send
        tail = b"\x00\x00" + stream_id.to_bytes(4, "big")
        size = len(data)
        if size <= largest:
            out += size.to_bytes(3, "big") + tail
            out += data
        else:
            view = memoryview(data)
            for start in range(0, size, largest):
                piece = view[start : start + largest]
                out += len(piece).to_bytes(3, "big") + tail
                out += piece
        self.outbound_flow_control_window -= size
        self.streams[stream_id].outbound_flow_control_window -= size

    def is_open(self, stream_id: int) -> bool:
        """Whether the stream is open in any direction."""
        stream = self.streams.get(stream_id)
        return stream is not None and stream.open

    def send_window(self, stream_id: int) -> int:
        """Bytes that may be sent on the stream now; negative after the peer shrank its window; 0 when closed."""
        stream = self.streams.get(stream_id)
        if stream is None or not stream.open:
            return 0
        return min(self.outbound_flow_control_window, stream.outbound_flow_control_window)


def _any_length(length: int, end_stream: bool) -> None:
    """In place of h2's check."""
