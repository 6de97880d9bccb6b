"""h2's connection, with flow-control credit, declared lengths and outgoing DATA in our own hands.

The connection's window is opened on receipt, a stream's on consumption, so that one paused upload never starves the
others. h2 ties the two together and checks declared lengths by ending the whole connection; both are undone here, and
DATA frames are written without h2's objects, on private names of h2 that tests/unit/test_private_names.py watches.
"""

from __future__ import annotations

import h2.connection
import h2.stream
from hyperframe.frame import WindowUpdateFrame

Buffer = bytes | memoryview


class Connection(h2.connection.H2Connection):
    """h2's connection, leaving declared body lengths and window credit to its user."""

    def _begin_new_stream(self, stream_id: int, allowed_ids: h2.connection.AllowedStreamIDs) -> h2.stream.H2Stream:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        # A live upload of the field's clients ends short of the length that it declared; h2 would answer with GOAWAY.
        stream._track_content_length = _any_length  # type: ignore[method-assign]
        return stream

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
