"""docs/openapi.json as tests use it: what it says of a request, and whether an answer is one that it describes."""

from __future__ import annotations

import functools
import json
import re
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from webcam.api.description import description

_LINK = re.compile(r"\A(/share/)[^/]+")
DOCUMENT: dict[str, Any] = json.loads(description())


def resolved(value: Any) -> Any:
    """What a reference stands for; anything else is itself."""
    while isinstance(value, dict) and "$ref" in value:
        found: Any = DOCUMENT
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """By method and path."""
    return {
        (method.upper(), path): operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }


def answers_to(method: str, target: str) -> dict[str, Any]:
    """Answers that a request may get, by status: those of its operation, else what every such request gets."""
    path = _LINK.sub(r"\1{token}", unquote(target.partition("?")[0]))
    item = DOCUMENT["paths"].get(path)
    if item is None:
        return {"404": DOCUMENT["x-other-paths"], "413": DOCUMENT["components"]["responses"]["TooLarge"]}
    if method == "OPTIONS":
        return {"200": DOCUMENT["x-options"]}
    operation = item.get(method.lower().replace("head", "get")) if method.isupper() else None  # they have a case
    if operation is None:
        return {"405": DOCUMENT["x-other-methods"], "413": DOCUMENT["components"]["responses"]["TooLarge"]}
    found: dict[str, Any] = operation["responses"]
    return found


def trouble(method: str, target: str, status: int, headers: dict[str, str], body: bytes) -> str | None:
    """What is not as described about a complete answer; names of *headers* are in lower case."""
    answers = answers_to(method, target)
    if str(status) not in answers:
        return f"status {status} is not described"
    if method == "HEAD" and body:
        return "a body of an answer to HEAD"
    answer = resolved(answers[str(status)])
    missing = [name for name, each in answer.get("headers", {}).items() if each.get("required") and name not in headers]
    if missing:
        return f"headers are missing: {missing}"
    content = answer.get("content")
    if content is None:
        return "a body is not described" if body else None
    kind = _kind(headers.get("content-type", ""), content)
    if kind is None:
        return f"content-type {headers.get('content-type')} is not described"
    if method == "HEAD" or "schema" not in content[kind]:
        return None
    return _wrong(json.dumps(content[kind]["schema"]), body)


def _kind(content_type: str, content: dict[str, Any]) -> str | None:
    for kind in (content_type, content_type.partition("/")[0] + "/*"):
        if kind in content:
            return kind
    return None


def _wrong(schema: str, body: bytes) -> str | None:
    try:
        value = json.loads(body)
    except ValueError:
        return f"no JSON: {body[:200]!r}"
    error = next(validator(schema).iter_errors(value), None)
    return None if error is None else f"{error.message} in {body[:200]!r}"


@functools.lru_cache(maxsize=200)
def validator(schema: str) -> Any:
    """Of JSON text of a schema that may refer to the document's components."""
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": DOCUMENT["components"]})
