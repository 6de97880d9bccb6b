"""Frames as pictures: what of a stream a browser can show, and many of them as one answer that never ends.

``multipart/x-mixed-replace`` is what everything that shows pictures by HTTP has read since the first network cameras.
A browser shows a picture when it sees that the next part begins, so the boundary is written right behind each picture,
not before the next one.
"""

from __future__ import annotations

from webcam.wire import sniff
from webcam.wire.frames import HEADER

BOUNDARY = "webcam-picture"
MULTIPART = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

_NEXT = b"--%b\r\n" % BOUNDARY.encode()
_KINDS = frozenset(("image/jpeg", "image/png", "image/webp"))

OPENING = _NEXT
"""Before the first part."""


def picture_type(frame: bytes) -> str | None:
    """The content type of a frame's payload, if it is a picture that browsers show."""
    kind = sniff.content_type(frame[HEADER : HEADER + sniff.HEAD])
    return kind if kind in _KINDS else None


def is_other(frame: bytes) -> bool:
    """Whether it has a payload that is no picture; an empty one is a sign of life."""
    return len(frame) > HEADER and picture_type(frame) is None


def part(frame: bytes) -> bytes | None:
    """A frame as one part, with its end; ``None`` when it is no picture."""
    kind = picture_type(frame)
    if kind is None:
        return None
    head = b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind.encode(), len(frame) - HEADER)
    return b"".join((head, memoryview(frame)[HEADER:], b"\r\n", _NEXT))
