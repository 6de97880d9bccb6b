"""An offload whose calls end when the test says so."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred


class ControlledOffload:
    """Stands for the thread pool; holds every call that was made and has not ended."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        """Function and arguments of every call so far."""
        self.running: list[Deferred[Any]] = []

    def __call__(self, function: Any, *args: Any) -> Deferred[Any]:
        self.calls.append((function, *args))
        done: Deferred[Any] = Deferred()
        self.running.append(done)
        return done

    def finish(self, result: Any) -> None:
        """End the oldest running call; with an exception it fails."""
        done = self.running.pop(0)
        if isinstance(result, Exception):
            done.errback(result)
        else:
            done.callback(result)
