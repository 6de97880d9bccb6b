"""The loads of the table: what is measured of which server, and what of it is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks import memory, targets
from tests.benchmarks.contender import FPS, SIZES, Contender
from tests.benchmarks.figures import Figures, percentile
from tests.benchmarks.h2load import heartbeats, run
from tests.benchmarks.link import capacity, distant, round_trip_to
from tests.benchmarks.others import Nginx
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.slow import slow_viewer
from tests.benchmarks.upload import WARM, uploaded
from tests.benchmarks.watching import SETTLE, Seen, seen_by

ALONE = 40_000
ROUND_TRIP = 0.1
_DISTANT_FOR = 3.0
"""Seconds at least of an upload from afar: thirty round trips."""

OURS = ("webcam", "stock")
APPLICATIONS = (*OURS, "hypercorn", "granian")
ALL = (*APPLICATIONS, "nginx")


@dataclass(frozen=True)
class Column:
    """One figure of a load: its title, and its form; ``unit`` divides what is measured."""

    key: str
    title: str
    form: str = ".2f"
    unit: float = 1.0


COST = "cost"
"""The figure that is compared with a baseline's."""

_CORE, _P50, _P99 = Column("core", "core", ".0%"), Column("p50", "p50 ms"), Column("p99", "p99 ms")
_JSON = (Column("rate", "req/s", ".0f"), Column(COST, "CPU µs/req", ".1f"), _CORE, _P50, _P99)
_BYTES = (Column("rate", "MB/s", ".1f"), Column(COST, "CPU s/GB"), _CORE)
_RELAY = (*_BYTES, _P50, _P99, Column("seen", "seen", ".0%"))
_ALONE = (Column(COST, "µs/frame", ".0f"), Column("core", "core", ".1%"))
_DISTANT = (*_BYTES, Column("ping", "PING ms", ".1f"), Column("link", "way MB/s", ".0f"))
_SLOW = (_P50, _P99, Column("fps", "sees fps", ".1f"), Column("missed", "others miss", ".0f"), _CORE)
_MEMORY = (
    Column("each", "KB each", ".1f", 1000),
    Column("number", "of", ".0f"),
    Column("all", "MB in all", ".1f", 1e6),
)
_STALLED = (*_MEMORY, Column("idle", "since idle", ".1f", 1000))
_RECORD = (Column("uploading", "MB uploading", ".1f", 1e6), Column("fetching", "MB fetching", ".1f", 1e6))


@dataclass(frozen=True)
class Load:
    """One block of the table. ``fresh``: every measurement has a server of its own, that nobody has used."""

    kind: str
    name: str
    servers: tuple[str, ...]
    columns: tuple[Column, ...]
    measure: Callable[[Contender, float], Figures]
    fresh: bool = False


def small_json(clients: int, streams: int) -> Load:
    """Small answers behind a look for the session."""

    def measure(contender: Contender, seconds: float) -> Figures:
        return run(contender, [contender.json_path()], clients, streams, seconds)

    return Load("json", f"JSON, -c{clients} -m{streams}", ALL, _JSON, measure)


def heartbeat(clients: int, streams: int) -> Load:
    """The smallest answer there is, charged to its session."""

    def measure(contender: Contender, seconds: float) -> Figures:
        return heartbeats(contender, clients, streams, seconds)

    return Load("json", f"heartBit.json, -c{clients} -m{streams}", OURS, _JSON, measure)


def relay(size: int, viewers: int, servers: tuple[str, ...], shared: bool = False, fps: float = FPS) -> Load:
    """Frames at *fps* to *viewers* in all; nginx sends as many files of that size a second."""
    connections = 1 if shared else viewers

    def measure(contender: Contender, seconds: float) -> Figures:
        paths = [contender.frames_path(number, size) for number in range(viewers)]
        if isinstance(contender, Nginx):
            streams = viewers // connections
            files = run(contender, paths[:1], connections, streams, seconds, pace=fps * streams)
            return {"rate": files["rate"] * size / 1e6, "cost": files["cost"] / size * 1e3, "core": files["core"]}
        with contender.source(size, fps):
            seen = seen_by(contender.port, [paths[n::connections] for n in range(connections)], seconds, contender.pid)
        return relayed(seen, viewers * size * fps)

    where = "one connection" if shared else "own connections" if fps == FPS else f"{fps:.0f}/s"
    return Load("relay", f"{size // 1000} KB frames, {viewers} viewers, {where}", servers, _RELAY, measure)


