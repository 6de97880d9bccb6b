"""The base of tests that talk to the shared server: an account of their own, and a log without trouble."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import httpx
from twisted.trial.unittest import SynchronousTestCase

from tests.support.field_client import WINDOW, FieldClient
from tests.support.process import Server, shared_server
from tests.support.trail import PASSWORD

OK = {"result": "OK"}


def bad(code: int) -> dict[str, Any]:
    """A JSON_BAD answer."""
    return {"result": "BAD", "code": code}


class ServerCase(SynchronousTestCase):
    """``self.server`` runs, ``self.account`` is one of its accounts, with the password of tests."""

    server: Server

    def setUp(self) -> None:
        self.use_server(shared_server())

    def use_server(self, server: Server) -> None:
        """A server that runs, with an account of this test's own."""
        self.server = server
        self.account = self.server.new_account()
        self.addCleanup(self._no_trouble, self.server, self.server.said)
        self._client: httpx.Client | None = None

    def _no_trouble(self, server: Server, since: int) -> None:
        self.assertEqual(server.trouble(since), [], server.log)

    def own_server(self, *options: str, **more: Any) -> Server:
        """A server for this test alone, in place of the shared one, with the account ``user``."""
        self.server = Server(self.folder(), *options, **more)
        self.addCleanup(self.server.stop)
        self.server.start()
        self.account = "user"
        self._client = None
        self.addCleanup(self._no_trouble, self.server, 0)
        self.server.account("add", "user", password=PASSWORD)
        return self.server

    def folder(self) -> Path:
        """An empty folder."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        return folder

    def connect(self, window: int = WINDOW, receive_buffer: int = 0) -> FieldClient:
        """A client of the field; dropped at the end of the test."""
        client = FieldClient(self.server, window, receive_buffer)
        self.addCleanup(client.close)
        return client

    @property
    def http(self) -> httpx.Client:
        """An ordinary client, one connection for the whole test."""
        if self._client is None:
            self.use_client(self.server.client())
        assert self._client is not None
        return self._client

    def use_client(self, client: httpx.Client) -> None:
        """Another ordinary client in place of that one; closed at the end of the test."""
        self._client = client
        self.addCleanup(client.close)

    def call(self, path: str, **params: Any) -> Any:
        """A request of the protocol, parameters in the body; the answer's JSON."""
        answer = self.http.post(f"/{path}", json=params)
        self.assertEqual(answer.headers["content-type"], "application/json")
        return answer.json()

    def authorize(self, device: str, **more: Any) -> str:
        """A new session's id."""
        answer = self.call("authorize.json", name=self.account, **{"pass": PASSWORD}, device=device, **more)
        self.assertEqual(answer["result"], "OK")
        return str(answer["shash"])

    def add_record(self, shash: str, data: bytes, meta: str = "") -> None:
        """Over the ordinary client."""
        answer = self.http.post("/addRecord.json", params={"shash": shash, "meta": meta}, content=data)
        self.assertEqual(answer.json(), OK)

    def publish(self, client: FieldClient, device: str, query: str = "", method: str = "PUT") -> int:
        """Open *device*'s live stream on *client* as the field does; listed when this returns. The HTTP/2 stream."""
        shash = self.authorize(device)
        path = f"/input.raw?shash={shash}{query}"
        stream = client.open(method, path, {"content-length": "21474836480"})
        client.call("/getServerTime.json")  # same connection, later: the server has read the headers before
        return stream

    def watch(self, client: FieldClient, shash: str, device: str, query: str = "") -> int:
        """Open a viewer on *client*; it has its answer's head when this returns. The HTTP/2 stream."""
        stream = client.open("GET", f"/output.raw?shash={shash}&device={device}{query}", {"content-length": "0"})
        client.end(stream)
        client.wait(lambda: client.answers[stream].status is not None)
        self.assertEqual(client.answers[stream].status, 200)
        self.assertFalse(client.answers[stream].over)
        return stream

    def streaming(self, shash: str) -> list[str]:
        """The devices that stream."""
        return [each["device"] for each in self.call("getStreams.json", shash=shash)["devices"]]

    @contextlib.contextmanager
    def subtest(self, **what: Any) -> Any:
        """Say which of several like cases failed."""
        try:
            yield
        except self.failureException as error:
            raise self.failureException(f"{what}: {error}") from error
