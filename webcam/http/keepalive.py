"""When to ping a silent connection, and when to give it up: decided purely.

Some devices give a connection up on which they hear nothing for 5 s, so an open one hears something every 3 s. Three
pings without a sign of life mean that the peer is gone. A ping tells nothing while other bytes wait for the peer: then
the system is asked whether it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from webcam.http.tcpinfo import Reading

INTERVAL = 3.0
UNANSWERED = 3

MUTE = 9.0
TRIES = 2
"""A peer whose system acknowledges nothing for so many seconds, tried so often, is gone: three intervals, and more than
a packet that was lost."""


class Verdict(Enum):
    """What to do now."""

    NOTHING = "nothing"
    PING = "ping"
    DEAD = "dead"
    IDLE = "idle"


@dataclass(slots=True)
class Keepalive:
    """The clock of one connection; times in seconds of one clock. ``idle``: how long it may stand without a stream."""

    idle: float
    heard: float
    sent: float
    pings: int = 0

    def received(self, now: float) -> None:
        """The peer is alive."""
        self.heard = now
        self.pings = 0

    def wrote(self, now: float) -> None:
        """Something was written to the peer."""
        self.sent = now

    def decide(self, now: float, streams: bool, blocked: bool) -> tuple[Verdict, float]:
        """What to do now, and after how many seconds to ask again.

        While the transport is full (*blocked*) the peer is hearing something, or would if it read; a ping would only
        queue up behind it. Whether it is still there is :class:`Silence`'s to say.
        """
        if not streams:
            quiet = now - max(self.heard, self.sent)
            if quiet >= self.idle:
                return Verdict.IDLE, 0.0
            return Verdict.NOTHING, min(INTERVAL, self.idle - quiet)
        silent = now - self.sent
        if blocked or silent < INTERVAL:
            return Verdict.NOTHING, INTERVAL if blocked else INTERVAL - silent
        if self.pings >= UNANSWERED:
            return Verdict.DEAD, 0.0
        self.pings += 1
        return Verdict.PING, INTERVAL


@dataclass(slots=True)
class Silence:
    """Whether a peer for which bytes wait has vanished. One that merely reads nothing is there: its system answers."""

    since: float | None = None
    """When its system was first seen not to answer, and has not since."""

    def gone(self, now: float, reading: Reading | None) -> bool:
        """Whether it is given up; to be asked now and then. *reading* is ``None`` when there is no reason to doubt."""
        if reading is None or not reading.tries:
            self.since = None
            return False
        answered = now - reading.silent
        self.since = now if self.since is None else max(self.since, answered)
        return reading.tries >= TRIES and now - self.since >= MUTE
