"""What the commands share: the data folder, a transaction on its database, the audit log, a bar of how far they are."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from webcam.audit import AuditLog
from webcam.clock import SystemClock
from webcam.config import AUDIT, default_data
from webcam.errors import NoSuchAccount, Refused
from webcam.storage.copying import open_existing
from webcam.storage.lock import FolderInUse, FolderLock
from webcam.storage.reserve import Reserve, with_reserve
from webcam.storage.schema import FILE, VERSION, connect, known_version, make_ready

BAR = 40
"""Characters."""

MAX_NAME = 1024
"""Characters of a name, as in requests."""

_T = TypeVar("_T")

Nouns = Any
"""What ``ArgumentParser.add_subparsers`` gives, which has no public name."""


def add_command(
    nouns: Nouns, name: str, run: Callable[[argparse.Namespace], str], text: str
) -> argparse.ArgumentParser:
    """A command that works on a data folder; ``run`` returns what is printed."""
    command: argparse.ArgumentParser = nouns.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument(
        "--data", type=Path, default=default_data(os.environ), help="the server's data folder [%(default)s]"
    )
    return command


def add_noted_command(
    nouns: Nouns, name: str, run: Callable[[argparse.Namespace], str], text: str
) -> argparse.ArgumentParser:
    """A command that :func:`note` is told of."""
    command = add_command(nouns, name, run, text)
    command.add_argument("--audit", type=Path, help=f"the server's audit log, if it is not DATA/{AUDIT}")
    return command


def note(options: argparse.Namespace, event: str, **facts: str | int | None) -> None:
    """In the audit log: what was done, and by whom. It is done, whether it can be written there or not."""
    path = options.audit or folder_of(options) / AUDIT
    log = AuditLog(path, SystemClock(), lambda line: print(f"webcam: {line}", file=sys.stderr))
    log.note(event, **facts, uid=os.getuid())


def folder_of(options: argparse.Namespace) -> Path:
    """The data folder, which must be there."""
    data: Path = options.data
    if not data.is_dir():
        raise Refused(f"there is no data folder {data}: name it by --data, or start the server once")
    return data


def in_transaction(data: Path, function: Callable[[sqlite3.Cursor], _T]) -> _T:
    """``function`` of a cursor, whole or not at all, on the folder's database. On a full disk it uses the reserve."""
    reserve = Reserve(data)
    with closing(connect(_ready(data))) as connection:
        cursor = connection.cursor()

        def transaction() -> _T:
            cursor.execute("BEGIN IMMEDIATE")
            result = function(cursor)
            cursor.execute("COMMIT")
            return result

        return with_reserve(cursor, reserve, transaction)


def of_account(options: argparse.Namespace, name: str | None, function: Callable[[sqlite3.Cursor], _T]) -> _T:
    """The same for what is about the account of this name, which must be there."""
    try:
        return in_transaction(folder_of(options), function)
    except NoSuchAccount:
        raise Refused(f"there is no account {name!r}") from None


def check_name(name: str, what: str) -> None:
    """Raises :class:`Refused` for a name that no request could bring."""
    if not name or len(name) > MAX_NAME:
        raise Refused(f"{what} has 1 to {MAX_NAME} characters")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(f"{what} is no text in UTF-8: {name!a}") from None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns, each as wide as its widest text. What clients call themselves does nothing to a terminal."""
    lines = [head, *([printable(text) for text in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def printable(text: str) -> str:
    """Return the text, in ASCII where it holds what would do something to a terminal, or is no text at all."""
    return text if isinstance(text, str) and text.isprintable() else ascii(text)


def _ready(data: Path) -> Path:
    """The folder's database, which is made or upgraded if need be; but not under the feet of a server that runs."""
    path = data / FILE
    version = _version(path)
    if not 0 < version < VERSION:
        return make_ready(data)
    try:
        with FolderLock(data, "webcam"):
            return make_ready(data)
    except FolderInUse:
        text = f"the database {path} is of version {version}: restart the server, which upgrades it to {VERSION}"
        raise Refused(text) from None


def _version(path: Path) -> int:
    """0 for what is no database: it is told where it is opened to be used."""
    try:
        with closing(open_existing(path)) as connection:
            return known_version(connection, f"the database {path}")
    except sqlite3.Error:
        return 0


class Bar:
    """How far a long command is, on standard error: when that is a terminal, and not at all otherwise."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = ""

    def show(self, done: int, total: int) -> None:
        """*done* of *total*."""
        share = done / total if total else 1.0
        full = int(share * BAR)
        line = f"\r{self._what} [{'#' * full}{' ' * (BAR - full)}] {int(share * 100):3} %"
        if line != self._shown and sys.stderr.isatty():
            self._shown = line
            print(line, end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print(file=sys.stderr)
