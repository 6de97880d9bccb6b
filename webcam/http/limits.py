"""Bounds on what a peer may cost, and the counting of those that meet one."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from twisted.logger import Logger

from webcam.token_bucket import TokenBucket

UPLOAD_WINDOW = 1024 * 1024
"""Bytes that a trusted upload may send ahead: 10 MB/s at a round trip of 100 ms, where 65,535 make 0.65. As many are
held of one that is paused, and so far a camera is ahead of a viewer that holds it back."""

WIDEST_UPLOAD = 4 * 1024 * 1024
"""Bytes that such a window grows to while it is what limits the upload: 40 MB/s at 100 ms."""

WIDEST = 16 * 1024 * 1024
"""Bytes that a connection's window grows to at most by its trusted uploads."""

FIELD_BYTES = 64 * 1024
"""Bytes of a request's fields over HTTP/2, 32 for each included, as announced; and of the block that they come in,
which is smaller unless it is made to be larger."""

FIELDS = 200
"""Fields of a request over HTTP/2; a browser sends some twenty."""

STREAMS = 100
"""Open streams of one HTTP/2 connection; one more is refused, and may be tried again (REFUSED_STREAM)."""

STREAMS_PER_ADDRESS = 10_000
"""Of all connections of one address; one more is refused in the same way. A stream takes 7 KB, and an address may have
400 connections."""

CONTROL_BURST = 400
CONTROL_RATE = 50.0
"""Frames that carry nothing (PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA, tiny WINDOW_UPDATE) that a connection
may send at once, and each second. A browser that leaves a wall of cameras resets up to a hundred streams at once."""

CONNECTIONS = 4000
CONNECTIONS_PER_ADDRESS = 400
"""Open connections in all, and from one address: a site's devices may all be behind one."""

HANDSHAKE = 10.0
HEADERS = 15.0
"""Seconds for a TLS handshake, and for the rest of a request's headers behind their first byte."""

FEW_RECORDS, MANY_RECORDS = 32, 128
"""Records of TLS that are taken in one go: so many first, up to so many where those before carried something."""

EMPTY_BURST = 40
EMPTY_RATE = 5.0
"""Records of TLS that carry nothing, as one that asks for new keys, that a connection may send at once, and each
second. Clients change their keys behind gigabytes, if at all."""

SMALL_RECORD = 4096
"""Bytes of plaintext in a TLS record of a JSON answer: a device of the field takes no record of more than 8 KB."""

LAST_BYTES = 5.0
"""Seconds in which a peer that sends no more (it ended TCP's one direction, or TLS) has to take some of what waits for
it; nothing else would tell that it doesn't."""

BODY_GRACE = 15.0
BODY_RATE = 1024.0
"""An ordinary body may be slow, but in each span of so many seconds it has to come at so many bytes a second."""

BODIES = 256 * 1024 * 1024
"""Bytes of ordinary bodies that are held at once, of all connections."""

BODIES_PER_ADDRESS = BODIES // 4
"""Of one address."""

HELD = 256 * 1024
"""Bytes of a body that are held, where the site takes larger ones as they arrive."""

SMALL_BODY = 64 * 1024
"""Bytes of a body that have a room of their own, of the same size: nobody's pictures keep anyone from asking."""

UNSENT = 16 * 1024 * 1024
UNSENT_IN_ALL = 256 * 1024 * 1024
"""Bytes of answers that wait for one connection, and with the bytes of paused uploads for all of them. A hundred
viewers on one HTTP/2 connection whose windows are shut have a frame of up to 128 KiB each."""

SMALL_PIECE = 4096
"""Bytes; smaller pieces of a body are put together."""

TURN = 0.001
"""Seconds: a peer whose bytes take longer than that shares the server with all others, a turn each."""

LOOK = 2.0
"""Seconds between two looks at who is too slow."""

TINY_WINDOW_UPDATE = 256
"""Bytes; whoever opens a window by less makes a frame of it, and wants to."""

NOTICE = 60.0
"""Seconds in which a limit that is met again and again is told of once."""

_log = Logger()


@dataclass(slots=True)
class Begun:
    """Since when a connection's unfinished field block is under way, as looks at it now and then tell."""

    since: float
    block: int | None = None

    def late(self, now: float, block: int | None, waits: bool) -> bool:
        """Whether it took more than :data:`HEADERS`. *block*: the stream whose block is unfinished; without one,
        *waits* says whether anything else that is unfinished counts as the beginning of one."""
        ended = block != self.block if self.block is not None else block is None and not waits
        self.block = block
        if ended:
            self.since = now
        return now - self.since > HEADERS


@dataclass(slots=True)
class Stuck:
    """Since when a peer that sends no more takes nothing of what waits for it, as looks at it now and then tell."""

    since: float
    waits: int = 0

    def late(self, now: float, waits: int, full: bool) -> bool:
        """Whether it took nothing for more than :data:`LAST_BYTES`. *waits*: the bytes that its transport has; *full*:
        that transport takes no more."""
        if waits != self.waits or not (waits or full):
            self.since, self.waits = now, waits
        return now - self.since > LAST_BYTES


LINES_BURST = 300
LINES_RATE = 2.0
"""Lines that a log takes at once, and each second, of what peers do wrong: they can do so faster than a disk fills."""


REPEATED = 1000
"""Things that are remembered, so that the same one is logged once in :data:`NOTICE` seconds."""


class Repeats:
    """Decides which of what happens again and again is logged, by a key; the key that was told of first is forgotten
    first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def may_tell(self, key: Hashable, now: float) -> int | None:
        """Return how many were left out before this one; ``None`` where it is left out, too."""
        told, left_out = self._seen.get(key, (-NOTICE, 0))
        if now - told < NOTICE:
            self._seen[key] = (told, left_out + 1)
            return None
        self._seen[key] = (now, 0)
        self._seen.move_to_end(key)
        if len(self._seen) > REPEATED:
            self._seen.popitem(last=False)
        return left_out


class Tally:
    """Counts the limits that were met; each is logged when it is met first, then at most once a minute."""

    def __init__(self) -> None:
        self._lines = TokenBucket(LINES_BURST, LINES_RATE, 0.0)
        self._untold = 0
        self.repeats = Repeats()
        self.met: Counter[str] = Counter()
        """How often, by limit."""
        self._noted = Repeats()
        self.on_told: Callable[[str, int, str], None] = lambda _limit, _times, _address: None
        """Called with each such line: the limit, how often it was met since the last one, and by whom now."""

    def may_tell(self, now: float) -> int | None:
        """Whether one more line may be logged that peers can cause at will: how many were left out before it."""
        if not self._lines.take(now):
            self._untold += 1
            return None
        untold, self._untold = self._untold, 0
        return untold

    def count(self, limit: str, address: str, now: float) -> None:
        """*limit* was met by a peer at *address*."""
        times = self._counted(limit, now)
        if times is not None:
            _log.warn(
                "limit met: {limit}, {times} times since the last such line, now by {address}",
                limit=limit,
                times=times,
                address=address,
            )
            self.on_told(limit, times, address)

    def note(self, what: str, address: str, now: float) -> None:
        """A peer at *address* did *what*, which meets no limit: counted and logged as often as if it did."""
        times = self._counted(what, now)
        if times is not None:
            _log.info(
                "{what}, {times} times since the last such line, now for {address}",
                what=what,
                times=times,
                address=address,
            )

    def _counted(self, what: str, now: float) -> int | None:
        """How often *what* happened since the last line about it, if another one is due."""
        self.met[what] += 1
        left_out = self._noted.may_tell(what, now)
        return None if left_out is None else left_out + 1
