"""Where records of TLS end in what comes (RFC 8446, 5.1), so that a read of thousands is taken in pieces."""

from __future__ import annotations

HEAD = 5
"""Bytes of a record's header: its type, its version, and in two bytes the length of the rest."""


class Records:
    """Those of one connection, whose bytes are shown to it in order."""

    __slots__ = ("_head", "_rest")

    def __init__(self) -> None:
        self._head = b""
        self._rest = 0

    def end(self, data: bytes, start: int, most: int) -> tuple[int, int]:
        """Up to where *data*, from *start* on, holds the ends of *most* records and no more; how many it holds."""
        at, size, ended = start, len(data), 0
        while at < size and ended < most:
            if not self._rest:
                head = self._head + data[at : at + HEAD - len(self._head)]
                at += len(head) - len(self._head)
                if len(head) < HEAD:
                    self._head = head
                    break
                self._head = b""
                self._rest = head[3] << 8 | head[4]
            part = min(self._rest, size - at)
            at += part
            self._rest -= part
            if not self._rest:
                ended += 1
        return at, ended
