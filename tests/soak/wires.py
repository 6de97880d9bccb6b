"""Clients that can die in every way: raw frames of HTTP/2, raw chunks of HTTP/1.1, on asyncio's sockets."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable
from typing import Any

from hpack import Encoder

from tests.benchmarks.client import client_context, frame, head, opening

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ENDS, WHOLE = 1, 4
LIMIT = 256 * 1024
LARGEST = 2**31 - 1
CANCEL = struct.pack(">I", 8)
_CONTEXTS = {alpn: client_context(alpn) for alpn in ("h2", "http/1.1")}


class Gone(Exception):
    """The other side has ended the connection."""


class Wire:
    """A TLS connection that is closed as its user wants to die."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._tcp: socket.socket = writer.get_extra_info("socket")

    @classmethod
    async def dial(cls, port: int, alpn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connected, and agreed on *alpn*."""
        return await asyncio.open_connection("127.0.0.1", port, ssl=_CONTEXTS[alpn], limit=LIMIT)

    async def send(self, data: bytes) -> None:
        """Raises :class:`Gone`."""
        if self.writer.is_closing():
            raise Gone("closed")
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as problem:
            raise Gone(str(problem)) from None

    async def close(self) -> None:
        """As one should: TLS says that it ends, then TCP does."""
        self.writer.close()
        try:
            await asyncio.wait_for(self.writer.wait_closed(), 5)
        except (OSError, asyncio.TimeoutError):
            self.vanish()

    def vanish(self) -> None:
        """TCP ends, TLS says nothing."""
        transport: Any = self.writer.transport
        transport.abort()

    def abort(self) -> None:
        """TCP is reset."""
        try:
            self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # it is closed already
        self.vanish()


class Stream:
    """One request on an HTTP/2 connection: bytes of its answer are counted. ``over``: it has ended, in whatever way."""

    def __init__(self, stream_id: int) -> None:
        self.stream_id = stream_id
        self.size = 0
        self.window = 65535
        self.over = asyncio.Event()


class Wire2(Wire):
    """HTTP/2. :meth:`read` is to run beside its streams; it ends with the connection, and ends them."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int) -> None:
        super().__init__(reader, writer)
        self.streams: dict[int, Stream] = {}
        self.gone = False
        self._port = port
        self._encoder = Encoder()
        self._numbers = itertools.count(1, 2)
        self._window = 65535
        self._first = 65535
        self._opened = asyncio.Event()
        self.writer.write(opening(window))
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, window: int = LARGEST) -> Wire2:
        """A connection with windows of that size for answers."""
        return cls(port, *await cls.dial(port, "h2"), window)

    async def ask(self, path: str, ends: bool = True) -> Stream:
        """A request. One that doesn't end is an upload."""
        stream = Stream(next(self._numbers))
        stream.window = self._first
        self.streams[stream.stream_id] = stream
        block = head(self._encoder, self._port, path)
        await self.send(frame(HEADERS, WHOLE | (ENDS if ends else 0), stream.stream_id, block))
        return stream

    async def upload(self, stream: Stream, data: bytes) -> None:
        """Bytes of a body, as the windows let them. Raises :class:`Gone` when the stream is over before."""
        view = memoryview(data)
        while view:
            room = min(len(view), self._window, stream.window, 16384)
            if stream.over.is_set() or self.gone:
                raise Gone("the upload is over")
            if room <= 0:
                self._opened.clear()
                await self._opened.wait()
                continue
            self._window -= room
            stream.window -= room
            await self.send(frame(DATA, 0, stream.stream_id, view[:room].tobytes()))
            view = view[room:]

    async def end(self, stream: Stream) -> None:
        """The body is over."""
        await self.send(frame(DATA, ENDS, stream.stream_id, b""))

    async def reset(self, stream: Stream) -> None:
        """The request is taken back."""
        self._over(stream.stream_id)
        await self.send(frame(RESET, 0, stream.stream_id, CANCEL))

    def vanish(self) -> None:
        """As any; its streams are over, whether asyncio tells of it or not."""
        super().vanish()
        self._reading.cancel()

    def stall(self) -> None:
        """Read no more: pings are not answered either."""
        self._reading.cancel()

    async def _read(self) -> None:
        try:
            while True:
                first = await self.reader.readexactly(9)
                payload = await self.reader.readexactly(int.from_bytes(first[:3], "big"))
                self._take(first[3], first[4], int.from_bytes(first[5:9], "big"), payload)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.gone = True
            for each in list(self.streams):
                self._over(each)

    def _take(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        stream = self.streams.get(stream_id)
        if kind == DATA and stream is not None:
            stream.size += len(payload)
        elif kind == WINDOW_UPDATE:
            self._widen(stream_id, int.from_bytes(payload, "big"))
        elif kind == PING and not flags & 1:
            self._reply(frame(PING, 1, 0, payload))
        elif kind == SETTINGS and not flags & 1:
            self._settle(payload)
        if kind == RESET or (kind in (DATA, HEADERS) and flags & ENDS):
            self._over(stream_id)

    def _settle(self, payload: bytes) -> None:
        for code, value in struct.iter_unpack(">HI", payload):
            if code == 4:
                for each in self.streams.values():
                    each.window += value - self._first
                self._first = value
        self._reply(frame(SETTINGS, 1, 0, b""))

    def _reply(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    def _widen(self, stream_id: int, increment: int) -> None:
        if not stream_id:
            self._window += increment
        elif stream_id in self.streams:
            self.streams[stream_id].window += increment
        self._opened.set()

    def _over(self, stream_id: int) -> None:
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            stream.over.set()
        self._opened.set()


class Wire1(Wire):
    """HTTP/1.1, one request."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._port = port
        self.size = 0

    @classmethod
    async def open(cls, port: int) -> Wire1:
        """A connection."""
        return cls(port, *await cls.dial(port, "http/1.1"))

    async def ask(self, path: str, upload: bool = False) -> None:
        """A request; an upload is in chunks."""
        rest = "Transfer-Encoding: chunked" if upload else "Content-Length: 0"
        lines = (f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", "Connection: close", rest, "", "")
        await self.send("\r\n".join(lines).encode())

    async def upload(self, data: bytes) -> None:
        """A chunk."""
        if self.reader.at_eof():
            raise Gone("the upload is over")
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """The body is over, and the answer is here."""
        await self.send(b"0\r\n\r\n")
        try:
            await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError) as problem:
            raise Gone(str(problem)) from None

    async def read_to_the_end(self, over: Callable[[], bool]) -> bool:
        """Of an answer in chunks, of the connection, or until *over*; what comes is counted. Whether it has ended."""
        tail = b""
        while not over():
            try:
                data = await asyncio.wait_for(self.reader.read(LIMIT), 0.5)
            except asyncio.TimeoutError:
                continue
            except OSError:
                return True
            self.size += len(data)
            tail = (tail + data)[-5:]
            if not data or tail == b"0\r\n\r\n":
                return True
        return False
