"""The frame codec.

A frame is ``0xAA 0xAA``, the payload's size as 32 bits little-endian, the payload. The field's cameras write the size
so; the published protocol does not say. A size of 0 is a frame.
"""

from __future__ import annotations

from collections.abc import Iterator

from webcam.errors import FrameError

MARK = b"\xaa\xaa"
HEADER = 6
"""Bytes before the payload."""


def encode(payload: bytes) -> bytes:
    """A whole frame."""
    return MARK + len(payload).to_bytes(4, "little") + payload


class FrameDecoder:
    """Cuts chunks into frames; where the chunks begin and end means nothing.

    Holds at most one unfinished frame, and no more than ``max_frame`` bytes (header included): a frame over it is
    refused when its header is read, before its payload is kept.
    """

    def __init__(self, max_frame: int) -> None:
        self._max_frame = max_frame
        self._unfinished = bytearray()
        self._size: int | None = None

    @property
    def held(self) -> int:
        """Bytes of the unfinished frame."""
        return len(self._unfinished)

    def clear(self) -> None:
        """Forget the unfinished frame; the decoder is of no use after it."""
        self._unfinished.clear()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The whole frames, header included, that end in *chunk*. To be iterated to its end.

        Raises :class:`webcam.errors.FrameError` behind the last good frame; the decoder is of no use after it.
        """
        start = 0
        while start < len(chunk):
            if self._unfinished:
                start = self._fill(chunk, start)
                if len(self._unfinished) == self._size:
                    yield bytes(self._unfinished)
                    self._unfinished.clear()
                continue
            size = self._frame_size(chunk, start)
            if size is None or start + size > len(chunk):
                self._unfinished += chunk[start:]
                self._size = size
                return
            yield chunk[start : start + size]
            start += size

    def _fill(self, chunk: bytes, start: int) -> int:
        """Move what the unfinished frame lacks, its header first, out of *chunk*; the answer is where it goes on."""
        wanted = (self._size or HEADER) - len(self._unfinished)
        piece = chunk[start : start + wanted]
        self._unfinished += piece
        if self._size is None:
            self._size = self._frame_size(self._unfinished, 0)
        return start + len(piece)

    def _frame_size(self, data: bytes | bytearray, start: int) -> int | None:
        """Size of the frame that begins at *start*, header included; ``None`` while its header is not whole."""
        mark = data[start : start + 2]
        if mark != MARK[: len(mark)]:
            raise FrameError("a frame does not begin with its mark")
        if len(data) - start < HEADER:
            return None
        size = HEADER + int.from_bytes(data[start + 2 : start + HEADER], "little")
        if size > self._max_frame:
            raise FrameError(f"a frame of {size} bytes")
        return size
