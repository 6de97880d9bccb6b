"""What it costs to keep things: the server beside itself without group commit, full beside empty, and bytes of records
in the database beside bytes in files.

    python -m tests.benchmarks.storage [--rounds 5] [--seconds 1.5] [--only commit,backlog,start,record,place]
                                       [--size 10G] [--record 1G]

Every round measures every load on every server, one after the other; figures are medians over the rounds, and a ratio
is the median of the rounds' own. What is acknowledged is counted in the database afterwards.

commit   addMsgs.json, and addRecord.json of 40 KB, from 100 connections with one question each: as the server commits,
         and with a transaction for every request; the same where a commit takes 5 ms longer, as on an SD card.
backlog  getMsgs.json of an account with a million messages and a thousand devices, and of an empty one: where nothing
         is new, and a page of 32 messages.
start    from the start of the program until it says that it is ready: with a database of --size, and with an empty one.
record   the peak of memory while a record of --record is uploaded and fetched, and how fast that goes.
place    a record's bytes in SQLite by the size of its pages, and in a file beside it: stored one at a time and many at
         once, read from the disk and from memory, deleted and their space given back.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import h2load
from tests.benchmarks.client import ask, client_context
from tests.benchmarks.contender import Contender
from tests.benchmarks.figures import Figures
from tests.benchmarks.loads import COST, Column, Load
from tests.benchmarks.places import PLACES, measured
from tests.benchmarks.processes import in_process, peak_memory
from tests.benchmarks.report import block
from tests.benchmarks.stores import Empty, Full, Large, OneByOne, OneByOneSlowDisk, Roomy, SlowDisk, Unbounded
from tests.benchmarks.table import Run
from tests.benchmarks.targets import Target, missed, of_loads
from webcam.api.pages import PAGE as PAGE_SIZE
from webcam.config import size

CLIENTS = 100
PICTURE = 40_000
_PIECE = 64 * 1024
_LONG_AGO = {"stamp": "2"}
"""A stamp that every other one is later than."""

_P50, _P99 = Column("p50", "p50 ms"), Column("p99", "p99 ms")
_ASKED = (Column("rate", "req/s", ".0f"), Column(COST, "CPU µs/req", ".1f"), Column("core", "core", ".0%"), _P50, _P99)
_START = (Column("ready", "s to ready"), Column("size", "GB", ".1f", 1e9))
_RECORD = (
    Column("uploading", "MB uploading", ".1f", 1e6),
    Column("fetching", "MB fetching", ".1f", 1e6),
    Column("up", "MB/s up", ".0f", 1e6),
    Column("down", "MB/s down", ".0f", 1e6),
)
_PLACE = (
    Column("rate", "MB/s stored", ".1f", 1e6),
    Column(COST, "CPU s/GB"),
    _P50,
    _P99,
    Column("cold", "MB/s cold", ".0f", 1e6),
    Column("read", "MB/s warm", ".0f", 1e6),
    Column("read_cpu", "CPU s/GB"),
    Column("delete", "MB/s gone", ".0f", 1e6),
)

MESSAGES = "addMsgs.json, -c100 -m1"
RECORDS = "addRecord.json of 40 KB, -c100 -m1"
SLOWLY = ", commits of 5 ms"
NEWS = "getMsgs.json, nothing new, "
PAGE = "getMsgs.json, a page of 32, "
START, RECORD = "start", "a large record, at the peak"
ONE_ASKS, MANY_ASK = "-c1 -m1", "-c10 -m10"


def _stored(contender: Any, path: str, table: str, seconds: float, data: bytes | None = None) -> Figures:
    """As fast as it goes; every answer that was counted has its row in the database."""
    before = contender.count(table)
    paths = [path.format(token) for token in contender.tokens]
    found = h2load.run(contender, paths, CLIENTS, 1, seconds, data=data)
    stored = contender.count(table) - before
    counted = found["rate"] * max(0.3, seconds - 0.4)
    assert stored >= counted, f"{counted:.0f} were acknowledged, {stored} are there"
    return found


def messages(contender: Contender, seconds: float) -> Figures:
    """Acknowledged."""
    return _stored(contender, "/addMsgs.json?shash={}&msg=ping", "messages", seconds)


def records(contender: Contender, seconds: float) -> Figures:
    """The same."""
    return _stored(contender, "/addRecord.json?shash={}&meta=JPEG", "records", seconds, os.urandom(PICTURE))


def asked(query: dict[str, str], clients: int, streams: int, contender: Any, seconds: float) -> Figures:
    """getMsgs.json, by devices that no message is for alone; with a stamp, a full account gives a page."""
    found = ask(contender.port, "getMsgs.json", shash=contender.tokens[0], **query)["msgs"]
    assert len(found) == (PAGE_SIZE if query and contender.name == Full.name else 0), f"{len(found)} messages"
    given = "".join(f"&{name}={value}" for name, value in query.items())
    paths = [f"/getMsgs.json?shash={token}{given}" for token in contender.tokens]
    return h2load.run(contender, paths, clients, streams, seconds)


def start(contender: Any, _: float) -> Figures:
    """Until it is ready."""
    took = contender.start_again()
    return {"ready": took, "size": float(contender.database.stat().st_size)}


def large_record(length: int, contender: Any, _: float) -> Figures:
    """The peak of memory above what there was before, and bytes a second."""
    connection = http.client.HTTPSConnection("127.0.0.1", contender.port, context=client_context("http/1.1"))
    token = contender.tokens[0]
    sent, before, began = hashlib.sha256(), peak_memory(contender.pid, anew=True), time.monotonic()
    headers = {"content-length": str(length)}
    connection.request("POST", f"/addRecord.json?shash={token}", _noise(length, sent), headers)
    said = connection.getresponse().read()
    assert b"OK" in said, said
    up, uploading = length / (time.monotonic() - began), peak_memory(contender.pid) - before
    (found,) = ask(contender.port, "getRecordCount.json", shash=token)["records"]
    came, before, began = hashlib.sha256(), peak_memory(contender.pid, anew=True), time.monotonic()
    connection.request("POST", f"/getRecordData.json?shash={token}&rid={found['rid']}")
    answer = connection.getresponse()
    while piece := answer.read(_PIECE):
        came.update(piece)
    assert came.digest() == sent.digest(), "another record came back"
    down, fetching = length / (time.monotonic() - began), peak_memory(contender.pid) - before
    connection.close()
    return {"uploading": float(uploading), "fetching": float(fetching), "up": up, "down": down}


def _noise(length: int, digest: Any) -> Iterator[bytes]:
    """So many bytes that differ from piece to piece; *digest* sees them all."""
    noise = os.urandom(_PIECE)
    for number in range(0, length, _PIECE):
        piece = (number.to_bytes(8, "big") + noise[8:])[: length - number]
        digest.update(piece)
        yield piece


class _At:
    """A place of records, as the table wants its servers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)

    def stop(self) -> None:
        """Nothing runs."""


