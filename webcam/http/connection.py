"""h2's connection, with credit, declared lengths, limits and the frequent frames in our own hands.

The connection's window is opened on receipt, a stream's on consumption, so that one paused upload never starves the
others; h2 ties the two together. It ends the whole connection where a stream's declared length is wrong, where a
request is malformed, or where one stream too many is opened; all are one stream's here. What an answer is made of, its
head and its DATA, is written here without h2's frames and state machines. See :mod:`webcam.http.intake` for what comes
in. All of it is on private names of h2 that tests/unit/test_private_names.py watches.
"""

from __future__ import annotations

import h2.errors
import h2.exceptions
import h2.stream
from hyperframe.frame import GoAwayFrame, WindowUpdateFrame

from webcam.http.fieldblock import Field, sendable
from webcam.http.intake import Intake
from webcam.http.limits import WIDEST

Buffer = bytes | memoryview

_DATA, _HEADERS, _CONTINUATION = 0, 1, 9
_END_STREAM, _END_HEADERS = 0x1, 0x4
_STATE = h2.stream.StreamState
_SENDING = (_STATE.OPEN, _STATE.HALF_CLOSED_REMOTE)


class _Newest:
    """What was framed last: at most a piece of a frame (64 KiB)."""

    data: bytes = b""
    key = (0, 0)
    framed = b""


_newest = _Newest()


def _frame_data(out: bytearray, stream_id: int, data: Buffer, largest: int, flags: int) -> None:
    tail = stream_id.to_bytes(4, "big")
    last = bytes((_DATA, flags)) + tail
    size = len(data)
    if size <= largest:
        out += size.to_bytes(3, "big") + last
        out += data
        return
    view, more = memoryview(data), b"\x00\x00" + tail
    for start in range(0, size, largest):
        piece = view[start : start + largest]
        out += len(piece).to_bytes(3, "big") + (last if start + largest >= size else more)
        out += piece


class Connection(Intake):
    """The server's side of a connection."""

    def announce_goaway(self) -> None:
        """GOAWAY for streams to come; those that are open, or on their way here, go on (RFC 9113, 6.8)."""
        frame = GoAwayFrame(0, last_stream_id=2**31 - 1)
        self._prepare_for_sending([frame])

    # Credit for what comes in

    def widen(self, stream_id: int, window: int) -> None:
        """Let the peer send *window* bytes ahead on a stream, and on the connection beside all other streams."""
        stream = self.streams.get(stream_id)
        if stream is None or not stream.open:
            return
        manager, whole = stream._inbound_window_manager, self._inbound_flow_control_window_manager
        more = window - manager.max_window_size
        if more > 0:
            self.increment_flow_control_window(more, stream_id)
            manager.max_window_size = window  # h2 takes what is free of a window for all of it
            if whole.max_window_size + more <= WIDEST:
                widest = whole.max_window_size + more
                self.increment_flow_control_window(more)
                whole.max_window_size = widest

    def room(self, stream_id: int) -> int:
        """Bytes that the peer may still send on the stream before it gets credit."""
        stream = self.streams.get(stream_id)
        return 0 if stream is None else int(stream.inbound_flow_control_window)

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

    # What goes out

    def write_head(self, stream_id: int, fields: list[Field]) -> None:
        """The head of an answer, whose body follows; also one of 1xx. Raises h2's ``ProtocolError`` if it can't be
        sent any more, and :class:`ValueError` for a field that nobody may send."""
        self._sending_stream(stream_id)
        self._write_block(stream_id, self.encoder.encode(sendable(fields)), _END_HEADERS)

    def write_answer(self, stream_id: int, fields: tuple[Field, ...], date: bytes, body: bytes) -> None:
        """A whole answer within :meth:`send_window`. Errors as above; *fields* are checked when they are new."""
        stream = self._sending_stream(stream_id)
        block = self.encoder.head(fields, date, len(body))
        if body:
            self._write_block(stream_id, block, _END_HEADERS)
            self.write_data(stream_id, body, self.max_outbound_frame_size, ends=True)
        else:
            self._write_block(stream_id, block, _END_HEADERS | _END_STREAM)
            self._end_sent(stream)

    def write_data(self, stream_id: int, data: Buffer, largest: int, ends: bool = False) -> None:
        """DATA frames of at most *largest* bytes, within :meth:`send_window`; with *ends* the last one ends the stream.

        h2 makes four objects and three copies of a frame; this makes one copy, and CPU is what a relay spends on it.
        """
        stream = self._spend(stream_id, len(data))
        _frame_data(self._data_to_send, stream_id, data, largest, _END_STREAM if ends else 0)
        if ends:
            self._end_sent(stream)

    def framed(self, stream_id: int, data: Buffer, largest: int) -> bytes:
        """The same frames, to be written at once by the caller: nothing else may wait to be sent.

        A frame of a camera is written to many viewers, nearly all on the same stream of connections of their own: it is
        framed once. A piece of a large one is each viewer's own.
        """
        self._spend(stream_id, len(data))
        if isinstance(data, memoryview):
            out = bytearray()
            _frame_data(out, stream_id, data, largest, 0)
            return bytes(out)
        if _newest.data is not data or _newest.key != (stream_id, largest):
            out = bytearray()
            _frame_data(out, stream_id, data, largest, 0)
            _newest.data, _newest.key, _newest.framed = data, (stream_id, largest), bytes(out)
        return _newest.framed

    @property
    def waits(self) -> bool:
        """Whether there is something to send."""
        return bool(self._data_to_send)

    def _spend(self, stream_id: int, size: int) -> h2.stream.H2Stream:
        self._dues.sent(size)
        stream = self.streams[stream_id]
        self.outbound_flow_control_window -= size
        stream.outbound_flow_control_window -= size
        return stream

    def _write_block(self, stream_id: int, block: bytes, flags: int) -> None:
        out, largest = self._data_to_send, self.max_outbound_frame_size
        tail = stream_id.to_bytes(4, "big")
        if len(block) <= largest:
            out += len(block).to_bytes(3, "big") + bytes((_HEADERS, flags)) + tail + block
            return
        for start in range(0, len(block), largest):
            piece = block[start : start + largest]
            kind, given = (_CONTINUATION, 0) if start else (_HEADERS, flags & ~_END_HEADERS)
            if start + largest >= len(block):
                given |= _END_HEADERS
            out += len(piece).to_bytes(3, "big") + bytes((kind, given)) + tail + piece

    def _sending_stream(self, stream_id: int) -> h2.stream.H2Stream:
        if not self.can_send(stream_id):
            raise h2.exceptions.StreamClosedError(stream_id)
        return self.streams[stream_id]

    def _end_sent(self, stream: h2.stream.H2Stream) -> None:
        if stream.state_machine.state is _STATE.OPEN:
            stream.state_machine.state = _STATE.HALF_CLOSED_LOCAL
        else:
            self._close(stream, h2.stream.StreamClosedBy.SEND_END_STREAM)

    def can_send(self, stream_id: int) -> bool:
        """Whether the stream is open in our direction."""
        stream = self.streams.get(stream_id)
        return stream is not None and stream.state_machine.state in _SENDING

    def is_open(self, stream_id: int) -> bool:
        """Whether the stream is open in any direction."""
        stream = self.streams.get(stream_id)
        return stream is not None and stream.open

    def send_window(self, stream_id: int) -> int:
        """Bytes that may be sent on the stream now; negative after the peer shrank its window; 0 when closed."""
        if not self.can_send(stream_id):
            return 0
        return int(min(self.outbound_flow_control_window, self.streams[stream_id].outbound_flow_control_window))
