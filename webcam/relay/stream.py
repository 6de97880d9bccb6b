"""A stream: the live frames of one device, from one publisher to any number of viewers."""

from __future__ import annotations

from typing import Protocol

from webcam.relay.memory import Charge, Frame
from webcam.relay.viewer import Watcher
from webcam.token_bucket import TokenBucket


class Publisher(Protocol):
    """The upload that a stream's frames come from."""

    def pause(self) -> None:
        """Take no more bytes for now."""

    def resume(self) -> None:
        """Take bytes again."""

    def cut(self) -> None:
        """End the upload at once, by the server's will."""


class Stream:
    """One device's frames while it publishes. ``delta`` (ms) is the device's promise of the largest gap; 0: none.

    Its publisher calls :meth:`publish`; the hub opens and closes it.
    """

    def __init__(self, device: str, subprotocol: str, delta: int, publisher: Publisher) -> None:
        self.device = device
        self.subprotocol = subprotocol
        self.delta = delta
        self.newest: Frame | None = None
        """The frame at hand, for viewers that come."""
        self.frames = 0
        self.takeovers: TokenBucket | None = None
        """How often others may take over from it yet, once one did."""
        self._publisher = publisher
        self._viewers: dict[Watcher, None] = {}
        self._holders: set[Watcher] = set()
        self._kept_for: Charge | None = None
        """Whose frame is at hand."""
        self._open = True

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    def publish(self, frame: Frame) -> None:
        """Every viewer has the frame, or has decided about it, when this returns."""
        self.newest = frame
        self.frames += 1
        if self._kept_for is not frame.charge:
            self._keep()
        for viewer in tuple(self._viewers):
            viewer.take(frame)

    def watch(self, viewer: Watcher) -> None:
        """Add a viewer; it begins with the newest frame at hand."""
        self._viewers[viewer] = None
        if len(self._viewers) == 1:
            self._keep()
        viewer.start(self)
        if self.newest is not None:
            viewer.take(self.newest)

    def forget_newest(self) -> None:
        """Have no frame at hand until the next one comes."""
        self.newest = None
        self._keep()

    def _keep(self) -> None:
        """Say whose frame is at hand, and whether anyone watches."""
        if self._kept_for is not None:
            self._kept_for.drop(self)
        self._kept_for = None if self.newest is None else self.newest.charge
        if self._kept_for is not None:
            self._kept_for.keep(self, bool(self._viewers))

    def hold(self, viewer: Watcher) -> None:
        """*viewer* wants every frame and is too far behind."""
        if not self._holders and self._open:
            self._publisher.pause()
        self._holders.add(viewer)

    def release(self, viewer: Watcher) -> None:
        """*viewer* has caught up or is gone."""
        if viewer in self._holders:
            self._holders.remove(viewer)
            if not self._holders and self._open:
                self._publisher.resume()

    def hand_to(self, publisher: Publisher) -> None:
        """Another upload goes on with it."""
        self._publisher = publisher
        if self._holders:
            publisher.pause()

    def leave(self, viewer: Watcher) -> None:
        """*viewer* watches no more."""
        if viewer in self._viewers:
            del self._viewers[viewer]
            if not self._viewers:
                self._keep()

    def close(self, cut: bool) -> None:
        """The stream is over; its viewers end now. With *cut* the publisher's upload is ended, too."""
        if not self._open:
            return
        self._open = False
        self.forget_newest()
        viewers = tuple(self._viewers)
        self._viewers.clear()
        for viewer in viewers:
            viewer.end()
        if cut:
            self._publisher.cut()
