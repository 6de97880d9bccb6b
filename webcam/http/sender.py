"""What a connection has yet to send: a queue a stream, served in turn, a DATA frame each where several have some."""

from __future__ import annotations

from collections import deque

from webcam.http.connection import Buffer, Connection

MAX_FRAME = 64 * 1024
"""A peer may allow larger frames; these are large enough, and others get their turn."""

SMALL = 4096
"""Bytes: an answer of a few fields, a message."""

STEP = 4096
SMALL_WINDOW = 65535
"""HTTP/2's own initial window."""


class _Queue:
    __slots__ = ("chunks", "ended", "size")

    def __init__(self) -> None:
        self.chunks: deque[Buffer] = deque()
        self.size = 0
        self.ended = False

    def cut(self, size: int) -> Buffer:
        """The next *size* bytes, of which there are as many."""
        self.size -= size
        chunk = self.chunks[0]
        if len(chunk) == size:
            return self.chunks.popleft()
        if len(chunk) > size:
            view = memoryview(chunk)
            self.chunks[0] = view[size:]
            return view[:size]
        pieces: list[Buffer] = []
        while size > 0:
            chunk = self.chunks.popleft()
            if len(chunk) > size:
                view = memoryview(chunk)
                self.chunks.appendleft(view[size:])
                chunk = view[:size]
            pieces.append(chunk)
            size -= len(chunk)
        return b"".join(pieces)


class Sender:
    """Round-robin over the streams that have something to send and a window to send it in.

    What is small waits for nothing large: streams that have no more than :data:`SMALL` to send come first, in up to
    half of each batch. A stream whose window is shut is out of the round until :meth:`wake`: it costs nothing while it
    waits.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: set[int] = set()
        self._queues: dict[int, _Queue] = {}
        self._first: deque[int] = deque()
        self._round: deque[int] = deque()
        self._waiting: set[int] = set()
        self.size = 0
        """Bytes that all streams have yet to send."""
        self.limited: set[int] = set()
        """Streams whose answers go out in small records of TLS."""
        self.batch_is_limited = False
        """Whether what was handed to h2 holds something of them."""
        self.in_steps = True
        """Whether what a window cuts short is cut to whole steps; the rest waits for the window to open further."""

    @property
    def ready(self) -> bool:
        """Whether a stream is in the round."""
        return bool(self._round or self._first)

    @property
    def holding(self) -> bool:
        """Whether any stream has something that could not leave."""
        return bool(self._round or self._first or self._waiting)

    def open(self, stream_id: int) -> None:
        """A new stream."""
        self._open.add(stream_id)

    def drop(self, stream_id: int) -> None:
        """Forget the stream and what it has to send."""
        self._open.discard(stream_id)
        self.limited.discard(stream_id)
        queue = self._queues.pop(stream_id, None)
        if queue is None:
            return
        self.size -= queue.size
        self._waiting.discard(stream_id)
        for line in (self._first, self._round):
            if stream_id in line:
                line.remove(stream_id)

    def queued(self, stream_id: int) -> int:
        """Bytes that the stream has yet to send."""
        queue = self._queues.get(stream_id)
        return queue.size if queue is not None else 0

    def put(self, stream_id: int, data: Buffer) -> None:
        """More to send."""
        if stream_id in self._open and data:
            queue = self._queue(stream_id)
            queue.chunks.append(data)
            queue.size += len(data)
            self.size += len(data)
            self._enter(stream_id)

    def end(self, stream_id: int) -> None:
        """The stream ends behind what is queued."""
        if stream_id in self._open:
            self._queue(stream_id).ended = True
            self._enter(stream_id)

    def _queue(self, stream_id: int) -> _Queue:
        """That of an open stream, made when it has something to queue: most never have."""
        queue = self._queues.get(stream_id)
        if queue is None:
            queue = self._queues[stream_id] = _Queue()
        return queue

    def wake(self, stream_id: int = 0) -> None:
        """The window of this stream (0: of the connection, so of all) has opened."""
        woken = sorted(self._waiting) if not stream_id else [stream_id]
        for each in woken:
            if each in self._waiting:
                self._waiting.remove(each)
                self._enter(each)

    def batch(self, limit: int) -> list[int]:
        """Hand frames of the round to h2, about *limit* bytes; the answer is the streams that ended with them."""
        ended: list[int] = []
        largest = min(self._connection.max_outbound_frame_size, MAX_FRAME)
        half = limit // 2
        while self.ready and limit > 0:
            line = self._first if self._first and (limit > half or not self._round) else self._round
            stream_id = line.popleft()
            queue = self._queues[stream_id]
            share = largest if self.ready else max(largest, limit)
            size = min(queue.size, self._allowed(stream_id, queue.size), share)
            if not size and (queue.size or not queue.ended):
                self._waiting.add(stream_id)
                continue
            limit -= size + 9
            if self._send(stream_id, queue, size, largest):
                ended.append(stream_id)
            elif queue.size or queue.ended:
                self._round.append(stream_id)
        return ended

    def _allowed(self, stream_id: int, wanted: int) -> int:
        """Bytes that the window lets through, in whole steps where it is what limits.

        A client of the field reads in steps of 4,096 bytes and takes a short read for the end. A peer whose windows are
        small from the beginning gets what fits.
        """
        window = max(0, self._connection.send_window(stream_id))
        if window >= wanted or not self.in_steps:
            return window
        small = self._connection.remote_settings.initial_window_size < SMALL_WINDOW
        return window if small else window - window % STEP

    def _send(self, stream_id: int, queue: _Queue, size: int, largest: int) -> bool:
        """So many bytes; whether they were the stream's last. A stream that is closed meanwhile has ended, too."""
        if not self._connection.can_send(stream_id):
            return True
        last = queue.ended and size == queue.size
        self.batch_is_limited = self.batch_is_limited or stream_id in self.limited
        self.size -= size
        self._connection.write_data(stream_id, queue.cut(size) if size else b"", largest, ends=last)
        return last

    def _enter(self, stream_id: int) -> None:
        line = self._first if self._queues[stream_id].size <= SMALL else self._round
        if not (stream_id in self._waiting or stream_id in self._first or stream_id in self._round):
            line.append(stream_id)
