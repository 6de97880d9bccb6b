"""What a peer pays for frames that carry nothing or little, and which of them it owes us for what went before."""

from __future__ import annotations

from collections.abc import Callable

from webcam.http.core import Flood

MAX_OWED = 2000
"""Frames of credit that a peer owes us for what we sent, and small frames of DATA that large ones have paid for."""

LITTLE, LITTLE_COST = 64, 0.05
"""Bytes of DATA that are worth a frame, and what a frame of less costs: 1,000 a second are no flood."""

UPDATE_COST = 0.25
SETTINGS_FREE = 9 + 6 * 16
"""Bytes of SETTINGS for the price of one: more settings than there are."""


class Dues:
    """One connection's. ``charge`` is asked for the cost of a frame; when it says no, :class:`Flood` is raised."""

    def __init__(self, charge: Callable[[float], bool]) -> None:
        self._charge = charge
        self._owed = 0
        self._carried = MAX_OWED // 10

    def take(self, what: str, cost: float = 1.0) -> None:
        """For a frame of this kind."""
        if not self._charge(cost):
            raise Flood(what)

    def take_settings(self, size: int) -> None:
        """For SETTINGS of so many bytes."""
        self.take("SETTINGS", max(1.0, size / SETTINGS_FREE))

    def take_data(self, size: int) -> None:
        """For DATA that carry little, unless as much was carried before."""
        self._carried = min(MAX_OWED, self._carried + size // LITTLE) - 1
        if self._carried < 0:
            self._carried = 0
            self.take("DATA of little", LITTLE_COST)

    def take_update(self) -> None:
        """For a WINDOW_UPDATE, if it isn't owed."""
        if not self.settle():
            self.take("WINDOW_UPDATE", UPDATE_COST)

    def settle(self) -> bool:
        """Whether the peer owes a frame of credit; it is one less then."""
        if not self._owed:
            return False
        self._owed -= 1
        return True

    def opened(self) -> None:
        """A stream was: some clients open its window at once."""
        self._owed = min(MAX_OWED, self._owed + 2)

    def sent(self, size: int) -> None:
        """So many bytes of DATA were: for each 4 KiB, an update of the stream and one of the connection are owed."""
        if self._owed < MAX_OWED:
            self._owed += 2 + size // 2048
