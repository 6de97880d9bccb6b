"""Every way of being hostile that the server has to withstand, one after the other, and what others notice of it.

    python -m tests.abuse [--seconds 30] [--only rapid,trickle]

A real ``twistd`` on loopback; an attacker with one core and an address of its own; beside it a client that asks 20
questions a second. Ends with status 1 when the client was answered badly or not in 50 ms (p99), when the memory of the
server has not come back to within 20 MB or was 100 MB more meanwhile (of some attacks, less), or when an attack that
should be cut off was not.
See docs/abuse.rst.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.abuse.attacks import ALL, CALM
from tests.abuse.lines import Attack
from tests.abuse.run import GROWTH, OPTIONS, Ground, Outcome, attacked
from tests.support.process import Server

HEAD = (
    f"{'attack':<26} {'made':>6} {'cut':>6} {'MB sent':>8} {'asked':>5} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7}"
    f" {'CPU':>5} {'theirs':>6} {'before':>6} {'peak':>6} {'after':>6}  verdict"
)


def line(outcome: Outcome, seconds: float) -> str:
    """A row of the table."""
    toll, client = outcome.toll, outcome.experience
    times = (client.quantile(0.5), client.quantile(0.99), client.quantile(1.0))
    cells = [
        f"{outcome.attack.name:<26} {toll.made:>6} {toll.cut + toll.refused:>6} {toll.sent / 1e6:>8.1f}",
        f"{len(client.took):>5}",
        *(f"{each:>7.1f}" for each in times),
        f"{outcome.cpu:>5.0%} {toll.cpu / seconds:>6.0%}",
        *(f"{size / 1e6:>6.1f}" for size in (outcome.before, outcome.peak, outcome.after)),
        f" {', '.join(outcome.failures) or 'held'}",
    ]
    return " ".join(cells)


def chosen(only: str) -> list[Attack]:
    """The attacks in whose names one of these words stands."""
    words = [each.strip().lower() for each in only.split(",") if each.strip()]
    return [each for each in ALL if not words or any(word in each.name.lower() for word in words)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description="Hostile peers, and who notices.")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of an attack [%(default)s]")
    parser.add_argument("--only", default="", help="words, by commas: attacks in whose names one stands [all]")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), *OPTIONS).start()
        try:
            ground = Ground.prepare(server)
            attacked(ground, CALM, 1.0)
            begun = server.resident()
            print(HEAD)
            for attack in [CALM, *chosen(options.only)]:
                outcome = attacked(ground.before(attack), attack, options.seconds)
                failed = failed or bool(outcome.failures)
                print(line(outcome, options.seconds), flush=True)
            grown = server.resident() - begun
            print(f"memory, from the first attack to the last: {grown / 1e6:+.1f} MB")
            print(*(each for each in server.log.splitlines() if "limit met" in each), *server.trouble(), sep="\n")
            failed = failed or grown > GROWTH or bool(server.trouble())
        finally:
            server.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
