"""What is asked: schemathesis's requests, valid and not by the description, most of them with a session that is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from tests.fuzz.wire import Request
from tests.fuzz.world import CAMERA, NAME, PASSWORD, PASSWORD_NAME, SETTINGS_NAME, World
from tests.support import described
from webcam.api.messages import MAX_WAIT
from webcam.wire.frames import encode

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
BASE = "https://localhost"
_PADDED = 20_000
"""Bytes: over the limit of an ordinary body."""

_ACCOUNTS = {"/setConfig.json": SETTINGS_NAME, "/console/password.json": PASSWORD_NAME}
"""Of requests by which an account changes: it has no other sessions."""

LINKS = "/share/"
LOGINS = {"/authorize.json", "/console/login.json"}

_FRAMES = st.lists(st.binary(max_size=200).map(encode), max_size=5).map(b"".join)
_DATA = (
    _FRAMES | st.binary(max_size=300) | st.sampled_from([b"", encode(bytes(33_000)), bytes(70_000), b"\xff\xd8\xff"])
)

GOOD, BAD, NONE = "a session's", "another text", "as it came"
_TOKENS = st.sampled_from([GOOD] * 8 + [BAD, NONE])
_PLACES = st.sampled_from(["query", "body", "both"])


@dataclass(frozen=True)
class Sent:
    """A request with what is known of it. ``token``: whose it is."""

    case: Case
    request: Request
    token: str
    operation: dict[str, Any]


def load() -> list[APIOperation]:
    """Every operation of the description, with generators for what JSON Schema has no words for."""
    schemathesis.openapi.media_type("application/octet-stream", _DATA)
    for name in ("SettingChanges", "NewMessages", "RecordIds", "MessageParams"):
        schemathesis.openapi.format(f"json-{name}", _TEXTS[name].map(json.dumps) | st.just(""))
    schema = schemathesis.openapi.from_dict(described.DOCUMENT)
    return [each.ok() for each in schema.get_all_operations()]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_PARAMS = st.lists(_VALUES, max_size=3) | st.dictionaries(st.text(max_size=5), _VALUES, max_size=3)
_TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "SettingChanges": st.lists(
        st.sampled_from([{"kind": 1, "fv": 2.5}, {"kind": 2, "fv": 5}, {"kind": 6, "fv": 30}, None]),
        min_size=1,
        max_size=4,
        unique_by=str,
    ).filter(any),
    "NewMessages": st.lists(
        st.fixed_dictionaries(
            {"msg": st.text(min_size=1, max_size=9)}, optional={"target": st.text(max_size=9), "params": _PARAMS}
        ),
        max_size=3,
    ),
    "RecordIds": st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    "MessageParams": _PARAMS,
}


@st.composite
def sent(draw: st.DrawFn, world: World, operation: APIOperation, mode: GenerationMode) -> Sent:
    """One request. What is drawn is the same for the same seed; tokens and ids are whatever the server gave."""
    case = draw(operation.as_strategy(generation_mode=mode))
    request = prepared(case)
    described_as = described.operations()[request.method, operation.path]
    token = draw(_TOKENS)
    if request.path in LOGINS:
        if draw(st.booleans()):
            _put(request, "body", name=NAME)
            _put(request, "query", **{"pass": PASSWORD})
    elif token != NONE:
        name = _ACCOUNTS.get(request.path, NAME)
        place = draw(_PLACES)
        if place == "both":
            _put(request, "query", shash="another")
        _put(request, "body" if place == "both" else place, shash=world.token(name) if token == GOOD else "another")
    if draw(st.booleans()):
        _point(request, world, described_as, draw(st.integers(0, 100)), draw(_PLACES))
    _hurry(request)
    if request.body.startswith(b"{") and draw(st.integers(0, 30)) == 7:
        request.body += b" " * _PADDED
    return Sent(case, request, token, described_as)


def prepared(case: Case) -> Request:
    """As schemathesis would send it."""
    wanted = case.as_transport_kwargs(base_url=BASE)
    names = ("method", "url", "params", "data", "json", "headers", "cookies", "files")
    ready = requests.Request(**{name: wanted[name] for name in names if wanted.get(name) is not None}).prepare()
    split = urlsplit(str(ready.url))
    body = ready.body or b""
    headers = {name.lower(): value for name, value in ready.headers.items() if name.lower() in {"range", "if-range"}}
    return Request(
        str(ready.method),
        split.path,
        parse_qsl(split.query, keep_blank_values=True, errors="surrogateescape"),
        {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in headers.items()},
        body.encode() if isinstance(body, str) else body,
    )


def _put(request: Request, place: str, **values: Any) -> None:
    """In the query, or in the body if it is an object: in its place in the query."""
    body = _object(request.body) if place == "body" else None
    for name, value in values.items():
        if body is not None:
            body[name] = value
            continue
        request.query = [each for each in request.query if each[0] != name]
        request.query.append((name, str(value)))
        inside = _object(request.body)
        if inside is not None and name in inside:  # it would win
            request.body = json.dumps({key: each for key, each in inside.items() if key != name}).encode()
    if body is not None:
        request.body = json.dumps(body).encode()


def _hurry(request: Request) -> None:
    """A wait is as good as none: nothing comes while a request of this run waits."""
    for place, values in (("query", dict(request.query)), ("body", _object(request.body) or {})):
        try:
            seconds = float(str(values.get("wait")))
        except ValueError:
            continue
        if 0 < seconds <= MAX_WAIT:
            _put(request, place, wait=0)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _point(request: Request, world: World, operation: dict[str, Any], choice: int, place: str) -> None:
    """At something that is there: a record, the camera, a link to it, the password."""
    names = {described.resolved(each)["name"] for each in operation["parameters"]}
    if request.path == "/console/thumbnail":
        _put(request, place, rid=world.picture())
    elif "rid" in names:
        _put(request, place, rid=world.record(choice))
    elif "records" in names:
        _put(request, place, records=world.record(choice))
    elif request.path in {"/output.raw", "/stream.mjpg", "/snapshot.jpg"}:
        _put(request, place, device=CAMERA)
    elif request.path == "/console/password.json":
        _put(request, place, old=PASSWORD, new=PASSWORD)
    elif request.path.startswith(LINKS):
        request.path = re.sub(rf"(?<={LINKS})[^/]*", world.link(), request.path)
