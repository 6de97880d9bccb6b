"""The loads of the table, and what is measured of a server under each."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.contenders import Contender, Nginx
from tests.benchmarks.load import Seen, cpu_seconds, seen_by
from tests.benchmarks.upload import uploaded

_WARM = 0.7
_SAMPLE_AFTER = 0.2
"""Seconds of h2load before it counts: connections are made in them, and the first 200 ms behind are not sampled."""


@dataclass(frozen=True)
class Figures:
    """``rate`` in requests or MB a second, ``cost`` in CPU µs a request or CPU s a GB, ``share`` of a core in use;
    ``p50``, ``p99`` in ms, of the answer or of the frame's age; 0 where there is none."""

    rate: float
    cost: float
    share: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Load:
    """One block of the table."""

    kind: str
    name: str
    unit: str
    measure: Callable[[Contender, float], Figures]


def _h2load(contender: Contender, path: str, clients: int, streams: int, seconds: float) -> Figures:
    """Ask again and again."""
    log = contender.folder / "h2load.log"
    log.unlink(missing_ok=True)
    command = [
        "h2load",
        f"-c{clients}",
        f"-m{streams}",
        f"-D{1000 * seconds:.0f}ms",
        f"--warm-up-time={1000 * _WARM:.0f}ms",
    ]
    command += [f"--log-file={log}", *_body(contender), f"https://127.0.0.1:{contender.port}{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        time.sleep(_WARM + _SAMPLE_AFTER)
        start, before = time.time(), cpu_seconds(contender.pid)
        time.sleep(max(0.3, seconds - 2 * _SAMPLE_AFTER))
        end, cpu = time.time(), cpu_seconds(contender.pid) - before
        said, _ = process.communicate(timeout=60)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    bad = [row for row in rows if row[1] not in {"200", "0"}]  # 0: under way when the time was over
    assert not bad, f"{len(bad)} of {len(rows)} requests failed: {bad[0]}, {said}"
    good = [(int(row[0]) / 1e6, int(row[2])) for row in rows if row[1] == "200"]
    times = sorted(took for began, took in good if start <= began + took / 1e6 < end)
    assert times, f"nothing was answered: {said}"
    rate = len(times) / (end - start)
    p50, p99 = times[len(times) // 2] / 1000, times[int(len(times) * 0.99)] / 1000
    return Figures(rate, 1e6 * cpu / len(times), cpu / (end - start), p50, p99)


def _body(contender: Contender) -> list[str]:
    """A POST with an empty body: without its declared length, Twisted would make a temporary file for it."""
    if contender.method == "GET":
        return []
    return ["--header=:method: POST", "--header=content-length: 0"]


def small_json(clients: int, streams: int) -> Load:
    """Small answers behind a look for the session."""

    def measure(contender: Contender, seconds: float) -> Figures:
        return _h2load(contender, contender.json_path(), clients, streams, seconds)

    return Load("json", f"JSON, -c{clients} -m{streams}", "req/s", measure)


def relay(size: int, viewers: int, connections: int) -> Load:
    """Frames at 30 a second to *viewers* in all; nginx sends the same number of files at once, as fast as it can."""

    def measure(contender: Contender, seconds: float) -> Figures:
        paths = [contender.frames_path(number, size) for number in range(viewers)]
        if isinstance(contender, Nginx):
            files = _h2load(contender, paths[0], connections, viewers // connections, seconds)
            return Figures(files.rate * size / 1e6, files.cost / size * 1e3, files.share, 0.0, 0.0)
        with contender.source(size):
            seen = seen_by(contender.port, [paths[n::connections] for n in range(connections)], seconds, contender.pid)
        return _figures(seen)

    where = "one connection" if connections == 1 < viewers else f"{connections} connections"
    return Load("relay", f"{size // 1000} KB frames, {viewers} viewers, {where}", "MB/s", measure)


def upload() -> Load:
    """One stream of one HTTP/2 connection, as fast as it goes."""

    def measure(contender: Contender, seconds: float) -> Figures:
        return _figures(uploaded(contender.port, contender.upload_path(), seconds, contender.pid))

    return Load("upload", "upload, one stream", "MB/s", measure)


def _figures(seen: Seen) -> Figures:
    ages = sorted(age for each in seen.ages for age in each)
    p50, p99 = (1000 * statistics.median(ages), 1000 * ages[int(len(ages) * 0.99)]) if ages else (0.0, 0.0)
    return Figures(
        seen.size / seen.seconds / 1e6, seen.cpu / max(seen.size, 1) * 1e9, seen.cpu / seen.seconds, p50, p99
    )


LOADS = (
    small_json(1, 1),
    small_json(10, 10),
    small_json(100, 1),
    relay(40_000, 1, 1),
    relay(40_000, 10, 10),
    relay(26_000, 50, 50),
    relay(40_000, 50, 50),
    relay(69_000, 50, 50),
    relay(40_000, 50, 1),
    upload(),
)
