"""What a change costs: the server of this checkout and that of another one, side by side in one run.

    python -m tests.benchmarks.change CHECKOUT [--rounds 8] [--seconds 2] [--only relay,camera,JSON]

A second server of this checkout, *again*, shows what the same code differs by. All run all the time, each with a camera
of 30 frames a second, and are measured in turn, forwards and backwards: CPU of the server's process, by the kernel's
count in nanoseconds. Medians over the rounds, and of the rounds' own ratios to *earlier*. CHECKOUT runs in this
environment: it has to get along with the same packages.

relay   frames of 26 and 40 KB to 10 and to 50 viewers on connections of their own
camera  a frame that is received and that nobody watches
JSON    ``getServerTime.json`` by ten connections with ten requests each
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.contender import FPS, Contender
from tests.benchmarks.h2load import run
from tests.benchmarks.loads import ALONE
from tests.benchmarks.ours import Webcam
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.watching import seen_by
from tests.support.process import Server

RELAYS = ((26_000, 50), (40_000, 10), (40_000, 50))
"""Bytes of a frame, and viewers."""


class ServerOf(Server):
    """The server of another checkout."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        super().__init__(folder)
        self._checkout = checkout

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self._checkout)}


class Again(Webcam):
    """A second server of this checkout."""

    name = "again"


class Earlier(Webcam):
    """The server of another one."""

    name = "earlier"

    def __init__(self, folder: Path, checkout: Path) -> None:
        super().__init__(folder)
        self._server = ServerOf(self.folder, checkout)


def relayed(contender: Contender, size: int, viewers: int, seconds: float) -> float:
    """Microseconds for a frame and a viewer."""
    paths = [[contender.frames_path(number, size)] for number in range(viewers)]
    seen = seen_by(contender.port, paths, seconds, contender.pid)
    assert seen.size, "nothing came"
    return seen.cpu / seen.size * size * 1e6


def received(contender: Contender, seconds: float) -> float:
    """Microseconds for a frame that nobody watches."""
    before, begun = cpu_seconds(contender.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(contender.pid) - before) / ((time.monotonic() - begun) * FPS) * 1e6


def asked(contender: Contender, seconds: float) -> float:
    """Microseconds for a small answer."""
    return run(contender, [contender.json_path()], 10, 10, seconds)["cost"]


@contextmanager
def cameras_of(contenders: list[Contender], size: int) -> Iterator[None]:
    """A camera for each, with frames of so many bytes."""
    with ExitStack() as cameras:
        for each in contenders:
            cameras.enter_context(each.source(size))
        yield


def compare(name: str, contenders: list[Contender], rounds: int, measure: Callable[[Contender], float]) -> None:
    """Say what each costs, and how that compares with the last one."""
    found: dict[str, list[float]] = {each.name: [] for each in contenders}
    for number in range(rounds):
        for each in contenders if number % 2 else contenders[::-1]:
            found[each.name].append(measure(each))
    *ours, theirs = found.values()
    ratios = [median(a / b for a, b in zip(each, theirs, strict=True)) for each in ours]
    figures = [f"{median(each):8.1f}" for each in found.values()] + [f"{each:8.3f}" for each in ratios]
    print(f"{name:<26}", *figures, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.change", description="What a change costs.")
    parser.add_argument("checkout", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=8, help="rounds; medians are shown [%(default)s]")
    parser.add_argument("--only", default="relay,camera,JSON", help="what is measured [%(default)s]")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a measurement [%(default)s]")
    options = parser.parse_args()
    rounds, seconds = options.rounds, options.seconds
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        there = Path(folder)
        contenders: list[Contender] = [Webcam(there), Again(there), Earlier(there, options.checkout.resolve())]
        for each in contenders:
            each.start()
            stack.callback(each.stop)
        names = [each.name for each in contenders]
        print(f"{'µs of CPU':<26}", *(f"{each:>8}" for each in (*names, *names[:-1])), " of earlier's")
        only = options.only.split(",")
        for size, viewers in RELAYS if "relay" in only else ():
            with cameras_of(contenders, size):
                name = f"relay, {size // 1000} KB to {viewers}"
                compare(name, contenders, rounds, lambda each: relayed(each, size, viewers, seconds))  # noqa: B023
        if "camera" in only:
            with cameras_of(contenders, ALONE):
                compare("camera, nobody watches", contenders, rounds, lambda each: received(each, seconds))
        if "JSON" in only:
            compare("JSON", contenders, rounds, lambda each: asked(each, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
