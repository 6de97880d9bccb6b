"""What the server's memory costs: connections, streams and viewers that do nothing; sessions, and a large record.

Resident memory of a server that was started for one measurement, with an allocator that gives back what is free: else
all of it would be memory that something earlier has left. First there are a few of the same kind, so that what only
the first one takes is not in it; nor is what the kernel holds for sockets.
"""

from __future__ import annotations

import http.client
import os
import time

from tests.benchmarks.client import LARGEST, ask, client_context
from tests.benchmarks.contender import Contender
from tests.benchmarks.crowd import crowd
from tests.benchmarks.figures import Figures
from tests.benchmarks.others import Bare
from tests.benchmarks.ours import Stock
from tests.benchmarks.processes import peak_memory, private_memory
from tests.benchmarks.watching import seen_by

FEW = 20
CONNECTIONS = 500
STREAMS = 90
"""Of each of a few connections; a connection has 100 at most."""

_FEW_STREAMS = 5
STALLED = 50
SIZE = 40_000
STALLED_FOR = 5.0
"""Seconds in which frames come for viewers that take none: of each 6 MB, twice what a kernel keeps for them."""

_APART = 2 * SIZE
"""Bytes that a viewer takes more than the one that stalls before it; the last one stalls at two thirds of the time."""

_FLOWING = 0.5
_WINDOW = 1024 * 1024
"""Seconds in which every viewer takes every frame, and a window that lasts for longer."""

SESSIONS = 400
RECORD = 32 * 1024 * 1024
_SETTLE = 0.5


def _settled(pid: int) -> int:
    """Private bytes, when what was under way has come to its end."""
    time.sleep(_SETTLE)
    return private_memory(pid)


def _figures(grown: int, number: int) -> Figures:
    return {"each": grown / number, "number": float(number), "all": float(grown)}


def idle_connections(contender: Contender, _: float) -> Figures:
    """Each has asked one question (of pyOpenSSL: has sent its first bytes)."""
    with crowd(contender.port) as told:

        def grow(number: int, total: int) -> int:
            told("connect", number, LARGEST)
            if not isinstance(contender, Bare):
                told("ask", [[contender.json_path()]] * total)
            return _settled(contender.pid)

        before = grow(FEW, FEW)
        return _figures(grow(CONNECTIONS, FEW + CONNECTIONS) - before, CONNECTIONS)


def idle_streams(contender: Contender, _: float) -> Figures:
    """Viewers of a camera of which no frame comes, many on each of a few connections; these are not counted."""
    numbers = iter(range(FEW * STREAMS))
    with contender.source(SIZE) as camera, crowd(contender.port) as told:
        assert camera is not None
        camera.hold()
        told("connect", FEW, LARGEST)

        def grow(streams: int) -> int:
            told("ask", [[contender.frames_path(next(numbers), SIZE) for _ in range(streams)] for _ in range(FEW)])
            return _settled(contender.pid)

        before = grow(_FEW_STREAMS)
        more = STREAMS - _FEW_STREAMS
        return _figures(grow(more) - before, FEW * more)


def stalled_by_tcp(contender: Contender, seconds: float) -> Figures:
    """Viewers that read nothing any more, with windows that would take everything."""
    return _stalled(contender, LARGEST, by_tcp=True)


def stalled_by_window(contender: Contender, seconds: float) -> Figures:
    """Viewers that read, and never open their windows."""
    return _stalled(contender, _WINDOW, by_tcp=False)


def _stalled(contender: Contender, window: int, by_tcp: bool) -> Figures:
    """What they take more than the same viewers did while they took every frame (and, too, before the first one).

    They stall one after the other, so that what is held for each are frames that nobody shares with it.
    """
    paths = [contender.frames_path(number, SIZE) for number in range(STALLED)]
    with contender.source(SIZE) as camera, crowd(contender.port) as told:
        assert camera is not None
        seen_by(contender.port, [[path] for path in paths[:3]], 0.5, contender.pid)
        camera.hold()
        told("connect", STALLED, window, 0 if by_tcp else _APART, by_tcp)
        told("ask", [[path] for path in paths])
        idle = _settled(contender.pid)
        camera.flow()
        time.sleep(_FLOWING)
        camera.hold()
        flowing = _settled(contender.pid)
        if by_tcp:
            told("stall", _APART)
        camera.flow()
        time.sleep(STALLED_FOR)
        found = private_memory(contender.pid)
        return {**_figures(found - flowing, STALLED), "idle": (found - idle) / STALLED}


def idle_sessions(contender: Contender, _: float) -> Figures:
    """Devices that logged in and went."""
    assert isinstance(contender, Stock)
    contender.logged_in(["warm up"] * FEW)
    before = _settled(contender.pid)
    contender.logged_in([f"device {number}" for number in range(SESSIONS)])
    return _figures(_settled(contender.pid) - before, SESSIONS)


def large_record(contender: Contender, _: float) -> Figures:
    """The peak while it is uploaded, and while it is fetched."""
    assert isinstance(contender, Stock)
    (token,) = contender.logged_in(["recorder"])
    data = os.urandom(RECORD)
    connection = http.client.HTTPSConnection("127.0.0.1", contender.port, context=client_context("http/1.1"))
    before = peak_memory(contender.pid, anew=True)
    connection.request("POST", f"/addRecord.json?shash={token}", data)
    assert b"OK" in connection.getresponse().read()
    uploading = peak_memory(contender.pid) - before
    (found,) = ask(contender.port, "getRecordCount.json", shash=token)["records"]
    before = peak_memory(contender.pid, anew=True)
    connection.request("POST", f"/getRecordData.json?shash={token}&rid={found['rid']}")
    assert connection.getresponse().read() == data, "another record came back"
    fetching = peak_memory(contender.pid) - before
    connection.close()
    return {"uploading": float(uploading), "fetching": float(fetching)}
