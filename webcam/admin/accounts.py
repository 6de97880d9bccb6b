"""``webcam account``: adding, changing, disabling, bounding, removing and listing accounts."""

from __future__ import annotations

import argparse
import getpass
import sqlite3
import sys
import unicodedata
import warnings

from webcam.admin.common import (
    MAX_NAME,
    Nouns,
    add_command,
    add_noted_command,
    check_name,
    folder_of,
    in_transaction,
    note,
    of_account,
)
from webcam.config import size
from webcam.errors import AccountExists, Refused
from webcam.model import (
    QUOTA_DEVICES,
    QUOTA_MESSAGE_BYTES,
    QUOTA_MESSAGES,
    QUOTA_RECORD_BYTES,
    QUOTA_RECORDS,
    QUOTA_SESSIONS,
    QUOTA_STREAMS,
    Account,
)
from webcam.service.passwords import hash_password
from webcam.storage import accounts, quotas

QUOTAS = (
    QUOTA_DEVICES,
    QUOTA_SESSIONS,
    QUOTA_STREAMS,
    QUOTA_MESSAGES,
    QUOTA_MESSAGE_BYTES,
    QUOTA_RECORDS,
    QUOTA_RECORD_BYTES,
)
NONE, UNBOUNDED = "none", "unbounded"
"""In the place of a quota's value: as the server's options say; no bound, whatever they say."""


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    account = nouns.add_parser("account", help="add, change, disable, bound, remove and list accounts")
    verbs = account.add_subparsers(required=True, metavar="add|passwd|disable|enable|quota|remove|list")
    for verb, run, named, secret, text in (
        ("add", _add, True, True, "make an account"),
        ("passwd", _passwd, True, True, "change an account's password; its sessions end"),
        ("disable", _disable, True, False, "let nobody log in to an account; its sessions end"),
        ("enable", _enable, True, False, "let its devices log in again"),
        ("quota", _quota, True, False, "show or set how much an account may have"),
        ("remove", _remove, True, False, "remove an account with all that it holds"),
        ("list", _list, False, False, "name every account"),
    ):
        command = (add_noted_command if named else add_command)(verbs, verb, run, text)
        if named:
            command.add_argument("name", help="the account's name")
        if secret:
            command.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        if run is _quota:
            kinds = ", ".join(QUOTAS)
            command.add_argument("quotas", nargs="*", metavar="KIND=VALUE", help=f"{kinds}; {NONE} takes one away")


def _add(options: argparse.Namespace) -> str:
    _check_new_name(options.name)
    password_hash = hash_password(_password(options))
    try:
        in_transaction(folder_of(options), lambda cursor: accounts.add_account(cursor, options.name, password_hash))
    except AccountExists:
        raise Refused(f"there is an account {options.name!r} already") from None
    note(options, "account_added", account=options.name)
    return f"added {options.name}"


def _check_new_name(name: str) -> None:
    """Raise :class:`Refused` for a name that can't log in everywhere. Older accounts may have one; they keep it."""
    check_name(name, "a name")
    if ":" in name:
        raise Refused(f"a name has no colon, which ends it in a login by HTTP Basic: {name!r}")
    if any(unicodedata.category(each) == "Cc" for each in name):
        raise Refused(f"a name has no control characters: {name!a}")


def _passwd(options: argparse.Namespace) -> str:
    password_hash = hash_password(_password(options))
    of_account(options, options.name, lambda cursor: accounts.set_password(cursor, options.name, password_hash))
    note(options, "password_changed", account=options.name)
    return f"changed the password of {options.name}"


def _disable(options: argparse.Namespace) -> str:
    of_account(options, options.name, lambda cursor: accounts.set_disabled(cursor, options.name, True))
    note(options, "account_disabled", account=options.name)
    return f"disabled {options.name}"


def _enable(options: argparse.Namespace) -> str:
    of_account(options, options.name, lambda cursor: accounts.set_disabled(cursor, options.name, False))
    note(options, "account_enabled", account=options.name)
    return f"enabled {options.name}"


def _quota(options: argparse.Namespace) -> str:
    chosen = dict(map(_chosen, options.quotas))

    def change(cursor: sqlite3.Cursor) -> dict[str, int]:
        for kind, value in chosen.items():
            quotas.set_quota(cursor, options.name, kind, value)
        return quotas.quotas(cursor, accounts.id_of(cursor, options.name))

    found = of_account(options, options.name, change)
    if chosen:
        note(options, "quotas_set", account=options.name, quotas=", ".join(options.quotas))
    return "\n".join(f"{kind}={found[kind] or UNBOUNDED}" if kind in found else f"{kind}={NONE}" for kind in QUOTAS)


def _chosen(text: str) -> tuple[str, int | None]:
    kind, _, value = text.partition("=")
    if kind not in QUOTAS:
        raise Refused(f"{text!r}: want KIND=VALUE, the kind one of {', '.join(QUOTAS)}")
    if value in (NONE, UNBOUNDED):
        return kind, None if value == NONE else 0
    try:
        return kind, size(value)
    except ValueError as error:
        raise Refused(f"{text!r}: {error}, {NONE} or {UNBOUNDED}") from None


def _remove(options: argparse.Namespace) -> str:
    of_account(options, options.name, lambda cursor: accounts.remove_account(cursor, options.name))
    note(options, "account_removed", account=options.name)
    return f"removed {options.name}"


def _list(options: argparse.Namespace) -> str:
    return "\n".join(map(_listed, in_transaction(folder_of(options), accounts.accounts)))


def _listed(account: Account) -> str:
    return f"{account.name} (disabled)" if account.disabled else account.name


def _password(options: argparse.Namespace) -> str:
    """From standard input without its line end, or typed twice."""
    password = _piped() if options.password_stdin else _typed()
    if not password:
        raise Refused("the password is empty")
    if len(password) > MAX_NAME:
        raise Refused(f"the password is longer than {MAX_NAME} characters")
    return password


def _piped() -> str:
    """The first line of standard input. Some editors begin a file with a byte order mark, which nobody types."""
    try:
        return sys.stdin.readline().removeprefix("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused(f"the password on standard input is no text in {sys.stdin.encoding}") from None


def _typed() -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # without a terminal it would show what is typed
            password = getpass.getpass("Password: ")
            again = getpass.getpass("Again: ")
    except (EOFError, getpass.GetPassWarning):
        raise Refused("nobody types a password here: give it by --password-stdin") from None
    if again != password:
        raise Refused("the two passwords differ")
    return password
