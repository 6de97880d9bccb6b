"""What the server has to reach, and whether it did: purely."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.benchmarks.figures import Results, above, of

SERVER = "webcam"

HOLDS, SKIPPED, MISSED, NOT_MEASURED = "holds", "skipped", "MISSED", "not measured"


@dataclass(frozen=True)
class Target:
    """A bound on one figure of ``server``, or on how it compares with another's: ``how`` is a function of both.

    ``unit`` divides what is measured into what is shown and bounded.
    """

    load: str
    key: str
    what: str
    bound: float
    least: bool = False
    other: str | None = None
    how: Callable[[float, float], float] = of
    unit: float = 1.0
    server: str = SERVER

    def figure(self, results: Results) -> float | None:
        """What was measured; ``None`` if nothing was."""
        if self.other is None:
            found = results.median(self.load, self.server, self.key)
        else:
            found = results.against(self.load, self.server, self.other, self.key, self.how)
        return None if found is None else found / self.unit

    def verdict(self, results: Results) -> str:
        """``HOLDS``, ``SKIPPED`` (one of the two servers can't be measured here), ``MISSED`` or ``NOT_MEASURED``."""
        figure = self.figure(results)
        if figure is not None:
            return HOLDS if (figure >= self.bound if self.least else figure <= self.bound) else MISSED
        servers = (self.server, self.other or self.server)
        return SKIPPED if any(results.skipped(self.load, each) for each in servers) else NOT_MEASURED

    def line(self, results: Results) -> str:
        """For the table."""
        figure = self.figure(results)
        shown = "-" if figure is None else f"{figure:.2f}"
        bound = f"{'at least' if self.least else 'at most'} {self.bound:g}"
        return f"  {self.load:<42} {self.what:<38} {shown:>9}   {bound:<16} {self.verdict(results)}"


JSON_10 = "JSON, -c10 -m10"
HEARTBEAT = "heartBit.json, -c10 -m10"
RELAY_50 = "40 KB frames, 50 viewers, own connections"
UPLOAD = "upload, one stream"
DISTANT = "upload, 100 ms round trip"
SLOW = "69 KB frames, a viewer on 400 kB/s"
CONNECTIONS = "idle connections"
IDLE_STREAMS = "idle streams"
STALLED_TCP = "stalled viewers, TCP"
STALLED_WINDOW = "stalled viewers, window"

STALLED_MOST = 64 * 1024 + 40_000
"""Bytes: what is held back, and a frame."""

TARGETS = (
    Target(JSON_10, "cost", "CPU, of stock's", 0.33, other="stock"),
    Target(JSON_10, "cost", "CPU, of hypercorn's", 0.6, other="hypercorn"),
    Target(HEARTBEAT, "cost", "CPU, µs a request", 250),
    Target(RELAY_50, "cost", "CPU, of stock's", 0.25, other="stock"),
    Target(RELAY_50, "cost", "CPU, of nginx's for files", 1.0, other="nginx"),
    Target(RELAY_50, "p99", "age of a frame, p99, ms", 20),
    Target(RELAY_50, "core", "share of a core meanwhile", 0.7),
    Target(SLOW, "p50", "age of a frame, median, ms", 600),
    Target(SLOW, "missed", "frames that fast viewers missed", 0),
    Target(UPLOAD, "cost", "CPU, of stock's", 0.3, other="stock"),
    Target(DISTANT, "rate", "MB/s", 15, least=True),
    Target(CONNECTIONS, "each", "KB each, above pyOpenSSL's own", 60, other="pyOpenSSL", how=above, unit=1000),
    Target(IDLE_STREAMS, "each", "KB each", 8, unit=1000),
    Target(STALLED_TCP, "each", "KB each: 64 KiB and a frame", STALLED_MOST / 1000, unit=1000),
    Target(STALLED_WINDOW, "each", "KB each: 64 KiB and a frame", STALLED_MOST / 1000, unit=1000),
)


def of_loads(loads: Iterable[str], targets: Iterable[Target] = TARGETS) -> list[Target]:
    """Those of these loads."""
    chosen = set(loads)
    return [target for target in targets if target.load in chosen]


def missed(results: Results, targets: Iterable[Target]) -> bool:
    """Whether one of them isn't known to hold, though it could be measured here."""
    return any(target.verdict(results) in (MISSED, NOT_MEASURED) for target in targets)
