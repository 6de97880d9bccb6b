"""Messages as clients write them, and the two places where a text means "up to my sync mark"."""

from __future__ import annotations

from typing import Any

from webcam.errors import MalformedRequest, ParserFail
from webcam.model import Draft
from webcam.wire import fields, jsontext
from webcam.wire.requests import Params, read_json

MAX_NAME = 1024


def drafts(params: Params) -> tuple[list[Draft], bool]:
    """The messages of a request, and whether a sync is among them.

    Those of the list come first, then the single one. Raises :class:`MalformedRequest` when one of them is malformed
    or there is none at all.
    """
    entries = params.json(fields.MESSAGES)
    if entries is None:
        entries = []
    elif not isinstance(entries, list):
        raise MalformedRequest(f"{fields.MESSAGES} is no list")
    sources = [_entry(each) for each in entries]
    if not sources or params.text(fields.MESSAGE, MAX_NAME):
        sources.append(params)
    _check_texts([each.plain(fields.PARAMS) for each in sources])
    found = [_draft(each) for each in sources]
    kept = [each for each in found if each is not None]
    return kept, len(kept) < len(found)


def _check_texts(values: list[Any]) -> None:
    """A thousand of them, with as many values as a text may hold in each, would take seconds to parse."""
    try:
        jsontext.check_values(each for each in values if isinstance(each, str))
    except ParserFail:
        raise MalformedRequest(f"{fields.PARAMS} holds no JSON") from None


def _entry(value: Any) -> Params:
    if not isinstance(value, dict):
        raise MalformedRequest(f"an entry of {fields.MESSAGES} is no object")
    return Params({}, value)


def _draft(source: Params) -> Draft | None:
    """``None`` for a sync."""
    name = source.required_text(fields.MESSAGE, MAX_NAME)
    target = source.text(fields.TARGET) or ""
    params = _params(source.plain(fields.PARAMS))
    return None if name.lower() == fields.SYNC else Draft(name, target, params)


def _params(value: Any) -> str:
    """JSON text of an object or an array; text of one counts as the value, nothing at all as ``{}``."""
    if isinstance(value, str):
        value = read_json(fields.PARAMS, value)
    if value is None:
        return "{}"
    if not isinstance(value, (dict, list)):
        raise MalformedRequest(f"{fields.PARAMS} is neither object nor array")
    return jsontext.dumps(value)


def after(params: Params) -> str | None:
    """The stamp to go on from; ``None`` stands for the device's sync mark.

    Some devices ask for the latter by the text ``{"msg":"sync"}`` in place of a stamp. An empty stamp is less than any.
    """
    stamp = params.text(fields.STAMP)
    return None if stamp is None or _is_sync(stamp) else stamp


def _is_sync(stamp: str) -> bool:
    if not stamp.lstrip().startswith("{"):
        return False
    try:
        value = jsontext.loads(stamp)
    except ParserFail:
        return False
    name = value.get(fields.MESSAGE) if isinstance(value, dict) else None
    return isinstance(name, str) and name.lower() == fields.SYNC
