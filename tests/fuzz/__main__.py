"""Every path of the protocol, asked with requests made out of docs/openapi.json by schemathesis.

    python -m tests.fuzz [--cases 20000] [--seed N]

A real ``twistd`` on loopback, over HTTP/1.1 and HTTP/2, with requests that the description takes and such that it
doesn't, eight of ten with a session's token. Ends with status 1 when an answer is not one that is described, when the
server takes what the description doesn't or the other way round, for an error that nobody foresaw, and for a traceback
in the server's log.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from pathlib import Path

from hypothesis.errors import HypothesisWarning

from tests.fuzz.run import Report, fuzz
from tests.fuzz.world import OPTIONS
from tests.support.process import Server

_SHOWN = 20


def table(report: Report) -> str:
    """How requests of each operation ended."""
    columns = sorted({outcome for each in report.outcomes.values() for outcome in each}, key=_order)
    lines = [f"{'':<26}{'cases':>7}" + "".join(f"{column:>8}" for column in columns)]
    for label, counted in report.outcomes.items():
        cells = "".join(f"{counted[column] or '':>8}" for column in columns)
        lines.append(f"{label:<26}{counted.total():>7}{cells}")
    sums = "".join(f"{sum(each[column] for each in report.outcomes.values()):>8}" for column in columns)
    return "\n".join([*lines, f"{'all':<26}{report.cases:>7}{sums}"])


def _order(outcome: str) -> tuple[bool, str, int]:
    word, _, code = outcome.partition(" ")
    return outcome != "OK", word, int(code or 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Requests out of docs/openapi.json.")
    parser.add_argument("--cases", type=int, default=20_000, help="requests at least [%(default)s]")
    parser.add_argument("--seed", type=int, default=None, help="what they are made of [another one each time]")
    options = parser.parse_args()
    number = random.randrange(10**6) if options.seed is None else options.seed
    print(f"seed {number}", flush=True)
    warnings.simplefilter("ignore", HypothesisWarning)  # a request is long, and so is its repr
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), *OPTIONS)
        server.start()
        try:
            report = fuzz(
                server, options.cases, number, lambda label: print(f"  {label}"[:2000], file=sys.stderr, flush=True)
            )
        finally:
            status = server.stop()
    print(table(report))
    for each in report.failures[:_SHOWN]:
        print("FAILED:", each[:2000])
    print(f"{report.cases} cases, {len(report.failures)} failures, {time.monotonic() - began:.0f} s, seed {number}")
    return 1 if report.failures or status not in {0, -15} else 0


if __name__ == "__main__":
    sys.exit(main())
