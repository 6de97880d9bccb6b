"""What goes wrong: each is done to the server for some seconds, and undone."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.crash.client import pause
from tests.support.faults import FaultyServer
from tests.support.small_disk import SmallDisk

HOUR = 3600.0


@dataclass(frozen=True)
class Scene:
    """What can be disturbed. ``disk``: where the data lie; ``None`` where no file system could be made."""

    server: FaultyServer
    disk: SmallDisk | None
    chance: random.Random


def _until(seconds: float) -> Any:
    end = time.monotonic() + seconds
    return iter(lambda: time.monotonic() < end, False)


def nothing(scene: Scene, seconds: float) -> None:
    """All is well."""
    pause(seconds)


def slow_disk(scene: Scene, seconds: float) -> None:
    """A commit takes up to half a second."""
    for _ in _until(seconds):
        scene.server.slow_down(scene.chance.uniform(0.0, 0.5))
        pause(min(1.0, seconds / 4))


def locked(scene: Scene, seconds: float) -> None:
    """Another program holds the database's lock for up to 4 s, again and again; and once for longer than it waits."""
    with closing(sqlite3.connect(scene.server.data / "webcam.db", isolation_level=None, timeout=30)) as other:
        for held in (7.0, *([4.0] * 100)):
            if held > seconds:
                continue
            with _lock(other):
                pause(held if held > 4 else scene.chance.uniform(1.0, held))
            seconds -= held
            pause(min(1.0, max(0.0, seconds)))


@contextmanager
def _lock(other: sqlite3.Connection) -> Any:
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")


def stepping_clock(scene: Scene, seconds: float) -> None:
    """The wall clock steps back by an hour, forth by two, and is right again."""
    for off in (-HOUR, HOUR, 0.0):
        scene.server.step_clock(off)
        pause(seconds / 3)


def stopped(scene: Scene, seconds: float) -> None:
    """The process stands still for up to 0.8 s, again and again."""
    for _ in _until(seconds):
        os.kill(scene.server.pid, signal.SIGSTOP)
        try:
            pause(scene.chance.uniform(0.05, 0.8))
        finally:
            os.kill(scene.server.pid, signal.SIGCONT)
        pause(scene.chance.uniform(0.1, 0.6))


def full_disk(scene: Scene, seconds: float) -> None:
    """Not a byte is free."""
    assert scene.disk is not None
    for _ in _until(seconds):
        scene.disk.fill()
        pause(0.02)


@dataclass(frozen=True)
class Fault:
    """``share`` of the questions that devices give up; ``longer``: how much longer than others it lasts."""

    name: str
    run: Callable[[Scene, float], None]
    share: float = 0.0
    longer: float = 1.0

    def possible(self, scene: Scene) -> bool:
        """Whether it can be done here."""
        return scene.disk is not None or self.run is not full_disk

    def over(self, scene: Scene) -> None:
        """All is well again, however it ended."""
        scene.server.slow_down(0.0)
        scene.server.step_clock(0.0)
        if scene.disk is not None:
            scene.disk.empty()


FAULTS = (
    Fault("nothing", nothing),
    Fault("slow disk", slow_disk),
    Fault("locked database", locked),
    Fault("stepping clock", stepping_clock),
    Fault("stopped process", stopped),
    Fault("lost connections", nothing, share=0.3),
    Fault("full disk", full_disk, longer=1.5),
)
