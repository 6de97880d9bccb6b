"""Small devices of the field: one whose TLS takes no record over 8 KB, one that holds an answer in 20 KB.

TLS runs in memory, so that each record's header is read off the wire before it is opened.
"""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

import h2.connection
import h2.events

from tests.support.process import DEADLINE, Server

APPLICATION_DATA = 23
HEADER = 5
CIPHER = 64
"""Bytes at most that a record has beside its plaintext."""


class RecordTooLarge(Exception):
    """A device's TLS gives up: it has no room for a record."""


class SmallDevice:
    """One connection, over ``h2`` or ``http/1.1``. ``records`` are the sizes of the records that it was sent.

    It gives up at a record of more than *largest* bytes, and drops of an answer's body what passes *room* bytes.
    """

    def __init__(
        self, server: Server, protocol: str, version: ssl.TLSVersion, largest: int = 1 << 15, room: int = 1 << 30
    ) -> None:
        self._largest, self._room = largest, room
        self.records: list[int] = []
        self._wire = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = server.trust()
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols([protocol])
        self._socket = socket.create_connection(("127.0.0.1", server.port), DEADLINE)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        self._patiently(self._tls.do_handshake)
        self._h2: h2.connection.H2Connection | None = None
        if protocol == "h2":
            self._h2 = h2.connection.H2Connection()
            self._h2.initiate_connection()

    def close(self) -> None:
        """Drop the connection."""
        self._socket.close()

    def call(self, path: str, **params: Any) -> Any:
        """A whole JSON request by POST; the answer's JSON."""
        return json.loads(self.fetch(path, json.dumps(params).encode()))

    def fetch(self, path: str, body: bytes = b"") -> bytes:
        """The body of the answer to a POST, as much of it as the device holds."""
        self.records.clear()
        return (self._over_http1 if self._h2 is None else self._over_http2)(path, body)[: self._room]

    def _over_http1(self, path: str, body: bytes) -> bytes:
        self._send(f"POST /{path} HTTP/1.1\r\nhost: device\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, data = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(data) < int(fields[b"content-length"]):
            data += self._receive()
        return data

    def _over_http2(self, path: str, body: bytes) -> bytes:
        conn = self._h2
        assert conn is not None
        stream = conn.get_next_available_stream_id()
        names = {":method": "POST", ":authority": "device", ":scheme": "https", ":path": f"/{path}"}
        conn.send_headers(stream, list(names.items()))
        conn.send_data(stream, body, end_stream=True)
        data = b""
        while True:
            self._send(conn.data_to_send())
            for event in conn.receive_data(self._receive()):
                if isinstance(event, h2.events.DataReceived):
                    data += event.data
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self._send(conn.data_to_send())
                    return data

    # TLS

    def _send(self, data: bytes) -> None:
        if data:
            self._patiently(self._tls.write, data)

    def _receive(self) -> bytes:
        received: bytes = self._patiently(self._tls.read, 1 << 15)
        return received

    def _patiently(self, action: Any, *arguments: Any) -> Any:
        """The result of what may have to wait for bytes of the server."""
        while True:
            try:
                result = action(*arguments)
            except ssl.SSLWantReadError:
                self._flush()
                self._read()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())

    def _read(self) -> None:
        data = self._socket.recv(1 << 16)
        assert data, "the server has closed the connection"
        self._wire += data
        while len(self._wire) >= HEADER:
            end = HEADER + int.from_bytes(self._wire[3:HEADER], "big")
            if self._wire[0] == APPLICATION_DATA:
                if end - HEADER > self._largest:
                    raise RecordTooLarge(f"{end - HEADER} bytes")
                if len(self._wire) >= end:
                    self.records.append(end - HEADER)
            if len(self._wire) < end:
                break
            self._incoming.write(self._wire[:end])
            self._wire = self._wire[end:]
