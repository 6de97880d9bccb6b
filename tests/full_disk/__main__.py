"""A disk that is full to the last byte for a while, under load.

    python -m tests.full_disk [--seconds 60] [--devices 4] [--seed N] [--keep-free 64]
    python -m tests.full_disk --small

Needs root, to mount a small file system of its own. With ``--keep-free`` (MB) the server keeps so much free by itself,
by retention, and nothing else fills the disk: it must never be full. Ends with status 1 when something was lost,
unclear, or not well again within 10 s. See docs/abuse.rst.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.full_disk.filling import CASES, run
from tests.full_disk.filling import SIZE as SMALL
from tests.full_disk.run import MB, RECOVERY, SIZE, USABLE, FullDisk, Phase
from tests.support.faults import FaultyServer
from tests.support.small_disk import KINDS, NoDisk, small_disk


def show(phase: Phase) -> None:
    """A row of the table."""
    answers = ", ".join(f"{kind} {times}" for kind, times in sorted(phase.answers.items()))
    print(
        f"{phase.name:<20} {phase.seconds:>7.1f} s {phase.lines:>6} lines {phase.free:>10} free  {answers}", flush=True
    )


def full(tried: FullDisk, seconds: float) -> None:
    """Filled by another file."""
    show(tried.phase("with space", 5, tried.leave_alone))
    show(tried.phase("full", seconds, tried.keep_full))
    print(f"every kind of write was acknowledged {tried.recovered:.2f} s after space came back")
    if tried.recovered > RECOVERY:
        tried.wrong.append(f"it took {tried.recovered:.1f} s")
    show(tried.phase("with space again", 5, tried.leave_alone))


def kept_free(tried: FullDisk, seconds: float, keep: int) -> None:
    """Filled by the server's own data, which it bounds itself; little more is free at first."""
    tried.disk.leave(keep + USABLE)
    phase = tried.phase("kept free", seconds, tried.leave_alone)
    show(phase)
    if phase.answers["503"] or not phase.free:
        tried.wrong.append("the disk was full")


def small() -> int:
    """Every case of a small disk, on each kind of file system."""
    failed = False
    for kind in KINDS:
        for case in CASES:
            begun = time.monotonic()
            try:
                with TemporaryDirectory() as folder, small_disk(Path(folder) / "data", SMALL, kind) as disk:
                    wrong = run(case, Path(folder), disk)
            except NoDisk as problem:
                wrong = [f"not tried: {problem}"]
            failed = failed or bool(wrong)
            print(
                f"{kind:<6} {case:<40} {time.monotonic() - begun:6.1f} s  {'; '.join(wrong) or 'all held'}", flush=True
            )
    return int(failed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.full_disk", description="Not a byte is free.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long [%(default)s]")
    parser.add_argument("--devices", type=int, default=4, help="how many at once [%(default)s]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="to repeat a workload")
    parser.add_argument("--keep-free", type=int, default=0, metavar="MB", help="what the server keeps free itself")
    parser.add_argument(
        "--small", action="store_true", help="disks of 64 MB, filled by the server itself, and all else"
    )
    options = parser.parse_args()
    if options.small:
        return small()
    print(f"seed {options.seed}")
    keep = options.keep_free * MB
    more = [f"--keep-free={keep}"]
    try:
        with TemporaryDirectory() as folder, small_disk(Path(folder) / "data", SIZE) as disk:
            server = FaultyServer(Path(folder), "--cooldown=0", *more)
            server.start()
            try:
                tried = FullDisk.prepare(server, disk, options.seed, options.devices, pruned=bool(keep))
                if keep:
                    kept_free(tried, options.seconds, keep)
                else:
                    full(tried, options.seconds)
                wrong = [*tried.wrong, *server.trouble()]
            finally:
                server.stop()
    except NoDisk as problem:
        wrong = [f"not tried: {problem}"]
    print("\n".join(wrong) if wrong else "all held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
