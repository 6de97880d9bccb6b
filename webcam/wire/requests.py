"""What a request asks for: parameters from query and body, each read as the type that its field has.

A parameter may come in the query string or in the JSON body; in both, the body wins. A field of text takes its query
value as it is; any other field reads it as JSON text, and takes a string in the body that holds such text, too.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import parse_qsl

import orjson

from webcam.errors import EmptyRequest, MalformedRequest, NotAnObject, ParserFail
from webcam.wire import fields, jsontext
from webcam.wire.steps import Step

MAX_ID = 2**63 - 1
MAX_QUERY_FIELDS = 1000

MAX_SETTINGS = 500
"""Entries of a request to change settings: a turn's work. There are six kinds, and some clients send ``null``."""

MAX_META = 16 * 1024
"""Bytes of a device's or record's metadata, as an answer holds them: a control character takes six."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
_TOKEN = re.compile(rb'"%s"\s*:\s*"([!#-\[\]-~]{1,1024})"' % fields.TOKEN.encode())


class Params:
    """The parameters of one request. Unknown ones are never looked at; a ``null`` counts as absent."""

    def __init__(self, query: dict[str, str], body: dict[str, Any]) -> None:
        self._query = query
        self._body = body

    @classmethod
    def parse(cls, query: bytes, body: bytes = b"") -> Params:
        """Read a query string and a body that holds a JSON object.

        Raises :class:`EmptyRequest` when there is neither, :class:`ParserFail` and :class:`NotAnObject` for the body.
        """
        params = cls.from_query(query)
        if body:
            value = jsontext.loads_bytes(body)
            if not isinstance(value, dict):
                raise NotAnObject(f"a {type(value).__name__}")
            params._body = value
        elif not query:
            raise EmptyRequest("no body, no query")
        return params

    @classmethod
    def from_query(cls, query: bytes) -> Params:
        """The same, for a request whose body is no JSON but data. An empty query is no error here."""
        return cls(_parse_query(query), {})

    def text(self, name: str, bound: int = 1024) -> str | None:
        """A field of text of at most *bound* characters."""
        value = self._body.get(name)
        if value is None:
            value = self._query.get(name)
        if value is None:
            return None
        return _checked_text(name, value, bound)

    def required_text(self, name: str, bound: int = 1024) -> str:
        """The same; missing or empty is malformed."""
        value = self.text(name, bound)
        if not value:
            raise MalformedRequest(f"{name} is missing")
        return value

    def any_text(self, name: str, bound: int) -> str | None:
        """A field of text that takes any JSON value: a string as it is, anything else as its JSON text."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, str):
            return _checked_text(name, jsontext.dumps(value), bound)
        return self.text(name, bound)

    def metadata(self) -> str:
        """A record's metadata, empty when there are none. Raises :class:`MalformedRequest` for too much of them."""
        return self._checked_metadata(self.text(fields.META, MAX_META)) or ""

    def any_metadata(self) -> str | None:
        """A device's, of any JSON value as :meth:`any_text` has it."""
        return self._checked_metadata(self.any_text(fields.META, MAX_META))

    def _checked_metadata(self, text: str | None) -> str | None:
        if text is not None and len(orjson.dumps(text)) - len('""') > MAX_META:
            raise MalformedRequest(f"{fields.META} takes more than {MAX_META} bytes in an answer")
        return text

    def integer(self, name: str, lowest: int = 0, highest: int = MAX_ID) -> int | None:
        """An integer within bounds; an empty text counts as absent."""
        value = self._raw(name)
        return None if value is None else as_integer(name, value, lowest, highest)

    def json(self, name: str) -> Any:
        """An array or an object, or whatever else JSON knows: the caller checks. ``None`` when absent."""
        value = self._raw(name)
        return read_json(name, value) if isinstance(value, str) else value

    def plain(self, name: str) -> Any:
        """The value as it came, a text or a JSON value; ``None`` when absent or empty."""
        return self._raw(name)

    def _raw(self, name: str) -> Any:
        value = self._body.get(name)
        if value is None:
            value = self._query.get(name)
            if value is not None:
                _checked_text(name, value, None)
        return None if value == "" else value