def relayed(seen: Seen, wanted: float) -> Figures:
    """*wanted*: bytes a second of all frames for all viewers; less is seen where server or load can't keep up."""
    ages = [age for each in seen.ages for age in each]
    return {
        **_bytes(seen),
        "p50": 1000 * percentile(ages, 0.5),
        "p99": 1000 * percentile(ages, 0.99),
        "seen": min(1.0, seen.size / seen.seconds / wanted),
    }


def camera_alone(contender: Contender, seconds: float) -> Figures:
    """What of a relay's cost is the camera's: nobody watches."""
    with contender.source(ALONE):
        time.sleep(SETTLE)
        begun, before = time.monotonic(), cpu_seconds(contender.pid)
        time.sleep(seconds)
        core = (cpu_seconds(contender.pid) - before) / (time.monotonic() - begun)
    return {"core": core, "cost": core / FPS * 1e6}


def _bytes(seen: Seen) -> Figures:
    assert seen.size, "nothing came"
    return {
        "rate": seen.size / seen.seconds / 1e6,
        "cost": seen.cpu / seen.size * 1e9,
        "core": seen.cpu / seen.seconds,
    }


def upload(contender: Contender, seconds: float) -> Figures:
    """One stream of one HTTP/2 connection, as fast as it goes."""
    return _bytes(uploaded(contender.port, contender.upload_path(), seconds, contender.pid))


def distant_upload(contender: Contender, seconds: float) -> Figures:
    """The same from afar; with how far that was, and with what the way would have passed."""
    with distant(contender.port, ROUND_TRIP) as port:
        ping = round_trip_to(port)
        seconds = max(seconds, _DISTANT_FOR)
        seen = uploaded(port, contender.upload_path(), seconds, contender.pid, WARM + 10 * ROUND_TRIP)
    return {**_bytes(seen), "ping": 1000 * ping, "link": capacity(ROUND_TRIP) / 1e6}


def _relays() -> tuple[Load, ...]:
    """All by our two servers; the applications meet all of 40 KB, and nginx what goes to 50."""
    loads = []
    for size in SIZES:
        some = APPLICATIONS if size == 40_000 else OURS
        loads += [relay(size, viewers, (*some, "nginx") if viewers == 50 else some) for viewers in (1, 10, 50, 200)]
        loads.append(relay(size, 50, (*some, "nginx"), shared=True))
    # What wakes up seldom finds its caches cold; the camera's part is the smaller the more it goes to.
    loads.append(relay(ALONE, 50, (*OURS, "nginx"), fps=4 * FPS))
    loads.append(Load("relay", "40 KB frames, a camera that nobody watches", OURS, _ALONE, camera_alone))
    return tuple(loads)


LOADS = (
    small_json(1, 1),
    small_json(10, 10),
    small_json(100, 1),
    heartbeat(10, 10),
    *_relays(),
    Load("upload", targets.UPLOAD, APPLICATIONS, _BYTES, upload),
    Load("rtt", targets.DISTANT, APPLICATIONS, _DISTANT, distant_upload),
    Load("slow", targets.SLOW, OURS, _SLOW, slow_viewer),
    Load("memory", targets.CONNECTIONS, (*OURS, "pyOpenSSL"), _MEMORY, memory.idle_connections, fresh=True),
    Load("memory", targets.IDLE_STREAMS, OURS, _MEMORY, memory.idle_streams, fresh=True),
    Load("memory", targets.STALLED_TCP, OURS, _STALLED, memory.stalled_by_tcp, fresh=True),
    Load("memory", targets.STALLED_WINDOW, OURS, _STALLED, memory.stalled_by_window, fresh=True),
    Load("memory", "idle sessions", ("webcam",), _MEMORY, memory.idle_sessions, fresh=True),
    Load("memory", "a record of 32 MiB, at the peak", ("webcam",), _RECORD, memory.large_record, fresh=True),
)
KINDS = tuple(dict.fromkeys(load.kind for load in LOADS))
