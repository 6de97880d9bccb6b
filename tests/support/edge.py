"""What tests of the edge share: a server in memory, clients, its log, and the proof that nothing is left behind."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.support import described
from tests.support.http import H2Client, Response
from tests.support.server import PASSWORD, World, _hash
from tests.support.trail import used
from webcam.address import Networks
from webcam.api.description import PATH as DESCRIPTION
from webcam.api.services import Limits
from webcam.console import files
from webcam.wire.frames import encode

OK = {"result": "OK"}

(
    INTERNAL_UNKNOWN_ERROR,
    DATABASE_FAIL,
    JSON_PARSER_FAIL,
    JSON_FAIL,
    NO_SUCH_SESSION,
    NO_SUCH_USER,
) = range(2, 8)
(
    NO_SUCH_RECORD,
    NO_DATA_RETURNED,
    EMPTY_REQUEST,
    MALFORMED_REQUEST,
    NO_CHANNEL,
    ERRORED_STREAM,
    NO_SUCH_DEVICE,
) = range(9, 16)

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


class EdgeCase(SynchronousTestCase):
    """A fresh :class:`World`, and at the end every client goes and nothing may be left of any."""

    limits: Limits | None = None
    base = "/"
    proxies: Networks | None = None
    client_class: Any = H2Client

    def setUp(self) -> None:
        self.world = World(self.limits, base=self.base, proxies=self.proxies)
        self.services = self.world.services
        self.clock = self.world.clock
        self.clients: list[Any] = []
        self.tokens: list[str] = []
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.client = self.connect()

    def tearDown(self) -> None:
        self.clock.advance(0)  # Twisted's HTTP/2 channel calls once what ours leaves empty
        for client in self.clients:
            client.pump()
            self._as_described(client)
            client.drop()
            self.assertEqual(getattr(client.protocol._channel, "streams", {}), {})
        self.assertEqual(self.clock.getDelayedCalls(), [], "a timer is left behind")
        self.assertEqual(self.services.devices._hub._live, {}, "a stream is left behind")
        self.assertEqual([each.streams for each in self.services.sessions.all() if each.streams], [])
        log = "\n".join(self.log())
        for token in self.tokens:
            self.assertNotIn(token, log)
        self.events.clear()  # a failure that was logged holds all that there was where it happened
        self.assertEqual(self.services.frames.whole.held, 0, "a frame is left behind")

    def _as_described(self, client: Any) -> None:
        """Every complete answer is one that docs/openapi.json describes."""
        for answer in client.responses.values():
            if answer.asked is None or not answer.ended or answer.reset_code is not None:
                continue
            method, target = answer.asked
            below = "/" + target.removeprefix(self.base)
            if not target.startswith(self.base) or _is_document(below):
                continue
            headers = {name.lower(): value for name, value in answer.headers}
            self.assertIsNone(described.trouble(method, below, answer.status, headers, answer.body), answer.asked)

    # Clients

    def connect(self, kind: Any = None, **kwargs: Any) -> Any:
        """One more connection."""
        client = (kind or self.client_class)(self.world.site, **kwargs)
        self.clients.append(client)
        return client

    def authorize(self, device: str = "camera", meta: str = "", name: str = "user") -> str:
        """The token of a new session; no password is checked."""
        account = self.world.run(self.world.store.account(name))
        assert account is not None
        token: str = self.world.run(self.services.sessions.open(account.account_id, device, meta, "192.0.2.1"))
        self.tokens.append(used("token", token))
        return token

    def other_account(self, name: str = "other", password: str = PASSWORD) -> None:
        """A second account, with the same password unless told otherwise."""
        self.world.run(self.world.store.add_account(name, _hash(password)))
        self.world.run(self.services.accounts.refresh())

    def ask(self, path: str, token: str | None = None, **params: Any) -> Any:
        """POST a JSON object; the answer's JSON. An underscore behind a key is left out (``pass_``)."""
        body = {key.rstrip("_"): value for key, value in params.items()}
        if token is not None:
            body["shash"] = token
        return self.post(path, json.dumps(body).encode()).json()

    def post(self, path: str, body: bytes = b"", headers: Any = (), **query: str) -> Response:
        """POST bytes, with these parameters in the query; on a new connection when the old one was closed."""
        if self.client.closed:
            self.client = self.connect()
        response: Response = self.client.fetch("POST", self.below(path, **query), body, headers)
        while not response.ended and self.world.site.rounds._waiting:
            self.clock.advance(0)  # it takes several turns
            self.client.pump()
        return response

    def below(self, path: str, **query: str) -> str:
        """What :func:`path_of` makes, below the base path."""
        return self.base + path_of(path, **query)[1:]

    # Streams

    def publish(self, token: str, client: Any = None, method: str = "POST", **query: str) -> tuple[Any, int]:
        """Begin an upload; its client and stream id."""
        client = client or self.connect()
        return client, client.open(method, self.below("input.raw", shash=token, **query))

    def watch(self, token: str, device: str, client: Any = None, **query: str) -> tuple[Any, int]:
        """Begin to watch; the client and the stream id."""
        client = client or self.connect()
        return client, client.request("POST", self.below("output.raw", shash=token, device=device, **query))

    # What must hold

    def bad(self, answer: Any, code: int) -> None:
        """JSON_BAD with this code and nothing else."""
        self.assertEqual(answer, {"result": "BAD", "code": code})

    def refused(self, response: Response, code: int, status: int = 200) -> None:
        """JSON_BAD as HTTP carries it."""
        self.assertEqual((response.status, response.header("content-type")), (status, "application/json"))
        self.bad(response.json(), code)

    def log(self) -> list[str]:
        """Every event of the log so far, as text, with its traceback if it has one."""
        found = []
        for event in self.events:
            failure = event.get("log_failure")
            found.append((formatEvent(event) or "") + (failure.getTraceback() if failure is not None else ""))
        return found

    def refusals(self) -> list[str]:
        """The lines that say what was refused."""
        return [each for each in self.log() if each.startswith("refused ")]


def _is_document(target: str) -> bool:
    """The description itself, and the console's files."""
    path = target.partition("?")[0].removeprefix("/")
    return path == DESCRIPTION or path in files.routes()


def path_of(path: str, **query: str) -> str:
    """``/path?key=value…``, percent-encoded. An underscore behind a key is left out (``pass_``)."""
    pairs = "&".join(f"{key.rstrip('_')}={quote(value, safe='')}" for key, value in query.items())
    return f"/{path}?{pairs}" if pairs else f"/{path}"


def frames(count: int, size: int = 100) -> list[bytes]:
    """Frames that differ, header included, with payloads of *size* bytes."""
    return [encode(bytes([number % 256]) * size) for number in range(count)]
