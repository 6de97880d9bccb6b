"""A viewer: one subscriber of a stream, a push producer on its response."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from webcam.relay.backlog import PIECE, WHOLE, Backlog
from webcam.relay.memory import Charge, Frame
from webcam.relay.subscriber import Sink, Subscriber

BEHIND = 1024 * 1024
"""A viewer of every frame that is further behind than this (bytes) holds the publisher back."""

STALL = 10.0
"""Seconds in which a viewer of every frame has to take a frame, or :data:`LEAST_RATE`, before it is closed."""

LEAST_RATE = 64_000
"""Bytes per second that a viewer of every frame takes at least where a frame takes longer than the stall."""


class Feed(Protocol):
    """The stream that a viewer watches, as it sees that."""

    @property
    def newest(self) -> Frame | None:
        """The frame at hand."""

    def hold(self, viewer: Watcher) -> None:
        """This viewer is too far behind: publish no faster than it takes."""

    def release(self, viewer: Watcher) -> None:
        """It has caught up."""

    def leave(self, viewer: Watcher) -> None:
        """It wants no more frames."""


class Watcher(Protocol):
    """A viewer as its stream sees it."""

    def start(self, feed: Feed) -> None:
        """Watch *feed*; it calls :meth:`take` from now on."""

    def take(self, frame: Frame) -> None:
        """One frame of the stream, header included."""

    def end(self) -> None:
        """The stream is over."""


class Viewer(Subscriber):
    """Takes every frame at once while its transport is ready; holds back, skips and counts while it is not.

    ``every`` asks for every frame instead of skipping; such a viewer holds the publisher back while it is more than
    :data:`BEHIND` behind. While anything waits for its transport it has to take a whole frame, or
    :data:`LEAST_RATE`, within ``stall`` seconds, and is closed otherwise: a little now and then doesn't prolong that.
    It ends by :meth:`end` (the stream is over), :meth:`lost` (its client went) or the stall.
    """

    def __init__(self, sink: Sink, clock: IReactorTime, every: bool = False, stall: float = STALL) -> None:
        super().__init__(sink)
        self.every = every
        self._clock = clock
        self._stall = stall
        self._backlog = Backlog(keep_every=every)
        self._feed: Feed | None = None
        self._leaving: Frame | None = None
        """The one that its transport was given last, until it takes more."""
        self._stalled_for: Charge | None = None
        """Whose frames it holds while its transport takes none."""
        self._sending = False
        self._ending = False
        self._holding = False
        self._timer: IDelayedCall | None = None
        self._enough = max(PIECE, LEAST_RATE * stall - PIECE)  # one piece may be on its way
        self._taken = 0
        self._frames_before = 0

    @property
    def skipped(self) -> int:
        """Frames passed over so far."""
        return self._backlog.skipped

    @property
    def behind(self) -> int:
        """Bytes that its transport has not taken yet."""
        return self._backlog.size

    @property
    def holds_old_frames(self) -> bool:
        """Whether it holds a frame that is not the newest of its stream."""
        oldest = self._leaving or self._backlog.oldest
        newest = None if self._feed is None else self._feed.newest
        return oldest is not None and (newest is None or not newest.is_origin_of(oldest))

    @property
    def over(self) -> bool:
        """Whether it takes no more frames."""
        return self._closed or self._ending

    def start(self, feed: Feed) -> None:
        """Watch *feed*; it calls :meth:`take` from now on."""
        self._feed = feed
        self._sink.registerProducer(self, True)

    def take(self, frame: Frame) -> None:
        """One frame of the stream, header included."""
        if self._closed or self._ending:
            return
        if self._ready and self._timer is None and len(frame.data) <= WHOLE and not self._backlog.frames:
            self._hand_on(frame)
            return
        self._backlog.add(frame)
        self._send()
        if self.every and self._feed is not None and not self._holding and self.behind > BEHIND:
            self._holding = True
            self._feed.hold(self)

    def _hand_on(self, frame: Frame) -> None:
        """The common case of a relay: nothing waits, and the frame leaves whole."""
        self._leaving = frame
        self._sink.write(frame.data)
        if self._ready:
            self._leaving = None
        else:
            self._note_stall()

    def _note_stall(self) -> None:
        """Register as stalled, if the transport takes nothing now of what is held."""
        held = self._leaving or self._backlog.oldest
        if held is not None and not (self._ready or self._closed or self._stalled_for):
            self._stalled_for = held.charge
            held.charge.stall(self)

    def end(self) -> None:
        """The stream is over, or the session: what is held back is still sent, then the response ends."""
        if self.over:
            return
        self._ending = True
        self._leave()
        self._send()

    def cut(self) -> None:
        """End the response now, whatever is left of it."""
        self._close(self._sink.abort)

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport is full."""
        super().pauseProducing()
        self._watch_stall()

    def show(self, frame: Frame) -> None:
        """Send one frame, and end. A client that takes a piece of it within the stall is waited for."""
        self._enough = PIECE
        self._sink.registerProducer(self, True)
        self.take(frame)
        self.end()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more."""
        super().resumeProducing()
        self._go_on()
        self._send()

    def _send(self) -> None:
        if self._sending:
            return
        self._sending = True
        try:
            while self._ready and not self._closed:
                piece = self._backlog.next_piece()
                if piece is None:
                    break
                frame, data = piece
                self._taken += len(data)
                self._leaving = frame
                self._sink.write(data)
        finally:
            self._sending = False
        self._after_send()

    def _after_send(self) -> None:
        if self._closed:
            return
        if self._ready:
            self._leaving = None
        else:
            self._note_stall()
        if self._ending and self._ready and not self.behind:
            self._close(self._sink.finish)
            return
        if self._feed is not None and self._holding and self.behind <= BEHIND // 2:
            self._holding = False
            self._feed.release(self)
        self._watch_stall()

    def _go_on(self) -> None:
        """What its transport had has left, or is nobody's."""
        self._leaving = None
        if self._stalled_for is not None:
            self._stalled_for.go_on(self)
            self._stalled_for = None

    def _leave(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            if self._holding:
                feed.release(self)
            feed.leave(self)

    def _watch_stall(self) -> None:
        """Time a viewer that may cost others something, and has not taken all: one of every frame, one that is ending.

        The time begins anew when the viewer has taken enough within it, not whenever it takes anything.
        """
        if self._ready or not (self._ending or (self.every and self.behind)):
            if not self.behind:
                self._forget_stall()
        elif self._timer is None:
            self._time_stall()
            self._timer = self._clock.callLater(self._stall, self._stalled)
        elif self._backlog.finished > self._frames_before or self._taken >= self._enough:
            self._time_stall()
            self._timer.reset(self._stall)

    def _time_stall(self) -> None:
        """Count from here what it takes."""
        self._taken, self._frames_before = 0, self._backlog.finished

    def _stalled(self) -> None:
        self._timer = None
        self.cut()

    def _forget_stall(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _let_go(self) -> None:
        self._forget_stall()
        self._backlog.clear()
        self._go_on()
        self._leave()
