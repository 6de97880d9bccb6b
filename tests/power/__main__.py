"""The power of a server is cut in its first start and under load: what it acknowledged must be there.

    python -m tests.power [--points 40] [--seconds 20] [--seed N]

One server is recorded; then, for each point, another one starts on what a disk would hold: twice, once with nothing but
what was synced, once with some of the rest. Ends with status 1 when any of them doesn't start, doesn't take the first
password, or lacks what was acknowledged. See docs/proof.rst.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.power.journal import NoCompiler
from tests.power.run import Cut, cut, points, record


def show(each: Cut) -> None:
    """A line for each that went wrong, a dot for any other."""
    if not each.wrong:
        print(".", end="", flush=True)
        return
    kind = "some of the rest is there" if each.torn else "nothing but what was synced"
    print(f"\ncut behind entry {each.after} ({each.phase}), {kind}:")
    for line in each.wrong[:5]:
        print(f"    {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.power", description="Power cuts.")
    parser.add_argument("--points", type=int, default=40, help="where to cut: half in the first start [%(default)s]")
    parser.add_argument("--seconds", type=float, default=20.0, help="of load [%(default)g]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="of the points")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            life = record(Path(folder), options.seconds)
        except NoCompiler as problem:
            print(problem)
            return 1
        print(f"{life.ready} entries of the first start, {len(life.entries) - life.ready} under load")
        print("\n".join(life.problems))
        chosen = points(life, options.points, random.Random(options.seed))
        cuts = cut(life, chosen, options.seed, show)
    print()
    for phase in ("first start", "load"):
        of_phase = [each for each in cuts if each.phase == phase]
        bad = Counter(each.torn for each in of_phase if each.wrong)
        number = len({each.after for each in of_phase})
        print(
            f"{phase}: {number} points, {bad[False]} wrong where only what was synced is there, {bad[True]} otherwise"
        )
    return 1 if life.problems or any(each.wrong for each in cuts) else 0


if __name__ == "__main__":
    sys.exit(main())
