"""The table: the server beside others under the same loads, in one run.

    python -m tests.benchmarks.table [--rounds 5] [--seconds 1.5] [--only json,relay,...] [--baseline stock]

Every round measures every load on every server, one after the other, so that whatever else the machine does meets all
of them; the figures are medians over the rounds, and a ratio is the median of the rounds' own ratios of CPU to the
baseline's. CPU is that of the server process and all below it. The load's own work is on the same cores: rates and
ages are of this machine, CPU is what to compare.

*webcam* is the server in full; *stock* the same application on Twisted's own channel and TLS, its upload fed as its
bytes come; both relay what a camera uploads, and that upload is in their figures. *hypercorn* and *granian* run an
application of a few lines, with a dict of sessions and frames of their own making. *nginx* answers from files; its rows
of frames are downloads of files of that size, as many a second. *pyOpenSSL* holds connections and does nothing.

json     small answers by h2load: all servers. heartBit.json, which is charged to a session: webcam and stock.
relay    26, 40 and 69 KB to 1, 10, 50 and 200 viewers on own connections, and to 50 on one: webcam and stock;
         hypercorn and granian those of 40 KB, nginx those to 50. ``seen`` is the share of all frames for all viewers
         that came; where it is below 100 % the server or the viewers, who share its cores, didn't keep up.
upload   one stream, as fast as it goes: all but nginx. rtt: the same with a round trip of 100 ms.
slow     a viewer on a link of 400 kB/s with two fast ones beside it: webcam and stock.
memory   of idle connections, idle streams and stalled viewers: webcam and stock; pyOpenSSL the connections.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contender import Contender, Skipped
from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.figures import Figures, Results
from tests.benchmarks.loads import KINDS, LOADS, Load
from tests.benchmarks.processes import giving_back
from tests.benchmarks.report import block
from tests.benchmarks.targets import Target, missed, of_loads

_TROUBLE = (AssertionError, OSError, EOFError, ValueError, subprocess.TimeoutExpired)
"""What a measurement may fail of; the others go on."""


class Run:
    """All measurements of all rounds. Servers are started when they are first needed, and end with *stack*."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        seconds: float,
        contenders: Mapping[str, Callable[[Path], Contender]] | None = None,
    ) -> None:
        self.results = Results()
        self._contenders = CONTENDERS if contenders is None else contenders
        self._folder = folder
        self._stack = stack
        self._seconds = seconds
        self._running: dict[str, Contender] = {}
        self._skipped: dict[str, str] = {}
        self._number = 0

    def round(self, loads: Iterable[Load]) -> None:
        """One round. What can't be measured is noted."""
        self._number += 1
        for load in loads:
            for server in load.servers:
                self._one(load, server)

    def _one(self, load: Load, server: str) -> None:
        measure = self._on_fresh if load.fresh else self._on_running
        try:
            self.results.add(load.name, server, self._number, measure(load, server))
        except Skipped as reason:
            self.results.skip(load.name, server, str(reason))
        except _TROUBLE as error:
            self.results.fail(load.name, server, self._number, f"{type(error).__name__}: {error}")
            print(f"{load.name}, {server}: {error!r}"[:300], file=sys.stderr)

    def _on_running(self, load: Load, server: str) -> Figures:
        if server in self._skipped:
            raise Skipped(self._skipped[server])
        if server not in self._running:
            contender = self._contenders[server](self._folder)
            self._stack.callback(contender.stop)
            try:
                contender.start()
            except Skipped as reason:
                self._skipped[server] = str(reason)
                raise
            self._running[server] = contender
        return load.measure(self._running[server], self._seconds)

    def _on_fresh(self, load: Load, server: str) -> Figures:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            contender = self._contenders[server](Path(folder))
            try:
                with giving_back():
                    contender.start()
                return load.measure(contender, self._seconds)
            finally:
                contender.stop()


def kinds(text: str) -> list[str]:
    """Names of kinds, separated by commas. Raises for a name that is none."""
    chosen = text.split(",")
    unknown = set(chosen) - set(KINDS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no kind of load: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return chosen


def show(
    results: Results,
    loads: list[Load],
    targets: list[Target],
    baseline: str,
    say: Callable[[str], object] = print,
) -> None:
    """The whole table."""
    for load in loads:
        say("")
        for line in block(load, results, baseline):
            say(line)
    say("\nTargets")
    for target in targets:
        say(target.line(results))


def main() -> int:
    parser = argparse.ArgumentParser(description="The server beside others, under the same loads.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown [%(default)s]")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of most measurements [%(default)s]")
    parser.add_argument("--only", type=kinds, default=KINDS, help=f"kinds of load [{','.join(KINDS)}]")
    parser.add_argument("--baseline", default="stock", help="the server that CPU is compared with [%(default)s]")
    options = parser.parse_args()
    loads = [load for load in LOADS if load.kind in options.only]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        run = Run(Path(folder), stack, options.seconds)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            run.round(loads)
    targets = of_loads(load.name for load in loads)
    show(run.results, loads, targets, options.baseline)
    spent = (time.monotonic() - began) / 60
    print(f"\nmedians of {options.rounds} rounds of {options.seconds:g} s each; {spent:.1f} minutes in all")
    return 1 if missed(run.results, targets) else 0


if __name__ == "__main__":
    sys.exit(main())
