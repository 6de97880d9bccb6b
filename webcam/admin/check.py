"""``webcam check``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing

from webcam.admin.common import Nouns, add_command, folder_of
from webcam.errors import Refused
from webcam.permissions import open_to_others
from webcam.storage.backup import database_of
from webcam.storage.checks import Holding, check
from webcam.storage.copying import open_existing


def add_to(nouns: Nouns) -> None:
    """Let the program know this command."""
    add_command(nouns, "check", _check, "check the database and count what is in it, also while the server runs")


def _check(options: argparse.Namespace) -> str:
    data = folder_of(options)
    path = database_of(data)
    with closing(open_existing(path)) as connection:
        problems, held = check(connection, path)
    for line in open_to_others(data):
        print(line)
    if problems:
        print("\n".join([*problems, *_table(held)]))
        raise Refused(f"the database {path} is not whole")
    return "\n".join([*_table(held), f"the database {path} is whole"])


def _table(held: Sequence[Holding]) -> list[str]:
    rows = [("account", "messages", "records", "bytes", "sessions")]
    rows += [(each.name, str(each.messages), str(each.records), str(each.size), str(each.sessions)) for each in held]
    width = max(len(name) for name, *_ in rows)
    return [f"{name:{width}} {' '.join(f'{number:>12}' for number in numbers)}" for name, *numbers in rows]
