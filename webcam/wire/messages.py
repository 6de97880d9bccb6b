"""Messages as clients write them, and the two places where a text means "up to my sync mark"."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from webcam.errors import MalformedRequest, ParserFail
from webcam.model import Draft
from webcam.wire import fields, jsontext
from webcam.wire.requests import Params, read_json
from webcam.wire.steps import Step

MAX_NAME = 1024


def drafts(params: Params) -> Generator[None, None, tuple[list[Draft], bool]]:
    """Read the messages of a request, and whether a sync is among them, in steps of so many that each is a turn's work.

    Those of the list come first, then the single one. Raises :class:`MalformedRequest` when one of them is malformed
    or there is none at all.
    """
    entries = params.json(fields.MESSAGES)
    if entries is None:
        entries = []
    elif not isinstance(entries, list):
        raise MalformedRequest(f"{fields.MESSAGES} is no list")
    if not entries or params.text(fields.MESSAGE, MAX_NAME):
        entries = [*entries, params]
    found: list[Draft] = []
    step, values, syncs = Step(), 0, 0
    for entry in entries:
        source = entry if isinstance(entry, Params) else _entry(entry)
        values += _values(source.plain(fields.PARAMS), values)
        draft = _draft(source)
        if draft is None:
            syncs += 1
        else:
            found.append(draft)
        if step.is_done(draft.texts_size if draft else 0):
            yield
    return found, syncs > 0


def _values(params: Any, before: int) -> int:
    """Return how many values a text of JSON may hold, counted before it is parsed.

    A thousand texts, with as many values as a text may hold in each, would take seconds. Raises
    :class:`MalformedRequest` when there are too many of them with those *before*.
    """
    if not isinstance(params, str):
        return 0
    try:
        return jsontext.count_values(params, before)
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
