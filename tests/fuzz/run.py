"""The run: requests of every operation, valid ones and others, and what is held against each answer."""

from __future__ import annotations

import itertools
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.cases import BAD, BASE, GOOD, LINKS, LOGINS, MODES, Sent, load, sent
from tests.fuzz.expected import REFUSED, TAKEN, verdict
from tests.fuzz.wire import Answer, Request, Sender
from tests.fuzz.world import World
from tests.support import described
from tests.support.process import Server
from webcam.errors import ReplyCode

PASSWORDS = LOGINS | {"/console/password.json"}
"""What fails there too often is locked out."""

FRAME = 32 * 1024
LIMITS = {"/addRecord.json": 64 * 1024, "/addRecordData.json": 64 * 1024, "/input.raw": 1 << 40}
BODY = 16 * 1024
HEADS = {"1.1": 16_000, "2": 64_000}
"""Bytes of a request's target that its head, with all else that is in it, has no room for."""

_SOON = 4000
"""Bytes of a target that HTTP/2's client here encodes soon: of a longer one it takes a quarter of a second."""

FORM = {4, 5, 11, 12}
"""Codes that say of a request that its form is wrong."""

FORESEEN = set(range(4, 16))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_AT_ONCE = 200
"""Requests of one run of hypothesis: it remembers them."""

_SETTINGS = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@dataclass
class Report:
    """``outcomes``: how often requests of an operation ended so; ``failures``: what was not as it should be."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failures: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return sum(each.total() for each in self.outcomes.values())


def fuzz(server: Server, cases: int, number: int, told: Callable[[str], object] = lambda _: None) -> Report:
    """At least so many requests over all operations, made of the seed *number*."""
    world = World(server)
    try:
        operations = load()
        run = _Run(world, number, told)
        each = -(-cases // (len(operations) * len(MODES)))
        for operation in operations:
            for mode in MODES:
                run.ask(operation, mode, each)
            told(operation.label)
    finally:
        world.close()
    run.report.failures += [f"the log: {line}" for line in server.trouble()]
    return run.report


class _Run:
    """Asks, and reports."""

    def __init__(self, world: World, number: int, told: Callable[[str], object]) -> None:
        self.report = Report()
        self._world = world
        self._number = number
        self._told = told

    def ask(self, operation: APIOperation, mode: GenerationMode, cases: int) -> None:
        """In runs of hypothesis with seeds of their own: one may find nothing new before its end."""
        counted = self.report.outcomes[operation.label]
        wanted = counted.total() + cases
        requests_ = sent(self._world, operation, mode)
        senders = st.sampled_from(range(len(self._world.senders)))
        for round_ in itertools.count(1):
            missing = wanted - counted.total()
            if missing <= 0:
                return
            test = given(requests_, senders)(lambda asked, sender: self._one(operation.label, asked, sender))
            drawn_by = f"{self._number} {round_} {operation.label} {mode.value}".encode()
            seed(zlib.crc32(drawn_by))(settings(_SETTINGS, max_examples=min(_AT_ONCE, missing))(test))()

    def _one(self, label: str, asked: Sent, sender: int) -> None:
        request = asked.request
        try:
            answer = self._sender(request, sender)(request)
            found = list(wrong(asked, answer))
        except AssertionError as error:
            answer, found = Answer(cut=True), [str(error)]
        self.report.outcomes[label][outcome(answer)] += 1
        for why in found:
            self.report.failures.append(f"{label}: {why}\n    {request} (token: {asked.token})\n    {answer}")
            self._told(f"FAILED: {self.report.failures[-1]}")
        if request.path == "/deleteRecords.json":
            self._world.deleted()
        if request.path == "/console/logout.json":
            self._world.logged_out()

    def _sender(self, request: Request, number: int) -> Sender:
        if request.path in PASSWORDS:
            return self._world.stranger
        return self._world.senders[0 if len(request.target) > _SOON else number]


def outcome(answer: Answer) -> str:
    """What the report counts."""
    if answer.cut:
        return "cut"
    if answer.status != 200:
        return str(answer.status)
    code = code_of(answer)
    return "OK" if code is None else f"BAD {code}"


def code_of(answer: Answer) -> int | None:
    """Of a bad answer."""
    if answer.headers.get("content-type") != "application/json":
        return None
    code: int | None = json.loads(answer.body).get("code")
    return code


def wrong(asked: Sent, answer: Answer) -> Iterator[str]:
    """What about the answer is not as it should be."""
    if answer.cut or (answer.status == 400 and code_of(answer) is None):
        yield from _wrong_end(asked, answer)
        return
    yield from _not_described(asked, answer)
    if answer.status not in {200, 206, 413, 416, *_by_status(asked)} and not _is_bounded(asked, answer):
        yield f"status {answer.status}"
    if (answer.status == 413) != (len(asked.request.body) > LIMITS.get(asked.request.path, BODY)):
        yield f"status {answer.status} for {len(asked.request.body)} bytes"
    if answer.status in {413, 416, 429} or (answer.status == 404 and asked.request.path.startswith(LINKS)):
        return
    if asked.operation.get("x-cut"):
        if _upload(asked) == REFUSED:
            yield "a bad upload was not cut"
        return
    yield from _wrong_code(asked, code_of(answer))


def _by_status(asked: Sent) -> set[int]:
    """What those who show pictures are told by the status."""
    return {400, 401, 403, 404} if "400" in asked.operation["responses"] else set()


def _is_bounded(asked: Sent, answer: Answer) -> bool:
    """Whether too many logins failed before this one, or there are as many links as there may be."""
    bounded = asked.request.path in {*PASSWORDS, "/console/share.json"}
    return answer.status == 429 and bounded and code_of(answer) == ReplyCode.JSON_FAIL


def _wrong_end(asked: Sent, answer: Answer) -> Iterator[str]:
    """Of a request that got no answer, or HTTP's own: its head was too long, or it was an upload."""
    if len(asked.request.target) > HEADS[answer.version]:
        return
    if not answer.cut or not asked.operation.get("x-cut"):
        yield "no answer"
    elif _upload(asked) == TAKEN:
        yield "a good upload was cut"


