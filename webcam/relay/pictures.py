"""Viewers for everything else that shows pictures: one gets parts of a multipart answer, one wants a single picture."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from webcam.relay.memory import Charge, Frame
from webcam.relay.subscriber import Sink
from webcam.relay.viewer import STALL, Feed, Viewer
from webcam.timers import Timers
from webcam.wire import pictures

FIRST_REPEAT = 1.0
"""Seconds without a frame after which the newest is sent again: some programs show one only when another comes."""

REPEAT = 5.0
"""Seconds after which it is sent again and again: programs and proxies take a silence of ten or more for the end, and a
picture each second would cost a quiet camera's viewers what a busy one's cost."""


class PictureViewer(Viewer):
    """Gets each frame that is a picture as a part, and skips as any viewer does; what is no picture is passed over.

    While no frame comes, the newest picture is sent again.
    """

    def __init__(self, sink: Sink, clock: IReactorTime, stall: float = STALL) -> None:
        super().__init__(sink, clock, stall=stall)
        self._newest: Frame | None = None
        self._kept_for: Charge | None = None
        """Whose picture it keeps, to repeat it."""
        self._repeat: IDelayedCall | None = None

    def take(self, frame: Frame) -> None:
        """One frame of the stream, header included."""
        part = frame.made("part", pictures.part)
        if part is not None and not self.over:
            self._keep(part)
            super().take(part)
            self._repeat_in(FIRST_REPEAT)

    def end(self) -> None:
        """The stream is over, or the session."""
        self._forget_repeat()
        self.forget_newest()
        super().end()

    def forget_newest(self) -> None:
        """Have no picture to repeat until the next one comes."""
        self._keep(None)

    def _keep(self, part: Frame | None) -> None:
        self._newest = part
        charge = None if part is None else part.charge
        if charge is not self._kept_for:
            if self._kept_for is not None:
                self._kept_for.drop(self)
            if charge is not None:
                charge.keep(self, is_watched=True)
            self._kept_for = charge

    def _repeat_in(self, seconds: float) -> None:
        if self.over:
            return
        if self._repeat is not None and self._repeat.active():
            self._repeat.reset(seconds)
        else:
            self._repeat = self._clock.callLater(seconds, self._again)

    def _again(self) -> None:
        """One that is still sending gets nothing doubled."""
        if self._newest is not None and self._ready and not self.behind:
            super().take(self._newest)
        self._repeat_in(REPEAT)

    def _forget_repeat(self) -> None:
        if self._repeat is not None and self._repeat.active():
            self._repeat.cancel()
        self._repeat = None

    def _let_go(self) -> None:
        self._forget_repeat()
        self.forget_newest()
        super()._let_go()


class FirstPicture:
    """Waits for one picture of a stream: the newest frame at hand, if it is one, or the next that comes.

    ``frame`` fires with it, or with ``None`` when the stream ended or the time was over. Cancelling it ends the wait.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self.frame: Deferred[Frame | None] = Deferred(lambda _: self._leave())
        self._feed: Feed | None = None
        self._timers = Timers(clock)
        self._timers.later(seconds, self.end)

    def start(self, feed: Feed) -> None:
        """Look at *feed*; it calls :meth:`take` from now on."""
        self._feed = feed

    def take(self, frame: Frame) -> None:
        """One frame of the stream, header included."""
        if pictures.picture_type(frame.data) is not None:
            self._done(frame)

    def end(self) -> None:
        """There will be none."""
        self._done(None)

    def _done(self, frame: Frame | None) -> None:
        self._leave()
        if not self.frame.called:
            self.frame.callback(frame)

    def _leave(self) -> None:
        self._timers.cancel()
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.leave(self)
