"""One life of a server, recorded; then the power is cut at points of it, and a server starts on what is left."""

from __future__ import annotations

import random
import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.power.disk import Disk
from tests.power.journal import Entry, Journal, Kind
from tests.power.load import Client, Known, missing, work
from tests.support.process import NotReady, Server
from webcam.firstaccount import PASSWORD_FILE

ANNOUNCED, READY = b"made a first account", b"is ready"
CHANGES = {Kind.END, Kind.RENAME, Kind.LINK, Kind.UNLINK, Kind.CREATE, Kind.FOLDER}
"""Behind what kinds of entries the disk may hold something that it didn't before, or a cut shows what isn't safe."""

KNOWN_DEVICE = "after the cut"


class RecordedServer(Server):
    """A server that writes down what it does to its data folder."""

    def __init__(self, folder: Path, journal: Journal, *options: str) -> None:
        super().__init__(folder, *options)
        self._journal = journal

    def environment(self) -> dict[str, str]:
        return {**super().environment(), **self._journal.environment}


@dataclass(frozen=True)
class Life:
    """What was recorded, how many entries there were when the password was announced, and when the server was ready."""

    entries: Sequence[Entry]
    announced: int
    ready: int
    password: str
    certificate: bytes
    problems: Sequence[str]


@dataclass(frozen=True)
class Cut:
    """The power went behind so many entries. ``torn``: some of what wasn't safe is on the disk. ``wrong``: what isn't
    as it has to be."""

    after: int
    phase: str
    torn: bool
    wrong: Sequence[str]


def record(folder: Path, seconds: float, *options: str) -> Life:
    """A first start, and load for so many seconds."""
    root = folder / "root"
    root.mkdir(parents=True)
    journal = Journal(folder, root)
    server = RecordedServer(root, journal, *options)
    try:
        server.start()
        password = (server.data / PASSWORD_FILE).read_text().strip()
        certificate = (server.data / "certificate.pem").read_bytes()
        problems = work(server, journal, password, seconds)
    finally:
        server.kill()
    entries = journal.read()
    return Life(entries, _said(entries, ANNOUNCED), _said(entries, READY), password, certificate, problems)


def _said(entries: Sequence[Entry], text: bytes) -> int:
    """The number of entries up to the line of the log."""
    return next(number for number, each in enumerate(entries, 1) if each.kind is Kind.SAID and text in each.first)


def points(life: Life, number: int, chance: random.Random) -> list[int]:
    """Where to cut: half of them in the first start, the others under load, each half spread over what changes.

    Always right behind the announcement of the password, when the server is ready, and at the end.
    """
    first, load = range(1, life.ready + 1), range(life.ready + 1, len(life.entries) + 1)
    half = number - number // 2
    chosen = {*_spread(life, first, half, chance), *_spread(life, load, number - half, chance)}
    return sorted(chosen | {life.announced, life.ready, len(life.entries)})


def _spread(life: Life, among: range, number: int, chance: random.Random) -> Iterator[int]:
    """In each of so many equal stretches of the changes one, at the change or at any entry before the next one."""
    changes = [each for each in among if life.entries[each - 1].kind in CHANGES or _says(life.entries[each - 1])]
    for each in range(min(number, len(changes))):
        at = len(changes) * each // number
        end = max(at + 1, len(changes) * (each + 1) // number)
        chosen = chance.randrange(at, end)
        behind = changes[chosen + 1] if chosen + 1 < len(changes) else among.stop
        yield changes[chosen] if chance.random() < 0.7 else chance.randrange(changes[chosen], behind)


def _says(entry: Entry) -> bool:
    return entry.kind is Kind.TOLD or (entry.kind is Kind.SAID and (ANNOUNCED in entry.first or READY in entry.first))


def cut(life: Life, after: Sequence[int], seed: int, told: Callable[[Cut], None]) -> list[Cut]:
    """Cut at each of these points, once with nothing on the disk that isn't safe, once with some of it."""
    disk, done, cuts = Disk(), 0, []
    for point in sorted(after):
        for entry in life.entries[done:point]:
            disk.take(entry)
        done = point
        for torn in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "root"
                root.mkdir()
                disk.rebuild(root, random.Random(f"{seed} {point}") if torn else None)
                wrong = _look(root, life, life.entries[:point])
            phase = "first start" if point <= life.ready else "load"
            cuts.append(Cut(point, phase, torn, wrong))
            told(cuts[-1])
    return cuts


def _look(root: Path, life: Life, before: Sequence[Entry]) -> list[str]:
    """What is wrong with the server that starts on what is left."""
    said = b"".join(each.first for each in before if each.kind is Kind.SAID)
    known = Known.of(each.first for each in before if each.kind is Kind.TOLD)
    server = Server(root)
    try:
        server.start()
        return [*_wrong(server, life, said, known), *server.trouble()]
    except NotReady:
        return [f"it doesn't start: {server.log.splitlines()[-2:][0]}"]
    finally:
        server.stop()


def _wrong(server: Server, life: Life, said: bytes, known: Known) -> Iterator[str]:
    try:
        password = (server.data / PASSWORD_FILE).read_text().strip()
    except FileNotFoundError:
        yield "there is no password"
        return
    if ANNOUNCED in said and password != life.password:
        yield f"another password than the one that was announced: {password!r}"
    if str(server.data / PASSWORD_FILE) not in server.log:
        yield "nothing says where the password is"
    if READY in said and (server.data / "certificate.pem").read_bytes() != life.certificate:
        yield "another certificate than the one that clients know"
    try:
        client = Client(server, KNOWN_DEVICE, password)
    except ssl.SSLError as error:
        yield f"the certificate is none: {error}"
        return
    try:
        answer = client.log_in()
        if answer["result"] == "OK":
            yield from missing(known, client)
        else:
            yield f"nobody can log in: {answer}"
    finally:
        client.close()
    if damage := server.check():
        yield damage
