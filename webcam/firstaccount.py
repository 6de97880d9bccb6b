"""The account of a first start. Its password is in a file and, once, on the operator's terminal: never in a log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TextIO

from twisted.logger import Logger

from webcam.http.certificate import write_private
from webcam.service.passwords import hash_password
from webcam.storage import accounts
from webcam.storage.schema import connect

NAME = "webcam"
PASSWORD_FILE = "first-password"

_log = Logger(namespace="webcam")


def make_first_account(database: Path, password_file: Path, terminal: TextIO | None) -> None:
    """Where there never was an account, make one. Its password is shown on *terminal*, if there is one.

    It is in the file first, so that no account has a password that nobody knows.
    """
    with closing(connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        (ever,) = cursor.execute("SELECT COUNT(*) FROM sqlite_sequence WHERE name = 'accounts'").fetchone()
        password = None if ever else secrets.token_urlsafe(12)
        if password is not None:
            write_private(password_file, password.encode() + b"\n")
            accounts.add_account(cursor, NAME, hash_password(password))
        cursor.execute("COMMIT")
    if password is not None:
        _log.warn("made a first account: name {name}, password in {file}", name=NAME, file=str(password_file))
        if terminal is not None:
            print(f"The password of the first account, {NAME}: {password}", file=terminal, flush=True)


def terminal_among(outputs: Iterable[TextIO | None]) -> TextIO | None:
    """The first of them that is a terminal. What it is given is seen by whoever sits there, and kept nowhere."""
    return next((each for each in outputs if each is not None and each.isatty()), None)
