"""A client of the field, on a blocking socket: TLS 1.2, ECDHE with AES-GCM, only ``h2`` offered.

It shows what the ordinary clients hide: single frames, resets, pings, windows.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

from tests.support.process import DEADLINE, Server
from tests.support.trail import answered

WINDOW = 65535
LARGE_WINDOW = 32 * 1024 * 1024


@dataclass
class Answer:
    """What came back on one stream so far. ``pieces`` are its DATA frames' sizes; ``reset`` is a code of RST_STREAM."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    pieces: list[int] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None
    unread: int = 0

    @property
    def over(self) -> bool:
        return self.ended or self.reset is not None

    def json(self) -> Any:
        answered(bytes(self.body))
        return json.loads(self.body)


class FieldClient:
    """One connection. A thread of its own reads it, as long as it is let, and answers pings and settings."""

    def __init__(self, server: Server, window: int = WINDOW, receive_buffer: int = 0) -> None:
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.answers: dict[int, Answer] = {}
        self.pings = 0
        self.goaway: int | None = None
        self.closed = False
        self._held: set[int] = set()
        self._changed = threading.Condition()
        self._reading = threading.Event()
        self._dropped = False
        self._socket = self._connect(server, receive_buffer)
        self._host = f"127.0.0.1:{server.port}"
        self._connection.initiate_connection()
        if window != WINDOW:
            self._connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self._connection.increment_flow_control_window(LARGE_WINDOW)
        self._flush()
        self._reading.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _connect(self, server: Server, receive_buffer: int) -> ssl.SSLSocket:
        context = server.trust()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AESGCM")
        context.set_alpn_protocols(["h2"])
        plain = socket.socket()
        plain.settimeout(DEADLINE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.connect(("127.0.0.1", server.port))
        connected = context.wrap_socket(plain, server_hostname="127.0.0.1")
        assert connected.selected_alpn_protocol() == "h2"
        return connected

    @property
    def cipher(self) -> tuple[str, str]:
        """Name of the cipher, version of TLS."""
        chosen = self._socket.cipher()
        assert chosen is not None
        return chosen[0], chosen[1]

    # Requests

    def open(self, method: str, path: str, headers: dict[str, str] | None = None, end: bool = False) -> int:
        """Send a request's headers; the stream's id. Its answer is ``answers[id]``."""
        pairs = [(":method", method), (":authority", self._host), (":scheme", "https"), (":path", path)]
        with self._changed:
            stream = self._connection.get_next_available_stream_id()
            self.answers[stream] = Answer()
            self._connection.send_headers(stream, [*pairs, *(headers or {}).items()], end_stream=end)
            self._flush()
        return stream

    def sendable(self, stream: int) -> int:
        """Bytes that the server's windows allow to send now."""
        with self._changed:
            return self._connection.local_flow_control_window(stream)

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        """Send all of *data*, waiting for the windows where they are shut; what an answer cuts short is left out."""
        start = 0
        while start < len(data):
            self.wait(lambda: self.answers[stream].over or self.sendable(stream) > 0)
            with self._changed:
                if self.answers[stream].over:
                    return
                size = min(self.sendable(stream), self._connection.max_outbound_frame_size, len(data) - start)
                self._connection.send_data(stream, data[start : start + size])
                self._flush()
            start += size
        if end:
            self.end(stream)

    def end(self, stream: int) -> None:
        """An empty DATA frame with END_STREAM."""
        with self._changed:
            self._connection.end_stream(stream)
            self._flush()

    def reset(self, stream: int, code: h2.errors.ErrorCodes) -> None:
        """RST_STREAM."""
        with self._changed:
            self._connection.reset_stream(stream, code)
            self._flush()

    def raw(self, data: bytes) -> None:
        """Bytes of the connection that h2 would not let a client send."""
        with self._changed:
            self._flush(data)

    def call(self, path: str, **params: Any) -> Any:
        """A whole JSON request by POST; the answer's JSON."""
        stream = self.open("POST", path)
        self.send(stream, json.dumps(params).encode(), end=True)
        return self.answer(stream).json()

    # Answers

    def answer(self, stream: int) -> Answer:
        """The answer when it is whole, or reset."""
        self.wait(lambda: self.answers[stream].over)
        return self.answers[stream]

    def hold(self, stream: int) -> None:
        """Open this stream's window no more: a viewer that takes nothing."""
        with self._changed:
            self._held.add(stream)

    def release(self, stream: int) -> None:
        """Open it again, for what has come and what will."""
        with self._changed:
            self._held.discard(stream)
            self._credit(stream)
            self._flush()

    def stop_reading(self) -> None:
        """Read nothing more off the connection, after what is being read."""
        self._reading.clear()

    def read_again(self) -> None:
        """Read it again."""
        self._reading.set()

    def wait(self, condition: Callable[[], object], seconds: float = DEADLINE) -> None:
        """Until *condition* holds. Raises ``AssertionError`` when it doesn't in time, or can't any more."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or condition(), seconds)
            assert condition(), f"the connection is closed, GOAWAY {self.goaway}" if self.closed else "not in time"

    def _read(self) -> None:
        while self._reading.wait() and not self._dropped:
            if not self._socket.pending():
                select.select([self._socket], [], [])
            with self._changed:
                self._socket.settimeout(0)
                try:
                    data = self._socket.recv(65536)
                except ssl.SSLWantReadError:
                    continue
                except OSError:
                    data = b""
                if data:
                    self._take(data)
                self.closed = not data
                self._changed.notify_all()
                if not data:
                    return

    def _take(self, data: bytes) -> None:
        for event in self._connection.receive_data(data):
            self._handle(event)
        try:
            self._flush()
        except OSError:
            pass  # the server is gone; the next read says so

    def _handle(self, event: h2.events.Event) -> None:
        stream = getattr(event, "stream_id", None)
        answer = self.answers.get(stream, Answer()) if stream else Answer()
        if isinstance(event, h2.events.ResponseReceived):
            headers = dict(event.headers)
            answer.status = int(headers.pop(":status"))
            answer.headers = headers
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            answer.pieces.append(len(event.data))
            answer.unread += event.flow_controlled_length
            if stream not in self._held:
                self._credit(event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)

    def _credit(self, stream: int) -> None:
        unread, self.answers[stream].unread = self.answers[stream].unread, 0
        if unread:
            self._connection.acknowledge_received_data(unread, stream)

    def _flush(self, more: bytes = b"") -> None:
        data = self._connection.data_to_send() + more
        if data:
            self._socket.settimeout(DEADLINE)
            self._socket.sendall(data)

    def close(self) -> None:
        """Drop the connection, without a GOAWAY; twice is no error."""
        if self._dropped:
            return
        self._dropped = True
        self._reading.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
