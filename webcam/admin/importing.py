"""``webcam import``: taking over the database of the older server."""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from webcam.admin.common import Bar, Nouns, add_noted_command, folder_of, note
from webcam.errors import Refused
from webcam.model import stamp_of
from webcam.service.passwords import hash_password
from webcam.service.tokens import digest_of
from webcam.storage.checks import distrust
from webcam.storage.copying import check_regular, one_state, open_read_only
from webcam.storage.importing.compare import Counted, Outcome
from webcam.storage.importing.limits import refuse_bad
from webcam.storage.importing.oldfile import OldFile
from webcam.storage.importing.run import Import, Secrets
from webcam.storage.lock import FolderLock
from webcam.storage.schema import connect, make_ready


def add_to(nouns: Nouns) -> None:
    """Let the program know this command."""
    text = "take over the database of the older server; both servers are stopped"
    command = add_noted_command(nouns, "import", _import, text)
    command.add_argument("file", type=Path, help="its database")
    command.add_argument("--skip-taken", action="store_true", help="leave out accounts whose names are taken here")


def _import(options: argparse.Namespace) -> str:
    data, file = folder_of(options), options.file
    check_regular(file)
    with FolderLock(data, "webcam import"):
        outcome = _run(data, file, options.skip_taken)
    here = ", ".join(f"{each.found} {each.what}" for each in outcome.counted)
    note(options, "imported", file=str(file.absolute()), here=here)
    text = "\n".join(_told(outcome))
    differing = [each.what for each in outcome.counted if each.differs]
    if differing:
        print(text)
        raise Refused(f"what is here differs from {file} in {', '.join(differing)}")
    return f"{text}\n{file} is taken over"


def _run(data: Path, file: Path, skip_taken: bool) -> Outcome:
    try:
        source = open_read_only(file)
    except sqlite3.Error as error:
        raise Refused(f"can't read {file}: {error}") from None
    with closing(source), one_state(source):
        distrust(source)
        old = OldFile(source, file)
        refuse_bad(old, file)
        with closing(connect(make_ready(data))) as target, Bar("import") as bar:
            now = stamp_of(time.time())
            return Import(old, target, now, Secrets(_hash_passwords, digest_of)).run(skip_taken, bar.show)


def _hash_passwords(passwords: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(hash_password, passwords))


def _told(outcome: Outcome) -> list[str]:
    lines = [_line("", "in the file", "taken over", "left out", "here")]
    lines += [_row(each) for each in outcome.counted]
    if outcome.marks:
        lines.append(f"of the messages left out, {outcome.marks} were sync marks, which were taken over as such")
    if outcome.wrapped:
        lines.append(f'{outcome.wrapped} messages had params that were no JSON: they are {{"params": ...}} now')
    return lines


def _row(counted: Counted) -> str:
    return _line(counted.what, *map(str, (counted.in_file, counted.taken, counted.left_out, counted.found)))


def _line(what: str, *columns: str) -> str:
    return f"{what:16} {' '.join(f'{column:>14}' for column in columns)}"
