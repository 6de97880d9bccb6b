"""Stamps for an account: greater than every one before, whatever the clock does."""

from __future__ import annotations

from webcam.model import Moment, is_stamp, next_stamp, stamp_before, stamp_of
from webcam.ports import Clock
from webcam.service.timekeeper import Timekeeper


class Writing:
    """While something is being stored, its stamp is among those of all that is."""

    __slots__ = ("_all", "_moment")

    def __init__(self, stamps: list[str], moment: Moment) -> None:
        self._all = stamps
        self._moment = moment

    def __enter__(self) -> Moment:
        self._all.append(self._moment.stamp)
        return self._moment

    def __exit__(self, *_: object) -> None:
        self._all.remove(self._moment.stamp)


class Stamps:
    """Gives out the time as stamps that never repeat while the server runs.

    Storage holds every account's newest stamp and raises a new one above it; here the newest is remembered, too, so
    that the server's time, which clients use as a cursor, is never behind it.
    """

    def __init__(self, clock: Clock, time: Timekeeper) -> None:
        self._clock = clock
        self._time = time
        self._issued = ""
        self._newest: dict[int, str] = {}
        self._writing: list[str] = []

    def now(self) -> str:
        """A stamp greater than every one that this method gave before."""
        self._issued = next_stamp(stamp_of(self._clock.wall()), self._issued)
        return self._issued

    @property
    def newest(self) -> str:
        """The newest stamp that was given out or seen; empty when there was none."""
        return max(self._issued, *self._newest.values(), "")

    def writing(self) -> Writing:
        """The moment of something that is being stored while the context lasts."""
        return Writing(self._writing, Moment(self.now(), self._time.running))

    def begin_after(self, stamp: str) -> None:
        """Give only stamps that are later than this one: a cursor of an earlier run."""
        self._issued = max(self._issued, stamp)

    def server_time(self, account_id: int | None = None) -> str:
        """A cursor: what is stored from now on is later, and so is what is being stored; what the account holds isn't.

        While a write waits for its turn, the time stands still right before its stamp.
        """
        now = stamp_before(min(self._writing)) if self._writing else self.now()
        return now if account_id is None else max(now, self._newest.get(account_id, ""))

    def saw(self, account_id: int, stamp: str) -> None:
        """The account holds something with this stamp. What is none is nobody's cursor."""
        if stamp and not is_stamp(stamp):
            return
        self._newest[account_id] = max(stamp, self._newest.get(account_id, ""))

    def held(self, account_id: int) -> str:
        """All that the account holds up to this stamp is in storage. Empty when it never held anything."""
        return self._newest.get(account_id, "")

    def forget(self, account_id: int) -> None:
        """The account is gone."""
        self._newest.pop(account_id, None)
