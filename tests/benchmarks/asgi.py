"""The least application that does the same work, for ASGI servers: ``tests.benchmarks.asgi:app``.

One JSON answer behind a look for the session in a dict, frames of a source in this process at 30 a second with the time
of their making and their number, the newest for whoever is too slow, and uploads that are read and dropped. No
accounts, no storage, no frames looked for in uploads: whatever it costs less than the server, a part is that.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import struct
import time
from typing import Any
from urllib.parse import parse_qs

FPS = 30.0
_STAMP = struct.Struct(">dI")
TOKEN = "a-session-that-is-known-from-the-start"
_SESSIONS = {TOKEN: {"device": "viewer"}}
_HEADERS = [(b"content-type", b"application/json")]


class Source:
    """Frames of one size while anybody watches; each viewer has a place for one frame."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.viewers: set[asyncio.Queue[bytes]] = set()

    async def run(self) -> None:
        rest = os.urandom(self.size - 6 - _STAMP.size)
        number = 0
        head = b"\xaa\xaa" + (self.size - 6).to_bytes(4, "little")
        due = time.monotonic()
        while self.viewers:
            frame = head + _STAMP.pack(time.monotonic(), number) + rest
            number += 1
            for queue in self.viewers:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(frame)
            due += 1 / FPS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        del _sources[self.size]


_sources: dict[int, Source] = {}
_tasks: set[asyncio.Task[None]] = set()


def _watch(size: int) -> tuple[Source, asyncio.Queue[bytes]]:
    source = _sources.get(size)
    queue: asyncio.Queue[bytes] = asyncio.Queue(1)
    if source is None:
        source = _sources[size] = Source(size)
        source.viewers.add(queue)
        _keep(asyncio.ensure_future(source.run()))
    source.viewers.add(queue)
    return source, queue


def _keep(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    query = parse_qs(scope["query_string"].decode())
    if query.get("shash", [""])[0] not in _SESSIONS:
        await _answer(send, {"result": "BAD", "code": 6})
    elif scope["path"] == "/getServerTime.json":
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
        await _answer(send, {"stamp": now, "result": "OK"})
    elif scope["path"] == "/input.raw":
        while (await receive()).get("more_body"):
            pass
        await _answer(send, {"result": "OK"})
    else:
        await _frames(int(query["size"][0]), receive, send)


async def _answer(send: Any, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _frames(size: int, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    source, queue = _watch(size)
    task = asyncio.current_task()
    assert task is not None
    watcher = asyncio.ensure_future(_cancel_with(receive, task))
    try:
        while True:
            await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
    except (asyncio.CancelledError, OSError):
        pass
    finally:
        watcher.cancel()
        source.viewers.discard(queue)


async def _cancel_with(receive: Any, task: asyncio.Task[Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    task.cancel()


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