def place(length: int, at_once: int, contender: Any, seconds: float) -> Figures:
    """In a process of its own, which has nothing in memory."""
    folder = Path(tempfile.mkdtemp(dir=contender.folder))
    return in_process(measured, contender.name, folder, length, at_once, seconds, deadline=600.0)


def _places() -> Iterator[Load]:
    for length, title, many in ((PICTURE, "40 KB", 100), (2**20, "1 MiB", 32), (32 * 2**20, "32 MiB", 4)):
        for at_once in (1, many):
            name = f"records of {title}, {at_once} at once"
            yield Load("place", name, tuple(PLACES), _PLACE, partial(place, length, at_once), fresh=True)


def loads(record: int) -> tuple[Load, ...]:
    """All of them; the large record has so many bytes."""
    both = (("full", "empty"), _ASKED)
    return (
        Load("commit", MESSAGES, ("webcam", "one by one"), _ASKED, messages),
        Load("commit", RECORDS, ("webcam", "one by one"), _ASKED, records),
        Load("commit", MESSAGES + SLOWLY, (SlowDisk.name, OneByOneSlowDisk.name), _ASKED, messages),
        Load("commit", RECORDS + SLOWLY, (SlowDisk.name, OneByOneSlowDisk.name), _ASKED, records),
        Load("backlog", NEWS + ONE_ASKS, *both, partial(asked, {}, 1, 1)),
        Load("backlog", NEWS + MANY_ASK, *both, partial(asked, {}, 10, 10)),
        Load("backlog", PAGE + ONE_ASKS, *both, partial(asked, _LONG_AGO, 1, 1)),
        Load("backlog", PAGE + MANY_ASK, *both, partial(asked, _LONG_AGO, 10, 10)),
        Load("start", START, ("large", "empty"), _START, start),
        Load("record", RECORD, ("roomy",), _RECORD, partial(large_record, record), fresh=True),
        *_places(),
    )


