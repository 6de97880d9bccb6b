"""``webcam check``."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from webcam.admin import clocks
from webcam.admin.common import Nouns, add_command, folder_of, printable
from webcam.errors import Refused
from webcam.permissions import open_to_others
from webcam.storage.backup import database_of
from webcam.storage.checks import Holding, check
from webcam.storage.copying import open_existing


def add_to(nouns: Nouns) -> None:
    """Let the program know this command."""
    text = "check the database and count what is in it, also while the server runs"
    command = add_command(nouns, "check", _check, text)
    actions = command.add_mutually_exclusive_group()
    actions.add_argument(
        "--trust-clock", action="store_true", help="let deletions by age go by the clock as it is; checks nothing"
    )
    actions.add_argument(
        "--repair-stamps",
        action="store_true",
        help="correct stamps that are ahead of the clock; checks nothing; stop the server first",
    )


def _check(options: argparse.Namespace) -> str:
    data = folder_of(options)
    path = database_of(data)
    if options.trust_clock:
        return clocks.trust(data)
    if options.repair_stamps:
        return clocks.repair(data)
    with closing(open_existing(path)) as connection:
        problems, held = check(connection, path)
        lines = [*_table(held), *_clock_lines(connection)]
    for line in open_to_others(data):
        print(line)
    if problems:
        print("\n".join([*problems, *lines]))
        raise Refused(f"the database {path} is not whole")
    return "\n".join([*lines, f"the database {path} is whole"])


def _clock_lines(connection: sqlite3.Connection) -> list[str]:
    """None of a database that is too damaged to be read, or holds what nobody can reckon with: that is told already."""
    try:
        return list(clocks.clock_lines(connection))
    except (sqlite3.DatabaseError, ValueError, TypeError, LookupError):
        return []


def _table(held: Sequence[Holding]) -> list[str]:
    rows = [("account", "messages", "records", "bytes", "sessions")]
    rows += [
        (printable(each.name), str(each.messages), str(each.records), str(each.size), str(each.sessions))
        for each in held
    ]
    width = max(len(name) for name, *_ in rows)
    return [f"{name:{width}} {' '.join(f'{number:>12}' for number in numbers)}" for name, *numbers in rows]
