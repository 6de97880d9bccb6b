"""A server that is killed with SIGKILL again and again under load: what it acknowledged must be there.

    python -m tests.crash [--rounds 200] [--seed N] [--devices 6]

Ends with status 1 at the first round that shows something else than the model allows, and tells the history that led to
it. See docs/abuse.rst.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.run import DEVICES, Crashes, Round


def show(each: Round) -> None:
    """A row of the table."""
    cells = f"{each.number:>6} {each.answered:>9} {each.under_way:>9} {each.messages:>9} {each.records:>8}"
    print(cells, "killed in its start, too" if each.stillborn else "", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="kill -9 at random moments.")
    parser.add_argument("--rounds", type=int, default=200, help="how often [%(default)s]")
    parser.add_argument("--devices", type=int, default=DEVICES, help="how many at once [%(default)s]")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="to repeat a workload")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    print(f"{'round':>6} {'answered':>9} {'under way':>9} {'messages':>9} {'records':>8}")
    with tempfile.TemporaryDirectory() as folder:
        crashes = Crashes(Path(folder), options.seed, options.devices)
        try:
            wrong = crashes.run(options.rounds, show)
        finally:
            crashes.server.stop()
    print("\n".join(wrong) if wrong else f"all held over {options.rounds} rounds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
