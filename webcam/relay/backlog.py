"""What a viewer has yet to be sent, and what of it to pass over: decided purely, without a transport."""

from __future__ import annotations

from collections import deque

from webcam.relay.memory import Frame

HOLD = 64 * 1024
"""Bytes of frames that are held back for a viewer whose transport is full, beside a single larger frame."""

WHOLE = 128 * 1024
"""A frame of no more bytes is handed to the transport as the very object that all viewers share."""

PIECE = 64 * 1024
"""A larger one goes in pieces of this size: a viewer's transport takes one, and is full."""


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
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._begun: Frame | None = None
        self._sent = 0
        """Bytes of it that were handed out."""
        self.skipped = 0
        """Frames passed over so far."""
        self.finished = 0
        """Frames handed out to their last byte so far."""

    @property
    def size(self) -> int:
        """Bytes not sent yet, small frames counted as :data:`LEAST`."""
        return self._waiting + (len(self._begun) - self._sent if self._begun is not None else 0)

    @property
    def oldest(self) -> Frame | None:
        """The frame that leaves next, or is leaving in pieces."""
        return self._begun or (self._frames[0] if self._frames else None)

    @property
    def frames(self) -> int:
        """How many frames are held."""
        return len(self._frames) + (self._begun is not None)

    def add(self, frame: Frame) -> None:
        """One more whole frame."""
        weight = max(len(frame), LEAST)
        if not self._keep_every and self._waiting + weight > self._hold:
            self.skipped += len(self._frames)
            self._frames.clear()
            self._waiting = 0
        self._frames.append(frame)
        self._waiting += weight

    def next_piece(self) -> tuple[Frame, bytes | memoryview] | None:
        """The next bytes to send, and the frame that they are of: all of one of at most :data:`WHOLE`, or at most
        :data:`PIECE` of a larger one, which is not copied for it."""
        frame = self._begun
        if frame is None:
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._waiting -= max(len(frame), LEAST)
            if len(frame) <= WHOLE:
                self.finished += 1
                return frame, frame.data
            self._begun, self._sent = frame, 0
        piece = memoryview(frame.data)[self._sent : self._sent + PIECE]
        self._sent += len(piece)
        if self._sent == len(frame):
            self._begun = None
            self.finished += 1
        return frame, piece

    def clear(self) -> None:
        """Forget all of it."""
        self._frames.clear()
        self._waiting = 0
        self._begun = None
