"""A server whose wall clock jumps by years, under load and while it is down: nothing goes that should stay.

    python -m tests.clocks [--rounds 33] [--seed N] [--devices 4]

Ends with status 1 at the first round in which something is gone or comes twice, in which a stamp is not later than a
cursor that was handed out before, or when something is left at the end, when time is right and has passed. See
docs/proof.rst.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.clocks.run import JUMPS, Jump, Jumps
from tests.crash.run import Round


def show(jump: Jump, each: Round) -> None:
    """A row of the table."""
    print(f"{each.number:>6} {each.answered:>9} {each.messages:>9} {each.records:>8}  {jump.name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.clocks", description="The wall clock jumps by years.")
    parser.add_argument("--rounds", type=int, default=3 * len(JUMPS), help="how often [%(default)s]")
    parser.add_argument("--devices", type=int, default=4, help="how many at once [%(default)s]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="to repeat a workload")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    print(f"{'round':>6} {'answered':>9} {'messages':>9} {'records':>8}  clock")
    with tempfile.TemporaryDirectory() as folder:
        jumps = Jumps(Path(folder), options.seed, options.devices, show)
        try:
            wrong = jumps.run_jumps(options.rounds)
        finally:
            jumps.server.stop()
    print("\n".join(wrong) if wrong else f"all held over {options.rounds} rounds, and everything expired at the end")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
