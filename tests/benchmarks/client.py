"""Just enough of a client for benchmarks: JSON by HTTP/1.1, and the frames of HTTP/2 by hand."""

from __future__ import annotations

import http.client
import json
import ssl
import struct
from collections.abc import Iterator
from typing import Any

from hpack import Encoder

from tests.support.trail import used

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST = 2**31 - 1
"""The widest window that HTTP/2 has."""

FIRST_WINDOW = 65535
"""A window that nobody has changed."""

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4


def client_context(alpn: str) -> ssl.SSLContext:
    """Without the machine's authorities, whose loading takes longer than a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the server is ours, and its certificate is not what is measured
    context.set_alpn_protocols([alpn])
    return context


class Asker:
    """JSON questions, one after the other on one connection of HTTP/1.1."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", port, context=client_context("http/1.1"), timeout=60
        )

    def ask(self, path: str, **question: Any) -> dict[str, Any]:
        """Raises ``AssertionError`` when the answer is bad."""
        self._connection.request("POST", f"/{path}", json.dumps(question))
        answer: dict[str, Any] = json.load(self._connection.getresponse())
        assert answer["result"] == "OK", (path, answer)
        if "shash" in answer:
            used("token", answer["shash"])
        return answer

    def log_in(self, password: str, device: str) -> str:
        """A token of a device of the account ``webcam``."""
        token: str = self.ask("authorize.json", name="webcam", **{"pass": password}, device=device)["shash"]
        return token

    def close(self) -> None:
        self._connection.close()


def ask(port: int, path: str, **question: Any) -> dict[str, Any]:
    """One question on a connection of its own."""
    asker = Asker(port)
    try:
        return asker.ask(path, **question)
    finally:
        asker.close()


def log_in(port: int, password: str, device: str) -> str:
    """One token."""
    asker = Asker(port)
    try:
        return asker.log_in(password, device)
    finally:
        asker.close()


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One of HTTP/2's."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def opening(window: int) -> bytes:
    """A client's preface: streams with windows of this size, on a connection without bound."""
    settings = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, window))
    return _PREFACE + settings + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST - FIRST_WINDOW))


def question(encoder: Encoder, stream: int, port: int, path: str) -> bytes:
    """A request without a body, whole."""
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, head(encoder, port, path))


def head(encoder: Encoder, port: int, path: str) -> bytes:
    """The header block of a request."""
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", f"127.0.0.1:{port}"), (":path", path)]
    block: bytes = encoder.encode(fields)
    return block


class Frames:
    """Cuts what a server sends into frames, for those who get few of them."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
        """Kind, flags, stream and payload of each that is whole now."""
        self._received += data
        while len(self._received) >= 9:
            end = 9 + int.from_bytes(self._received[:3], "big")
            if len(self._received) < end:
                return
            kind, flags = self._received[3:5]
            stream = int.from_bytes(self._received[5:9], "big")
            payload = bytes(self._received[9:end])
            del self._received[:end]
            yield kind, flags, stream, payload
