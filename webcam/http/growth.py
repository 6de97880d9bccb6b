"""How far ahead a trusted upload may send: further while the window is what limits it, decided purely.

A window of 1 MiB carries 10 MB/s over a round trip of 100 ms, and one of 4 MiB held for every camera would let each get
that far ahead of a viewer who holds it back. So the window grows where it pays: a PING measures a round trip, and when
all that was left of the window has arrived before it is over, the camera had to wait for credit.
"""

from __future__ import annotations

from dataclasses import dataclass

from webcam.http.limits import UPLOAD_WINDOW, WIDEST_UPLOAD

PAUSE = 0.05
"""Seconds from one measurement to the next."""


@dataclass(slots=True)
class Growth:
    """The window of one upload, in bytes; times in seconds of one clock."""

    window: int = UPLOAD_WINDOW
    _since: float | None = None
    _left: int = 0
    _arrived: int = 0
    _next: float = 0.0

    def received(self, size: int, left: int, now: float) -> bool:
        """So many bytes have come, and so many more may come before credit; whether to measure a round trip now.

        An upload that leaves more than half of its window unused is not limited by it; one of whose window next to
        nothing is left says little. Neither is measured.
        """
        if self._since is not None:
            self._arrived += size
            return False
        if self.window >= WIDEST_UPLOAD or now < self._next or not self.window <= left * 4 <= self.window * 2:
            return False
        self._since, self._left, self._arrived = now, left, 0
        return True

    def measured(self, now: float, held: bool) -> bool:
        """The round trip is over; whether the window has grown by it, to at most :data:`WIDEST_UPLOAD`. That of an
        upload that is *held* back never does."""
        if self._since is None:
            return False
        self._since, self._next = None, now + PAUSE
        if held or self._arrived * 4 < self._left * 3:
            return False
        self.window = min(WIDEST_UPLOAD, self.window * 2)
        return True
