"""How old a frame is when a viewer has it: through a real ``twistd``, TLS and HTTP/2 on loopback.

    python -m tests.benchmarks.latency [--seconds 5] [--rounds 3]

One publisher sends frames of 40 KB at 30 a second; each viewer has a connection of its own. The age of a frame runs
from before the publisher's TLS takes it until the viewer has its last byte, so the load's own work on the same cores is
in it; of ten viewers one is timed. The server that the protocol was written for polls, and measures 490 ms.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.figures import percentile
from tests.benchmarks.ours import Webcam
from tests.benchmarks.watching import seen_by

SIZE = 40_000
FPS = 30.0
VIEWERS = (1, 10, 50)


def measure(server: Webcam, viewers: int, seconds: float) -> tuple[float, ...]:
    """p50 and p99 of the age (ms), the share of frames that every viewer saw, CPU s a second, CPU s a GB delivered."""
    paths = [[server.frames_path(number, SIZE)] for number in range(viewers)]
    with server.source(SIZE, FPS):
        seen = seen_by(server.port, paths, seconds, server.pid)
    ages = [age for each in seen.ages for age in each]
    share = len(ages) / max(1, len(seen.ages) * max(map(len, seen.ages)))
    gigabytes = len(ages) / len(seen.ages) * viewers * SIZE / 1e9
    return 1000 * percentile(ages, 0.5), 1000 * percentile(ages, 0.99), share, seen.cpu / seconds, seen.cpu / gigabytes


def main() -> None:
    parser = argparse.ArgumentParser(description="Age of frames at the viewer.")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a round [%(default)s]")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are shown [%(default)s]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Webcam(Path(folder))
        try:
            server.start()
            print(f"frames of {SIZE} bytes at {FPS:g}/s; medians of {options.rounds} rounds of {options.seconds:g} s")
            print(f"{'viewers':>7} {'p50 ms':>8} {'p99 ms':>8} {'seen':>7} {'server CPU':>11} {'CPU s/GB':>9}")
            for viewers in VIEWERS:
                rounds = [measure(server, viewers, options.seconds) for _ in range(options.rounds)]
                p50, p99, seen, cpu, cost = (statistics.median(column) for column in zip(*rounds, strict=True))
                print(f"{viewers:>7} {p50:>8.2f} {p99:>8.2f} {seen:>7.1%} {cpu:>11.1%} {cost:>9.2f}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
