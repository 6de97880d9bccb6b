"""What a viewer has yet to be sent, and what of it to pass over: decided purely, without a transport."""

from __future__ import annotations

from collections import deque

HOLD = 64 * 1024
"""Bytes of frames that are held back for a viewer whose transport is full, beside a single larger frame."""

WHOLE = 128 * 1024
"""A frame of no more bytes is handed to the transport as the very object that all viewers share."""

PIECE = 64 * 1024
"""A larger one goes in pieces of this size, so that a stalled viewer costs one piece, not a frame."""


LEAST = 64
"""Bytes that a frame counts for at least: one of six costs as many to hold."""


class Backlog:
    """The frames that a viewer's transport has not taken yet, oldest first.

    With ``keep_every`` nothing is ever skipped, and whoever fills it has to stop by :attr:`size`. Otherwise a frame
    that would pass the hold makes the viewer skip to it: the slow link shows the present, not the past. A frame of
    which a piece has left already is always finished.
    """

    def __init__(self, keep_every: bool, hold: int = HOLD) -> None:
        self._keep_every = keep_every
        self._hold = hold
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._begun: memoryview | None = None
        self.skipped = 0
        """Frames passed over so far."""
        self.finished = 0
        """Frames handed out to their last byte so far."""

    @property
    def size(self) -> int:
        """Bytes not sent yet, small frames counted as :data:`LEAST`."""
        return self._waiting + (len(self._begun) if self._begun is not None else 0)

    def add(self, frame: bytes) -> None:
        """One more whole frame."""
        weight = max(len(frame), LEAST)
        if not self._keep_every and self._waiting + weight > self._hold:
            self.skipped += len(self._frames)
            self._frames.clear()
            self._waiting = 0
        self._frames.append(frame)
        self._waiting += weight

    def next_piece(self) -> bytes | None:
        """The next bytes to send: a whole frame of at most :data:`WHOLE`, or at most :data:`PIECE` of a larger one."""
        if self._begun is not None:
            piece, self._begun = self._begun[:PIECE], self._begun[PIECE:]
            if not len(self._begun):
                self._begun = None
                self.finished += 1
            return bytes(piece)
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._waiting -= max(len(frame), LEAST)
        if len(frame) <= WHOLE:
            self.finished += 1
            return frame
        self._begun = memoryview(frame)[PIECE:]
        return frame[:PIECE]

    def clear(self) -> None:
        """Forget all of it."""
        self._frames.clear()
        self._waiting = 0
        self._begun = None
