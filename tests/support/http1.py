"""An HTTP/1.1 client without sockets; see :mod:`tests.support.http`."""

from __future__ import annotations

from typing import Any

import h11

from tests.support.connection import HOST, Client, Headers, Response


class H1Client(Client):
    """An HTTP/1.1 connection. A request's id is its number on the connection, from 0.

    A body without ``content-length`` among its headers is sent chunked by :meth:`open`, and with its length by
    :meth:`request`. A reset is the end of the connection.
    """

    negotiated = None

    def __init__(self, site: Any, host: str = HOST, capacity: int | None = None) -> None:
        super().__init__(site, host, capacity)
        self._methods: list[str] = []
        self._chunked = False
        self._reading = 0
        self._parser: h11.Connection | None = None
        self._over = False
        self.rest = b""
        """Bytes behind the answers that were asked for."""

    def open(self, method: str, path: str, headers: Headers = (), end: bool = False) -> int:
        """The head of a request; its body follows, chunked unless a ``content-length`` is given."""
        number = len(self._methods)
        names = {name.lower() for name, _ in headers}
        self._chunked = not end and "content-length" not in names
        extra = [("transfer-encoding", "chunked")] if self._chunked and "transfer-encoding" not in names else []
        lines = [f"{name}: {value}" for name, value in (("host", "localhost:8080"), *headers, *extra)]
        self.expect(method)
        self.responses[number].asked = method, path
        self.send_raw("\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", "")).encode("latin-1"))
        return number

    def expect(self, method: str) -> None:
        """A request of this method was sent, or will be by :meth:`send_raw`: one more answer is to come."""
        self.responses[len(self._methods)] = Response()
        self._methods.append(method)

    def request(self, method: str, path: str, body: bytes = b"", headers: Headers = ()) -> int:
        if body and "content-length" not in {name.lower() for name, _ in headers}:
            headers = (*headers, ("content-length", str(len(body))))
        with self.one_read():
            number = self.open(method, path, tuple(headers), end=not body)
            if body:
                self.send_raw(body)
        return number

    def send_data(self, number: int, data: bytes, end: bool = False) -> None:
        """More of the latest request's body."""
        if self._chunked:
            data = (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + (b"0\r\n\r\n" if end else b"")
        self.send_raw(data)

    def end(self, number: int) -> None:
        """The end of a chunked body."""
        self.send_data(number, b"", end=True)

    def reset(self, number: int, code: int = 0) -> None:
        """HTTP/1.1 knows no other way."""
        self.drop()

    def _parser_for(self, method: str) -> h11.Connection:
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "localhost")]))
        parser.send(h11.EndOfMessage())
        return parser

    def _take(self, data: bytes) -> None:
        self.rest += data
        self._parse()

    def _parse(self, closed: bool = False) -> None:
        """Answers in the order of their requests; each has a parser of its own."""
        while self._reading in self.responses:
            response = self.responses[self._reading]
            if self._parser is None:
                self._parser = self._parser_for(self._methods[self._reading])
            if self.rest:
                self._parser.receive_data(self.rest)
                self.rest = b""
            elif closed:
                self._parser.receive_data(b"")
            if not self._read(self._parser, response):
                return
            self.rest, _ = self._parser.trailing_data
            self._parser = None
            self._reading += 1

    def _read(self, parser: h11.Connection, response: Response) -> bool:
        """Whether the answer is complete."""
        while True:
            event = parser.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED):
                return False
            if isinstance(event, h11.InformationalResponse):
                response.informational.append(event.status_code)
            elif isinstance(event, h11.Response):
                response.status = event.status_code
                response.headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
            elif isinstance(event, h11.Data):
                response.body += bytes(event.data)
                response.chunks.append(len(event.data))
            else:
                response.ended = isinstance(event, h11.EndOfMessage)
                return True

    def _connection_over(self) -> None:
        if self._over:
            return
        self._over = True
        try:
            self._parse(closed=True)
        except h11.RemoteProtocolError:
            pass  # the answer was broken off: it stays without its end