def shown_tokens(body: bytes) -> Iterator[str]:
    """What stands in a body of JSON as a token, where it is written without escapes; the body isn't parsed."""
    return (match[1].decode("ascii") for match in _TOKEN.finditer(body))


def _parse_query(query: bytes) -> dict[str, str]:
    """Percent-decoded; ``+`` is a space. What is not UTF-8 is told when the field is asked for."""
    if not query:
        return {}
    text = query.decode("utf-8", "surrogateescape")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise MalformedRequest("too many parameters") from None
    return dict(pairs)


def _checked_text(name: str, value: Any, bound: int | None) -> str:
    if not isinstance(value, str):
        raise MalformedRequest(f"{name} is no text")
    if bound is not None and len(value) > bound:
        raise MalformedRequest(f"{name} is longer than {bound} characters")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise MalformedRequest(f"{name} is not UTF-8") from None
    return value


def read_json(name: str, text: str) -> Any:
    """The value of JSON text inside a field. Raises :class:`MalformedRequest`."""
    try:
        return jsontext.loads(text)
    except ParserFail:
        raise MalformedRequest(f"{name} holds no JSON") from None


def as_number(name: str, value: Any) -> float:
    """A finite number, written as one or as text of one. Raises :class:`MalformedRequest`."""
    if isinstance(value, str) and _NUMBER.match(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MalformedRequest(f"{name} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise MalformedRequest(f"{name} is out of bounds")
    return number


def as_integer(name: str, value: Any, lowest: int = 0, highest: int = MAX_ID) -> int:
    """A whole number within bounds, however it is written. Raises :class:`MalformedRequest`."""
    if isinstance(value, str) and _INTEGER.match(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        number = as_number(name, value)
        if not number.is_integer():
            raise MalformedRequest(f"{name} is no whole number")
        value = int(number)
    if not lowest <= value <= highest:
        raise MalformedRequest(f"{name} is out of bounds")
    return int(value)


def chosen_settings(params: Params) -> dict[int, float]:
    """The list of a request to change settings, kind to value; ``null`` entries are skipped.

    Only its form is checked here. Raises :class:`MalformedRequest` for an empty list, an entry that is no object, a
    kind given twice, a missing or non-numeric value.
    """
    entries = params.json(fields.SETTINGS)
    if not isinstance(entries, list):
        raise MalformedRequest(f"{fields.SETTINGS} is no list")
    if len(entries) > MAX_SETTINGS:
        raise MalformedRequest(f"{fields.SETTINGS} has more than {MAX_SETTINGS} entries")
    chosen: dict[int, float] = {}
    for entry in entries:
        if entry is None:
            continue
        if not isinstance(entry, dict):
            raise MalformedRequest(f"an entry of {fields.SETTINGS} is no object")
        kind = as_integer(fields.KIND, entry.get(fields.KIND))
        if kind in chosen:
            raise MalformedRequest(f"{fields.KIND} {kind} is given twice")
        chosen[kind] = as_number(fields.VALUE, entry.get(fields.VALUE))
    if not chosen:
        raise MalformedRequest(f"{fields.SETTINGS} is empty")
    return chosen


def named_records(params: Params) -> Generator[None, None, tuple[list[int], bool]]:
    """Read the ids of a request to delete records, and whether older ones go, too (a negative number is among them), in
    steps that are a turn's work each.

    One integer stands for a list of it. Raises :class:`MalformedRequest` when no record is named.
    """
    value = params.json(fields.RECORDS)
    entries = value if isinstance(value, list) else [value]
    numbers: list[int] = []
    step = Step()
    for each in entries:
        numbers.append(as_integer(fields.RECORDS, each, lowest=-MAX_ID - 1))
        if step.is_done(0):
            yield
    record_ids = [each for each in numbers if each >= 0]
    if not record_ids:
        raise MalformedRequest("no record is named")
    return record_ids, len(record_ids) < len(numbers)
