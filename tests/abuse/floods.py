"""HTTP/2: frames as fast as they can be sent. Each script is one connection."""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Iterator

from tests.abuse.lines import Step, Target
from tests.benchmarks.client import opening
from tests.support.peer import LAST_WINDOW, block, raw, request

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
INITIAL_WINDOW = 4

RECORD = b"/addRecord.json"
SHORT = b"\x83\x87\xbf\xbe"
"""The fields of the request that :func:`first` opened with, out of the server's table."""

Steps = Iterator[Step]


def hello(window: int = 65535) -> bytes:
    """A client's preface, the connection's window wide open."""
    return opening(window)


def streams() -> Iterator[int]:
    """Their ids, in order."""
    return itertools.count(1, 2)


def first(stream: int, path: bytes, flags: int = END_HEADERS) -> bytes:
    """A POST whose fields the server remembers: the next ones are :data:`SHORT`."""
    fields = b"\x83\x87\x41\x09localhost\x44" + bytes([len(path)]) + path
    return raw(HEADERS, stream, fields, flags)


def asks(path: bytes, count: int, extra: tuple[tuple[bytes, bytes], ...] = (), end: bool = True) -> bytes:
    """So many requests, from stream 1 on."""
    fields = block(request(b"POST", path, extra))
    flags = END_HEADERS | (END_STREAM if end else 0)
    return b"".join(raw(HEADERS, stream, fields, flags) for stream in itertools.islice(streams(), count))


def record_path(target: Target, number: int) -> bytes:
    """The attacker's large record, asked for by one of its sessions."""
    token = target.tokens[number % len(target.tokens)]
    return f"/getRecordData.json?shash={token}&rid={target.record}".encode()


