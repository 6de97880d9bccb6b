"""What the server and its decoder say to each other, over a pipe each way.

The decoder says :data:`READY` when it has started. The server then sends pictures, one after the other: its size as 32
bits, little-endian, and its bytes. For each the decoder sends an answer: an :class:`Outcome`, the size of a JPEG as 32
bits, little-endian, and the JPEG, which is empty unless one was made.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

READY = b"R"

LARGEST_ANSWER = 1024 * 1024
"""Bytes of a JPEG. One of a square of 320 pixels has some 10 KB, and not 300 where it is noise."""

_SIZE = struct.Struct("<I")
SIZE_BYTES = _SIZE.size
_HEAD = struct.Struct("<BI")


class Outcome(IntEnum):
    """What came of a picture."""

    MADE = 1
    NONE = 2
    """It is broken, too large, or no picture."""
    MEMORY = 3
    """It needs more memory than there is for it."""


@dataclass(frozen=True)
class Answer:
    """What the decoder says of a picture."""

    outcome: Outcome
    jpeg: bytes = b""


class BadAnswer(ValueError):
    """The decoder says what it never does."""


def encode_size(size: int) -> bytes:
    """Return what stands before a picture of so many bytes."""
    return _SIZE.pack(size)


def decode_size(data: bytes) -> int:
    """The reverse of :func:`encode_size`."""
    (size,) = _SIZE.unpack(data)
    return int(size)


def encode_answer(answer: Answer) -> bytes:
    """Return an answer as it is sent."""
    return _HEAD.pack(answer.outcome, len(answer.jpeg)) + answer.jpeg


class AnswerReader:
    """Takes what the decoder sends, in chunks of any size."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> Answer | None:
        """Return the answer when it is whole, ``None`` before. Raises :class:`BadAnswer`."""
        self._held += chunk
        if len(self._held) < _HEAD.size:
            return None
        outcome, size = _HEAD.unpack_from(self._held)
        if outcome not in tuple(Outcome) or size > LARGEST_ANSWER or len(self._held) > _HEAD.size + size:
            raise BadAnswer(f"outcome {outcome}, size {size}, {len(self._held)} bytes")
        if len(self._held) < _HEAD.size + size:
            return None
        answer = Answer(Outcome(outcome), bytes(self._held[_HEAD.size :]))
        self._held.clear()
        return answer
