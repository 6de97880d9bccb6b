"""Frames of a live stream that say which they are."""

from __future__ import annotations

from webcam.wire.frames import HEADER, encode

_NUMBER = 8


def numbered(number: int, size: int = 1000) -> bytes:
    """A whole frame with a payload of *size* bytes that begins with its number."""
    return encode(number.to_bytes(_NUMBER, "big").ljust(size, b"."))


def numbers(received: bytes | bytearray) -> list[int]:
    """The numbers of the whole frames in what a viewer received, in their order."""
    found = []
    start = 0
    while start + HEADER <= len(received):
        assert received[start : start + 2] == b"\xaa\xaa", "not a frame"
        size = int.from_bytes(received[start + 2 : start + HEADER], "little")
        if start + HEADER + size > len(received):
            break
        start += HEADER
        found.append(int.from_bytes(received[start : start + _NUMBER], "big"))
        start += size
    return found
