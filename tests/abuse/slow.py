"""Peers that take their time, peers that don't read, and what isn't HTTP/2: each script is one connection."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Iterator
from itertools import count

from tests.abuse.floods import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    RECORD,
    SHORT,
    Steps,
    again,
    asks,
    first,
    hello,
    record_path,
)
from tests.abuse.lines import NewKeys, Target
from tests.benchmarks.client import client_context
from tests.support.numbers import LIKE_HALF_A_PAIR
from tests.support.peer import LAST_WINDOW, raw
from webcam.api.guard import STRANGERS_BODY
from webcam.wire.frames import encode
from webcam.wire.jsontext import MAX_VALUES

_CONTEXT = client_context("h2")

PAUSE = 0.5
"""Seconds between two bytes of a trickle."""

EACH = 0.1
"""Seconds between two requests of a connection that has many beside it."""

GREETING = b"POST /heartBit.json?shash=nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"


def trickle(piece: bytes) -> Iterator[bytes | float]:
    """A little, now and then, for ever."""
    while True:
        yield PAUSE
        yield piece


def client_hello() -> bytes:
    """The first flight of a TLS handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = _CONTEXT.wrap_bio(incoming, outgoing)
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def nothing(_target: Target, _number: int) -> Steps:
    """No attack at all."""
    return iter(())


def slow_handshake(_target: Target, number: int) -> Steps:
    """Of a handshake its first flight byte by byte, or as a whole and then nothing."""
    flight = client_hello()
    if number % 2:
        yield flight
        return
    for place in range(len(flight)):
        yield flight[place : place + 1]
        yield PAUSE


def tls_garbage(_target: Target, number: int) -> Steps:
    """No TLS at all, or TLS that goes wrong behind its first flight; HTTP without TLS."""
    kind = number % 3
    if kind == 0:
        yield client_hello()
    elif kind == 1:
        yield b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    while True:
        yield b"\x16\x03\x01\x40\x00" + os.urandom(16384)


def silent(_target: Target, number: int) -> Steps:
    """Agrees on TLS and says nothing more, or a preface."""
    if number % 2:
        yield hello()


def headers_1(_target: Target, _number: int) -> Steps:
    """HTTP/1.1: a field now and then."""
    yield b"POST /heartBit.json HTTP/1.1\r\nHost: localhost\r\n"
    yield from trickle(b"a: b\r\n")


def headers_2(_target: Target, number: int) -> Steps:
    """HTTP/2: a byte of the header block now and then, or of a frame."""
    if number % 2:
        yield hello() + raw(HEADERS, 1, b"\x83", 0)
        yield from trickle(raw(CONTINUATION, 1, b"\x87"))
    yield hello() + raw(HEADERS, 1, length=10000)
    yield from trickle(b"\x00")


def body_1(_target: Target, number: int) -> Steps:
    """HTTP/1.1: a byte of the body now and then, of a length that was told or in chunks."""
    length = b"Transfer-Encoding: chunked" if number % 2 else b"Content-Length: 100000"
    yield b"POST /addRecord.json HTTP/1.1\r\nHost: localhost\r\n" + length + b"\r\n\r\n"
    yield from trickle(b"1\r\nx\r\n" if number % 2 else b"x")


def body_2(_target: Target, _number: int) -> Steps:
    """HTTP/2: ten bodies, a byte of one of them now and then."""
    yield hello() + asks(RECORD, 10, end=False)
    while True:
        for stream in range(1, 20, 2):
            yield PAUSE / 10
            yield raw(DATA, stream, b"x")


def unread_pings(_target: Target, _number: int) -> Steps:
    """PINGs whose answers are not read."""
    yield hello()
    yield from again(raw(PING, 0, b"12345678"))


def unread_2(target: Target, number: int) -> Steps:
    """HTTP/2: a hundred large answers, the windows wide open, and no byte read."""
    yield hello(LAST_WINDOW) + asks(record_path(target, number), 100)
    while True:
        yield 1.0
        yield raw(PING, 0, b"12345678")


