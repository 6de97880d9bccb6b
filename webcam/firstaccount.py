"""The account of a first start. Its password is in a file and, once, on the operator's terminal: never in a log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TextIO

from twisted.logger import Logger

from webcam.durable import write_file
from webcam.service.passwords import hash_password
from webcam.storage import accounts
from webcam.storage.schema import connect

NAME = "webcam"
PASSWORD_FILE = "first-password"

_log = Logger(namespace="webcam")


def make_first_account(database: Path, password_file: Path, terminal: TextIO | None) -> None:
    """Where there never was an account, make one. Its password is shown on *terminal*, if there is one.

    The password is on disk first, then the account is, then the log says so: no crash leaves an account whose password
    nobody knows, and none is announced that isn't there. Every later start names the file, as long as it exists: a
    crash may have come before the announcement.
    """
    with closing(connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        (ever,) = cursor.execute("SELECT COUNT(*) FROM sqlite_sequence WHERE name = 'accounts'").fetchone()
        password = None if ever else secrets.token_urlsafe(12)
        if password is not None:
            write_file(password_file, password.encode() + b"\n")
            accounts.add_account(cursor, NAME, hash_password(password))
        cursor.execute("COMMIT")
    if password is not None:
        _log.warn("made a first account: name {name}, password in {file}", name=NAME, file=str(password_file))
        if terminal is not None:
            print(f"The password of the first account, {NAME}: {password}", file=terminal, flush=True)
    elif password_file.is_file():
        _name_file(password_file)


def _name_file(password_file: Path) -> None:
    try:
        lost = not password_file.read_bytes().strip(b"\0\n")
    except OSError:
        lost = False  # whoever may read it is the operator's affair
    values = {"name": NAME, "file": str(password_file)}
    if not lost:
        _log.info("the first password of the account {name} is in {file}: change it, then delete the file", **values)
    else:  # nothing writes it so; but a version may have that didn't wait for the disk
        text = "{file} is empty after a crash: set a password of the account {name} by webcam account passwd {name}"
        _log.warn(text, **values)


def terminal_among(outputs: Iterable[TextIO | None]) -> TextIO | None:
    """The first of them that is a terminal. What it is given is seen by whoever sits there, and kept nowhere."""
    return next((each for each in outputs if each is not None and each.isatty()), None)
