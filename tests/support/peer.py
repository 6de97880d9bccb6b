"""A peer that speaks HTTP/2 in raw frames.

It sends whatever it is told, valid or not, and holds every frame of the server to RFC 9113: sizes, states of streams,
windows, field blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.support.connection import HOST, Client, Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WINDOW = 65535
FRAME_SIZE = 16384
LAST_WINDOW = 2**31 - 1
_CONNECTION_SPECIFIC = {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}

Fields = Iterable[tuple[bytes, bytes]]


def block(fields: Fields) -> bytes:
    """A field block of literals that are not indexed: no state, and no check of what stands in them."""
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields)


def _string(text: bytes) -> bytes:
    size = len(text)
    if size < 127:
        return bytes([size]) + text
    size -= 127
    digits = bytearray([127])
    while size > 127:
        digits.append(size % 128 + 128)
        size //= 128
    return bytes([*digits, size]) + text


def request(method: bytes = b"POST", path: bytes = b"/live", extra: Fields = ()) -> list[tuple[bytes, bytes]]:
    """The fields of a valid request."""
    pseudo = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost:8080"), (b":path", path)]
    return [*pseudo, *extra]


def raw(kind: int, stream: int, payload: bytes = b"", flags: int = 0, length: int | None = None) -> bytes:
    """A frame as it stands on the wire, of any type, size and stream."""
    size = len(payload) if length is None else length
    return size.to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Peer(Client):
    """A client in frames. With a preface (the default) it has sent its SETTINGS and acknowledged the server's."""

    negotiated = b"h2"

    def __init__(self, site: Any, preface: bool = True, **settings: Any) -> None:
        super().__init__(site, HOST)
        self.frames: list[Frame] = []
        """All that the server sent, in order."""
        self.goaway: GoAwayFrame | None = None
        self.resets: dict[int, list[int]] = {}
        self.pongs: list[bytes] = []
        self.settings_acks = 0
        self.window = WINDOW
        self.windows: dict[int, int] = {}
        self.decoder = hpack.Decoder()
        self.quiet = False
        """Whether it leaves SETTINGS and PING unanswered."""
        self._initial = WINDOW
        self._largest = FRAME_SIZE
        self._buffer = b""
        self._fragments: list[bytes] = []
        self._block_of: int | None = None
        self._ends = False
        self._next = 1
        if preface:
            self.send_raw(PREFACE)
            self.send(SettingsFrame(0, **settings))
            self.pump()

    def send(self, *frames: Frame | bytes) -> None:
        """Frames in one read of the server; windows that they open or shut count from here on."""
        out = bytearray()
        for frame in frames:
            if isinstance(frame, WindowUpdateFrame):
                self._opened(frame.stream_id, frame.window_increment)
            elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                self.told(frame.settings)
            out += frame if isinstance(frame, bytes) else frame.serialize()
        self.send_raw(bytes(out))

    def idle(self) -> int:
        """The id of a stream that is not opened yet."""
        return self._next

    def headers(self, fields: Fields, end: bool = False, stream: int | None = None, **options: Any) -> HeadersFrame:
        """HEADERS of a new stream (or of that one), whole unless ``flags`` say otherwise."""
        if stream is None:
            stream = self._next
        if stream >= self._next:
            self._next = stream + 2 - (stream + 1) % 2
        self.responses.setdefault(stream, Response())
        self.windows.setdefault(stream, self._initial)
        flags = [*options.pop("flags", ["END_HEADERS"]), *(["END_STREAM"] if end else [])]
        return HeadersFrame(stream, block(fields), flags=flags, **options)

    def open(self, path: str = "/live", method: str = "POST", extra: Fields = (), end: bool = False) -> int:
        """A valid request, without its end unless *end*; its id."""
        frame = self.headers(request(method.encode(), path.encode(), extra), end)
        self.send(frame)
        return int(frame.stream_id)

    def data(self, stream: int, data: bytes = b"", end: bool = False) -> None:
        """DATA."""
        self.send(DataFrame(stream, data, flags=["END_STREAM"] if end else []))

    def request(self, method: str, path: str, body: bytes = b"", headers: Any = ()) -> int:
        """A whole request, its body in one frame."""
        stream = self.open(path, method, [(name.encode(), value.encode()) for name, value in headers], end=not body)
        if body:
            self.data(stream, body, end=True)
        return stream

    def of(self, kind: type[Frame], stream: int | None = None) -> list[Any]:
        """The server's frames of a type, of one stream or all."""
        return [each for each in self.frames if type(each) is kind and stream in (None, each.stream_id)]

    def _opened(self, stream: int, increment: int) -> None:
        if not stream:
            self.window += increment
        elif stream in self.windows:
            self.windows[stream] += increment

    def told(self, settings: dict[int, int]) -> None:
        """The server knows these settings; :meth:`send` says so for SETTINGS frames."""
        initial = settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, self._initial)
        self.windows = {stream: size + initial - self._initial for stream, size in self.windows.items()}
        self._initial = initial
        self._largest = settings.get(SettingsFrame.MAX_FRAME_SIZE, self._largest)
        size = settings.get(SettingsFrame.HEADER_TABLE_SIZE)
        if size is not None:
            self.decoder.max_allowed_table_size = size

    # What the server sends

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._buffer)[:9], strict=True)
            assert length <= self._largest, f"a frame of {length} bytes"
            if len(self._buffer) < 9 + length:
                break
            frame.parse_body(memoryview(self._buffer)[9 : 9 + length])
            self._buffer = self._buffer[9 + length :]
            assert self._block_of in (None, frame.stream_id), "a frame within a field block"
            self.frames.append(frame)
            self._hold(frame)

    def _hold(self, frame: Frame) -> None:
        stream = frame.stream_id
        assert not stream or stream in self.responses or stream < self._next, f"idle stream {stream}: {frame}"
        if type(frame) is SettingsFrame:
            self._on_settings(frame)
        elif type(frame) is PingFrame:
            self._on_ping(frame)
        elif type(frame) is GoAwayFrame:
            self.goaway = frame
        elif type(frame) is RstStreamFrame:
            self.resets.setdefault(stream, []).append(frame.error_code)
            self.responses.setdefault(stream, Response()).reset_code = frame.error_code
        elif isinstance(frame, HeadersFrame | ContinuationFrame):
            self._on_fragment(frame)
        elif type(frame) is DataFrame:
            self._on_data(frame)
        else:
            assert type(frame) is WindowUpdateFrame, f"not for a server to send: {frame}"

    def _on_settings(self, frame: SettingsFrame) -> None:
        if "ACK" in frame.flags:
            self.settings_acks += 1
        elif not self.quiet:
            self.send(SettingsFrame(0, flags=["ACK"]))

    def _on_ping(self, frame: PingFrame) -> None:
        if "ACK" in frame.flags:
            self.pongs.append(frame.opaque_data)
        elif not self.quiet:
            self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))

    def _answer(self, stream: int) -> Response:
        response = self.responses[stream]
        assert not response.ended, f"stream {stream} goes on behind its end"
        assert response.reset_code is None, f"stream {stream} goes on behind its reset"
        return response

    def _on_fragment(self, frame: HeadersFrame | ContinuationFrame) -> None:
        self._answer(frame.stream_id)
        self._fragments.append(frame.data)
        if type(frame) is HeadersFrame:
            self._ends = "END_STREAM" in frame.flags
        self._block_of = None if "END_HEADERS" in frame.flags else frame.stream_id
        if self._block_of is None:
            fields = list(self.decoder.decode(b"".join(self._fragments), raw=True))
            self._fragments = []
            self._on_fields(self.responses[frame.stream_id], fields)

    def _on_fields(self, response: Response, fields: list[tuple[bytes, bytes]]) -> None:
        names = [name for name, _ in fields]
        assert all(name == name.lower() for name in names), names
        assert not _CONNECTION_SPECIFIC.intersection(names), names
        if response.status is None:
            assert names[0] == b":status", names
            status = int(fields.pop(0)[1])
            if status < 200:
                response.informational.append(status)
            else:
                response.status = status
                response.headers = [(name.decode(), value.decode("latin-1")) for name, value in fields]
        assert not any(name.startswith(b":") for name, _ in fields), names
        response.ended = self._ends

    def _on_data(self, frame: DataFrame) -> None:
        response, stream = self._answer(frame.stream_id), frame.stream_id
        assert response.status is not None, "DATA without HEADERS"
        self.window -= frame.flow_controlled_length
        self.windows[stream] -= frame.flow_controlled_length
        assert not frame.data or min(self.window, self.windows[stream]) >= 0, "more than the window"
        response.body += frame.data
        response.chunks.append(len(frame.data))
        response.ended = "END_STREAM" in frame.flags

    def _connection_over(self) -> None:
        pass
