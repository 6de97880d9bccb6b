"""An HTTP/2 client without sockets; see :mod:`tests.support.http`."""

from __future__ import annotations

from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import RstStreamFrame

from tests.support.connection import HOST, Client, Headers, Response


class H2Client(Client):
    """An HTTP/2 connection.

    ``window``: the receive window of each stream that this client announces. Windows are reopened by :meth:`pump` as
    data come, but for streams in ``stalled`` (add an id to it) and not at all while ``auto_window`` is False; then
    :meth:`credit` opens them by hand. ``mute``: nothing is answered any more, PING and SETTINGS included.
    """

    negotiated = b"h2"

    def __init__(
        self, site: Any, host: str = HOST, capacity: int | None = None, window: int = 65535, auto_window: bool = True
    ) -> None:
        super().__init__(site, host, capacity)
        config = h2.config.H2Configuration(
            header_encoding="latin-1", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
        )
        self.auto_window = auto_window
        self.stalled: set[int] = set()
        self.mute = False
        self.goaway: int | None = None
        """The error code of the server's GOAWAY."""
        self.pings = 0
        """PINGs of the server."""
        self.pongs = 0
        self.events: list[h2.events.Event] = []
        self._outgoing: dict[int, tuple[bytearray, bool]] = {}
        self.h2.initiate_connection()
        self.flush()
        self.pump()

    def open(self, method: str, path: str, headers: Headers = (), end: bool = False) -> int:
        """Headers, without the end of the stream unless *end*; the new stream's id."""
        stream_id = self.h2.get_next_available_stream_id()
        self.responses[stream_id] = Response((method, path))
        pseudo = [(":method", method), (":scheme", "https"), (":authority", "localhost:8080"), (":path", path)]
        self.h2.send_headers(stream_id, [*pseudo, *headers], end_stream=end)
        self.flush()
        return stream_id

    def request(self, method: str, path: str, body: bytes = b"", headers: Headers = ()) -> int:
        stream_id = self.open(method, path, headers, end=not body)
        if body:
            self.send_data(stream_id, body, end=True)
        return stream_id

    def send_data(self, stream_id: int, data: bytes, end: bool = False) -> None:
        """DATA, as far as the server's windows allow; the rest follows by itself when they open (:meth:`pump`)."""
        buffer, _ = self._outgoing.setdefault(stream_id, (bytearray(), False))
        buffer += data
        self._outgoing[stream_id] = (buffer, end)
        self.flush()

    def unsent(self, stream_id: int) -> int:
        """Bytes that the server's windows have not let through yet."""
        self.pump()
        return len(self._outgoing[stream_id][0]) if stream_id in self._outgoing else 0

    def end(self, stream_id: int) -> None:
        """END_STREAM, by an empty DATA frame when nothing waits to be sent."""
        self.send_data(stream_id, b"", end=True)

    def reset(self, stream_id: int, code: int = h2.errors.ErrorCodes.CANCEL) -> None:
        """RST_STREAM, also of a stream that has ended already."""
        self._outgoing.pop(stream_id, None)
        frame = RstStreamFrame(stream_id, error_code=code)
        try:
            self.h2.reset_stream(stream_id, code)
        except h2.exceptions.StreamClosedError:
            self.send_raw(frame.serialize())  # h2 won't; clients of the field do
        self.flush()

    def ping(self, data: bytes = b"12345678") -> None:
        """PING; ``pongs`` counts the answers."""
        self.h2.ping(data)
        self.flush()

    def credit(self, stream_id: int, size: int) -> None:
        """WINDOW_UPDATE; stream 0 is the connection."""
        self.h2.increment_flow_control_window(size, stream_id or None)
        self.flush()

    def set_window(self, size: int) -> None:
        """SETTINGS with another initial window."""
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: size})
        self.flush()

    def flush(self) -> None:
        """Send what waits."""
        for stream_id in list(self._outgoing):
            self._push(stream_id)
        data = self.h2.data_to_send()
        if data and not self.mute:
            self.send_raw(data)

    def _push(self, stream_id: int) -> None:
        buffer, end = self._outgoing[stream_id]
        try:
            while buffer:
                size = min(self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size, len(buffer))
                if size <= 0:
                    return
                piece = bytes(buffer[:size])
                del buffer[:size]
                self.h2.send_data(stream_id, piece, end_stream=end and not buffer)
                end = end and bool(buffer)
            if end:
                self.h2.end_stream(stream_id)
        except h2.exceptions.ProtocolError:
            pass  # the server has ended the stream: the rest is of no use
        del self._outgoing[stream_id]

    def _take(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            self.events.append(event)
            self._on(event)
        self.flush()

    def _on(self, event: Any) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs += 1
        elif isinstance(event, _OF_RESPONSES):
            self._on_response(event, self.responses[event.stream_id])

    def _on_response(self, event: Any, response: Response) -> None:
        if isinstance(event, h2.events.InformationalResponseReceived):
            response.informational.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, h2.events.ResponseReceived):
            response.status = int(dict(event.headers)[":status"])
            response.headers = [each for each in event.headers if not each[0].startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            response.body += event.data
            response.chunks.append(len(event.data))
            self._reopen(event.stream_id, event.flow_controlled_length)
        elif isinstance(event, h2.events.StreamEnded):
            response.ended = True
        else:
            response.reset_code = int(event.error_code)

    def _reopen(self, stream_id: int, size: int) -> None:
        if not self.auto_window or not size:
            return
        if stream_id in self.stalled:
            self.h2.increment_flow_control_window(size)
        else:
            self.h2.acknowledge_received_data(size, stream_id)

    def _connection_over(self) -> None:
        self._outgoing.clear()


_OF_RESPONSES = (
    h2.events.InformationalResponseReceived,
    h2.events.ResponseReceived,
    h2.events.DataReceived,
    h2.events.StreamEnded,
    h2.events.StreamReset,
)
