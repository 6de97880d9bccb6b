"""``webcam session``: listing sessions and ending them."""

from __future__ import annotations

import argparse
import re
import sqlite3

from webcam.admin.common import (
    Nouns,
    add_command,
    add_noted_command,
    folder_of,
    in_transaction,
    note,
    of_account,
    table,
)
from webcam.calendar import SECOND
from webcam.errors import Refused
from webcam.model import SESSION_ID, SavedSession, stamp_of
from webcam.storage import clock, sessions

_ID = re.compile(rf"[0-9a-f]{{{SESSION_ID}}}")


def add_to(nouns: Nouns) -> None:
    """Let the program know these commands."""
    session = nouns.add_parser("session", help="list and revoke sessions")
    verbs = session.add_subparsers(required=True, metavar="list|revoke")
    command = add_command(verbs, "list", _list, "list sessions, as they were 2 s ago where the server runs")
    command.add_argument("account", nargs="?", help="the account's name; all accounts if it is left out")
    command = add_noted_command(verbs, "revoke", _revoke, "end a session, or those of an account, and their streams")
    command.add_argument("id", nargs="?", help="of one session, as listed")
    command.add_argument("--account", help="all sessions of this account")
    command.add_argument("--device", help="of the account's sessions, only those of this device")


def _list(options: argparse.Namespace) -> str:
    def found(cursor: sqlite3.Cursor) -> list[tuple[str, SavedSession]]:
        return sessions.sessions_by_account(cursor, options.account)

    def dated(cursor: sqlite3.Cursor) -> list[tuple[str, SavedSession, str]]:
        wall_at = clock.wall_times(cursor)
        return [(name, session, stamp_of(wall_at(session.active) / SECOND)) for name, session in found(cursor)]

    rows = [_row(*each) for each in of_account(options, options.account, dated)]
    return table(("id", "account", "device", "address", "last active (UTC)", "requests", "role"), rows)


def _row(name: str, session: SavedSession, active: str) -> tuple[str, ...]:
    role = f"{session.secret.role.value} ({session.secret.label})" if session.secret else "full"
    return (
        session.digest[:SESSION_ID],
        name,
        session.device or "(HTTP Basic)",
        session.address,
        active[: len("YYYY-MM-DD HH:MM:SS")],
        str(session.requests),
        role,
    )


def _revoke(options: argparse.Namespace) -> str:
    if (options.id is None) == (options.account is None) or (options.device is not None and options.account is None):
        raise Refused("name one session by its id, or --account and perhaps --device")
    count = _revoked(options)
    if not count:
        raise Refused("there is no such session")
    note(options, "sessions_revoked", account=options.account, device=options.device, id=options.id, count=count)
    return f"revoked {count} session{'' if count == 1 else 's'}"


def _revoked(options: argparse.Namespace) -> int:
    if options.account is not None:
        return of_account(
            options, options.account, lambda cursor: sessions.revoke_sessions(cursor, options.account, options.device)
        )
    if not _ID.fullmatch(options.id):
        raise Refused(f"an id has {SESSION_ID} digits, as webcam session list shows them")
    return in_transaction(folder_of(options), lambda cursor: sessions.revoke_session(cursor, options.id))
