"""What tests of viewers begin with: a feed that notes what it is told, and viewers on responses that may be full."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.support.relay import FakeSink, viewer_on
from webcam.relay.memory import Frame
from webcam.relay.viewer import Viewer


class FakeFeed:
    """What the viewer told its stream."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.newest: Frame | None = None

    def hold(self, viewer: Viewer) -> None:
        self.events.append("hold")

    def release(self, viewer: Viewer) -> None:
        self.events.append("release")

    def leave(self, viewer: Viewer) -> None:
        self.events.append("leave")


class ViewerCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.feed = FakeFeed()
        self.closed = []

    def watch(self, room: float = float("inf"), **options) -> tuple[Viewer, FakeSink]:
        sink = FakeSink(room)
        viewer = viewer_on(sink, self.clock, **options)
        viewer.on_close = lambda: self.closed.append(viewer)
        viewer.start(self.feed)
        return viewer, sink

    def assertEnded(self, sink: FakeSink, *how: str) -> None:
        self.assertEqual(sink.events, ["unregistered", *how])
        self.assertEqual(len(self.closed), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
