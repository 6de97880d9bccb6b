"""A base of tests of /events: somebody follows, others do something."""

from __future__ import annotations

from typing import Any

from tests.support.edge import EdgeCase, path_of
from tests.support.events import EventReader, Told
from tests.support.http import H2Client


class FollowCase(EdgeCase):
    """``phone`` follows; others do something."""

    follower_class: Any = H2Client

    def setUp(self) -> None:
        super().setUp()
        self.phone, self.camera = self.authorize("phone"), self.authorize("camera")

    def follow(self, token: str = "", last: str = "", client: Any = None, **query: str) -> tuple[Any, int]:
        """Begin to follow; the client and the stream id."""
        client = client or self.connect(self.follower_class)
        headers = [("last-event-id", last)] if last else []
        path = path_of("events", shash=token or self.phone, **query)
        return client, client.request("GET", path, headers=headers)

    def told(self, client: Any, stream: int) -> list[Told]:
        """All so far."""
        return self.reader(client, stream).events

    def reader(self, client: Any, stream: int) -> EventReader:
        reader = EventReader()
        reader.feed(client.response(stream).body)
        return reader

    def again(self, last: str, **query: str) -> list[Told]:
        """What somebody is told who comes back; then it goes."""
        client, stream = self.follow(last=last, **query)
        told = self.told(client, stream)
        client.drop()
        return told

    def send(self, *names: str, token: str = "", target: str = "") -> None:
        msgs = [{"msg": name, "target": target, "params": {"n": name}} for name in names]
        self.assertEqual(self.ask("addMsgs.json", token or self.camera, msgs=msgs)["result"], "OK")

    def add(self, token: str = "", data: bytes = b"data") -> None:
        self.assertEqual(self.post("addRecord.json", data, shash=token or self.camera).json()["result"], "OK")

    def kinds(self, told: list[Told]) -> list[str]:
        return [each.kind for each in told]

    def names(self, told: list[Told]) -> list[str]:
        """The messages among them."""
        return [each.data["msg"] for each in told if each.kind == "message"]
