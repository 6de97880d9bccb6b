"""Field blocks: HPACK (RFC 7541), with hpack's tables and codes, in fewer steps than hpack takes for a small request.

A server reads a handful of short fields and answers with the same ones again and again. hpack makes an object, two
views and a log line of each; here a block is read in one loop, and a head that is sent often is encoded once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import h2.errors
import h2.exceptions
import hpack
import hpack.huffman_table
from hpack.table import HeaderTable

Field = tuple[bytes, bytes]
"""Name and value."""

TABLE = 4096
"""Bytes of fields that a connection remembers to name them shortly: HTTP/2's default."""

_STATIC = (None, *HeaderTable.STATIC_TABLE)
_ENTRY = 32
"""Bytes that a field counts beside its name and value (RFC 7541, 4.1)."""

_LONGEST_INTEGER = 10
_RESIZES = 2
"""Of the table, at the start of a block: the least size since the last block, and the one that holds (RFC 7541, 4.2).
"""

_LONGEST_CODE = 30
"""Bits of a byte, Huffman-coded."""

_REMEMBERED = 256
_HEADS = 16
"""Heads that a connection remembers encoded."""

_DATE = b"\x0f\x12"
_LENGTH = b"\x0f\x0d"
"""Literals that are not indexed, of names 33 and 28 of the static table: they differ from answer to answer."""


class CompressionError(h2.exceptions.ProtocolError):
    """A field block that can't be decoded: no later one can be (RFC 9113, 4.3). h2 has no code of its own for it."""

    error_code = h2.errors.ErrorCodes.COMPRESSION_ERROR


class Decoder(hpack.Decoder):
    """Reads the field blocks of one connection, in their order; a list is bounded in bytes and in fields."""

    max_fields = 2**31

    def decode(self, data: bytes, raw: bool = True) -> list[Field]:  # type: ignore[override]
        """The fields of a block. Raises :class:`CompressionError`, and h2's error for a list that is too large."""
        try:
            fields = self._fields(bytes(data))
            self._assert_valid_table_size()
        except hpack.OversizedHeaderListError as error:
            raise h2.exceptions.DenialOfServiceError(str(error)) from error
        except (hpack.HPACKError, IndexError) as error:
            raise CompressionError(str(error)) from error
        return fields

    def _fields(self, data: bytes) -> list[Field]:
        fields: list[Field] = []
        room = self.max_header_list_size
        at, end = 0, len(data)
        while at < end:
            first = data[at]
            if first >= 0x80:
                index, at = _integer(data, at, 0x7F)
                field = self._indexed(index)
            elif 0x20 <= first < 0x40:
                at = self._resize(data, at)
                continue
            else:
                index, at = _integer(data, at, 0x3F if first >= 0x40 else 0x0F)
                if index:
                    name = self._indexed(index)[0]
                else:
                    name, at = _string(data, at, room)
                value, at = _string(data, at, room)
                field = name, value
                if first >= 0x40:
                    self.header_table.add(name, value)
            room -= len(field[0]) + len(field[1]) + _ENTRY
            if room < 0 or len(fields) >= self.max_fields:
                raise hpack.OversizedHeaderListError("too large a list of fields")
            fields.append(field)
        return fields

    def _indexed(self, index: int) -> Field:
        field = _STATIC[index] if index < len(_STATIC) else self.header_table.get_by_index(index)
        if field is None:
            raise hpack.InvalidTableIndexError("index 0")
        return field

    def _resize(self, data: bytes, at: int) -> int:
        """All that a block may begin with, in one go."""
        if at:
            raise hpack.HPACKDecodingError("a table size behind a field, or one too many")
        for _ in range(_RESIZES):
            size, at = _integer(data, at, 0x1F)
            if size > self.max_allowed_table_size:
                raise hpack.InvalidTableSizeError("a table larger than allowed")
            self.header_table_size = size
            if not b"\x20" <= data[at : at + 1] < b"\x40":
                break
        return at


