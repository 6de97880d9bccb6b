"""A server on a bad machine, for an hour: nothing that was acknowledged is lost, and nothing is left over.

    python -m tests.faults [--minutes 60] [--viewers 40] [--seed N]

Slow commits, a database that is locked, a wall clock that steps by an hour, a process that stands still, lost
connections and, as root, a disk without a free byte come one after the other, under messages, records, settings, logins
and live streams. Ends with status 1 when something was lost or is left over. See docs/abuse.rst.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.disturbances import FAULTS, Scene
from tests.faults.run import EACH, Day, Epoch, Rest
from tests.support.faults import FaultyServer
from tests.support.small_disk import NoDisk, SmallDisk, small_disk

SIZE = 512 * 1024 * 1024
"""Bytes of the disk."""

WARM = 20.0
"""Seconds of each fault in the first round, which makes whatever is made once, and fills the caches of pages."""


def show(epoch: Epoch) -> None:
    """A row of the table."""
    answers = ", ".join(f"{kind} {times}" for kind, times in sorted(epoch.answers.items()))
    figures = f"{epoch.recovered:>6.2f} {epoch.resident / 1e6:>9.1f} {epoch.size / 1e6:>11.1f}"
    print(f"{time.strftime('%H:%M:%S')} {epoch.number:>4} {epoch.fault:<17} {figures}  {answers}", flush=True)


@contextmanager
def data(folder: Path) -> Iterator[SmallDisk | None]:
    """Where the data lie: a disk that can be filled, if that is possible."""
    try:
        with small_disk(folder / "data", SIZE) as disk:
            yield disk
    except NoDisk as problem:
        print(f"without the full disk: {problem}")
        yield None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="A bad machine.")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long [%(default)s]")
    parser.add_argument("--viewers", type=int, default=40, help="how many at once [%(default)s]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="to repeat a workload")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder, data(Path(folder)) as disk:
        server = FaultyServer(Path(folder), "--cooldown=0", "--keep-free=0")
        server.start()
        try:
            wrong = hour(Scene(server, disk, random.Random(options.seed)), options)
            wrong += server.trouble()
        finally:
            server.stop()
    print("\n".join(f"WRONG OR LEFT OVER: {each}" for each in wrong) if wrong else "all held")
    print(server.trouble_in_full())
    return 1 if wrong else 0


def hour(scene: Scene, options: argparse.Namespace) -> list[str]:
    """The first round, and the one that counts; what was wrong."""
    print(f"{'time':8} {'':>4} {'fault':<17} {'well s':>6} {'memory MB':>9} {'database MB':>11}  answers")
    first = Day(scene, f"{options.seed}.first")
    first.live(WARM * (len(FAULTS) + 2), WARM, options.viewers, show, lambda _: None)
    before = Rest.of(scene)
    print(f"after the first round: {told(before)}")
    day = Day(scene, str(options.seed))
    day.live(60 * options.minutes, EACH, options.viewers, show, lambda _: None)
    after = Rest.of(scene, before)
    print(f"at the end, after {day.events} questions: {told(after)}")
    return [*first.wrong, *day.wrong, *after.against(before)]


def told(rest: Rest) -> str:
    """What is left when all have gone."""
    census = rest.census
    return (
        f"{rest.resident / 1e6:.1f} MB, {census.tracked} objects, {sum(census.files.values())} descriptors,"
        f" {len(rest.files)} files, database of {rest.size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
