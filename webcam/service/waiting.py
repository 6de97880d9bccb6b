"""Waiting: a request that is answered when a message for its device comes, or when its time is over."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from webcam.errors import NoSuchSession
from webcam.relay.subscriber import nothing
from webcam.timers import Timers


class Waiter:
    """One request's wait; it lasts from its making, so nothing that comes while the request looks first is missed.

    It ends when its time is over (:meth:`over`), with its session, or by :meth:`close`, which its request has to call.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._came = False
        self._over = False
        self._session_ended = False
        self._waiting: Deferred[None] | None = None
        self._timers = Timers(clock)
        self._timers.later(seconds, self.over)
        self.on_close: Callable[[], None] = nothing

    async def more(self) -> bool:
        """Whether something came since the last time this was asked; waits for it. False when the wait is over.

        Raises :class:`NoSuchSession` when the session ended meanwhile.
        """
        if not self._came and not self._over:
            self._waiting = Deferred()
            await self._waiting
        if self._session_ended:
            raise NoSuchSession("ended while it waited")
        came, self._came = self._came, False
        return came

    def wake(self) -> None:
        """Something came. What comes when the wait is over is for the next request."""
        if not self._over:
            self._came = True
            self._go_on()

    def over(self) -> None:
        """Wait no longer: the time is over, the client is gone, or the server ends."""
        self._over = True
        self._go_on()

    def session_over(self) -> None:
        """The session has ended."""
        self._session_ended = True
        self.over()

    def close(self) -> None:
        """The request is done with it."""
        self._over = True
        self._timers.cancel()
        on_close, self.on_close = self.on_close, nothing  # it leads back to this
        on_close()

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)
