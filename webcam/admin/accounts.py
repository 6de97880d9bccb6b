"""``webcam account``: adding, changing, removing and listing accounts."""

from __future__ import annotations

import argparse
import getpass
import sqlite3
import sys
from collections.abc import Callable

from webcam.admin.common import Nouns, add_command, add_noted_command, folder_of, in_transaction, note
from webcam.errors import AccountExists, NoSuchAccount, Refused
from webcam.service.passwords import hash_password
from webcam.storage import accounts

MAX_NAME = 1024


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    account = nouns.add_parser("account", help="add, change, remove and list accounts")
    verbs = account.add_subparsers(required=True, metavar="add|passwd|remove|list")
    for verb, run, named, secret, text in (
        ("add", _add, True, True, "make an account"),
        ("passwd", _passwd, True, True, "change an account's password; its sessions end"),
        ("remove", _remove, True, False, "remove an account with all that it holds"),
        ("list", _list, False, False, "name every account"),
    ):
        command = (add_noted_command if named else add_command)(verbs, verb, run, text)
        if named:
            command.add_argument("name", help="the account's name")
        if secret:
            command.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def _add(options: argparse.Namespace) -> str:
    if not options.name or len(options.name) > MAX_NAME:
        raise Refused(f"a name has 1 to {MAX_NAME} characters")
    password_hash = hash_password(_password(options))
    try:
        in_transaction(folder_of(options), lambda cursor: accounts.add_account(cursor, options.name, password_hash))
    except AccountExists:
        raise Refused(f"there is an account {options.name!r} already") from None
    note(options, "account_added", account=options.name)
    return f"added {options.name}"


def _passwd(options: argparse.Namespace) -> str:
    password_hash = hash_password(_password(options))
    _of_account(options, lambda cursor: accounts.set_password(cursor, options.name, password_hash))
    note(options, "password_changed", account=options.name)
    return f"changed the password of {options.name}"


def _remove(options: argparse.Namespace) -> str:
    _of_account(options, lambda cursor: accounts.remove_account(cursor, options.name))
    note(options, "account_removed", account=options.name)
    return f"removed {options.name}"


def _list(options: argparse.Namespace) -> str:
    return "\n".join(each.name for each in in_transaction(folder_of(options), accounts.accounts))


def _of_account(options: argparse.Namespace, function: Callable[[sqlite3.Cursor], None]) -> None:
    try:
        in_transaction(folder_of(options), function)
    except NoSuchAccount:
        raise Refused(f"there is no account {options.name!r}") from None


def _password(options: argparse.Namespace) -> str:
    """From standard input without its line end, or typed twice."""
    if options.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise Refused("the two passwords differ")
    if not password:
        raise Refused("the password is empty")
    if len(password) > MAX_NAME:
        raise Refused(f"the password is longer than {MAX_NAME} characters")
    return password