def _integer(data: bytes, at: int, mask: int) -> tuple[int, int]:
    """An integer whose first byte has it under *mask*, and where it ends (RFC 7541, 5.1)."""
    number = data[at] & mask
    at += 1
    if number == mask:
        shift, last = 0, at + _LONGEST_INTEGER
        while True:
            byte = data[at]
            at += 1
            number += (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if at >= last:
                raise hpack.HPACKDecodingError("an integer of too many bytes")
    return number, at


def _string(data: bytes, at: int, room: int) -> tuple[bytes, int]:
    """A string, and where it ends. One that is longer than *room* in any case isn't decoded."""
    coded = data[at] >= 0x80
    size, at = _integer(data, at, 0x7F)
    end = at + size
    if end > len(data):
        raise hpack.HPACKDecodingError("a string behind the end of its block")
    text = data[at:end]
    if coded:
        if size <= _REMEMBERED:
            text = _known(text)
        elif size * 8 // _LONGEST_CODE > room:
            raise hpack.OversizedHeaderListError("too large a list of fields")
        else:
            text = hpack.huffman_table.decode_huffman(text)
    return text, end


_known = lru_cache(maxsize=1024)(hpack.huffman_table.decode_huffman)
"""A device asks for the same paths again and again, and clients send them Huffman-coded each time."""


class _Table(HeaderTable):
    """Knows of its changes: an encoded head holds until the next one."""

    changes = 0

    def add(self, name: bytes, value: bytes) -> None:
        self.changes += 1
        super().add(name, value)


class Encoder(hpack.Encoder):
    """Its table stays within :data:`TABLE`, whatever the peer offers to remember, and of many changes it tells the
    least and the last (RFC 7541, 4.2)."""

    header_table: _Table

    def __init__(self) -> None:
        super().__init__()
        self.header_table = _Table()
        self._heads: dict[tuple[Field, ...], tuple[int, bytes]] = {}

    @property
    def header_table_size(self) -> int:
        return int(self.header_table.maxsize)

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        size = min(value, TABLE)
        if size != self.header_table.maxsize:  # hpack forgets a change that is said again before it was told
            self.header_table.maxsize = size
            self.header_table.changes += 1
            least = min(size, *self.table_size_changes, TABLE)
            self.table_size_changes = [least] if least == size else [least, size]

    def head(self, fields: tuple[Field, ...], date: bytes, length: int) -> bytes:
        """The block of an answer's head, with its date and the length of its body. Raises :class:`ValueError` for
        a field that nobody may send."""
        known = self._heads.get(fields)
        fresh = known is not None and known[0] == self.header_table.changes
        block = known[1] if known and fresh else self._remember(fields)
        digits = b"%d" % length
        return b"".join((block, _DATE, bytes((len(date),)), date, _LENGTH, bytes((len(digits),)), digits))

    def _remember(self, fields: tuple[Field, ...]) -> bytes:
        before = self.header_table.changes
        told = not self.table_size_changes
        block: bytes = self.encode(sendable(fields))
        if told and before == self.header_table.changes:  # nothing in it but indexes
            if len(self._heads) >= _HEADS:
                self._heads.clear()
            self._heads[fields] = before, block
        return block


def sendable(fields: Iterable[Field]) -> list[Field]:
    """Fields of an answer as HTTP/2 has them: names in small letters, none of the connection's own (RFC 9113, 8.2.2).

    Raises :class:`ValueError` for a value that would break out of its line in HTTP/1.1.
    """
    found: list[Field] = []
    for given, value in fields:
        name = given.lower()
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise ValueError(f"a value of {name!r} holds the end of a line")
        if name == b"set-cookie":
            found.append(hpack.NeverIndexedHeaderTuple(name, value))
        elif name not in CONNECTION_SPECIFIC:
            found.append((name, value))
    return found


CONNECTION_SPECIFIC = frozenset((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"))