def again(frames: bytes, size: int = 16384) -> Steps:
    """The same for ever, about *size* bytes at a time."""
    piece = frames * max(1, size // len(frames))
    while True:
        yield piece


def rapid_reset(_target: Target, _number: int) -> Steps:
    """Requests that are reset in the next frame."""
    yield hello() + first(1, RECORD)
    numbers = itertools.count(3, 2)
    cancel = struct.pack(">I", 8)
    while True:
        pairs = (
            raw(HEADERS, each, SHORT, END_HEADERS) + raw(RESET, each, cancel) for each in itertools.islice(numbers, 500)
        )
        yield b"".join(pairs)


def server_resets(_target: Target, _number: int) -> Steps:
    """Requests that make the server send RST_STREAM: a body of another length than declared, a window past its end, a
    window opened by nothing, DATA behind the end, fields that are none."""
    yield hello()
    numbers = streams()
    fine, short = block(request(b"POST", RECORD)), block(request(b"POST", RECORD, ((b"content-length", b"5"),)))
    wrong = block(request(b"POST", RECORD, ((b"Upper", b"case"),)))
    while True:
        frames = bytearray()
        for _ in range(50):
            one, two, three, four, five = itertools.islice(numbers, 5)
            frames += raw(HEADERS, one, short, END_HEADERS) + raw(DATA, one, b"123", END_STREAM)
            frames += raw(HEADERS, two, fine, END_HEADERS) + raw(WINDOW_UPDATE, two, struct.pack(">I", LAST_WINDOW))
            frames += raw(HEADERS, three, fine, END_HEADERS) + raw(WINDOW_UPDATE, three, bytes(4))
            frames += raw(HEADERS, four, fine, END_HEADERS | END_STREAM) + raw(DATA, four, b"x")
            frames += raw(HEADERS, five, wrong, END_HEADERS)
        yield bytes(frames)


def too_many_streams(_target: Target, _number: int) -> Steps:
    """Uploads that are begun and never end: from stream 101 on the server refuses."""
    yield hello() + first(1, RECORD)
    numbers = itertools.count(3, 2)
    while True:
        yield b"".join(raw(HEADERS, each, SHORT, END_HEADERS) for each in itertools.islice(numbers, 500))


def continuation(_target: Target, number: int) -> Steps:
    """A header block without an end, in empty frames or in frames of a byte."""
    yield hello() + raw(HEADERS, 1, b"\x83", 0)
    yield from again(raw(CONTINUATION, 1, b"\x87" * (number % 2)))


def settings(_target: Target, _number: int) -> Steps:
    """Each has to be acknowledged."""
    yield hello()
    yield from again(raw(SETTINGS, 0, struct.pack(">HI", INITIAL_WINDOW, 65535)))


def long_settings(_target: Target, _number: int) -> Steps:
    """Frames of 16 KiB that change the windows of a hundred streams 2,730 times, and settings that nobody knows."""
    yield hello() + asks(RECORD, 100, end=False)
    changes = b"".join(struct.pack(">HIHI", INITIAL_WINDOW, 60000 + each, 1000 + each, each) for each in range(1365))
    yield from again(raw(SETTINGS, 0, changes))


def ping(_target: Target, _number: int) -> Steps:
    """Each has to be answered."""
    yield hello()
    yield from again(raw(PING, 0, b"12345678"))


def empty_data(_target: Target, number: int) -> Steps:
    """DATA without data, with and without padding, on an upload."""
    yield hello() + first(1, RECORD)
    yield from again(raw(DATA, 1, b"\x07" + bytes(7), PADDED) if number % 2 else raw(DATA, 1))


def tiny_data(_target: Target, _number: int) -> Steps:
    """An upload in frames of a byte."""
    yield hello() + asks(RECORD, 10, end=False)
    yield from again(b"".join(raw(DATA, stream, b"x") for stream in range(1, 20, 2)))


def tiny_updates(_target: Target, number: int) -> Steps:
    """Windows opened by a byte: the connection's, a stream's."""
    yield hello() + first(1, RECORD)
    yield from again(raw(WINDOW_UPDATE, number % 2, struct.pack(">I", 1)))


def updates(_target: Target, _number: int) -> Steps:
    """Windows opened by as little as a peer in earnest might, until they are full, on connections without number."""
    yield raw_hello() + first(1, RECORD)
    yield from again(raw(WINDOW_UPDATE, 0, struct.pack(">I", 256)))


def raw_hello() -> bytes:
    """A preface that leaves the connection's window as it is."""
    return hello()[:-13]


def dribble(target: Target, number: int) -> Steps:
    """A hundred large answers at once through windows of a byte, each opened by a byte."""
    yield hello(1) + asks(record_path(target, number), 100)
    yield from again(b"".join(raw(WINDOW_UPDATE, each, struct.pack(">I", 1)) for each in range(1, 200, 2)))


def priority(_target: Target, _number: int) -> Steps:
    """A tree of streams that never come."""
    yield hello()
    numbers = streams()
    while True:
        frames = (
            raw(PRIORITY, each, struct.pack(">IB", max(0, each - 2), 15)) for each in itertools.islice(numbers, 800)
        )
        yield b"".join(frames)


def unknown(_target: Target, _number: int) -> Steps:
    """Frames of a type that nobody knows, empty ones and large ones."""
    yield hello()
    yield from again(raw(0xEE, 0) * 50 + raw(0xEE, 0, bytes(16384)))


def hpack_bomb(_target: Target, number: int) -> Steps:
    """A field of 4 KB in the server's table, named 2,000 times in 2,000 bytes: 8 MB of fields; or the table resized by
    each of 16,000 bytes, before a request that is fine."""
    yield hello()
    if number % 2 == 0:
        bomb = b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000 + b"\xbe" * 2000
        yield raw(HEADERS, 1, bomb, END_HEADERS | END_STREAM)
        return
    resizes = b"\x20" * 16000 + block(request(b"POST", b"/nothing"))
    for stream in streams():
        yield raw(HEADERS, stream, resizes, END_HEADERS | END_STREAM)


def long_fields(_target: Target, number: int) -> Steps:
    """A list of fields over the limit, in literals of random text: as a whole, or in pieces; or a Huffman-coded literal
    of 1 MB."""
    yield hello()
    if number % 3 == 2:
        fields = b"\x00\x01a\xff\x81\xfd\x3d" + b"\x18\xc6\x31\x8c\x63" * 203136
    else:
        extra = ((b"x-%d" % each, os.urandom(1000).hex().encode()) for each in range(60))
        fields = block(request(b"POST", RECORD, extra))
    for stream in streams():
        yield in_pieces(stream, fields)
        if number % 2:
            yield 0.01


def in_pieces(stream: int, fields: bytes) -> bytes:
    """A request whose block takes several frames."""
    pieces = [fields[start : start + 16384] for start in range(0, len(fields), 16384)]
    last = len(pieces) - 1
    return raw(HEADERS, stream, pieces[0], END_STREAM) + b"".join(
        raw(CONTINUATION, stream, piece, END_HEADERS if place == last else 0)
        for place, piece in enumerate(pieces)
        if place
    )


def many_fields(_target: Target, _number: int) -> Steps:
    """Requests within the limit, of 1,800 fields each that take a byte."""
    yield hello()
    pseudo = block(request(b"POST", b"/nothing"))
    yield raw(HEADERS, 1, pseudo + b"\x40\x01a\x00", END_HEADERS | END_STREAM)
    for stream in itertools.count(3, 2):
        yield raw(HEADERS, stream, pseudo + b"\xbe" * 1800, END_HEADERS | END_STREAM)


def questions(_target: Target, _number: int) -> Steps:
    """Requests that anybody may make, ninety at a time, as fast as they are answered."""
    yield hello() + first(1, b"/heartBit.json?shash=nobody", END_HEADERS | END_STREAM)
    numbers = itertools.count(3, 2)
    while True:
        yield b"".join(raw(HEADERS, each, SHORT, END_HEADERS | END_STREAM) for each in itertools.islice(numbers, 90))


def large_frames(_target: Target, number: int) -> Steps:
    """The header of a frame of 16 MiB, and its bytes, as many as are taken."""
    yield hello() + first(1, RECORD)
    yield raw((DATA, HEADERS, PING, 0xEE)[number % 4], 1, length=2**24 - 1)
    yield from again(bytes(65536))


def garbage(_target: Target, _number: int) -> Steps:
    """Anything but HTTP/2, behind a preface or in its place."""
    if _number % 2:
        yield hello()
    while True:
        yield os.urandom(16384)
