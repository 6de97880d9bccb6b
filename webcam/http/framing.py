"""Cutting a connection's bytes into frames, purely: RFC 9113, 3.4 and 4.1."""

from __future__ import annotations

import struct

import h2.exceptions
from hyperframe.frame import ContinuationFrame, HeadersFrame, PushPromiseFrame

from webcam.http.core import PADDED, without_padding

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = struct.Struct(">HBBBI")
_OF_BLOCKS = (HeadersFrame.type, ContinuationFrame.type, PushPromiseFrame.type)

Cut = tuple[int, int, int, bytes, int, int]
"""Type, flags and stream number (its reserved bit included) of a frame; the bytes in which it lies, and from where to
where, its header included."""


class FrameReader:
    """What came and was not read yet. Nothing is copied but what is left of an unfinished frame."""

    def __init__(self) -> None:
        self._preface = True
        self._rest = b""
        self._at = 0

    @property
    def unread(self) -> int:
        """Bytes that are here, and in no frame that was read."""
        return len(self._rest) - self._at

    @property
    def block(self) -> int | None:
        """The stream of the next frame, whole or not, if it is one of a field block."""
        data, at = self._rest, self._at
        if len(data) - at < 9 or data[at + 3] not in _OF_BLOCKS:
            return None
        return int.from_bytes(data[at + 5 : at + 9], "big")

    def feed(self, data: bytes) -> None:
        """Bytes of the peer."""
        self._rest = self._rest[self._at :] + data if self._at < len(self._rest) else data
        self._at = 0

    def next(self, largest: int) -> Cut | None:
        """The next frame; ``None`` when no more of them is whole. Padding of HEADERS is gone already.

        Raises h2's ``ProtocolError`` for a wrong preface and for a frame of more than *largest* bytes, and hyperframe's
        ``InvalidPaddingError``.
        """
        if self._preface and not self._take_preface():
            return None
        data, at = self._rest, self._at
        if len(data) - at < 9:
            _check_size(int.from_bytes(data[at : at + 3], "big") if len(data) - at >= 3 else 0, largest)
            return None
        high, low, kind, flags, stream_id = _HEAD.unpack_from(data, at)
        size = (high << 8) + low
        _check_size(size, largest)
        stop = at + 9 + size
        if stop > len(data):
            return None
        self._at = stop
        if kind == HeadersFrame.type and flags & PADDED:
            frame = without_padding(data[at:stop])
            return kind, flags & ~PADDED, stream_id, frame, 0, len(frame)
        return kind, flags, stream_id, data, at, stop

    def _take_preface(self) -> bool:
        """Whether all of it is here."""
        came = self._rest[: len(_PREFACE)]
        if came != _PREFACE[: len(came)]:
            raise h2.exceptions.ProtocolError("no preface of HTTP/2")
        if len(came) < len(_PREFACE):
            return False
        self._at, self._preface = len(_PREFACE), False
        return True


def _check_size(size: int, largest: int) -> None:
    """A frame over the limit is refused when its header is here, not when its megabytes are."""
    if size > largest:
        raise h2.exceptions.FrameTooLargeError("a frame over the limit")
