"""A clock for tests of turns: work takes time, and a turn of the event loop is called by hand."""

from __future__ import annotations

from twisted.internet.task import Clock

from webcam.http.limits import TURN


class Ticking(Clock):
    """Goes on by a quarter of a turn with each look: so does a clock while work is done."""

    def seconds(self) -> float:
        self.rightNow += TURN / 4
        return float(super().seconds())

    def turn(self) -> None:
        """One turn of the event loop."""
        turn(self)


def turn(clock: Clock) -> None:
    """One turn of the event loop: what is due is called once."""
    for call in [each for each in clock.getDelayedCalls() if each.getTime() <= clock.rightNow]:
        if call.active():
            function, args = call.func, call.args
            call.cancel()
            function(*args)