def _not_described(asked: Sent, answer: Answer) -> Iterator[str]:
    """By schemathesis's own checks, and by ours."""
    request = asked.request
    ready = requests.Request(request.method, BASE + request.target, data=request.body).prepare()
    response = Response(
        status_code=answer.status,
        headers={name: [value] for name, value in answer.headers.items()},
        content=answer.body,
        request=ready,
        elapsed=0.0,
        verify=False,
        http_version=answer.version,
    )
    try:
        asked.case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        yield from (f"{each.title}: {each.message}" for each in group.exceptions)
    told = described.trouble(request.method, request.target, answer.status, answer.headers, answer.body)
    if told:
        yield told


def _wrong_code(asked: Sent, code: int | None) -> Iterator[str]:
    if code is not None and code not in FORESEEN:
        yield f"code {code}"
    form = verdict(asked.operation, asked.request)
    if form == TAKEN and code in FORM:
        yield f"the description takes it, the server doesn't: code {code}"
    if form == REFUSED and code not in {*FORM, 6, *({ReplyCode.NO_SUCH_USER} if _by_status(asked) else ())}:
        yield f"the description doesn't take it, the server does: code {code}"
    charged = ["shash"] in asked.operation["x-required"]
    if charged and asked.token == GOOD and code == 6:
        yield "a session that is good was refused"
    if charged and asked.token == BAD and code not in {*FORM, 6}:
        yield "a session that is none was taken"


def _upload(asked: Sent) -> str:
    """As :func:`verdict`, of the upload as a whole."""
    if asked.token != GOOD or not _are_frames(asked.request.body):
        return REFUSED
    return verdict(asked.operation, asked.request)


def _are_frames(body: bytes) -> bool:
    """Whether nothing in it is no frame; the last one may be unfinished."""
    at = 0
    while at < len(body):
        head = body[at : at + 6]
        if head[:2] != b"\xaa\xaa"[: len(head)]:
            return False
        size = 6 + int.from_bytes(head[2:], "little")
        if len(head) == 6 and size > FRAME:
            return False
        at += max(size, 6)
    return True
