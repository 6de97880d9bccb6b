"""The server's own start and periodic jobs on a :class:`World`, so that what runs by itself runs in a test."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.support.server import World, at_once
from webcam import server
from webcam.restoring import Restoring


class Running(server.WebcamService):
    """A server with a world's services, without listeners, signals, and work on the garbage of the test's process."""

    def __init__(self, case: SynchronousTestCase, world: World) -> None:
        config: Any = SimpleNamespace(trusted_proxies=None, plain=True)
        self._world = world
        folder = Path(case.mktemp())
        folder.mkdir(parents=True)
        nothing: Any = lambda *_: None  # noqa: E731
        world.clock.stop = nothing  # type: ignore[attr-defined]
        super().__init__(config, folder, [], world.clock, SimpleNamespace())  # type: ignore[arg-type]
        self._hangup = SimpleNamespace(install=nothing)  # type: ignore[assignment]
        self._garbage = SimpleNamespace(begin=nothing, look=nothing)  # type: ignore[assignment]
        self._heap = SimpleNamespace(give_back=nothing)  # type: ignore[assignment]
        case.patch(server, "Assembly", lambda *_: self._assembled(folder))
        case.patch(server.threads, "deferToThread", lambda function: succeed(function()))

    def _assembled(self, folder: Path) -> Any:
        world = self._world
        return SimpleNamespace(
            services=world.services,
            audit=SimpleNamespace(note=world.audit.note, tell_left_out=lambda: None),
            retention=world.retention,
            restoring=Restoring(folder, SimpleNamespace(), world.services, at_once),  # type: ignore[arg-type]
        )

    def do_jobs(self) -> None:
        """Do each periodic job once, and what it asked for. A job that waits for something fails the test."""
        assert self._jobs, "no job was begun"
        for job in self._jobs:
            done: Deferred[Any] = job.f()
            assert done.called, "a job waits for something"
            self._world.clock.advance(0)

    def end(self) -> None:
        """Stop the jobs' timers."""
        for job in self._jobs:
            job.stop()