def unread_1(target: Target, number: int) -> Steps:
    """HTTP/1.1: large answers one behind the other, and no byte read: of a record, asked for at once or when the first
    one waits, and of the server's own description, which is there at once."""
    kind = number % 3
    if kind == 2:
        yield from again(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n")
    request = b"POST " + record_path(target, number) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    if kind == 1:
        yield request
        yield PAUSE / 10
    yield from again(request)


def pipelined(_target: Target, _number: int) -> Steps:
    """HTTP/1.1: requests that don't wait for the answers before them."""
    yield from again(b"POST /heartBit.json?shash=nobody HTTP/1.1\r\nHost: localhost\r\n\r\n")


def one_each_1(_target: Target, _number: int) -> Steps:
    """HTTP/1.1: a request now and then: none of them takes long, and nobody's next one waits behind it."""
    yield from now_and_then(b"POST /heartBit.json?shash=nobody HTTP/1.1\r\nHost: localhost\r\n\r\n" for _ in count())


def one_each_2(_target: Target, _number: int) -> Steps:
    """HTTP/2: as above."""
    yield hello() + first(1, b"/heartBit.json?shash=nobody", END_HEADERS | END_STREAM)
    yield from now_and_then(raw(HEADERS, each, SHORT, END_HEADERS | END_STREAM) for each in count(3, 2))


def now_and_then(pieces: Iterable[bytes]) -> Steps:
    """Each behind a pause in which a server might have answered the one before."""
    for piece in pieces:
        yield piece
        yield EACH


def new_keys(_target: Target, number: int) -> Steps:
    """New keys for TLS, as many as fit into a read; of every second connection a byte between two of them."""
    yield GREETING
    while True:
        if number % 2:
            yield b"x"
        yield NewKeys(1 if number % 2 else 2400)


def json_bodies(_target: Target, number: int) -> Steps:
    """HTTP/1.1: bodies that take longest to parse, as large as anybody may send them: as many numbers as are allowed
    beside what has to be looked at for half a surrogate pair, long numbers, brackets and escapes; and one four times as
    large, with more values than are allowed."""
    head, piece, most, tail, size = (
        (b"[", b"1e9,", MAX_VALUES - 2, LIKE_HALF_A_PAIR.encode() + b"]", STRANGERS_BODY),
        (b"[", b"9" * 4299 + b",", MAX_VALUES, b"1]", STRANGERS_BODY),
        (b'"', rb"[\"", STRANGERS_BODY, b'"', STRANGERS_BODY),
        (b"[", b"1.5,", 4 * STRANGERS_BODY, b"1]", 4 * STRANGERS_BODY),
    )[number % 4]
    value = head + piece * min(most, (size - 64) // len(piece)) + tail
    body = rb'{"\u0061":' + value.ljust(size - 11) + b"}"
    yield from again(b"POST /authorize.json HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + body)


def empty_frames(target: Target, number: int) -> Steps:
    """HTTP/1.1: cameras of an account whose frames are empty, 2,700 in a piece, and a viewer of each."""
    place = number // 2 % len(target.tokens)
    token = target.tokens[place].encode()
    if number % 2:
        yield PAUSE
        yield b"POST /output.raw?shash=%s&device=device%%20%d HTTP/1.1\r\nHost: a\r\n\r\n" % (token, place)
        return
    yield b"POST /input.raw?shash=%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % token
    frames = encode(b"") * 2700
    yield from again(b"%x\r\n%s\r\n" % (len(frames), frames))


def tiny_chunks(_target: Target, _number: int) -> Steps:
    """HTTP/1.1: a body in chunks of a byte."""
    yield b"POST /addRecord.json HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield from again(b"1\r\nx\r\n")


def garbage_1(_target: Target, number: int) -> Steps:
    """HTTP/1.1: an upgrade to garbage, a preface of HTTP/2 that nobody agreed on, or garbage at once."""
    kind = number % 3
    if kind == 0:
        yield b"POST /heartBit.json HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        yield b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
    elif kind == 1:
        yield hello() + first(1, RECORD, END_HEADERS)
    while True:
        yield os.urandom(16384)
