"""Time for tests: one clock for Twisted's timers, for the wall and for steady time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.task import Clock

from webcam.calendar import micros_of
from webcam.model import Moment

EPOCH = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""


class FakeClock(Clock):
    """Provides Twisted's IReactorTime and the service layer's clock; the wall may be stepped on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.step = EPOCH

    def callWhenRunning(self, function: Callable[[], None]) -> None:
        """Never: nothing runs a test's reactor."""

    def wall(self) -> float:
        return self.seconds() + self.step

    def steady(self) -> float:
        return self.seconds()


def moment_of(stamp: str) -> Moment:
    """When something is stored by a server whose clock was never wrong."""
    return Moment(stamp, micros_of(stamp))
