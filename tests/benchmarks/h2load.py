"""Questions by h2load: as many as a server answers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable

from tests.benchmarks.contender import Contender, Skipped
from tests.benchmarks.figures import Figures, percentile
from tests.benchmarks.processes import cpu_seconds

_WARM = 0.7
_SAMPLE_AFTER = 0.2
"""Seconds of h2load before it counts: connections are made in them, and the first 200 ms behind are not sampled."""

_FASTEST = 25_000
"""Requests a second, charged to sessions, that no server here answers on one core."""

_CHARGED = 190
"""Requests that a session makes in one measurement; 200 a minute is the most that it may be allowed."""

Answered = tuple[float, float]
"""When a request was made, in seconds since the epoch, and what its answer took, in µs."""


def run(
    contender: Contender,
    paths: list[str],
    clients: int,
    streams: int,
    seconds: float,
    pace: float | None = None,
    data: bytes | None = None,
) -> Figures:
    """Ask again and again, for the *paths* in turn: as fast as it goes, or each client so many times a second.

    Each question brings *data* as its body.

    Raises :class:`Skipped`, and ``AssertionError`` for bad answers.
    """
    log = contender.folder / "h2load.log"
    log.unlink(missing_ok=True)
    questions = contender.folder / "questions"
    questions.write_text("".join(f"https://127.0.0.1:{contender.port}{path}\n" for path in paths))
    command = [
        *(program(), f"-c{clients}", f"-m{streams}", f"-D{1000 * seconds:.0f}ms"),
        *(f"--warm-up-time={1000 * _WARM:.0f}ms", f"--log-file={log}", f"--input-file={questions}"),
        *_body(contender, data),
        *([] if pace is None else [f"--rps={pace:g}"]),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        time.sleep(_WARM + _SAMPLE_AFTER)
        start, before = time.time(), cpu_seconds(contender.pid)
        time.sleep(max(0.3, seconds - 2 * _SAMPLE_AFTER))
        end, cpu = time.time(), cpu_seconds(contender.pid) - before
        try:
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()  # where it starves, it may miss its own end and ask for ever
    assert log.exists(), said
    return figures(answers(log.read_text().splitlines()), start, end, cpu)


def program() -> str:
    """Its path. Raises :class:`Skipped`."""
    found = shutil.which("h2load")
    if found is None:
        raise Skipped("h2load is not installed (Debian: nghttp2-client)")
    return found


def _body(contender: Contender, data: bytes | None) -> list[str]:
    """A POST. Its body, if it is empty, declares its length: else Twisted would make a temporary file for it."""
    if data is not None:
        body = contender.folder / "body"
        body.write_bytes(data)
        return [f"--data={body}"]
    if contender.method == "GET":
        return []
    return ["--header=:method: POST", "--header=content-length: 0"]


def answers(log: Iterable[str]) -> list[Answered]:
    """What its log holds: start in µs since the epoch, status, µs. Raises ``AssertionError`` for any but 200."""
    rows = [line.split("\t") for line in log]
    bad = [row for row in rows if row[1] not in {"200", "0"}]  # 0: under way when the time was over
    assert not bad, f"{len(bad)} of {len(rows)} requests failed: {bad[0]}"
    return [(int(row[0]) / 1e6, float(row[2])) for row in rows if row[1] == "200"]


def figures(answered: list[Answered], start: float, end: float, cpu: float) -> Figures:
    """Of the answers that came in this time."""
    times = [took for began, took in answered if start <= began + took / 1e6 < end]
    assert times, "nothing was answered"
    return {
        "rate": len(times) / (end - start),
        "cost": 1e6 * cpu / len(times),
        "core": cpu / (end - start),
        "p50": percentile(times, 0.5) / 1000,
        "p99": percentile(times, 0.99) / 1000,
    }


def sessions_for(seconds: float) -> int:
    """How many a measurement needs, so that none meets its limit of requests a minute."""
    return int(_FASTEST * (_WARM + seconds) / _CHARGED) + 1


def heartbeats(contender: Contender, clients: int, streams: int, seconds: float) -> Figures:
    """Each is charged to one of many sessions, none of which may end meanwhile: its answers would be "BAD"."""
    program()
    paths = contender.heartbeat_paths(sessions_for(seconds))
    found = run(contender, paths, clients, streams, seconds)
    try:
        contender.check_sessions(paths)
    except AssertionError:
        raise AssertionError(f"sessions ended: over {_FASTEST} requests a second, or over their limit") from None
    return found
