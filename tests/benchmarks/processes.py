"""The processes of a load, and what processes cost: CPU and memory, as the kernel counts them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", __name__, "tests.benchmarks.watching"])

DEADLINE = 60.0
"""Seconds; a load that takes longer than it was asked for and so much more hangs."""


def _run(report: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        report.send((True, function(*arguments)))
    except Exception as error:
        report.send((False, f"{type(error).__name__}: {error}"))


def in_process(function: Callable[..., _T], *arguments: Any, deadline: float = DEADLINE) -> _T:
    """What *function* returns, run in a process of its own. Raises ``AssertionError`` when it fails or hangs."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_run, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        assert ours.poll(deadline), f"{function.__name__} didn't end within {deadline:g} s"
        good, result = ours.recv()
        assert good, result
        answer: _T = result
        return answer
    finally:
        end(process)


def end(process: Any, patience: float = 5.0) -> None:
    """Wait for a process that should be at its end, and kill it when it isn't."""
    process.join(patience)
    if process.is_alive():
        process.kill()
        process.join()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all below it; the scheduler's count (ns), since ``stat`` counts ticks of 10 ms."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0]) / 1e9
        total += sum(cpu_seconds(int(child)) for child in (task / "children").read_text().split())
    return total


@contextlib.contextmanager
def giving_back() -> Iterator[None]:
    """Programs that are started meanwhile give free memory back to the kernel.

    By default glibc keeps what a large block, once freed, has taken: the 19 MiB of a password's hash, twice. Whatever
    is made later fits in there, and would seem to take nothing.
    """
    lean = {"MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_MMAP_THRESHOLD_": "1048576"}
    before = {name: os.environ.get(name) for name in lean}
    os.environ.update(lean)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def private_memory(pid: int) -> int:
    """Resident bytes that are the process's own: shared libraries are not in it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def peak_memory(pid: int, anew: bool = False) -> int:
    """The most resident bytes so far (VmHWM); with *anew* the kernel begins to count from now."""
    if anew:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
