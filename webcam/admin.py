"""The console script ``webcam``: what the operator does to accounts, also while the server runs."""

from __future__ import annotations

import argparse
import getpass
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from webcam import __version__
from webcam.config import default_data
from webcam.errors import AccountExists, NoSuchAccount, StartFailure
from webcam.service.passwords import hash_password
from webcam.storage import accounts
from webcam.storage.schema import connect, make_ready

MAX_NAME = 1024

_T = TypeVar("_T")


class _Refused(Exception):
    """The text is one line for the operator."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the answer is its exit status."""
    options = _parser().parse_args(arguments)
    try:
        text = options.run(options)
    except KeyboardInterrupt:
        return 130
    except (_Refused, StartFailure) as error:
        print(f"webcam: {error}", file=sys.stderr)
        return 1
    except sqlite3.Error as error:
        print(f"webcam: the database refused: {error}", file=sys.stderr)
        return 1
    except UnicodeError:
        print("webcam: the name or the password is no text in UTF-8", file=sys.stderr)
        return 1
    if text:
        print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="webcam", description="Looks after a web camera server.")
    parser.add_argument("--version", action="version", version=__version__)
    nouns = parser.add_subparsers(required=True, metavar="account")
    account = nouns.add_parser("account", help="add, change, remove and list accounts")
    verbs = account.add_subparsers(required=True, metavar="add|passwd|remove|list")
    for verb, run, named, secret, text in (
        ("add", _add, True, True, "make an account"),
        ("passwd", _passwd, True, True, "change an account's password; its sessions end"),
        ("remove", _remove, True, False, "remove an account with all that it holds"),
        ("list", _list, False, False, "name every account"),
    ):
        command = verbs.add_parser(verb, help=text, description=text.capitalize() + ".")
        command.set_defaults(run=run)
        command.add_argument(
            "--data", type=Path, default=default_data(os.environ), help="the server's data folder [%(default)s]"
        )
        if named:
            command.add_argument("name", help="the account's name")
        if secret:
            command.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    return parser


def _add(options: argparse.Namespace) -> str:
    if not options.name or len(options.name) > MAX_NAME:
        raise _Refused(f"a name has 1 to {MAX_NAME} characters")
    password_hash = hash_password(_password(options))
    try:
        _in_transaction(options.data, lambda cursor: accounts.add_account(cursor, options.name, password_hash))
    except AccountExists:
        raise _Refused(f"there is an account {options.name!r} already") from None
    return f"added {options.name}"


def _passwd(options: argparse.Namespace) -> str:
    password_hash = hash_password(_password(options))
    _of_account(options, lambda cursor: accounts.set_password(cursor, options.name, password_hash))
    return f"changed the password of {options.name}"


def _remove(options: argparse.Namespace) -> str:
    _of_account(options, lambda cursor: accounts.remove_account(cursor, options.name))
    return f"removed {options.name}"


def _list(options: argparse.Namespace) -> str:
    return "\n".join(each.name for each in _in_transaction(options.data, accounts.accounts))


def _of_account(options: argparse.Namespace, function: Callable[[sqlite3.Cursor], None]) -> None:
    try:
        _in_transaction(options.data, function)
    except NoSuchAccount:
        raise _Refused(f"there is no account {options.name!r}") from None


def _in_transaction(data: Path, function: Callable[[sqlite3.Cursor], _T]) -> _T:
    if not data.is_dir():
        raise _Refused(f"there is no data folder {data}: name it by --data, or start the server once")
    connection = connect(make_ready(data))
    try:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        result = function(cursor)
        cursor.execute("COMMIT")
    finally:
        connection.close()
    return result


def _password(options: argparse.Namespace) -> str:
    """From standard input without its line end, or typed twice."""
    if options.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise _Refused("the two passwords differ")
    if not password:
        raise _Refused("the password is empty")
    if len(password) > MAX_NAME:
        raise _Refused(f"the password is longer than {MAX_NAME} characters")
    return password
