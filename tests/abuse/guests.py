"""Peers with a session, who make the most of what it may: each script is one connection of theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import count

from PIL import Image

from tests.abuse.floods import DATA, END_HEADERS, END_STREAM, HEADERS, Steps, again, hello
from tests.abuse.lines import Take, Target
from tests.support.images import encoded
from tests.support.peer import block, raw, request
from webcam.wire.frames import encode

FRAME = 2_000_000
"""Bytes of the largest frames, nearly."""

VIEWERS = 30
"""Of a connection."""

PIECE, DATA_SIZE = 128 * 1024, 16 * 1024
"""Bytes of a frame that are sent at once, and of a DATA frame."""

LITTLE, PAUSE = 280_000, 8.0
"""Bytes of a frame, and seconds in which a slow viewer takes half of one."""

RATE = 0.2
"""Seconds between two frames of a camera."""


def token_of(target: Target, number: int) -> str:
    """One of the attacker's sessions."""
    return target.tokens[number % len(target.tokens)]


def post(path: str, body: bytes = b"", method: str = "POST") -> bytes:
    """A request of HTTP/1.1."""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def upload(token: str, more: str = "") -> bytes:
    """The head of a stream of HTTP/1.1, whose body comes in chunks."""
    return f"POST /input.raw?shash={token}{more} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    """A piece of such a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@cache
def large_frame() -> bytes:
    return encode(bytes(FRAME))


def camera(target: Target, frame: bytes) -> Steps:
    """HTTP/2: a stream of one frame again and again, slow enough for the windows that the server opens."""
    yield raw(HEADERS, 1, block(request(b"POST", f"/input.raw?shash={target.tokens[0]}".encode())), END_HEADERS)
    while True:
        for start in range(0, len(frame), PIECE):
            pieces = range(start, min(start + PIECE, len(frame)), DATA_SIZE)
            yield b"".join(raw(DATA, 1, frame[each : min(each + DATA_SIZE, start + PIECE)]) for each in pieces)
            yield RATE / 20


def stalled_viewers(target: Target, number: int) -> Steps:
    """A camera with large frames, and hundreds of viewers that take a piece of one and no more, each of another one.
    Who is closed comes again."""
    yield hello()
    if number == 0:
        yield from camera(target, large_frame())
    path = f"/output.raw?shash={token_of(target, number)}&device=device%200".encode()
    fields = block(request(b"POST", path))
    for stream in count(1, 2):
        yield raw(HEADERS, stream, fields, END_HEADERS | END_STREAM)
        yield RATE if stream > 2 * VIEWERS else RATE / 2


def unfinished_frames(target: Target, number: int) -> Steps:
    """Uploads of frames that lack a byte. One that is closed begins anew."""
    yield upload(token_of(target, number)) + chunk(large_frame()[:-1])


def kept_frames(target: Target, number: int) -> Steps:
    """Streams that are kept for a minute behind uploads of a frame each; nobody watches them."""
    yield upload(token_of(target, number), "&keep=60000") + chunk(large_frame()) + b"0\r\n\r\n"
    yield from again(post("/getServerTime.json"), 100)


def snapshots(target: Target, number: int) -> Steps:
    """A camera with large pictures, and hundreds of requests for the newest one whose answers nobody reads."""
    yield hello()
    if number == 0:
        yield from camera(target, encode(b"\xff\xd8\xff\xe0" + bytes(FRAME)))
    fields = block(request(b"GET", f"/snapshot.jpg?shash={token_of(target, number)}&device=device%200".encode()))
    for stream in count(1, 2):
        yield raw(HEADERS, stream, fields, END_HEADERS | END_STREAM)
        yield RATE


def slow_viewers(target: Target, number: int) -> Steps:
    """HTTP/1.1: a camera, and viewers that want every frame and take too little of them: they hold the camera back."""
    if number == 0:
        yield upload(token_of(target, 0))
        for _ in count():
            yield chunk(encode(bytes(LITTLE)))
            yield RATE / 2
    yield 2 * RATE
    yield post(f"/output.raw?shash={token_of(target, number)}&device=device%200&every=1")
    for _ in count():
        yield Take(LITTLE // 2)
        yield PAUSE


def long_lists(target: Target, number: int) -> Steps:
    """Requests whose lists are as long as a body may hold: messages, ids, numbers without an end."""
    token = token_of(target, number)
    kind = number % 3
    if kind == 0:
        body = json.dumps({"shash": token, "msgs": [{"msg": "m", "target": "nobody"}] * 7000})
        yield from now_and_then(post("/addMsgs.json", body.encode()))
    elif kind == 1:
        body = json.dumps({"shash": token, "records": list(range(10**9, 10**9 + 29_000))})
        yield from now_and_then(post("/deleteRecords.json", body.encode()))
    else:
        body = f'{{"shash":"{token}","records":[{",".join(["9" * 4300] * 200)}]}}'
        yield from now_and_then(post("/deleteRecords.json", body.encode()))


def now_and_then(piece: bytes) -> Iterator[bytes | float]:
    """The same, with a pause in which it may be answered."""
    while True:
        yield piece
        yield RATE


def takeovers(target: Target, number: int) -> Steps:
    """HTTP/2: uploads of one device, each of which takes over from the one before."""
    yield hello()
    fields = block(request(b"POST", f"/input.raw?shash={token_of(target, number)}".encode()))
    for stream in count(1, 2):
        yield raw(HEADERS, stream, fields, END_HEADERS)


def long_metadata(target: Target, number: int) -> Steps:
    """Records and devices whose metadata take six bytes a character in an answer, and the lists that they are in."""
    token = token_of(target, number)
    lists = post("/getDevicesOnline.json", json.dumps({"shash": token}).encode())
    lists += post("/getRecordCount.json", json.dumps({"shash": token, "limit": 1000}).encode())
    lists += post("/console/records.json", json.dumps({"shash": token, "limit": 1000}).encode())
    meta = "%01" * 16_384 if number % 2 else "%01" * 2_700
    for _ in count():
        yield post(f"/addRecord.json?shash={token}&meta={meta}", b"a record")
        yield lists
        yield RATE


@cache
def _pictures() -> tuple[bytes, ...]:
    """A few hundred bytes to 100 KB each, and many megabytes once they are decoded."""
    flat = Image.new("RGB", (6000, 4000))
    progressive = encoded(Image.new("RGB", (7900, 7900)), progressive=True, subsampling=0)
    return encoded(flat, "PNG"), encoded(flat, "WEBP", lossless=True), encoded(flat, "GIF"), progressive


def hostile_pictures(target: Target, number: int) -> Steps:
    """Pictures that take much to decode, and their thumbnails, which are asked for again and again."""
    token = token_of(target, number)
    picture = _pictures()[number % len(_pictures())]
    for each in count(target.record + 1):
        yield post(f"/addRecord.json?shash={token}", picture)
        for rid in range(each, each + 5):
            yield post(f"/console/thumbnail?shash={token}&rid={rid}", method="GET")
        yield RATE
