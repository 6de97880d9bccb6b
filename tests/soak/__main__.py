"""A server that many viewers and cameras come to, go from and die on: at the end nothing of them is left.

    python -m tests.soak [--minutes 10] [--viewers 200]

Ends with status 1 when there is an object, a timer, a coroutine or a descriptor more in the process than after a first
round of 45 s, when its memory has grown, or when it did not end what it has to end. See docs/abuse.rst.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.run import Minute, soak
from tests.support.census import CountedServer

WARM = 45.0
"""Seconds of the first round."""

HEAD = (
    f"{'minute':>6} {'ends':>6} {'MB seen':>8} {'CPU':>5} {'connections':>11} {'streams':>7} {'viewers':>7}"
    f" {'timers':>6} {'files':>6} {'objects':>8} {'memory MB':>9}"
)


def show(minute: Minute) -> None:
    """A row of the table."""
    census = minute.census
    cells = [
        f"{minute.number:>6} {minute.ends:>6} {minute.size / 1e6:>8.0f} {minute.cpu:>5.0%}",
        f"{census.count('Channel'):>11} {census.objects.get('webcam.relay.stream.Stream', 0):>7}",
        f"{census.objects.get('webcam.relay.viewer.Viewer', 0):>7} {sum(census.timers.values()):>6}",
        f"{sum(census.files.values()):>6} {census.tracked:>8} {minute.resident / 1e6:>9.1f}",
    ]
    print(*cells, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Coming, going and dying.")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long [%(default)s]")
    parser.add_argument("--viewers", type=int, default=200, help="how many at once [%(default)s]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = CountedServer(Path(folder), "--cooldown=0")
        server.start()
        try:
            print(HEAD)
            soaked = soak(server, options.viewers, WARM, 60 * options.minutes, show)
            trouble = server.trouble()
        finally:
            server.stop()
    print("how they ended:")
    for what, times in sorted(soaked.ends.items()):
        print(f"  {what}: {times}")
    print(f"against the end of the first round: {soaked.grown / 1e6:+.1f} MB, {soaked.tracked:+d} objects")
    for each in [*soaked.failures, *trouble]:
        print("LEFT OVER OR WRONG:", each)
    return 1 if soaked.failures or trouble else 0


if __name__ == "__main__":
    sys.exit(main())
