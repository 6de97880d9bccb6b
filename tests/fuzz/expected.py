"""What the description says of a request, before it is sent: whether it is one that the server takes."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.fuzz.wire import Request
from tests.support import described

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
"""However a number may be written: the description has the usual form alone, and tells of the others in words."""

_PARAMS = {"$ref": "#/components/schemas/MessageParams"}
TAKEN, REFUSED, EITHER = "taken", "refused", "either"


class _Not(Exception):
    """The text is no JSON, or holds what the protocol does not take for it."""


def _loads(text: str | bytes) -> Any:
    def no(name: str) -> Any:
        raise _Not(name)

    def finite(number: str) -> float:
        value = float(number)
        return value if value not in (float("inf"), float("-inf")) else no(number)

    try:
        return json.loads(text if isinstance(text, str) else text.decode(), parse_constant=no, parse_float=finite)
    except ValueError:
        raise _Not from None


def verdict(operation: dict[str, Any], request: Request) -> str:
    """Whether it is taken or refused as far as its form goes; where the description leaves it open, either."""
    content = operation.get("requestBody", {}).get("content", {})
    body: Any = {}
    if "application/json" in content and request.body:
        try:
            body = _loads(request.body)
        except _Not:
            return REFUSED
        if not isinstance(body, dict):
            return REFUSED
    elif not request.body and not operation.get("x-cut") and _wants_body(operation):
        return REFUSED
    return _of_values(operation, content.get("application/json", {}).get("schema", {}), body, dict(request.query))


def _wants_body(operation: dict[str, Any]) -> bool:
    return bool(operation.get("requestBody", {}).get("required"))


def _of_values(operation: dict[str, Any], schema: dict[str, Any], body: dict[str, Any], query: dict[str, str]) -> str:
    found, given = [], set()
    ignored = _ignored(body, query) if operation["operationId"] == "addMsgs" else set()
    for each in operation["parameters"]:
        parameter = described.resolved(each)
        name = parameter["name"]
        if parameter["in"] != "query" or name in ignored:
            continue
        value = body.get(name)
        if value is not None:
            found.append(_of_body(schema["properties"][name], value))
        elif name in query:
            value = query[name]
            found.append(_of_query(parameter, value))
        if not _is_nothing(value, in_json="content" in parameter):
            given.add(name)
    if any(not given & set(names) for names in operation["x-required"]) or REFUSED in found:
        return REFUSED
    return EITHER if EITHER in found else TAKEN


def _is_nothing(value: Any, in_json: bool) -> bool:
    """Absent or empty; where the parameter is no text, its JSON text may say so, too: ``msgs=[]``."""
    if in_json and isinstance(value, str) and value:
        try:
            value = _loads(value)
        except _Not:
            return False
    return value in (None, "", [])


def _ignored(body: dict[str, Any], query: dict[str, str]) -> set[str]:
    """Beside a list of messages, target and params belong to the message that stands beside it, if there is one."""
    msg = body.get("msg")
    return set() if (query.get("msg") if msg is None else msg) else {"target", "params"}


def _of_body(schema: dict[str, Any], value: Any) -> str:
    within = _texts(schema)
    if isinstance(value, str) and within is not None:
        return _of_json(within, value)
    return _of_value(schema, value)


def _of_value(schema: dict[str, Any], value: Any) -> str:
    if _valid(schema, value):
        return TAKEN if _unique(value) and _holds_params(value) else REFUSED
    return EITHER if _has_number(value) else REFUSED


def _of_query(parameter: dict[str, Any], value: str) -> str:
    if "content" in parameter:
        return _of_json(parameter["content"]["application/json"]["schema"], value)
    schema = parameter["schema"]
    if schema["type"] == "string":
        return TAKEN if _valid(schema, value) else REFUSED
    if not value:
        return TAKEN
    if _INTEGER.match(value):
        return TAKEN if _valid(schema, int(value)) else REFUSED
    return EITHER if _NUMBER.match(value) else REFUSED


def _of_json(schema: dict[str, Any], text: str) -> str:
    """JSON text of what *schema* says. Empty text counts as absent."""
    if not text:
        return TAKEN
    try:
        value = _loads(text)
    except _Not:
        return REFUSED
    return EITHER if value is None else _of_value(schema, value)


def _texts(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of what a string holds as JSON text."""
    for each in described.resolved(schema).get("anyOf", ()):
        if "contentSchema" in each:
            found: dict[str, Any] = each["contentSchema"]
            return found
    return None


def _valid(schema: dict[str, Any], value: Any) -> bool:
    return bool(described.validator(json.dumps(schema)).is_valid(value))


def _unique(value: Any) -> bool:
    """No kind of a setting is given twice: what a schema can't say."""
    kinds = (
        [each["kind"] for each in value if isinstance(each, dict) and "kind" in each] if isinstance(value, list) else []
    )
    return len(kinds) == len(set(map(str, kinds)))


def _holds_params(value: Any) -> bool:
    """Where messages in a list have text as their params, it is JSON text of them: a schema doesn't look inside."""
    entries = value if isinstance(value, list) else []
    texts = [each.get("params") for each in entries if isinstance(each, dict) and isinstance(each.get("params"), str)]
    return all(_of_json(_PARAMS, text) != REFUSED for text in texts)


def _has_number(value: Any) -> bool:
    """Whether a number is in it that is written as text: then it may be taken after all."""
    if isinstance(value, list):
        return any(map(_has_number, value))
    if isinstance(value, dict):
        return any(map(_has_number, value.values()))
    return isinstance(value, str) and _NUMBER.match(value) is not None
