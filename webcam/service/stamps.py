"""Stamps for an account: greater than every one before, whatever the clock does."""

from __future__ import annotations

from webcam.model import next_stamp, stamp_of
from webcam.ports import Clock


class Stamps:
    """Gives out the time as stamps that never repeat while the server runs.

    Storage holds every account's newest stamp and raises a new one above it; here the newest is remembered, too, so
    that the server's time, which clients use as a cursor, is never behind it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issued = ""
        self._newest: dict[int, str] = {}

    def now(self) -> str:
        """A stamp greater than every one that this method gave before."""
        self._issued = next_stamp(stamp_of(self._clock.wall()), self._issued)
        return self._issued

    def now_of(self, account_id: int) -> str:
        """The same, and not behind anything that the account holds."""
        return max(self.now(), self._newest.get(account_id, ""))

    def saw(self, account_id: int, stamp: str) -> None:
        """The account holds something with this stamp."""
        self._newest[account_id] = max(stamp, self._newest.get(account_id, ""))

    def forget(self, account_id: int) -> None:
        """The account is gone."""
        self._newest.pop(account_id, None)