_SERVERS = (Unbounded, OneByOne, SlowDisk, OneByOneSlowDisk, Full, Empty, Roomy)
KINDS = ("commit", "backlog", "start", "record", "place")
BASELINES = {"commit": "one by one", "backlog": "empty", "place": "SQLite 4K"}
TARGETS = (
    Target(MESSAGES, "rate", "acknowledged, of one by one's", 4, least=True, other="one by one"),
    Target(RECORDS, "rate", "acknowledged, of one by one's", 3, least=True, other="one by one"),
    Target(
        MESSAGES + SLOWLY,
        "rate",
        "acknowledged, of one by one's",
        4,
        least=True,
        other=OneByOneSlowDisk.name,
        server=SlowDisk.name,
    ),
    Target(
        RECORDS + SLOWLY,
        "rate",
        "acknowledged, of one by one's",
        3,
        least=True,
        other=OneByOneSlowDisk.name,
        server=SlowDisk.name,
    ),
    Target(NEWS + ONE_ASKS, "p50", "median time, of an empty account's", 2, other="empty", server="full"),
    Target(NEWS + MANY_ASK, COST, "CPU, of an empty account's", 2, other="empty", server="full"),
    Target(PAGE + ONE_ASKS, "p50", "median time, of an empty account's", 2, other="empty", server="full"),
    Target(PAGE + MANY_ASK, COST, "CPU, of an empty account's", 2, other="empty", server="full"),
    Target(START, "ready", "s until it is ready", 2, server="large"),
    Target(RECORD, "uploading", "MB of memory, uploading", 16, unit=1e6, server="roomy"),
    Target(RECORD, "fetching", "MB of memory, fetching", 16, unit=1e6, server="roomy"),
)


def contenders(database: int) -> dict[str, Callable[[Path], Any]]:
    """By name; the large one's database has so many bytes."""

    def large(folder: Path) -> Contender:
        made = Large(folder)
        made.size = database
        return made

    servers: dict[str, Callable[[Path], Any]] = {each.name: each for each in _SERVERS}
    return {**servers, Large.name: large, **{name: partial(_At, name) for name in PLACES}}


def kinds(text: str) -> list[str]:
    """Names of kinds, separated by commas. Raises for a name that is none."""
    chosen = text.split(",")
    if unknown := set(chosen) - set(KINDS):
        raise argparse.ArgumentTypeError(f"no kind of load: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser(description="What it costs to keep things.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown [%(default)s]")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of most measurements [%(default)s]")
    parser.add_argument("--only", type=kinds, default=KINDS, help=f"kinds of load [{','.join(KINDS)}]")
    parser.add_argument("--size", type=size, default="10G", help="bytes of the large database [%(default)s]")
    parser.add_argument("--record", type=size, default="1G", help="bytes of the large record [%(default)s]")
    options = parser.parse_args()
    chosen = [load for load in loads(options.record) if load.kind in options.only]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        run = Run(Path(folder), stack, options.seconds, contenders(options.size))
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            run.round(chosen)
    for load in chosen:
        print(
            "",
            *block(
                load, run.results, OneByOneSlowDisk.name if load.name.endswith(SLOWLY) else BASELINES.get(load.kind, "")
            ),
            sep="\n",
        )
    targets = of_loads((load.name for load in chosen), TARGETS)
    print("\nTargets", *(target.line(run.results) for target in targets), sep="\n")
    spent = (time.monotonic() - began) / 60
    print(f"\nmedians of {options.rounds} rounds of {options.seconds:g} s each; {spent:.1f} minutes in all")
    return 1 if missed(run.results, targets) else 0


if __name__ == "__main__":
    sys.exit(main())
