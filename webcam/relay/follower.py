"""A follower: one client that is told of an account's events, a push producer on its response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from webcam.model import Event
from webcam.relay.journal import Entry, Journal
from webcam.relay.subscriber import Sink, Subscriber
from webcam.wire import events
from webcam.wire.events import Cursor

BEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies and clients give a connection up that says nothing."""

RETRY = 2000
"""Milliseconds after which a client that was cut off comes back."""

Stored = Callable[[str], Awaitable[tuple[list[Event], str]]]
"""``await stored(after)``: the next events that storage holds behind a stamp, oldest first, and up to which stamp they
are all there are."""

Beginning = tuple[Cursor, tuple[str, ...]]
"""Where to go on, and which lists are to be read anew."""


class Follower(Subscriber):
    """Sends every event that is *meant* for it once, in order, while its transport takes them.

    Nothing is queued for it: it walks along the journal, and what has fallen out of that when its transport is ready
    again it reads from *stored*, a page at a time. What storage doesn't have is lost then, and it says so by a reset.
    It ends by :meth:`end` (its session is over, or the server) or :meth:`lost` (its client went).
    """

    def __init__(
        self,
        sink: Sink,
        clock: IReactorTime,
        journal: Journal,
        beginning: Beginning,
        meant: Callable[[Event], bool],
        stored: Stored,
    ) -> None:
        super().__init__(sink)
        self._clock = clock
        self._journal = journal
        self._meant = meant
        self._stored = stored
        cursor, self._lists = beginning
        self._number, self._stamp = cursor.number, cursor.stamp
        self._next = 1
        self._told = ""
        self._going = False
        self._reading = False
        self._timer: IDelayedCall | None = None
        self.on_failure: Callable[[Exception], None] = lambda _error: None

    @property
    def cursor(self) -> Cursor:
        """Up to where it was told of everything."""
        return Cursor(self._journal.epoch, self._number, self._stamp)

    def start(self) -> None:
        """Send from now on."""
        self._timer = self._clock.callLater(BEAT, self._beat)
        self._sink.registerProducer(self, True)
        self._write(events.beginning(self.cursor, self._lists, RETRY))
        self.go()

    def go(self) -> None:
        """Send what there is, as far as the transport takes it."""
        if self._going or self._reading:
            return
        self._going = True
        try:
            while self._ready and not self._closed and self._step():
                pass
        finally:
            self._going = False

    def end(self) -> None:
        """No more events."""
        self.stop()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport takes more."""
        super().resumeProducing()
        self.go()

    def _step(self) -> bool:
        """One thing that is to be done now; whether there was one."""
        journal = self._journal
        if self._number < journal.lost:
            self._number = journal.last
            self._write(events.block(events.reset(events.UNSTORED), self.cursor))
        elif self._stamp < journal.floor:
            self._reading = True
            Deferred.fromCoroutine(self._catch_up())
            return not self._reading
        elif self._next <= journal.last:
            self._look(journal.entry(max(self._next, journal.first)))
        else:
            return False
        return True

    def _look(self, entry: Entry) -> None:
        event = entry.event
        new = event.stamp > self._stamp if event.stamp else entry.number > self._number
        self._next = entry.number + 1
        self._number = max(self._number, entry.number)
        self._stamp = max(self._stamp, event.stamp)
        if new and self._meant(event):
            in_step = (self._number, self._stamp) == (entry.number, entry.newest)
            self._write(entry.block if in_step else events.block(event, self.cursor))

    async def _catch_up(self) -> None:
        """One page out of storage, or as much of it as the transport takes: the rest is read again."""
        try:
            self._send_stored(*await self._stored(self._stamp))
            self._reading = False
            self.go()
        except Exception as error:
            self._failed(error)

    def _send_stored(self, found: list[Event], upto: str) -> None:
        for event in found:
            if self._closed or not self._ready:
                return
            self._stamp = event.stamp
            if self._meant(event):
                self._write(events.block(event, self.cursor))
        self._stamp = max(self._stamp, upto)

    def _failed(self, error: Exception) -> None:
        """The client comes back, and goes on where it was."""
        if not self._closed:
            self.on_failure(error)
            self.end()

    def _beat(self) -> None:
        """A sign of life; where it would go on from is told, too, though nothing was meant for it meanwhile."""
        self._timer = self._clock.callLater(BEAT, self._beat)
        if self._ready and not self._reading:
            moved = self.cursor.text != self._told
            self._write(events.position(self.cursor) if moved else events.SILENCE)

    def _write(self, data: bytes) -> None:
        self._told = self.cursor.text
        self._sink.write(data)

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
