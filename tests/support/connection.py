"""What clients of both protocols share: a connection in memory to the channel that a site makes, and its answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.address import IPv4Address

from tests.support.trail import answered
from tests.support.transport import Transport

HOST = "192.0.2.7"
Headers = Iterable[tuple[str, str]]


@dataclass
class Response:
    """What has come of an answer so far. ``chunks``: sizes of the DATA frames (pieces on HTTP/1.1) it came in.

    ``asked``: method and path of the request, if they are known.
    """

    asked: tuple[str, str] | None = None
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    chunks: list[int] = field(default_factory=list)
    informational: list[int] = field(default_factory=list)
    ended: bool = False
    reset_code: int | None = None

    def header(self, name: str) -> str | None:
        """The header's value; several are joined by commas."""
        values = [value for each, value in self.headers if each.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """The body of a complete answer as JSON."""
        assert self.ended, f"the answer is not complete: {self}"
        answered(self.body)
        return json.loads(self.body)


class Client:
    """What both protocols share. ``reading`` False: this client takes nothing from its transport."""

    negotiated: bytes | None = None

    def __init__(self, site: Any, host: str = HOST, capacity: int | None = None) -> None:
        self.protocol = site.buildProtocol(IPv4Address("TCP", host, 50000))
        self.transport = Transport(self.protocol, self.negotiated, host, capacity)
        self.responses: dict[int, Response] = {}
        self.reading = True
        self.received = 0
        """Bytes that were read from the server."""
        self._held: bytearray | None = None
        self.protocol.makeConnection(self.transport)

    @property
    def closed(self) -> bool:
        """Whether the connection is gone."""
        self.pump()
        return not self.transport.connected

    def drop(self) -> None:
        """Vanish: the connection is gone without a word."""
        self.transport.drop()

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, as one read of the server."""
        if self._held is not None:
            self._held += data
        elif data:
            self.transport.feed(data)

    @contextmanager
    def one_read(self) -> Iterator[None]:
        """All that is sent inside reaches the server in one read; may be nested."""
        if self._held is not None:
            yield
            return
        self._held = bytearray()
        try:
            yield
        finally:
            data, self._held = bytes(self._held), None
            self.send_raw(data)

    def pump(self) -> None:
        """Read what the server wrote, and answer what the protocol wants answered, until nothing more comes."""
        while True:
            self.transport.settle()
            data = self.transport.take() if self.reading else b""
            if not data:
                break
            self.received += len(data)
            self._take(data)
        if not self.transport.connected:
            self._connection_over()

    def response(self, stream_id: int) -> Response:
        """What has come of the answer by now."""
        self.pump()
        return self.responses[stream_id]

    def fetch(self, method: str, path: str, body: bytes = b"", headers: Headers = ()) -> Response:
        """A whole request and its answer, as far as it came in this turn."""
        return self.response(self.request(method, path, body, headers))

    def ask(self, path: str, **params: Any) -> Any:
        """POST *params* as a JSON object; the answer's JSON. A key ``pass`` is written ``pass_``."""
        body = {key.rstrip("_"): value for key, value in params.items()}
        return self.fetch("POST", path, json.dumps(body).encode()).json()

    def request(self, method: str, path: str, body: bytes = b"", headers: Headers = ()) -> int:
        """A whole request; its stream id."""
        raise NotImplementedError

    def _take(self, data: bytes) -> None:
        raise NotImplementedError

    def _connection_over(self) -> None:
        raise NotImplementedError
