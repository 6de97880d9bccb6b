"""What is over is freed at once: nothing of it waits for the garbage collector, for which everybody would wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.edge.test_large_records_edge import SOME, LargeCase
from tests.edge.test_pictures_edge import PicturesCase, jpeg
from tests.edge.test_streams_edge import LiveCase
from tests.support.edge import EdgeCase, frames, path_of
from tests.support.following import FollowCase
from tests.support.freed import garbage
from tests.support.http import H1Client, H2Client
from tests.support.peer import raw
from webcam.api.pictures import PATIENCE
from webcam.errors import DatabaseFail
from webcam.ports import RECORD_PART
from webcam.relay.pictures import FIRST_REPEAT
from webcam.wire.frames import encode

PING = 6


class FreedCase(EdgeCase):
    """Each test uses connections of ``kind`` inside ``with self.nothing_left()``."""

    kind: Any = H2Client

    @contextmanager
    def nothing_left(self) -> Iterator[None]:
        """Clients that connect inside are gone at the end; then nothing may be left of what the server had for them."""
        before = len(self.clients)
        with garbage() as found:
            yield
            gone = self.clients[before:]
            del self.clients[before:]
            for client in gone:
                client.pump()
                client.drop()
                client.protocol = None
            self.clock.advance(0)
        self.assertEqual(dict(found), {})


class Questions(FreedCase):
    """Connections that ask."""

    def ask_on(self, client: Any, path: str, body: bytes = b"{}", **query: str) -> Any:
        return client.fetch("POST", path_of(path, **query), body)

    def test_answered_and_refused(self) -> None:
        token = self.authorize()
        with self.nothing_left():
            client = self.connect(self.kind)
            self.assertEqual(self.ask_on(client, "heartBit.json", shash=token).json(), {"result": "OK"})
            for body in (b"", b"{", b"[]", b'{"shash": "none"}'):
                self.assertEqual(self.ask_on(client, "heartBit.json", body).json()["result"], "BAD")
            self.assertEqual(self.ask_on(client, "nothing.json").status, 404)

    def test_a_body_that_does_not_come(self) -> None:
        with self.nothing_left():
            self.connect(self.kind).open("POST", "/heartBit.json", [("content-length", "20")])

    def test_a_connection_that_says_nothing(self) -> None:
        with self.nothing_left():
            self.connect(self.kind)


class Questions1(Questions):
    """Over HTTP/1.1."""

    kind = H1Client

    def test_a_bad_request(self) -> None:
        with self.nothing_left():
            self.connect(self.kind).send_raw(b"\r\nnothing that is HTTP\r\n\r\n")


class Floods(FreedCase):
    """Connections that are cut off, in the midst of a hundred requests."""

    def test_too_many_streams(self) -> None:
        with self.nothing_left():
            client = self.connect()
            for _ in range(100):
                client.open("POST", "/addRecord.json")
            for _ in range(600):
                client.send_raw(raw(PING, 0, bytes(8)))
            self.assertTrue(client.closed)

    def test_garbage(self) -> None:
        with self.nothing_left():
            client = self.connect()
            client.open("POST", "/addRecord.json")
            client.send_raw(b"\xff" * 100)
            self.assertTrue(client.closed)


class Streams(FreedCase, LiveCase):
    """Cameras and viewers, and either that goes first."""

    @property
    def publisher_class(self) -> Any:  # type: ignore[override]
        return self.kind

    @property
    def viewer_class(self) -> Any:  # type: ignore[override]
        return self.kind

    def test_that_end(self) -> None:
        with self.nothing_left():
            (publisher, up), (viewer, down) = self.up(), self.down()
            publisher.send_data(up, frames(1)[0], end=True)
            self.assertTrue(viewer.response(down).ended)

    def test_that_are_dropped(self) -> None:
        with self.nothing_left():
            publisher, up = self.up()
            (viewer, _), _ = self.down(), self.down()
            publisher.send_data(up, frames(1)[0])
            viewer.drop()
            publisher.drop()

    def test_that_are_taken_over(self) -> None:
        with self.nothing_left():
            self.up(), self.down(), self.up()

    def test_that_are_kept(self) -> None:
        with self.nothing_left():
            first, up = self.up(keep="2000")
            first.send_data(up, frames(1)[0], end=True)
            self.up(keep="2000")
            self.down(every="1")
            self.clock.advance(1)
            self.clients[-2].drop()
            self.clock.advance(2)

    def test_that_are_wrong(self) -> None:
        with self.nothing_left():
            publisher, up = self.up()
            publisher.send_data(up, b"no frame")
            self.down()
            self.up(token="none")


class Streams1(Streams):
    """Over HTTP/1.1."""

    kind = H1Client


class Pictures(FreedCase, PicturesCase):
    """Those who look at pictures, of a camera that stays."""

    def test_stream(self) -> None:
        with self.nothing_left():
            self.look("stream.mjpg", self.connect(self.kind))
            self.show(jpeg(1))
            self.clock.advance(FIRST_REPEAT)

    def test_snapshots(self) -> None:
        """One that is there, one that comes, one that is no longer waited for, one that never comes."""
        with self.nothing_left():
            for _ in range(2):
                self.look("snapshot.jpg", self.connect(self.kind))
                self.show(jpeg(1))
            self.publisher.send_data(self.up, encode(b"no picture"))
            self.look("snapshot.jpg", self.connect(self.kind), maxage="0")[0].drop()
            self.look("snapshot.jpg", self.connect(self.kind), maxage="0")
            self.clock.advance(PATIENCE)


class Pictures1(Pictures):
    """Over HTTP/1.1."""

    kind = H1Client


class Records(FreedCase, LargeCase):
    """Uploads that are stored, that are broken off, and that are refused."""

    def test_stored(self) -> None:
        with self.nothing_left():
            client, stream = self.begin(self.kind)
            self.send(client, stream, SOME, end=True)
            self.assertEqual(client.response(stream).json(), {"result": "OK"})

    def test_broken_off(self) -> None:
        with self.nothing_left():
            client, stream = self.begin(self.kind)
            self.send(client, stream, SOME[:-1])

    def test_refused(self) -> None:
        with self.nothing_left():
            client, stream = self.begin(self.kind, shash="none")
            self.send(client, stream, SOME, end=True)
            self.assertEqual(client.response(stream).json()["result"], "BAD")

    def test_not_written(self) -> None:
        """Storage refuses a part: of an upload that goes on, of one that is over, of one that waits for its end."""
        waiting = self.slow_storage()
        with self.nothing_left():
            for ending in (self.send, lambda client, _: client.drop(), self.end_of_body):
                client, stream = self.begin(self.kind)
                self.send(client, stream, SOME[: RECORD_PART + 1000])
                ending(client, stream)
                waiting.pop().errback(DatabaseFail("full"))

    def end_of_body(self, client: Any, stream: int) -> None:
        self.send(client, stream, end=True)


class Records1(Records):
    """Over HTTP/1.1."""

    kind = H1Client


class Followers(FreedCase, FollowCase):
    """Those who wait for what happens."""

    def test_followers(self) -> None:
        with self.nothing_left():
            self.follow(client=self.connect(self.kind))
            self.send("motion")

    def test_who_waits(self) -> None:
        with self.nothing_left():
            for path in ("getMsgs.json", "getMsgsAndSync.json"):
                self.connect(self.kind).request("POST", f"/{path}?shash={self.phone}&wait=60")
            self.send("motion")
            self.connect(self.kind).request("POST", f"/getMsgs.json?shash={self.phone}&wait=60")
            self.connect(self.kind).request("POST", f"/getMsgs.json?shash={self.phone}&wait=1")
            self.clock.advance(1)


class Followers1(Followers):
    """Over HTTP/1.1."""

    kind = H1Client
