"""multipart/x-mixed-replace as a client reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part: its content type and its bytes."""

    kind: str
    data: bytes


class MultipartReader:
    """Feed it bytes; it gives the parts whose end, the boundary behind them, has come."""

    def __init__(self, content_type: str) -> None:
        kind, _, boundary = content_type.partition("; boundary=")
        assert kind == "multipart/x-mixed-replace", content_type
        self._opening = f"--{boundary}\r\n".encode()
        self._rest = b""
        self._begun = False
        self.parts: list[Part] = []

    @property
    def rest(self) -> bytes:
        """What has come behind the last boundary."""
        return self._rest

    def feed(self, data: bytes) -> list[Part]:
        """The parts that end in it."""
        self._rest += data
        if not self._begun:
            if len(self._rest) < len(self._opening):
                return []
            self._expect(self._opening)
            self._begun = True
        found = []
        while (part := self._part()) is not None:
            found.append(part)
        self.parts += found
        return found

    def _expect(self, text: bytes) -> None:
        assert self._rest.startswith(text), self._rest[:80]
        self._rest = self._rest[len(text) :]

    def _part(self) -> Part | None:
        head, blank, body = self._rest.partition(b"\r\n\r\n")
        if not blank:
            return None
        headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n"))
        size = int(headers["content-length"])
        end = b"\r\n" + self._opening
        if len(body) < size + len(end):
            return None
        self._rest = body[size:]
        self._expect(end)
        return Part(headers["content-type"], body[:size])
