"""Searching logs for secrets, however they are written there."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from tests.support.trail import LOGS, NOT_SEARCHED, SECRETS, SHORTEST

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\"'\\/nrtbf])")


def secrets_in(trail: Path) -> dict[str, set[str]]:
    """By kind, those that were used."""
    found: dict[str, set[str]] = {}
    path = trail / SECRETS
    for line in path.read_text().splitlines() if path.exists() else ():
        kind, secret = json.loads(line)
        found.setdefault(kind, set()).add(secret)
    return found


def logs_of(trail: Path) -> list[Path]:
    """The files that were left there."""
    return sorted((trail / LOGS).glob("*"))


def unsearchable(secrets: Iterable[str]) -> list[str]:
    """Those that are too short to be searched, and not named as such."""
    return sorted({each for each in secrets if len(each) < SHORTEST} - NOT_SEARCHED.keys())


class Search:
    """For *secrets*, in as many texts as one likes."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._by_head: dict[str, list[str]] = {}
        for secret in {form for each in secrets if each not in NOT_SEARCHED for form in _forms(each)}:
            if len(secret) >= SHORTEST:
                self._by_head.setdefault(secret[:SHORTEST], []).append(secret)

    def hits(self, text: str) -> list[str]:
        """The lines of *text* that hold one: as it is, percent-encoded, escaped as JSON or Python do, or in base64."""
        return [line for line in text.splitlines() if any(self._in(each) for each in _readings(line))]

    def _in(self, line: str) -> bool:
        by_head = self._by_head
        for start in range(len(line) - SHORTEST + 1):
            for secret in by_head.get(line[start : start + SHORTEST], ()):
                if line.startswith(secret, start):
                    return True
        return False


def _forms(secret: str) -> Iterator[str]:
    """What a log would have to hold once it is read."""
    yield secret
    for before in range(3):  # in base64, behind so many bytes, without the characters that it shares
        encoded = base64.b64encode(bytes(before) + secret.encode("utf-8", "surrogatepass")).decode()
        yield encoded[4 if before else 0 : -4]


def _readings(line: str) -> set[str]:
    """The line, and what it says in the ways of writing that a server or a library might use, also one in the other."""
    found = {line}
    for _ in range(2):
        found |= {read for each in found for read in _read(each)}
    return found


def _read(line: str) -> Iterator[str]:
    if "%" in line:
        yield unquote(line)
        yield unquote_plus(line)
    if "\\" in line:
        yield _ESCAPE.sub(_unescaped, line)


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    if escape[0] in "ux":
        return chr(int(escape[1:], 16))
    return escape if escape in "\"'\\/" else codecs.decode(f"\\{escape}", "unicode_escape")
