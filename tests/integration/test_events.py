"""Many clients that follow one account, by events or by messages that they wait for, and are cut off again and again,
by their own will and by a restart of the server: none misses an event, none is told one twice.

``WEBCAM_EVENTS`` says how many events there are (600), ``WEBCAM_FOLLOWERS`` how many clients (10).
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Generator
from typing import Any

import httpx
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from tests.support.events import EventReader, Told
from tests.support.field_client import FieldClient
from tests.support.process import DEADLINE, Server
from tests.support.session import OK, ServerCase
from tests.support.trail import PASSWORD

EVENTS = int(os.environ.get("WEBCAM_EVENTS", "600"))
FOLLOWERS = int(os.environ.get("WEBCAM_FOLLOWERS", "10"))
SEED = 20260301
A_SESSION = 150
"""Requests of a session: below the most that a minute may have."""

PATIENCE = (0, 1, 2, 5, 20, 100, 400)
"""Events after which a client cuts itself off."""

REFUSALS = 2
"""Requests of a client that may be refused, by a server that ends."""

THE_END = "the end"


class Client(threading.Thread):
    """A device of the account that is told things until it knows of the end."""

    http2 = True

    def __init__(self, server: Server, name: str, number: int) -> None:
        super().__init__(name=name, daemon=True)
        self.wrong: list[Any] = []
        self.messages: list[str] = []
        self.connections = 0
        self.refused = 0
        self.ready = threading.Event()
        self._random = random.Random(SEED + number)
        self._server = server
        self._left = 0
        self._shash = ""

    def run(self) -> None:
        try:
            with self._server.client(self.http2) as client:
                while THE_END not in self.messages:
                    self._again(client)
        except Exception as error:
            self.wrong.append(repr(error))
        finally:
            self.ready.set()

    def _again(self, client: httpx.Client) -> None:
        try:
            if not self._left and not self._authorized(client):
                return
            self._left -= 1
            self.connections += 1
            self.listen(client, self._shash)
        except httpx.TransportError:
            time.sleep(0.1)  # the server is restarting

    def _authorized(self, client: httpx.Client) -> bool:
        """Whether it has a new session; not when too many log in at once."""
        login = {"name": "user", "pass": PASSWORD, "device": self.name}
        answer = client.post("/authorize.json", json=login)
        if answer.status_code == 503:
            time.sleep(0.1)
            return False
        self._shash, self._left = answer.json()["shash"], A_SESSION
        return True

    def listen(self, client: httpx.Client, shash: str) -> None:
        """One request."""
        raise NotImplementedError

    def look(self, answer: httpx.Response) -> None:
        """Whether it is good; a server that ends refuses what still comes on a connection."""
        if answer.status_code == 503:
            self.refused += 1
            raise httpx.ReadError("refused")
        assert answer.status_code == 200, answer.status_code


class Follower(Client):
    """By Server-Sent Events, over HTTP/1.1: over HTTP/2 httpx leaves a request open that it reads no more."""

    http2 = False

    def __init__(self, server: Server, name: str, number: int) -> None:
        super().__init__(server, name, number)
        self.told: list[Told] = []
        self.last = ""

    def listen(self, client: httpx.Client, shash: str) -> None:
        reader, patience = EventReader(), self._random.choice(PATIENCE)
        headers = {"last-event-id": self.last} if self.last else {}
        with contextlib.closing(self.chunks(client, f"/events?shash={shash}", headers)) as chunks:
            for chunk in chunks:
                for told in reader.feed(chunk):
                    self.told.append(told)
                    self.messages += [told.data["msg"]] if told.kind == "message" else []
                self.last = reader.last or self.last
                if self.last:
                    self.ready.set()
                if THE_END in self.messages or (self.last and len(reader.events) >= patience):
                    return

    def chunks(self, client: httpx.Client, path: str, headers: dict[str, str]) -> Generator[bytes, None, None]:
        """What is answered, as it comes; the request is given up when this is closed."""
        with client.stream("GET", path, headers=headers) as answer:
            self.look(answer)
            yield from answer.iter_raw()


class StreamFollower(Follower):
    """The same over HTTP/2, with a reset of its stream where the other drops its connection."""

    _wire: FieldClient | None = None

    def chunks(self, client: httpx.Client, path: str, headers: dict[str, str]) -> Generator[bytes, None, None]:
        try:
            if self._wire is None:
                self._wire = FieldClient(self._server)
            yield from self._chunks(self._wire, path, headers)
        except (OSError, AssertionError, ProtocolError) as error:
            if self._wire is not None and not self._wire.closed and self._wire.goaway is None:
                raise
            self._wire = None
            raise httpx.ReadError(repr(error)) from error

    def _chunks(self, wire: FieldClient, path: str, headers: dict[str, str]) -> Generator[bytes, None, None]:
        stream = wire.open("GET", path, headers, end=True)
        answer, seen = wire.answers[stream], 0
        try:
            while not answer.over or seen < len(answer.body):
                wire.wait(lambda seen=seen: answer.over or seen < len(answer.body))
                assert answer.status == 200, answer.status
                chunk = bytes(answer.body[seen:])
                seen += len(chunk)
                yield chunk
        finally:
            if not (answer.over or wire.closed or wire.goaway is not None):
                wire.reset(stream, ErrorCodes.CANCEL)


class Poller(Client):
    """By getMsgs.json that waits."""

    def __init__(self, server: Server, name: str, number: int) -> None:
        super().__init__(server, name, number)
        self._stamp = ""
        self.given_up = 0
        self.ready.set()

    def listen(self, client: httpx.Client, shash: str) -> None:
        wait = self._random.choice((1, 5, 30))
        params = {"shash": shash, "stamp": self._stamp, "wait": wait, "limit": 200}
        if self._random.random() < 0.3:
            try:
                client.post("/getMsgs.json", json=params, timeout=self._random.random() / 10)
            except httpx.ReadTimeout:
                self.given_up += 1
            return  # it went, or its answer was lost
        answer = client.post("/getMsgs.json", json=params)
        self.look(answer)
        found = answer.json()["msgs"]
        self.messages += [each["msg"] for each in found]
        self._stamp = found[-1]["stamp"] if found else self._stamp


class PlainPoller(Poller):
    """The same over HTTP/1.1, where to give up a request is to drop its connection."""

    http2 = False


class EventTests(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.own_server("--cooldown=0")
        shash = self.authorize("operator")
        limits = [{"kind": 3, "fv": 10000}, {"kind": 4, "fv": 200}]
        self.assertEqual(self.call("setConfig.json", shash=shash, config=limits), OK)
        self._random = random.Random(SEED)
        self._sent: list[tuple[str, str]] = []
        self._unstored: list[tuple[str, str]] = []
        self._count = 0
        self._left = 0
        self._camera = ""

    def test_none_is_missed_and_none_is_told_twice(self) -> None:
        kinds = [Follower, StreamFollower, Poller, Follower, StreamFollower, PlainPoller]
        clients = [kinds[n % len(kinds)](self.server, f"client-{n}", n) for n in range(FOLLOWERS)]
        for client in clients:
            client.start()
        for client in clients:
            self.assertTrue(client.ready.wait(DEADLINE))
        self.produce(EVENTS // 2)
        self.server.stop()
        self.server.start()
        self.use_client(self.server.client())
        self.produce(EVENTS)
        self.message(THE_END, "")
        for client in clients:
            client.join(DEADLINE + EVENTS / 20)
            self.assertEqual((client.wrong, client.is_alive()), ([], False), client.name)
            self.assertLessEqual(client.refused, REFUSALS, client.name)
        for client in clients:
            self.assertEqual(client.messages, [name for name, target in self._sent if target in {"", client.name}])
            if isinstance(client, Follower):
                self.check_records(client)
                self.check_the_rest(client)
        self.assertGreater(sum(each.connections for each in clients), FOLLOWERS * 3)
        given_up = (each.given_up for each in clients if isinstance(each, Poller))
        self.assertGreater(sum(given_up), 0)

    # What happens

    def produce(self, count: int) -> None:
        """Events until there were so many."""
        while self._count < count:
            kind = self._random.random()
            if kind < 0.6:
                target = f"client-{self._random.randrange(FOLLOWERS)}" if kind < 0.1 else ""
                self.message(f"m{len(self._sent)}", target)
            elif kind < 0.7:
                self.messages(self._random.randrange(2, 30))
            elif kind < 0.9:
                self.stream()
            else:
                self.add_record(self.camera(), b"x" * self._random.randrange(1, 5000))
                self._count += 1

    def camera(self) -> str:
        """A session's id that has a request left."""
        if not self._left:
            self._camera, self._left = self.authorize("camera"), A_SESSION
        self._left -= 1
        return self._camera

    def message(self, name: str, target: str) -> None:
        self.assertEqual(self.call("addMsgs.json", shash=self.camera(), msg=name, target=target), OK)
        self._sent.append((name, target))
        self._count += 1

    def messages(self, count: int) -> None:
        names = [f"m{len(self._sent) + number}" for number in range(count)]
        self.assertEqual(self.call("addMsgs.json", shash=self.camera(), msgs=[{"msg": each} for each in names]), OK)
        self._sent += [(each, "") for each in names]
        self._count += count

    def stream(self) -> None:
        """A stream that begins and ends; its name of a sub-protocol tells it from all others."""
        name = f"S{len(self._unstored)}"
        shash = self._camera or self.camera()
        self.assertEqual(self.http.post("/input.raw", params={"shash": shash, "subproto": name}).status_code, 200)
        self._unstored += [("stream-start", name), ("stream-end", "")]
        self._count += 2

    # What they were told

    def check_records(self, client: Follower) -> None:
        """Every record, in the order of their stamps; those from before it began to follow are none of its business."""
        added = [each.data for each in client.told if each.kind == "record-added"]
        self.assertEqual(added, self.records())
        stamps = [each.data["stamp"] for each in client.told if "stamp" in each.data]
        self.assertEqual(stamps, sorted(set(stamps)), client.name)

    def records(self) -> list[Any]:
        found, shash = [], self.authorize("operator")
        while page := self.call("getRecordCount.json", shash=shash, stamp=found[-1]["stamp"] if found else "")[
            "records"
        ]:
            found += page
        return found

    def check_the_rest(self, client: Follower) -> None:
        """Starts and ends of streams in order and once; those that are missing are behind a reset."""
        places, reset = {0}, False
        for number, each in enumerate(client.told):
            if each.kind == "reset":
                reset = True
            elif each.kind.startswith("stream-"):
                happened = (each.kind, each.data.get("subproto", ""))
                if reset:  # one end of a stream looks like another
                    places = set(range(min(places), len(self._unstored)))
                places = {place + 1 for place in places if self._unstored[place : place + 1] == [happened]}
                self.assertTrue(places, (client.name, happened, client.told[max(0, number - 9) : number + 1]))
                reset = False
        self.assertTrue(reset or len(self._unstored) in places, client.name)
