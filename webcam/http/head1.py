"""The head and the framing of a request over HTTP/1.1, where Twisted lets pass what RFC 9112 refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from twisted.web import http

_is_host = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?\Z"
).match
"""RFC 3986, 3.2.2: an address of IPv6 in brackets, or a name, in which much is possible, underscores too; and a port.
An empty one is none of ``http`` or ``https`` (RFC 9110, 4.2.1)."""

_beyond_ascii = re.compile(rb"[\x80-\xff]")


def has_valid_host(values: Sequence[bytes] | None, version: bytes) -> bool:
    """Whether these are the ``host`` fields of a valid request (RFC 9112, 3.2): one, or with HTTP/1.0 none."""
    if not values:
        return version != b"HTTP/1.1"
    return len(values) == 1 and _is_host(values[0]) is not None


def encoded_line(line: bytes) -> bytes:
    """A request line, with what is beyond ASCII in its target percent-encoded: Twisted refuses some of that."""
    parts = line.split(b" ")
    if len(parts) != 3 or parts[1].isascii():
        return line
    return b" ".join((parts[0], _beyond_ascii.sub(lambda found: b"%%%02X" % found[0][0], parts[1]), parts[2]))


class Chunks(http._ChunkedTransferDecoder):
    """Twisted's, and in trailers a line ends with CR LF alone: others may take half a line for the end of a request
    (RFC 9112, 2.2 and 7.1.2)."""

    def _dataReceived_TRAILER(self) -> bool:  # noqa: N802
        end, carriage = self._buffer.find(b"\n"), self._buffer.find(b"\r")
        last = len(self._buffer) - 1 if end < 0 else end - 1
        if (end >= 0 or carriage >= 0) and carriage != last:
            raise http._MalformedChunkedDataError("a CR or LF of its own in a trailer")
        return bool(super()._dataReceived_TRAILER())
