"""The table: the server beside others under the same loads, in one run.

    python -m tests.benchmarks.table [--rounds 5] [--seconds 1.5] [--only json,relay,upload] [--baseline stock]

Every round measures every load on every server, one after the other, so that whatever else the machine does meets all
of them; the figures are medians over the rounds, and a ratio is the median of the rounds' own ratios of CPU to the
baseline's. CPU is that of the server process and all below it. The load's own work is on the same cores: rates and
ages are of this machine, CPU is what to compare.

What is compared: *webcam* is the server in full; *stock* the same application on Twisted's own channel and TLS, its
upload fed as its bytes come; both relay what a camera uploads, and that upload is in their figures. *hypercorn* and
*granian* run an application of a few lines, with a dict of sessions and frames of their own making. *nginx* answers
from files; its rows of frames are downloads of files of that size, one after the other.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contenders import CONTENDERS, Contender, Skipped
from tests.benchmarks.measures import LOADS, Figures, Load

Results = dict[tuple[str, str], list[Figures]]
"""By load and server, one a round."""

TARGETS = (
    ("JSON, -c10 -m10", "stock", 0.33),
    ("JSON, -c10 -m10", "hypercorn", 0.6),
    ("40 KB frames, 50 viewers, 50 connections", "stock", 0.25),
    ("40 KB frames, 50 viewers, 50 connections", "nginx", 1.0),
    ("upload, one stream", "stock", 0.3),
)
"""The most CPU that the server may take of what another does."""

MOST_RELAYS = ("webcam", "stock")
"""Servers that meet every load of frames; the others meet those of 40 KB to 50 viewers, and nginx all sizes to 50."""


def _meets(contender: Contender, load: Load) -> bool:
    if load.kind not in contender.loads:
        return False
    if load.kind != "relay" or contender.name in MOST_RELAYS:
        return True
    return "50 viewers" in load.name and (contender.name == "nginx" or load.name.startswith("40 KB"))


def started(stack: ExitStack, folder: Path) -> list[Contender]:
    """Every server that can take part; those that can't are told of."""
    running = []
    for kind in CONTENDERS:
        contender = kind(folder)
        stack.callback(contender.stop)
        try:
            contender.start()
        except Skipped as reason:
            print(f"{contender.name} is skipped: {reason}")
        else:
            running.append(contender)
    return running


def measure(contenders: list[Contender], loads: list[Load], rounds: int, seconds: float) -> Results:
    """All of it; a measurement that fails is told of, and has no figures."""
    results: Results = defaultdict(list)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for load in loads:
            for contender in contenders:
                if not _meets(contender, load):
                    continue
                try:
                    results[load.name, contender.name].append(load.measure(contender, seconds))
                except (AssertionError, OSError, EOFError) as error:
                    print(f"{load.name}, {contender.name}: failed: {str(error)[:300]}")
    return results


def ratio(results: Results, load: str, server: str, other: str) -> float | None:
    """CPU for the same work, of one to another."""
    pairs = list(zip(results.get((load, server), ()), results.get((load, other), ()), strict=False))
    return statistics.median(mine.cost / theirs.cost for mine, theirs in pairs) if pairs else None


def show(results: Results, contenders: list[Contender], loads: list[Load], baseline: str) -> None:
    for load in loads:
        cost = "CPU µs/req" if load.unit == "req/s" else "CPU s/GB"
        print(
            f"\n{load.name:<42} {load.unit:>9} {cost:>11} {f'/ {baseline}':>12} {'core':>6} {'p50 ms':>8} {'p99 ms':>8}"
        )
        for contender in contenders:
            found = results.get((load.name, contender.name))
            if not found:
                continue
            rate, each, share, p50, p99 = (
                statistics.median(getattr(one, field) for one in found)
                for field in ("rate", "cost", "share", "p50", "p99")
            )
            against = ratio(results, load.name, contender.name, baseline)
            print(
                f"  {contender.name:<40} {rate:>9.1f} {each:>11.2f} {_number(against, 12)} {share:>6.0%}"
                f" {_number(p50 or None, 8)} {_number(p99 or None, 8)}"
            )


def _number(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.2f}"


def show_targets(results: Results) -> None:
    print("\nCPU of the server as a share of another's")
    for load, other, most in TARGETS:
        found = ratio(results, load, "webcam", other)
        if found is not None:
            verdict = "holds" if found <= most else "MISSED"
            print(f"  {load:<42} {found:>5.2f} of {other:<10} (at most {most:.2f}) {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description="The server beside others, under the same loads.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown [%(default)s]")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of one measurement [%(default)s]")
    parser.add_argument("--only", default="json,relay,upload", help="kinds of load [%(default)s]")
    parser.add_argument("--baseline", default="stock", help="the server that CPU is compared with [%(default)s]")
    options = parser.parse_args()
    loads = [load for load in LOADS if load.kind in options.only.split(",")]
    if shutil.which("h2load") is None:
        print("h2load is not installed: no JSON, and no files")
        loads = [load for load in loads if load.kind != "json"]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = started(stack, Path(folder))
        results = measure(contenders, loads, options.rounds, options.seconds)
    show(results, contenders, loads, options.baseline)
    show_targets(results)
    spent = (time.monotonic() - began) / 60
    print(f"\nmedians of {options.rounds} rounds of {options.seconds:g} s each; {spent:.1f} minutes in all")


if __name__ == "__main__":
    main()
