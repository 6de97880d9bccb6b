"""Both ends of an HTTP/2 connection without a transport: their bytes are carried by hand."""

from __future__ import annotations

import h2.connection
import h2.events
from h2.settings import SettingCodes

from webcam.http.connection import Connection
from webcam.http.sender import Sender

ALL = 1024 * 1024
"""The connection's window, and more than a batch sends."""

REQUEST = [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/output.raw")]


class Pair:
    """A server's connection with its sender, and the client's; ``frames`` are the DATA frames that arrived."""

    def __init__(self, window: int = 65535) -> None:
        self.server = Connection()
        self.client = h2.connection.H2Connection()
        self.sender = Sender(self.server)
        self.frames: list[tuple[int, bytes]] = []
        self.ended: list[int] = []
        self.server.initiate_connection()
        self.client.initiate_connection()
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.client.increment_flow_control_window(ALL - 65535)
        self.carry()

    def carry(self) -> None:
        """Bring over what each side has written, until there is nothing more."""
        while True:
            to_server, to_client = self.client.data_to_send(), self.server.data_to_send()
            if not to_server and not to_client:
                return
            self.server.receive_data(to_server)
            for event in self.client.receive_data(to_client):
                if isinstance(event, h2.events.DataReceived):
                    self.frames.append((event.stream_id, event.data))
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended.append(event.stream_id)

    def request(self, *stream_ids: int) -> None:
        """Open streams, and answer their heads."""
        for stream_id in stream_ids:
            self.client.send_headers(stream_id, REQUEST)
            self.carry()
            self.server.send_headers(stream_id, [(":status", "200")])
            self.sender.open(stream_id)
        self.carry()

    def send(self, limit: int = ALL) -> list[int]:
        """One batch, brought over."""
        ended = self.sender.batch(limit)
        self.carry()
        return ended

    def open_window(self, size: int, stream_id: int | None = None) -> None:
        """The client lets more come, and the sender is told."""
        self.client.increment_flow_control_window(size, stream_id)
        self.carry()
        self.sender.wake(stream_id or 0)

    def shrink_windows(self, window: int) -> None:
        """The client's SETTINGS take back what streams were allowed."""
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.carry()
        self.sender.wake()

    def received(self, stream_id: int) -> bytes:
        return b"".join(data for each, data in self.frames if each == stream_id)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [(stream_id, len(data)) for stream_id, data in self.frames]
